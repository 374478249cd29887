"""Images for boards that a page flashes: MicroPython, and this project's program in its file system, in one file, as
`onenet image` makes it. Each is made once."""

import os
import threading

from ..files import board_directory
from ..language import _
from ..port.chips import CHIPS, MIB, chip_called, megabytes
from ..port.errors import PortError
from ..port.full_image import board_files, merge
from ..port.image import Image
from ..port.images import SITE, Images
from ..port.program import find_program

_SIZES = tuple(size * MIB for size in (2, 4, 8, 16, 32))


class BoardImages:
    """May be used from several threads, of which one makes an image at a time. MicroPython's own are from the site in
    the environment variable ONENET_MICROPYTHON_SITE, else from micropython.org."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, int], Image] = {}
        self._lock = threading.Lock()

    def image(self, chip: str, flash_size: int) -> Image:
        """For this chip, as esptool calls it, with so many bytes of flash.

        Raises PortError: no such chip or size, or MicroPython's own image cannot be had.
        """
        known = chip_called(chip)
        if not known:
            chips = ", ".join(each.name for each in CHIPS)
            raise PortError(_("chip: must be one of {chips}").format(chips=chips))
        if flash_size not in _SIZES:
            sizes = ", ".join(megabytes(size) for size in _SIZES)
            raise PortError(_("flash: must be the size in bytes, one of {sizes}").format(sizes=sizes))
        with self._lock:
            site = os.environ.get("ONENET_MICROPYTHON_SITE", SITE)
            key = site, chip, flash_size
            if key not in self._made:
                official = Images(site).newest(known.board, lambda words: None, lambda done, total: None)
                program = find_program([board_directory() / "main.py"])
                self._made[key] = merge(official, *board_files(official, program, None), flash_size)
            return self._made[key]
