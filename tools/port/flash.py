"""Puts MicroPython on a board with esptool: asks the chip what it is, checks that all fits, erases, writes, checks."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from serial import SerialException

from ..language import N_, _, listed, named
from .chips import CHIPS, ESP8266_MOST, MIB, Chip, chip_called, megabytes
from .errors import PortError
from .esp import (
    DEFAULT_TIMEOUT,
    ESPLoader,
    FatalError,
    attach_flash,
    detect_chip,
    detect_flash_size,
    erase_flash,
    flash_size_bytes,
    progress_to,
    run_stub,
    write_flash,
)
from .filesystem import check_filesystem
from .image import Image, check_fits, check_release
from .many import Report
from .trouble import explain_open

BAUD = 460800
"""What most converters and cables take."""
_ROM_BAUD = 115200

_SILENT = ("No serial data", "No more data", "stream stopped", "content transfer stopped")
"""How esptool says that nothing comes any more."""

DOWNLOAD_MODE = N_("hold BOOT (or GPIO0 to ground), press RESET, let go of BOOT")


@dataclass(frozen=True)
class Board:
    """What a chip says of itself; mac as aa:bb:cc:dd:ee:ff."""

    chip_name: str
    mac: str
    flash_size: int | None
    """Bytes; None if the flash chip is not one that esptool knows."""
    revision: int = 0
    """Of the chip, in hundredths."""


Choose = Callable[[Board, Chip, Report], Image]
"""Gives the image for a board, downloaded where need be; raises PortError if there is none."""


def flash_board(port: str, choose: Choose, report: Report, baud: int = BAUD, again: str = "") -> str:
    """Flashes the board at this port and returns what was done, in words.

    `again` is the command that tries once more. Raises PortError, with nothing erased unless it says so.
    """
    report.stage(_("connecting"))
    erased = False
    with _connected(port) as esp:
        try:
            chip = _chip(esp.CHIP_NAME)
            _check_security(esp)
            esp = _faster(run_stub(esp), baud)
            attach_flash(esp)
            board = look_at(esp)
            image = choose(board, chip, report)
            check_release(image)
            check_fits(image, board.chip_name, board.flash_size, board.revision)
            if board.flash_size:
                check_filesystem(image, board.flash_size)
            report.stage(_("erasing"))
            erased = True
            erase_flash(esp)
            _write(esp, image, board, report)
        except PortError as error:
            if not erased:
                raise
            raise PortError(f"{error}{_left(port, again)}") from error
        except (FatalError, SerialException, OSError) as error:
            raise _failure(port, error, erased, again) from error
    what = _("{title}, {count} bytes, written and verified").format(title=image.title, count=len(image.data))
    return named(listed([f"{board.chip_name} {board.mac}", _flash_in_words(board)]), what)


def _flash_in_words(board: Board) -> str:
    return (
        _("{megabytes} of flash").format(megabytes=megabytes(board.flash_size))
        if board.flash_size
        else _("flash of a size that is not known")
    )


@contextmanager
def _connected(port: str) -> Iterator[ESPLoader]:
    """The chip in download mode; at the end it is reset, so that it runs what is in its flash."""
    try:
        esp = detect_chip(port)
    except FatalError as error:
        if isinstance(error.__context__, SerialException):
            raise explain_open(port, error.__context__) or PortError(_one_line(error.__context__)) from error
        raise PortError(_no_answer(port, error)) from error
    except (SerialException, OSError) as error:
        raise explain_open(port, error) or PortError(f"{port}: {_one_line(error)}") from error
    esp._port.timeout = DEFAULT_TIMEOUT  # else it waits without end for a stub that does not start
    try:
        yield esp
    finally:
        with suppress(FatalError, SerialException, OSError):  # the cable is out
            esp.hard_reset()
        esp._port.close()


def identify(port: str) -> Board:
    """What the chip's loader says of it, without its flash; the board is reset. Raises PortError."""
    with _connected(port) as esp:
        return Board(esp.CHIP_NAME, _mac(esp), None)


