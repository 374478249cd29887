"""`onenet flash`: which boards, which image, and whether the user means it."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from ..language import _
from .chips import CHIPS, Chip, megabytes
from .errors import PortError
from .filesystem import brings_filesystem
from .find import chosen_ports
from .flash import Board, Choose, flash_board
from .image import NO_ROMFS, Image, check_release, read_image
from .images import Images
from .many import Job, Report, run_on_all


def run_flash(
    ports: Sequence[str], every: bool, board: str | None, file: Path | None, baud: int, yes: bool, images: Images
) -> int:
    """Flashes these boards, or the only one there is, or all; returns the exit status. Raises PortError."""
    if board and file:
        raise PortError(_("give either --image or --board: a file holds the image of one board already"))
    image = read_image(file) if file else None
    if image:
        check_release(image)
    chosen = chosen_ports(ports, every, "flash")
    if not (yes or ports or _confirmed(chosen)):
        print(_("Nothing was done."))
        return 1
    options = "".join(
        [
            f" --image {shlex.quote(str(file))}" if file else "",
            f" --board {shlex.quote(board)}" if board else "",
        ]
    )
    choose = chooser(image, board, images)
    taken: list[Image] = []

    def remember(found: Board, chip: Chip, report: Report) -> Image:
        taken.append(choose(found, chip, report))
        return taken[-1]

    def job(port: str) -> Job:
        again = f"onenet flash --port {shlex.quote(port)}{options}"
        return lambda report: flash_board(port, remember, report, baud, again)

    if not run_on_all({port: job(port) for port in chosen}):
        return 2
    if any(image.lacks_romfs for image in taken):
        print(_("careful: {no_romfs}").format(no_romfs=_(NO_ROMFS).format(board=CHIPS[0].board)))
    elif not all(brings_filesystem(image) for image in taken):
        where = f"--port {shlex.quote(chosen[0])}" if len(chosen) == 1 else "--all"
        config = f"onenet config {where}" if len(chosen) == 1 else "onenet config --csv FILE"
        print(_("next: {config}, then onenet deploy {where}").format(config=config, where=where))
    return 0


def chooser(image: Image | None, board: str | None, images: Images) -> Choose:
    """Gives each board this image, else that of MicroPython's board of this name, else what fits its chip."""

    def choose(found: Board, chip: Chip, report: Report) -> Image:
        if image:
            return image
        if not board and found.flash_size is not None and found.flash_size < chip.least_flash:
            other = (
                "" if chip.name == "ESP8266" else _(". Name another image with --board, as on micropython.org/download")
            )
            raise PortError(
                _(
                    "the board has {megabytes} of flash; {board}, which this firmware needs, takes {megabytes_2}{other}"
                ).format(
                    megabytes=megabytes(found.flash_size),
                    board=chip.board,
                    megabytes_2=megabytes(chip.least_flash),
                    other=other,
                )
            )
        report.stage(_("downloading"))
        newest = images.newest(
            board or chip.board, lambda words: report.line(_("image: {words}").format(words=words)), report.progress
        )
        report.line(
            _("checked: its length, {checked}; micropython.org publishes no check sums").format(checked=newest.checked)
        )
        return newest

    return choose


def _confirmed(ports: Sequence[str]) -> bool:
    """Asks a person who has not said which board; where there is nobody to ask, the command counts."""
    if not _at_terminal():
        return True
    what = (
        _("the board at {ports}").format(ports=ports[0])
        if len(ports) == 1
        else _("{count} boards, at {ports}").format(count=len(ports), ports=", ".join(ports))
    )
    try:
        return typer.confirm(_("This erases {what}, with all files. Go on?").format(what=what))
    except typer.Abort:
        print()
        return False


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
