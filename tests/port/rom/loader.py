"""The loader's commands, first those of the ROM, then those of the flasher stub that esptool loads into RAM."""

import hashlib
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from esptool.loader import ESPLoader, StubFlasher
from esptool.targets import CHIP_DEFS

from . import slip
from .chips import ChipModel

OP = ESPLoader.ESP_CMDS
NAMES = {number: name for name, number in OP.items()}

_FAILED, _BAD_CHECKSUM = 0x06, 0x07
_SECTOR = 4096
_STUBS_FLASH = 16 * 1024 * 1024  # what the stub believes until SPI_SET_PARAMS


BOOT_LOG = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:%s\r\n"
PROGRAM_LOG = b"2418 mqtt: connecting to 183.230.40.39:6002\r\n"


class Flash:
    """A NOR flash chip: erasing makes ones, writing only makes zeros. It has no address lines above its size: what is
    behind its end is at its beginning."""

    def __init__(self, size: int, content: bytes = b"") -> None:
        self.data = bytearray(content.ljust(size, b"\xff"))

    def erase(self, offset: int, size: int) -> None:
        start, end = offset // _SECTOR * _SECTOR, -(-(offset + size) // _SECTOR) * _SECTOR
        for at in range(start, end, _SECTOR):
            at %= len(self.data)
            self.data[at : at + _SECTOR] = b"\xff" * _SECTOR

    def write(self, offset: int, data: bytes) -> None:
        while data:
            offset %= len(self.data)
            part = data[: len(self.data) - offset]
            there = int.from_bytes(self.data[offset : offset + len(part)], "big")
            self.data[offset : offset + len(part)] = (there & int.from_bytes(part, "big")).to_bytes(len(part), "big")
            offset, data = offset + len(part), data[len(part) :]

    @property
    def id(self) -> int:
        """What it answers to "read identification" (0x9F): maker, type, size as a power of two."""
        return 0xEF | 0x40 << 8 | (len(self.data).bit_length() - 1) << 16


@dataclass
class Faults:
    """What goes wrong; nothing by itself. Commands by their names in esptool."""

    silent_from: str = ""
    """From this command on it does not answer any more."""
    refuses: str = ""
    """This command gets an error."""
    cable_out_at: float | None = None
    """After this part of the image, 0 to 1, the line is gone."""
    silent_at: float | None = None
    """After this part of the image it does not answer any more."""
    noise_at: float | None = None
    """After this part of the image, one packet arrives with a bit turned."""
    wrong_md5: bool = False
    garbage: bool = False
    """Every answer is noise."""
    bad_write: bool = False
    """One byte of the flash stays as erased."""
    only_reset_wired: bool = False
    """DTR does not pull its BOOT pin, as on boards that save a transistor."""


class CableOut(Exception):
    """Somebody has pulled it."""


