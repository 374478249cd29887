"""Boards in download mode to flash, each with a program and files on it already."""

import contextlib
import random
import time
import types
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import serial.rfc2217  # noqa: F401
from rom import CHIPS, Faults, Flash, Loader, firmware, on_pty, on_tcp

MIB = 1024 * 1024
BEFORE = random.Random(0).randbytes(64 * 1024)
"""Of what is on the flash chip at first, the beginning, again and again."""

IMAGES = {"ESP8266": firmware.esp8266(), "ESP32": firmware.esp32("ESP32"), "ESP32-C3": firmware.esp32("ESP32-C3")}
OFFSETS = {"ESP8266": 0, "ESP32": 0x1000, "ESP32-C3": 0}

CHANGING = {"ERASE_FLASH", "ERASE_REGION", "FLASH_BEGIN", "FLASH_DEFL_BEGIN", "FLASH_DATA", "FLASH_DEFL_DATA"}
"""The commands that change what is in flash."""


def new_loader(chip: str, size: int = 4 * MIB, **faults: object) -> Loader:
    return Loader(CHIPS[chip], Flash(size, BEFORE * (size // len(BEFORE))), Faults(**faults))


@contextlib.contextmanager
def emulated(
    chip: str, directory: Path, size: int = 4 * MIB, link: str = "pty", name: str = "ttyUSB0", **faults: object
) -> Iterator[tuple[Loader, str]]:
    """A board of this kind, and its port. link: pty, tcp, or rfc2217, where it runs its program at first."""
    loader = new_loader(chip, size, **faults)
    loader.program_runs = link == "rfc2217"
    with on_pty(loader, directory, name) if link == "pty" else on_tcp(loader, link == "rfc2217") as port, _eager():
        yield loader, port


@contextlib.contextmanager
def _eager() -> Iterator[None]:
    """esptool leaves real chips time, and pyserial a port server; these do not need as much."""

    def sleep(seconds: float) -> None:
        time.sleep(seconds / 5)

    impatient = types.SimpleNamespace(sleep=sleep, time=time.time, monotonic=time.monotonic)
    with (
        mock.patch("esptool.loader.time", impatient),
        mock.patch("esptool.cmds.time", impatient),
        mock.patch("serial.rfc2217.time", impatient),
    ):
        yield


def untouched(loader: Loader) -> bool:
    size = len(loader.flash.data)
    return loader.flash.data == BEFORE * (size // len(BEFORE)) and not CHANGING & set(loader.commands)


def image_file(directory: Path, chip: str, data: bytes | None = None) -> Path:
    path = directory / f"{chip}.bin"
    path.write_bytes(IMAGES[chip] if data is None else data)
    return path
