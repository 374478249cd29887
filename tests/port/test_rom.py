"""The emulated loader as esptool's own command uses it, without the flasher stub, too."""

import subprocess
import sys
from pathlib import Path

import pytest
from emulated import MIB, OFFSETS, emulated, image_file, untouched
from onenet_tools.port.esp import FatalError, attach_flash, detect_chip, run_stub
from rom import CHIPS, Flash, Loader, firmware


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


def test_what_is_behind_the_end_of_a_flash_is_at_its_beginning() -> None:
    """It has no address lines for more: what is too large for it destroys its own boot loader."""
    flash = Flash(8192, b"\0" * 8192)
    flash.erase(8192, 1)
    assert flash.data == b"\xff" * 4096 + b"\0" * 4096
    flash.write(8190, b"abcd")
    assert flash.data[:2] == b"cd" and len(flash.data) == 8192


def test_nothing_is_written_behind_what_esptool_has_said_is_there(tmp_path: Path) -> None:
    """The stub's flash parameters: SPI_SET_PARAMS in Espressif's "Serial Protocol"."""
    with emulated("ESP32", tmp_path, 2 * MIB) as (loader, port):
        esp = detect_chip(port, connect_attempts=1)
        esp = run_stub(esp)
        attach_flash(esp)
        esp.flash_set_parameters(2 * MIB)
        with pytest.raises(FatalError):
            esp.flash_begin(0x2000, 2 * MIB - 0x1000)
        esp._port.close()
    assert untouched_but_for_begin(loader)


def untouched_but_for_begin(loader: Loader) -> bool:
    loader.commands = [command for command in loader.commands if command != "FLASH_BEGIN"]
    return untouched(loader)


def test_at_another_speed_there_is_no_answer(tmp_path: Path) -> None:
    """After CHANGE_BAUDRATE both ends have to change."""
    with emulated("ESP32", tmp_path) as (loader, port):
        esp = run_stub(detect_chip(port, connect_attempts=1))
        assert loader.baud == 115200
        esp.change_baud(460800)
        assert loader.baud == 460800
        esp.read_reg(0x40001000)
        esp._port.baudrate = 115200
        esp._port.timeout = 0.3
        with pytest.raises(FatalError):
            esp.read_reg(0x40001000, timeout=0.3)
        esp._port.close()
