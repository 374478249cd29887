"""Firmware files: what is in them, and what is wrong with them."""

import contextlib
import hashlib
import re
import struct
from collections.abc import Callable

import official
import pytest
from emulated import IMAGES, MIB
from hypothesis import given, settings
from hypothesis import strategies as st
from onenet_tools.port.chips import CHIPS
from onenet_tools.port.errors import PortError
from onenet_tools.port.filesystem import brings_filesystem
from onenet_tools.port.image import check_fits, check_release, parse_image, read_image
from rom import firmware


def problem(data: bytes) -> str:
    with pytest.raises(PortError) as caught:
        parse_image("x.bin", data)
    assert str(caught.value).startswith("x.bin: ")
    return str(caught.value)


@pytest.mark.parametrize("chip", ["ESP32", "ESP32-S3", "ESP32-C3", "ESP32-C6"])
def test_an_image_for_an_esp32_or_its_kin(chip: str) -> None:
    image = parse_image("x.bin", firmware.esp32(chip))
    assert (image.chip.name, image.version) == (chip, "v1.29.0")
    assert image.board == f"Generic {chip} module"
    assert image.offset == (0x1000 if chip == "ESP32" else 0)
    assert [partition.name for partition in image.partitions] == ["nvs", "phy_init", "factory"]
    assert image.flash_needed == 0x400000  # its boot loader's header says so; the partitions end at half of it
    assert image.title == f"MicroPython v1.29.0 of 2026-10-09, Generic {chip} module"
    assert (image.release, image.build) == ((1, 29, 0), "ESP32_GENERIC" + chip[5:].replace("-", "_"))


@pytest.mark.parametrize("romfs", [True, False])
def test_an_image_for_an_esp8266(romfs: bool) -> None:
    image = parse_image("x.bin", firmware.esp8266(romfs=romfs))
    assert (image.chip.name, image.version, image.offset, image.partitions) == ("ESP8266", "v1.29.0", 0, ())
    assert image.lacks_romfs is not romfs
    assert image.variant == ("FLASH_2M_ROMFS" if romfs else "")


# The official ones: what is found in them, and that those of the tests are like them


@pytest.mark.parametrize(
    ("name", "chip", "board", "build"),
    [
        (official.ESP32, "ESP32", "Generic ESP32 module", "ESP32_GENERIC"),
        (official.ESP8266, "ESP8266", "ESP module", "ESP8266_GENERIC"),
    ],
)
def test_an_official_image(name: str, chip: str, board: str, build: str) -> None:
    """Whose greeting is no string of its own: version, machine and build are found one by one."""
    image = read_image(official.official(name))
    assert (image.chip.name, image.version, image.date) == (chip, "v1.25.0", "2025-04-15")
    assert (image.board, image.build, image.release) == (board, build, (1, 25, 0))
    assert image.title == f"MicroPython v1.25.0 of 2025-04-15, {board}"
    assert image.lacks_romfs is (chip == "ESP8266")
    assert not brings_filesystem(image)


def test_what_an_official_esp32_image_wants() -> None:
    image = read_image(official.official(official.ESP32))
    assert [partition.name for partition in image.partitions] == ["nvs", "phy_init", "factory", "vfs"]
    assert image.flash_needed == image.flash_in_header == 4 * MIB
    assert image.revisions == (0, 399)


