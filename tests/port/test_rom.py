"""The emulated loader as esptool's own command uses it, without the flasher stub, too."""

import subprocess
import sys
from pathlib import Path

import pytest
from emulated import OFFSETS, emulated, image_file
from rom import CHIPS, firmware


def esptool(port: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "esptool", "--port", port, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("chip", CHIPS)
def test_esptool_writes_without_its_stub(chip: str, tmp_path: Path) -> None:
    data = firmware.esp8266(2000) if chip == "ESP8266" else firmware.esp32(chip, size=2000)
    file = image_file(tmp_path, chip, data)
    offset = OFFSETS[chip]
    with emulated(chip, tmp_path) as (loader, port):
        told = esptool(port, "--no-stub", "write-flash", hex(offset), file)
    assert f"Connected to {chip} on " in told
    assert "24:0a:c4:12:34:56" in told
    assert ("Hash of data verified." in told) == (chip != "ESP8266")  # whose ROM computes none
    assert loader.flash.data[offset : offset + len(data)] == data
    assert {"FLASH_BEGIN", "FLASH_DATA"} <= set(loader.commands)
    assert "MEM_BEGIN" not in loader.commands


def test_esptool_tells_the_flash(tmp_path: Path) -> None:
    with emulated("ESP32-C3", tmp_path, 8 * 1024 * 1024) as (_, port):
        told = esptool(port, "flash-id")
    assert "Detected flash size: 8MB" in told
    assert "Manufacturer: ef" in told
