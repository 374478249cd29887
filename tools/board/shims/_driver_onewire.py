"""onewire: the interface of micropython-lib's driver, onewire.py, over the same `_onewire`."""

import _onewire


class OneWireError(Exception):
    pass


class OneWire:
    SEARCH_ROM = 0xF0
    MATCH_ROM = 0x55
    SKIP_ROM = 0xCC

    def __init__(self, pin):
        pin.init(pin.OPEN_DRAIN, pin.PULL_UP)
        self.pin = pin

    def reset(self, required=False):
        present = _onewire.reset(self.pin)
        if not present and required:
            raise OneWireError
        return present

    def readbit(self):
        return _onewire.readbit(self.pin)

    def readbyte(self):
        return _onewire.readbyte(self.pin)

    def readinto(self, buf):
        for index in range(len(buf)):
            buf[index] = self.readbyte()

    def writebit(self, value):
        _onewire.writebit(self.pin, value)

    def writebyte(self, value):
        _onewire.writebyte(self.pin, value)

    def write(self, buf):
        for value in buf:
            self.writebyte(value)

    def select_rom(self, rom):
        self.reset()
        self.writebyte(self.MATCH_ROM)
        self.write(rom)

    def crc8(self, data):
        return _onewire.crc8(data)

    def scan(self):
        """The ROM codes on the wire, by the search of Maxim's application note 187."""
        found = []
        path = []  # the bits of the branch taken last
        while self.reset():
            self.writebyte(self.SEARCH_ROM)
            bits, fork = [], None
            for at in range(64):
                bit, complement = self.readbit(), self.readbit()
                if bit and complement:  # nobody is left, or the wire is disturbed
                    return found
                if not bit and not complement:  # devices differ here
                    bit = path[at] if at < len(path) else 1
                    if bit:
                        fork = at
                self.writebit(bit)
                bits.append(bit)
            rom = bytearray(8)
            for at, bit in enumerate(bits):
                rom[at >> 3] |= bit << (at & 7)
            found.append(rom)
            if fork is None:
                return found
            path = bits[:fork] + [0]
        return found
