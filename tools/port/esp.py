"""esptool, as far as it is used here, with its log led to whoever flashes.

Its log is one for the process, and we have a board in each thread. Who sets one before esptool is imported keeps it.
"""

import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from esp_pylib.logger import EspLog, EspLogBase

Progress = Callable[[int, int], None]
"""Takes how much is done, and of how much."""

_progress: contextvars.ContextVar[Progress | None] = contextvars.ContextVar("_progress", default=None)


class _Log(EspLogBase):
    """Passes on how far esptool is; its words are for those who run it themselves."""

    def progress_bar(
        self, cur_iter: int, total_iters: int, prefix: str = "", suffix: str = "", bar_length: int = 30
    ) -> None:
        if told := _progress.get():
            told(cur_iter, total_iters)

    def _nothing(self, *words: Any, **options: Any) -> None:
        pass

    print = err = warn = note = hint = debug = set_verbosity = warning = error = _nothing


EspLog.instance = _Log()


@contextmanager
def progress_to(progress: Progress) -> Iterator[None]:
    """In this thread, esptool's progress goes there."""
    token = _progress.set(progress)
    try:
        yield
    finally:
        _progress.reset(token)


from esptool.bin_image import LoadFirmwareImage  # noqa: E402
from esptool.cmds import (  # noqa: E402
    attach_flash,
    detect_chip,
    detect_flash_size,
    erase_flash,
    merge_bin,
    run_stub,
    write_flash,
)
from esptool.loader import DEFAULT_TIMEOUT, ESPLoader  # noqa: E402
from esptool.targets import CHIP_DEFS  # noqa: E402
from esptool.util import FatalError, flash_size_bytes  # noqa: E402

__all__ = [
    "CHIP_DEFS",
    "DEFAULT_TIMEOUT",
    "ESPLoader",
    "FatalError",
    "LoadFirmwareImage",
    "attach_flash",
    "detect_chip",
    "detect_flash_size",
    "erase_flash",
    "flash_size_bytes",
    "merge_bin",
    "progress_to",
    "run_stub",
    "write_flash",
]
