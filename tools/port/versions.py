"""Which versions of MicroPython this firmware runs on."""

from collections.abc import Sequence

from ..language import _
from .errors import PortError

OLDEST = (1, 24)


class TooOld(PortError):
    """This firmware does not run on the board's MicroPython."""


def check_version(version: Sequence[int], where: str, cure: str = "put a newer one there: onenet flash") -> None:
    """Raises TooOld if this version, as (1, 23, 0), is too old; `where`: what has it, as "the board at COM3"."""
    if tuple(version[:2]) < OLDEST:
        has, needed = (".".join(map(str, numbers)) for numbers in (version, OLDEST))
        raise TooOld(
            _("{where} has MicroPython {has}, and {needed} or later is needed; {cure}").format(
                where=where, has=has, needed=needed, cure=cure
            )
        )
