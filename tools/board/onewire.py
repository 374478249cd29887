"""The 1-Wire bus with DS18B20 thermometers on it, bit by bit as their data sheet has it."""

import time
from collections.abc import Callable

from .sensor import Sensor, crc8

_CONVERSION = 0.75  # seconds a DS18B20 takes for 12 bits
_POWER_ON = 85.0  # degrees Celsius it tells until the first conversion is over


class Ds18b20(Sensor):
    """All the DS18B20 at one pin: set(degrees Celsius of the first, of the second…).

    The wire is played bit by bit, with the search of ROM codes. A conversion takes 0.75 s; before it is over, and after
    power-on, the old value is told, which is 85 at first. "timeout" and `gone`: nobody on the wire.
    """

    arguments = 8

    def __init__(self) -> None:
        super().__init__()
        self.set(20.0)

    def set(self, *temperatures: float) -> None:
        super().set()
        self._temperatures = temperatures
        roms = [bytes([0x28, number + 1, 0xC4, 0x0A, 0x24, 0, 0]) for number in range(len(temperatures))]
        self._roms = [rom + bytes([_crc8(rom)]) for rom in roms]
        self._told = dict.fromkeys(range(len(temperatures)), _POWER_ON)
        self._ready_at: float | None = None
        self._chosen: list[int] = []
        self._out: list[int] = []  # bits to be read
        self._in: list[int] = []  # bits written
        self._take: Callable[[], None] | None = None
        self._wanted = 0
        self._search_at = 0

    def do(self, what: str, value: int) -> int:
        """A time slot or eight of them: reset, read (`value` bits), write1, write8."""
        if what == "reset":
            return self._reset()
        if what == "read":
            return sum(self._read() << bit for bit in range(value))
        for bit in range(8 if what == "write8" else 1):
            self._write(value >> bit & 1)
        return 0

    def _reset(self) -> int:
        self._chosen = list(range(len(self._roms))) if self._answers() else []
        self._out = []
        self._expect(8, self._rom_command)
        return 1 if self._chosen else 0

    def _expect(self, bits: int, take: Callable[[], None] | None) -> None:
        self._in, self._wanted, self._take = [], bits, take

    def _read(self) -> int:
        return self._out.pop(0) if self._out and self._chosen else 1  # the resistor pulls the wire up

    def _write(self, bit: int) -> None:
        self._in.append(bit)
        if len(self._in) == self._wanted and self._take:
            self._take()

    def _byte(self) -> int:
        return sum(bit << at for at, bit in enumerate(self._in[:8]))

    def _rom_command(self) -> None:
        command = self._byte()
        if command == 0xF0:
            self._search_at = 0
            self._offer_search_bit()
        elif command == 0x55:
            self._expect(64, self._match)
        elif command == 0xCC:
            self._expect(8, self._function)
        else:
            self._expect(0, None)

    def _rom_bit(self, device: int) -> int:
        return self._roms[device][self._search_at >> 3] >> (self._search_at & 7) & 1

    def _offer_search_bit(self) -> None:
        bits = [self._rom_bit(device) for device in self._chosen]
        self._out = [int(all(bits)), int(not any(bits))]
        self._expect(1, self._searched)

    def _searched(self) -> None:
        bit = self._in[0]
        self._chosen = [device for device in self._chosen if self._rom_bit(device) == bit]
        self._search_at += 1
        if self._search_at < 64:
            self._offer_search_bit()
        else:
            self._expect(8, self._function)

    def _match(self) -> None:
        rom = bytes(sum(self._in[8 * n + bit] << bit for bit in range(8)) for n in range(8))
        self._chosen = [device for device in self._chosen if self._roms[device] == rom]
        self._expect(8, self._function)

    def _function(self) -> None:
        command = self._byte()
        if command == 0x44:
            self._ready_at = time.monotonic() + _CONVERSION
        elif command == 0xBE and self._chosen:
            data = self._scratchpad(self._chosen[0])
            self._out = [byte >> bit & 1 for byte in data for bit in range(8)]
        self._expect(0, None)

    def _scratchpad(self, device: int) -> bytes:
        if self._ready_at is not None and time.monotonic() >= self._ready_at:
            self._told.update(enumerate(self._temperatures))
            self._ready_at = None
        steps = round(self._told[device] * 16) & 0xFFFF
        data = steps.to_bytes(2, "little") + bytes([0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10])
        return data + bytes([_crc8(data) ^ (self.failure == "checksum")])


def _crc8(data: bytes) -> int:
    """Maxim's, whose bits come least significant first."""
    reflected = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
    return int(f"{crc8(reflected, 0x31, 0):08b}"[::-1], 2)