def look_at(esp: ESPLoader) -> Board:
    """Asks the chip for what it is, and what its flash is."""
    size = None if esp.secure_download_mode else detect_flash_size(esp)
    revision = 0 if esp.CHIP_NAME == "ESP8266" or esp.secure_download_mode else int(esp.get_chip_revision())
    return Board(esp.CHIP_NAME, _mac(esp), flash_size_bytes(size) if size else None, revision)


def _mac(esp: ESPLoader) -> str:
    return ":".join(f"{byte:02x}" for byte in esp.read_mac("BASE_MAC"))


def _faster(esp: ESPLoader, baud: int) -> ESPLoader:
    if baud != _ROM_BAUD and not esp.serial_port.startswith("socket:"):
        esp.change_baud(baud)
    return esp


def _chip(name: str) -> Chip:
    chip = chip_called(name)
    if chip is None:
        known = ", ".join(chip.name for chip in CHIPS)
        raise PortError(_("the board has an {name}; this project runs on {known}").format(name=name, known=known))
    return chip


def _check_security(esp: ESPLoader) -> None:
    if esp.CHIP_NAME == "ESP8266":
        return
    if esp.secure_download_mode or esp.get_secure_boot_enabled() or esp.get_flash_encryption_enabled():
        raise PortError(_("the chip is locked (secure boot or flash encryption): only its maker can flash it"))


def _write(esp: ESPLoader, image: Image, board: Board, report: Report) -> None:
    def progress(done: int, total: int) -> None:
        report.progress(done, total)
        if done == total:
            report.stage(_("verifying"))

    report.stage(_("writing"))
    size = "keep"
    if board.chip_name == "ESP8266":  # which learns from the image's header how much there is
        size = f"{min(board.flash_size or ESP8266_MOST, ESP8266_MOST) // MIB}MB"
    with progress_to(progress):
        write_flash(esp, [(image.offset, image.data)], flash_size=size)


def _no_answer(port: str, error: FatalError) -> str:
    words = str(error)
    if "Wrong boot mode" in words:
        return _(
            "the board at {port} runs its program; put it into download mode: {download_mode}; then try again"
        ).format(port=port, download_mode=_(DOWNLOAD_MODE))
    if "Invalid head" in words or "Invalid SLIP" in words:
        what = _("what comes from {port} is not an ESP chip's loader but, it seems, what its program prints").format(
            port=port
        )
    elif "autodetect" in words:
        what = _("the chip at {port} is none that esptool knows").format(port=port)
    else:
        what = _("no ESP chip answers at {port}").format(port=port)
    return _("{what}; put the board into download mode: {download_mode}; or try another cable").format(
        what=what, download_mode=_(DOWNLOAD_MODE)
    )


def _failure(port: str, error: Exception, erased: bool, again: str) -> PortError:
    words = str(error)
    if isinstance(error, (SerialException, OSError)):
        what = _("the board at {port} is gone: the cable is out, or the board has lost its power").format(port=port)
    elif "MD5 of file" in words or "region is empty" in words:
        what = _("what is in flash is not what was written; try --baud 115200, another cable, or its flash is worn out")
    elif any(part in words for part in _SILENT):
        what = _("the chip at {port} has stopped answering; try --baud 115200 or another cable").format(port=port)
    elif "baud rate" in words:
        what = _("{port} is not as fast as that; try --baud 115200").format(port=port)
    else:
        what = _("the chip at {port} says: {one_line}").format(port=port, one_line=_one_line(error))
    return PortError(what + (_left(port, again) if erased else _("; nothing was erased")))


def _left(port: str, again: str) -> str:
    command = again or f"onenet flash --port {shlex.quote(port)}"
    return _(". The board is erased and will not start, but it is not broken: {command}").format(command=command)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split("\nFor troubleshooting")[0].split())
