"""An SSD1306 of 128 by 64 pixels at I2C, to draw on with framebuf; the commands are those of its data sheet."""

import framebuf

# Off; clock, rows, offset, first row; charge pump on, without which it stays dark; addressing row by row; upside down
# twice, as most modules are mounted; pins, contrast, precharge, level; show what is in its memory; on.
_BEGIN = b"\xae\xd5\x80\xa8\x3f\xd3\x00\x40\x8d\x14\x20\x00\xa1\xc8\xda\x12\x81\x7f\xd9\xf1\xdb\x30\xa4\xa6\xaf"
_WHOLE = b"\x21\x00\x7f\x22\x00\x07"  # columns 0 to 127, pages 0 to 7


class Oled(framebuf.FrameBuffer):
    def __init__(self, i2c, address=0x3C):
        self._i2c = i2c
        self._address = address
        self._data = bytearray(1 + 128 * 64 // 8)
        self._data[0] = 0x40  # what follows are pixels
        super().__init__(memoryview(self._data)[1:], 128, 64, framebuf.MONO_VLSB)
        self._command(_BEGIN)

    def show(self):
        """Sends what was drawn; OSError if the display is gone."""
        self._command(_WHOLE)
        self._i2c.writeto(self._address, self._data)

    def _command(self, commands):
        self._i2c.writeto(self._address, b"\0" + commands)
