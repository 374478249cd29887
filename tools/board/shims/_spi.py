"""machine.SPI and machine.SoftSPI, extmod/machine_spi.c: the surroundings get what is written and say what is read."""

import _host
from _peripherals import pin_id


class SoftSPI:
    MSB = 0
    LSB = 1

    _id = -1

    def __init__(self, baudrate=500000, *, polarity=0, phase=0, bits=8, firstbit=0, sck=None, mosi=None, miso=None):
        if sck is None or mosi is None or miso is None:
            raise ValueError("must specify all of sck/mosi/miso")
        if bits != 8:
            raise ValueError("bits must be 8")
        if firstbit != 0:
            raise ValueError("firstbit must be MSB")
        for pin in (sck, mosi, miso):
            pin_id(pin)

    def init(self, baudrate=-1, polarity=-1, phase=-1, *, bits=8, firstbit=-1, sck=None, mosi=None, miso=None):
        for pin in (sck, mosi, miso):
            if pin is not None:
                pin_id(pin)

    def deinit(self):
        pass

    def read(self, nbytes, write=0x00):
        return bytes(self._transfer(bytes([write]) * nbytes))

    def readinto(self, buf, write=0x00):
        buf[:] = bytes(self._transfer(bytes([write]) * len(buf)))

    def write(self, buf):
        self._transfer(buf)

    def write_readinto(self, write_buf, read_buf):
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        read_buf[:] = bytes(self._transfer(write_buf))

    def _transfer(self, data):
        return _host.ask("spi", bus=self._id, written=list(bytes(data)))


class SPI(SoftSPI):
    """ports/esp32/machine_hw_spi.c: 1 and 2 (1 only on a C3). ports/esp8266/machine_spi.c: 1 only, up to 80 MHz."""

    def __init__(self, id, baudrate=500000, *, polarity=0, phase=0, bits=8, firstbit=0, sck=None, mosi=None, miso=None):
        if _host.chip == "esp8266":
            if id != 1:
                raise ValueError
            if 40000000 < baudrate != 80000000:
                raise ValueError("impossible baudrate")
        elif not 1 <= id <= (2 if _host.chip == "esp32" else 1):
            raise ValueError(f"SPI({id}) doesn't exist")
        if bits <= 0:
            raise ValueError("invalid bits")
        self._id = id
        self.init(sck=sck, mosi=mosi, miso=miso)
