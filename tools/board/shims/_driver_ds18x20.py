"""ds18x20: the interface of micropython-lib's driver, ds18x20.py."""

_CONVERT = 0x44
_READ_SCRATCHPAD = 0xBE
_WRITE_SCRATCHPAD = 0x4E
_DS18S20 = 0x10
_FAMILIES = (_DS18S20, 0x22, 0x28)


class DS18X20:
    def __init__(self, onewire):
        self.ow = onewire
        self.buf = bytearray(9)

    def scan(self):
        return [rom for rom in self.ow.scan() if rom[0] in _FAMILIES]

    def convert_temp(self):
        self.ow.reset(True)
        self.ow.writebyte(self.ow.SKIP_ROM)
        self.ow.writebyte(_CONVERT)

    def read_scratch(self, rom):
        self._address(rom)
        self.ow.writebyte(_READ_SCRATCHPAD)
        self.ow.readinto(self.buf)
        if self.ow.crc8(self.buf) != 0:
            raise Exception("CRC error")
        return self.buf

    def write_scratch(self, rom, buf):
        self._address(rom)
        self.ow.writebyte(_WRITE_SCRATCHPAD)
        self.ow.write(buf)

    def read_temp(self, rom):
        """Degrees Celsius of the conversion before."""
        scratch = self.read_scratch(rom)
        steps = scratch[1] << 8 | scratch[0]
        if steps & 0x8000:
            steps -= 0x10000
        if rom[0] != _DS18S20:
            return steps / 16
        return (steps >> 1) - 0.25 + (scratch[7] - scratch[6]) / scratch[7]

    def _address(self, rom):
        self.ow.reset(True)
        self.ow.select_rom(rom)