@dataclass
class Loader:
    """A chip with its flash. feed() takes what esptool sends; what it answers goes to `send`."""

    chip: ChipModel
    flash: Flash
    faults: Faults = field(default_factory=Faults)
    commands: list[str] = field(default_factory=list)
    """The names of all commands that came."""
    stub_runs: bool = False
    program_runs: bool = False
    """The program in flash runs, not the loader."""
    resets: int = 0
    send: Callable[[bytes], None] = lambda data: None  # set by the link
    line_speed: Callable[[], int | None] = lambda: None  # set by the link, where it has one: what the host's end is at
    baud: int | None = None
    """What the chip's end of the line is at; None: whatever the host's is, as the ROM finds out from SYNC."""
    stubs: list[Any] = field(default_factory=list)
    """Flasher stubs that it runs besides that of the esptool installed here; each with the attributes of a
    StubFlasher."""
    on_erase: Callable[[], object] = lambda: None
    """Called when the whole flash is to be erased."""

    STATUS_OK: ClassVar[bytes] = b"\0\0"

    def __post_init__(self) -> None:
        self._slip = slip.Decoder()
        self._registers = dict(self.chip.registers)
        self._ram: dict[int, bytearray] = {}
        self._silent = False
        self._noise = random.Random(1)
        self.chip_id = self.chip.chip_id
        self._flash_size = _STUBS_FLASH
        self._written = 0  # bytes of flash in the transfer under way
        self._total = 0

    def feed(self, data: bytes) -> None:
        if self.program_runs:
            self.send(PROGRAM_LOG)
            return
        if self.baud and self.line_speed() not in (None, self.baud):
            return  # at the wrong speed there are only bits that mean nothing
        for packet in self._slip.feed(data):
            self._packet(packet)

    def reset(self, boot_held: bool) -> None:
        """What the lines DTR and RTS do on most boards: a reset, with the BOOT button held or not."""
        self.resets += 1
        boot_held &= not self.faults.only_reset_wired
        self.stub_runs = False
        self.baud = None
        self._flash_size = _STUBS_FLASH
        self.program_runs = not boot_held
        self._slip = slip.Decoder()
        self.send(BOOT_LOG % (b"0x3 (DOWNLOAD_BOOT(UART0))" if boot_held else b"0x13 (SPI_FAST_FLASH_BOOT)"))
        self.send(b"waiting for download\r\n" if boot_held else PROGRAM_LOG)

    def set_register(self, address: int, value: int) -> None:
        self._registers[address] = value

    def _packet(self, packet: bytes) -> None:
        direction, op, size, checksum = struct.unpack_from("<BBHI", packet)
        data = packet[8:]
        assert direction == 0
        assert len(data) == size, (NAMES[op], len(data), size)
        name = NAMES[op]
        self.commands.append(name)
        if self.faults.silent_from == name:
            self._silent = True
        if self._silent:
            return
        if self.faults.garbage:
            self.send(self._noise.randbytes(40))
            return
        if self.faults.refuses == name:
            self._answer(op, error=_FAILED)
            return
        handler = getattr(self, "_" + name.lower(), None)
        if handler is None or not self._knows(name):
            # So do the ROMs that do not know a command
            self.send(8 * slip.encode(struct.pack("<BBHI", 1, 0, 4, 0) + b"\1\5\0\0"))
            return
        handler(op, data, checksum)

    def _knows(self, name: str) -> bool:
        if name == "GET_SECURITY_INFO":
            return self.chip.chip_id is not None
        if self.stub_runs:
            return True
        deflate = ("FLASH_DEFL_BEGIN", "FLASH_DEFL_DATA", "FLASH_DEFL_END", "SPI_FLASH_MD5")
        if not self.chip.has_deflate and name in (*deflate, "SPI_SET_PARAMS", "SPI_ATTACH", "CHANGE_BAUDRATE"):
            return False
        return name not in ("ERASE_FLASH", "ERASE_REGION")

    def _answer(self, op: int, value: int = 0, data: bytes = b"", error: int = 0) -> None:
        status = bytes([1, error]) if error else self.STATUS_OK
        status = status.ljust(2 if self.stub_runs else self.chip.status_size, b"\0")
        body = data + status
        self.send(slip.encode(struct.pack("<BBHI", 1, op, len(body), value) + body))

    def _sync(self, op: int, data: bytes, checksum: int) -> None:
        assert data == b"\x07\x07\x12\x20" + 32 * b"\x55"
        for _ in range(8):
            self._answer(op, 0 if self.stub_runs else 0x20120707)

    def _get_security_info(self, op: int, data: bytes, checksum: int) -> None:
        self._answer(op, data=struct.pack("<IB7sII", 0, 0, bytes(7), self.chip_id, 0))

    # Registers, and the SPI controller behind some of them

    def _read_reg(self, op: int, data: bytes, checksum: int) -> None:
        (address,) = struct.unpack("<I", data)
        self._answer(op, self._registers.get(address, 0))

    def _write_reg(self, op: int, data: bytes, checksum: int) -> None:
        for address, value, mask, _delay in struct.iter_unpack("<IIII", data):
            old = self._registers.get(address, 0)
            self._registers[address] = old & ~mask | value & mask
            if address == self.chip.spi_base and value & 1 << 18:
                self._spi_command()
        self._answer(op)

    def _spi_command(self) -> None:
        base = self.chip.spi_base
        command = self._registers.get(base + self.chip.spi_usr2, 0) & 0xFF
        if command == 0x9F:
            self._registers[base + self.chip.spi_w0] = self.flash.id
        self._registers[base] = 0  # done

    # RAM, which is where the stub goes

    def _mem_begin(self, op: int, data: bytes, checksum: int) -> None:
        size, _blocks, self._block_size, self._address = struct.unpack("<IIII", data)
        self._ram[self._address] = bytearray(size)
        self._answer(op)

    def _mem_data(self, op: int, data: bytes, checksum: int) -> None:
        block = self._block(op, data, checksum)
        if block is not None:
            at = self._sequence * self._block_size
            self._ram[self._address][at : at + len(block)] = block
            self._answer(op)

    def _mem_end(self, op: int, data: bytes, checksum: int) -> None:
        stay, entry = struct.unpack("<II", data)
        self._answer(op)
        stubs = [StubFlasher(CHIP_DEFS[self.chip.name.lower().replace("-", "")]), *self.stubs]
        if not stay and any(self._is_here(stub, entry) for stub in stubs):  # else it would crash, and say nothing
            self.stub_runs = True
            self.baud = self.line_speed()
            self.send(slip.encode(b"OHAI"))

    def _is_here(self, stub: Any, entry: int) -> bool:
        whole = self._ram.get(stub.text_start) == stub.text and self._ram.get(stub.data_start) == stub.data
        return whole and bool(entry == stub.entry)

    def _block(self, op: int, data: bytes, checksum: int) -> bytes | None:
        """The data of a block, after its header; None if it is not what was sent, which the loader says."""
        size, self._sequence, _, _ = struct.unpack_from("<IIII", data)
        block = data[16:]
        assert len(block) == size
        if self._reached(self.faults.noise_at):
            self.faults.noise_at = None
            block = bytes([block[0] ^ 1]) + block[1:]
        if ESPLoader.checksum(block) != checksum:
            self._answer(op, error=_BAD_CHECKSUM)
            return None
        return block

    # Flash

    def _spi_attach(self, op: int, data: bytes, checksum: int) -> None:
        self._answer(op)

    def _spi_set_params(self, op: int, data: bytes, checksum: int) -> None:
        _id, self._flash_size, *_sizes = struct.unpack("<IIIIII", data)
        self._answer(op)

    def _change_baudrate(self, op: int, data: bytes, checksum: int) -> None:
        new, old = struct.unpack("<II", data)
        assert bool(old) is self.stub_runs  # the ROM wants 0 there, the stub the speed so far
        self._answer(op)
        self.baud = new

    def _erase_flash(self, op: int, data: bytes, checksum: int) -> None:
        self.on_erase()
        self.flash.erase(0, len(self.flash.data))
        self._answer(op)

    def _flash_begin(self, op: int, data: bytes, checksum: int) -> None:
        size, blocks, self._block_size, self._offset = struct.unpack_from("<IIII", data)
        if self.stub_runs:  # esp-flasher-stub, src/command_handler.c, s_init_flash_operation()
            assert len(data) in (16, 20)
        else:
            assert len(data) == (20 if self.chip.chip_id is not None else 16)
        if self.chip.name == "ESP8266" and not self.stub_runs:
            size = blocks * self._block_size  # its ROM erases more than it is told, so esptool tells it less
        if self._offset + size > self._flash_size:
            self._answer(op, error=_FAILED)
            return
        self._total, self._written = size, 0
        self._inflate = None
        if size:
            self.flash.erase(self._offset, size)
        self._answer(op)

    def _flash_data(self, op: int, data: bytes, checksum: int) -> None:
        block = self._block(op, data, checksum)
        if block is not None:
            self._write(block)
            self._answer(op)

    def _flash_end(self, op: int, data: bytes, checksum: int) -> None:
        self._answer(op)

    def _flash_defl_begin(self, op: int, data: bytes, checksum: int) -> None:
        self._flash_begin(op, data, checksum)
        self._inflate = zlib.decompressobj()
        self._next = 0

    def _flash_defl_data(self, op: int, data: bytes, checksum: int) -> None:
        block = self._block(op, data, checksum)
        if block is None:
            return
        assert self._sequence == self._next
        self._next += 1
        self._write(self._inflate.decompress(block))
        self._answer(op)

    def _flash_defl_end(self, op: int, data: bytes, checksum: int) -> None:
        self._answer(op, error=0 if self._inflate.eof and self._written == self._total else _FAILED)

    def _write(self, data: bytes) -> None:
        if self.faults.bad_write and self._written == 0:
            at = next(at for at, byte in enumerate(data) if byte != 0xFF)
            data = data[:at] + b"\xff" + data[at + 1 :]
        self.flash.write(self._offset + self._written, data)
        self._written += len(data)
        if self._reached(self.faults.cable_out_at):
            raise CableOut
        if self._reached(self.faults.silent_at):
            self._silent = True

    def _reached(self, part: float | None) -> bool:
        return part is not None and self._total > 0 and self._written >= part * self._total

    def _spi_flash_md5(self, op: int, data: bytes, checksum: int) -> None:
        offset, size, _, _ = struct.unpack("<IIII", data)
        digest = hashlib.md5(self.flash.data[offset : offset + size])
        if self.faults.wrong_md5:
            digest.update(b"!")
        self._answer(op, data=digest.digest() if self.stub_runs else digest.hexdigest().encode())