@pytest.mark.parametrize("name", [official.ESP32, official.ESP8266])
def test_the_images_of_the_tests_are_like_the_official_ones(name: str) -> None:
    """What lies around version, machine and build is the same, but for the number of zeros."""

    def around(data: bytes) -> set[bytes]:
        text = data.replace(b"v1.25.0", b"VERSION").replace(b"1.25.0", b"VERSION").replace(b"2025-04-15", b"DATE")
        text = text.replace(b"v1.29.0", b"VERSION").replace(b"1.29.0", b"VERSION").replace(b"2026-10-09", b"DATE")
        strings = [bytes(part) for part in re.findall(rb"[ -~]{6,}", text)]
        return {part for part in strings if re.search(rb"VERSION|module with ESP|GENERIC(?!_)", part)}

    ours = firmware.esp32(partitions=[*firmware.TABLE, firmware.VFS]) if name == official.ESP32 else None
    ours = ours or firmware.esp8266(romfs=False)
    real = around(official.official(name).read_bytes())
    made = around(ours)
    assert made <= real
    assert {part for part in real if b"MicroPython VERSION" in part or part.startswith(b"; ")} <= made


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_bit_turned_in_an_official_image_is_noticed(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([official.ESP32, official.ESP8266]))
    image = bytearray(official.official(name).read_bytes())
    at = data.draw(st.integers(0xF000 if name == official.ESP32 else 4, len(image) - 1))
    image[at] ^= 1 << data.draw(st.integers(0, 7))
    problem(bytes(image))


@pytest.mark.parametrize(("version", "release"), [("v1.26.0-preview.123.gabc12345", (1, 26, 0)), ("v1.24", (1, 24))])
def test_other_versions(version: str, release: tuple[int, ...]) -> None:
    image = parse_image("x.bin", firmware.esp32(version=version))
    assert (image.version, image.release) == (version, release)


@pytest.mark.parametrize(
    ("make", "refused"),
    [
        (lambda: firmware.esp32(version="v1.23.0"), True),
        (lambda: firmware.esp8266(version="v1.19.1"), True),
        (lambda: firmware.esp32(version="v1.24.0"), False),
        (lambda: firmware.esp32(greeting=b"Arduino"), False),
    ],
)
def test_a_micropython_that_is_too_old(make: Callable[[], bytes], refused: bool) -> None:
    image = parse_image("old.bin", make())
    with pytest.raises(PortError, match=r"1\.24 or later is needed") if refused else contextlib.nullcontext():
        check_release(image)


@pytest.mark.parametrize(
    ("image", "size", "revision", "words"),
    [
        (firmware.esp32(flash_size=4), 2 * MIB, 0, "needs 4096 KB of flash, the board has 2048 KB"),
        (firmware.esp32(flash_size=16), 8 * MIB, 0, "needs 16384 KB of flash, the board has 8192 KB"),
        (firmware.esp32(flash_size=2), 2 * MIB, 0, ""),
        (firmware.esp32(revisions=(300, 399)), 4 * MIB, 100, "of revision v3.0 or later, the board's has v1.0"),
        (firmware.esp32(revisions=(0, 199)), 4 * MIB, 300, "of revision v1.99 or earlier, the board's has v3.0"),
        (firmware.esp32(revisions=(0, 0)), 4 * MIB, 301, ""),
        (firmware.esp32("ESP32-C3"), 4 * MIB, 2, "of revision v0.3 or later, the board's has v0.2"),
        (firmware.esp32(), None, 0, ""),
        (
            firmware.esp8266(romfs=False),
            MIB // 2,
            0,
            "has 512 KB of flash; x.bin has room for a program's files only where there are 2 MB",
        ),
        (
            firmware.esp8266(romfs=False),
            MIB,
            0,
            "ESP8266_GENERIC-FLASH_2M_ROMFS, which this firmware needs, takes 2 MB",
        ),
        (firmware.esp8266(), 16 * MIB, 0, ""),
    ],
)
def test_what_fits(image: bytes, size: int | None, revision: int, words: str) -> None:
    parsed = parse_image("x.bin", image)
    with pytest.raises(PortError, match=re.escape(words)) if words else contextlib.nullcontext():
        check_fits(parsed, parsed.chip.name, size, revision)


def test_firmware_that_is_not_micropython() -> None:
    image = parse_image("x.bin", firmware.esp32(greeting=b"Arduino"))
    assert image.title == "x.bin (not MicroPython)"


