"""What does not fit is refused with exit status 2, and nothing is erased."""

from pathlib import Path

import official
import pytest
from emulated import IMAGES, MIB, emulated, image_file, untouched
from onenet_tools.cli import main
from rom import CHIPS, firmware

pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is:DeprecationWarning")  # pyserial's


def refused(port: str, file: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["flash", "--port", port, "--image", str(file)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert len(told.splitlines()) == 1
    assert "not broken" not in told
    return told


@pytest.mark.parametrize(("chip", "other"), [(a, b) for a in CHIPS for b in CHIPS if a != b])
def test_an_image_for_another_chip(chip: str, other: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = image_file(tmp_path, other)
    with emulated(chip, tmp_path) as (loader, port):
        assert f"{other}.bin is for {other}, the board has {chip}; right would be " in refused(port, file, capsys)
    assert "READ_REG" in loader.commands
    assert untouched(loader)


@pytest.mark.parametrize("chip", IMAGES)
@pytest.mark.parametrize("part", [0, 0.02, 0.5, 0.99])
def test_a_truncated_image(chip: str, part: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = IMAGES[chip]
    file = image_file(tmp_path, chip, data[: int(part * len(data))])
    with emulated(chip, tmp_path) as (loader, port):
        assert "download it again" in refused(port, file, capsys)
    assert loader.commands == []
    assert untouched(loader)


def test_flash_that_is_too_small_for_the_partitions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = image_file(tmp_path, "ESP32", firmware.esp32("ESP32", [*firmware.TABLE, firmware.VFS]))
    with emulated("ESP32", tmp_path, 2 * MIB) as (loader, port):
        assert "ESP32.bin needs 4096 KB of flash, the board has 2048 KB" in refused(port, file, capsys)
    assert untouched(loader)


@pytest.mark.parametrize(
    ("chip", "size", "image", "words"),
    [
        ("ESP8266", MIB // 2, firmware.esp8266(600_000), "KB of flash, the board has 512 KB"),
        ("ESP8266", MIB // 2, firmware.esp8266(300_000), "the board has 512 KB of flash"),
        ("ESP8266", MIB, firmware.esp8266(300_000), "the board has 1 MB of flash"),
        ("ESP32", MIB, firmware.esp32(size=1_200_000), "needs 4096 KB of flash, the board has 1024 KB"),
        ("ESP32", 2 * MIB, firmware.esp32(size=1_200_000), "needs 4096 KB of flash, the board has 2048 KB"),
        ("ESP32-C3", 2 * MIB, firmware.esp32("ESP32-C3"), "needs 4096 KB of flash, the board has 2048 KB"),
    ],
)
def test_flash_that_is_too_small(
    chip: str, size: int, image: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For the image, for the flash in its boot loader's header (without which it would not start), or for any file."""
    file = image_file(tmp_path, chip, image)
    with emulated(chip, tmp_path, size) as (loader, port):
        assert words in refused(port, file, capsys)
    assert untouched(loader)


@pytest.mark.parametrize(
    ("size", "name", "chip"), [(2 * MIB, official.ESP32, "ESP32"), (MIB, official.ESP8266, "ESP8266")]
)
def test_flash_that_is_too_small_for_an_official_image(
    size: int, name: str, chip: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = official.official(name)
    with emulated(chip, tmp_path, size) as (loader, port):
        assert f"{size // 1024} KB" in refused(port, file, capsys).replace("1 MB", "1024 KB")
    assert untouched(loader)


def test_a_chip_that_is_older_than_the_image_wants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """esptool would say so after all is erased."""
    file = image_file(tmp_path, "ESP32", firmware.esp32(revisions=(300, 399)))
    with emulated("ESP32", tmp_path) as (loader, port):
        assert "is for ESP32 of revision v3.0 or later, the board's has v1.0" in refused(port, file, capsys)
    assert untouched(loader)


@pytest.mark.parametrize("chip", CHIPS)
def test_a_micropython_that_is_too_old(chip: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = firmware.esp8266(version="v1.23.0") if chip == "ESP8266" else firmware.esp32(chip, version="v1.23.0")
    file = image_file(tmp_path, chip, old)
    with emulated(chip, tmp_path) as (loader, port):
        told = refused(port, file, capsys)
    assert f"{chip}.bin has MicroPython 1.23.0, and 1.24 or later is needed; take a newer one" in told
    assert loader.commands == []
    assert untouched(loader)


@pytest.mark.parametrize(
    ("register", "value"),
    [(0x60008838, 1 << 20), (0x60008834, 1 << 18)],
    ids=["secure boot", "flash encryption"],
)
def test_a_locked_chip(register: int, value: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = image_file(tmp_path, "ESP32-C3")
    with emulated("ESP32-C3", tmp_path) as (loader, port):
        loader.set_register(register, value)
        assert "the chip is locked" in refused(port, file, capsys)
    assert untouched(loader)


def test_a_chip_this_project_does_not_run_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An ESP32-H2, which has no Wi-Fi; its registers are elsewhere, but they read 0 there, too."""
    file = image_file(tmp_path, "ESP32-C3")
    with emulated("ESP32-C3", tmp_path) as (loader, port):
        loader.chip_id = 16
        assert "the board has an ESP32-H2; this project runs on ESP8266, ESP32, " in refused(port, file, capsys)
    assert untouched(loader)


def test_a_refused_board_goes_on_with_its_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = image_file(tmp_path, "ESP32-C3")
    with emulated("ESP32", tmp_path, link="rfc2217") as (loader, port):
        assert "is for ESP32-C3, the board has ESP32" in refused(port, file, capsys)
    assert loader.program_runs
    assert untouched(loader)


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused("/dev/null", tmp_path / "none.bin", capsys)
    assert told == f"error: cannot read the image: No such file or directory: {tmp_path / 'none.bin'}\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--image", "x.bin", "--board", "ESP32_GENERIC"], "give either --image or --board"),
        (["--port", "/dev/null", "--all"], "give either --port or --all"),
        (["--baud", "300"], "--baud"),
    ],
)
def test_options_that_exclude_each_other(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flash", *options]) == 2
    assert words in capsys.readouterr().err
