"""neopixel: the interface of micropython-lib's driver, neopixel.py."""

from machine import bitstream

_SLOW = 800, 1700, 1600, 900  # nanoseconds: high and low of a 0, high and low of a 1
_FAST = 400, 850, 800, 450


class NeoPixel:
    ORDER = (1, 0, 2, 3)  # where red, green, blue and white go in the stream

    def __init__(self, pin, n, bpp=3, timing=1):
        pin.init(pin.OUT)
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)
        self.timing = timing if not isinstance(timing, int) else _FAST if timing else _SLOW

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return tuple(self.buf[i * self.bpp + self.ORDER[colour]] for colour in range(self.bpp))

    def __setitem__(self, i, v):
        for colour in range(self.bpp):
            self.buf[i * self.bpp + self.ORDER[colour]] = v[colour]

    def fill(self, v):
        for i in range(self.n):
            self[i] = v

    def write(self):
        bitstream(self.pin, 0, self.timing, self.buf)