def test_the_offsets_are_those_the_chips_start_at() -> None:
    offsets = {chip.name: chip.offset for chip in CHIPS}
    assert offsets == {
        "ESP8266": 0, "ESP32": 0x1000, "ESP32-S2": 0x1000, "ESP32-S3": 0, "ESP32-C3": 0, "ESP32-C6": 0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\x7fELF\1\1", "is no firmware but an ELF file"),
        (b"UF2\n" + bytes(508), "is no firmware but a UF2 file"),
        (b"PK\x03\x04", "is no firmware but a ZIP file"),
        (b"\n<!DOCTYPE html>", "is no firmware but a web page"),
        (b"print('hello')\n", "is no firmware: it begins with 0x70, an ESP image with 0xE9"),
        (b"\xff" * 100, "is no firmware: it begins with 0xFF"),
        (b"\xe9\x04", "is cut off after 2 bytes"),
        (b"\xe9\x01\x02\x20" + bytes(4) + b"\xee\0\0\0\x0c\0" + bytes(10), "a chip with number 12, which this"),
    ],
)
def test_no_firmware(data: bytes, words: str) -> None:
    assert words in problem(data)


def test_an_update_for_a_running_board_is_no_image() -> None:
    """MicroPython's .app-bin: the program alone."""
    program = IMAGES["ESP32"][0xF000:]
    assert "has no partition table" in problem(program)
    assert "has no partition table" in problem(program + bytes(0x8000))


def test_a_partition_table_without_a_program() -> None:
    assert "has no program" in problem(firmware.esp32(partitions=[firmware.NVS]))


def test_a_program_that_does_not_fit_its_partition() -> None:
    small = (*firmware.FACTORY[:4], 0x10000)
    assert "its partition 65536" in problem(firmware.esp32(partitions=[firmware.NVS, small]))


def test_a_program_for_another_chip_than_the_boot_loader() -> None:
    mixed = IMAGES["ESP32-C3"][:0x10000] + firmware.esp32("ESP32-C6")[0x10000:]
    assert "the program is for another chip" in problem(mixed)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_bit_turned_anywhere_in_the_code_is_noticed(data: st.DataObject) -> None:
    chip = data.draw(st.sampled_from(sorted(IMAGES)))
    image = bytearray(IMAGES[chip])
    if chip == "ESP8266":
        at = data.draw(st.integers(4, len(image) - 1))  # before is the flash's size, which is free
    else:
        offset = 0x1000 if chip == "ESP32" else 0
        table = 0x8000 - offset  # three rows, and a fourth with the MD5 in its second half
        parts = [(0, 12_000), (table, table + 97), (table + 112, table + 127), (0x10000 - offset, len(image) - 1)]
        at = data.draw(st.one_of(*(st.integers(*part) for part in parts)))
    image[at] ^= 1 << data.draw(st.integers(0, 7))
    problem(bytes(image))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(IMAGES)), st.floats(0, 1))
def test_any_truncation_is_noticed(chip: str, part: float) -> None:
    data = IMAGES[chip]
    problem(data[: min(int(part * len(data)), len(data) - 1)])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\xe9", b"\xe9\1\0\x40\0\0\x10\x40\0\0\x10\x40"]))
def test_garbage_is_an_answer(data: bytes, start: bytes) -> None:
    problem(start + data)


def test_an_esp8266_image_with_a_length_that_cannot_be() -> None:
    data = bytearray(IMAGES["ESP8266"])
    struct.pack_into("<I", data, 0x8FFC, 0xFFFFFFFF)
    assert "it has no length at 0x8FFC" in problem(bytes(data))
    struct.pack_into("<I", data, 0x8FFC, len(data))
    assert f"is cut off: {len(data)} bytes of {len(data) + 16}" in problem(bytes(data))


def test_the_size_of_the_flash_in_the_header_does_not_count() -> None:
    """Who writes the image sets it."""
    data = bytearray(IMAGES["ESP8266"])
    data[3] = 0x30
    assert hashlib.md5(data[4:-16]).digest() == data[-16:]
    parse_image("x.bin", bytes(data))
