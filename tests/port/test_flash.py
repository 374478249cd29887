"""The real esptool writes to emulated chips; what is in their flash afterwards is compared byte by byte."""

import subprocess
import sys
import threading
from pathlib import Path

import official
import pytest
from emulated import IMAGES, MIB, OFFSETS, emulated, image_file
from onenet_tools.cli import main
from onenet_tools.port.image import parse_image
from rom import CHIPS, Loader, firmware

pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is:DeprecationWarning")  # pyserial's


GREETINGS = {"ESP8266": "ESP module", "ESP32": "Generic ESP32 module", "ESP32-C3": "Generic ESP32-C3 module"}


def flash_is_right(loader: Loader, chip: str, data: bytes) -> None:
    flash, offset = loader.flash.data, OFFSETS[chip]
    end = offset + len(data)
    assert flash[offset:end] == data
    assert flash[:offset] == b"\xff" * offset
    assert flash[end:] == b"\xff" * (len(flash) - end)


@pytest.mark.parametrize("link", ["pty", "tcp"])
@pytest.mark.parametrize("chip", CHIPS)
def test_erases_writes_and_verifies(chip: str, link: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = image_file(tmp_path, chip)
    with emulated(chip, tmp_path, link=link) as (loader, port):
        assert main(["flash", "--port", port, "--image", str(file)]) == 0
    flash_is_right(loader, chip, IMAGES[chip])
    first, last = loader.commands.index("ERASE_FLASH"), loader.commands.index("FLASH_DEFL_BEGIN")
    assert first < last
    assert loader.commands[-1] == "SPI_FLASH_MD5"
    told = capsys.readouterr()
    assert told.err == ""
    lines = told.out.splitlines()
    assert [line for line in lines if "%" not in line] == [
        "connecting",
        "erasing",
        "writing",
        "verifying",
        f"{chip} 24:0a:c4:12:34:56, 4 MB of flash: "
        f"MicroPython v1.29.0 of 2026-10-09, {GREETINGS[chip]}, {len(IMAGES[chip])} bytes, written and verified",
        f"next: onenet config --port {port}, then onenet deploy --port {port}",
    ]


def test_the_command_itself(tmp_path: Path) -> None:
    file = image_file(tmp_path, "ESP32")
    with emulated("ESP32", tmp_path) as (loader, port):
        done = subprocess.run(
            [sys.executable, "-m", "onenet_tools", "flash", "--port", port, "--image", file],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert "written and verified\n" in done.stdout
    flash_is_right(loader, "ESP32", IMAGES["ESP32"])


@pytest.mark.parametrize(("size", "written"), [(2 * MIB, 0x30), (4 * MIB, 0x40), (8 * MIB, 0x40)])
def test_an_esp8266_learns_how_much_flash_it_has(size: int, written: int, tmp_path: Path) -> None:
    """From the image's header; its ROM reaches 4 MB."""
    file = image_file(tmp_path, "ESP8266")
    with emulated("ESP8266", tmp_path, size) as (loader, port):
        assert main(["flash", "--port", port, "--image", str(file)]) == 0
    data = IMAGES["ESP8266"]
    flash_is_right(loader, "ESP8266", data[:3] + bytes([written]) + data[4:])
    parse_image("flash", bytes(loader.flash.data))


@pytest.mark.parametrize(("baud", "changes"), [("115200", 0), ("921600", 1)])
def test_baud(baud: str, changes: int, tmp_path: Path) -> None:
    file = image_file(tmp_path, "ESP32-C3")
    with emulated("ESP32-C3", tmp_path) as (loader, port):
        assert main(["flash", "--port", port, "--image", str(file), "--baud", baud]) == 0
    assert loader.commands.count("CHANGE_BAUDRATE") == changes


def test_resets_a_running_board_into_the_loader_and_starts_it_again(tmp_path: Path) -> None:
    data = firmware.esp32("ESP32", size=2000)
    file = image_file(tmp_path, "ESP32", data)
    with emulated("ESP32", tmp_path, link="rfc2217") as (loader, port):
        assert main(["flash", "--port", port, "--image", str(file)]) == 0
    flash_is_right(loader, "ESP32", data)
    assert loader.resets == 2
    assert loader.program_runs


def test_a_stub_that_still_runs_is_used(tmp_path: Path) -> None:
    """As after Ctrl-C, on a board that cannot be reset through its port."""
    file = image_file(tmp_path, "ESP32")
    with emulated("ESP32", tmp_path) as (loader, port):
        loader.stub_runs = True
        assert main(["flash", "--port", port, "--image", str(file)]) == 0
    assert "MEM_BEGIN" not in loader.commands
    flash_is_right(loader, "ESP32", IMAGES["ESP32"])


def test_noise_on_the_line_costs_a_packet(tmp_path: Path) -> None:
    file = image_file(tmp_path, "ESP32")
    with emulated("ESP32", tmp_path, noise_at=0.5) as (loader, port):
        assert main(["flash", "--port", port, "--image", str(file)]) == 0
    assert loader.faults.noise_at is None
    flash_is_right(loader, "ESP32", IMAGES["ESP32"])


def test_a_merged_image_from_offset_0(tmp_path: Path) -> None:
    """As esptool's merge-bin makes it."""
    file = image_file(tmp_path, "ESP32", b"\xff" * 0x1000 + IMAGES["ESP32"])
    with emulated("ESP32", tmp_path) as (loader, port):
        assert main(["flash", "--port", port, "--image", str(file)]) == 0
    flash_is_right(loader, "ESP32", IMAGES["ESP32"])


def test_several_boards_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One succeeds, one is of another kind, the cable of a third comes out; all at the same time."""
    file = image_file(tmp_path, "ESP32")
    together = threading.Barrier(2, timeout=20)
    with (
        emulated("ESP32", tmp_path, name="ttyUSB0") as (good, first),
        emulated("ESP32-C3", tmp_path, name="ttyUSB1") as (_, second),
        emulated("ESP32", tmp_path, name="ttyUSB2", cable_out_at=0.6) as (loose, third),
    ):
        for loader in (good, loose):
            loader.on_erase = together.wait  # type: ignore[assignment]
        arguments = [part for port in (first, second, third) for part in ("--port", port)]
        assert main(["flash", *arguments, "--image", str(file)]) == 2
    flash_is_right(good, "ESP32", IMAGES["ESP32"])
    assert not together.broken
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "1 of 3 boards done" in told
    assert "verified" in told
    assert "is for ESP32, the board" in told
    assert "the cable is out" in told


# The official images


@pytest.mark.parametrize(
    ("name", "chip", "board"),
    [(official.ESP32, "ESP32", "Generic ESP32 module"), (official.ESP8266, "ESP8266", "ESP module")],
)
def test_an_official_image(
    name: str, chip: str, board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = official.official(name)
    with emulated(chip, tmp_path) as (loader, port):
        assert main(["flash", "--port", port, "--image", str(file)]) == 0
    data = bytearray(file.read_bytes())
    if chip == "ESP8266":
        data[3] = data[3] & 0x0F | 0x40  # 4 MB
    flash_is_right(loader, chip, bytes(data))
    told = capsys.readouterr().out
    assert f"4 MB of flash: MicroPython v1.25.0 of 2025-04-15, {board}, {len(data)} bytes, written" in told
    if chip == "ESP8266":
        assert "careful: this image has no ROMFS" in told
        assert "take ESP8266_GENERIC-FLASH_2M_ROMFS" in told
    assert (f"next: onenet config --port {port}, then onenet deploy" in told) is (chip == "ESP32")
