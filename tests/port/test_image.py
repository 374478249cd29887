"""Firmware files: what is in them, and what is wrong with them."""

import hashlib
import struct

import pytest
from emulated import IMAGES
from hypothesis import given, settings
from hypothesis import strategies as st
from onenet_tools.port.chips import CHIPS
from onenet_tools.port.errors import PortError
from onenet_tools.port.image import parse_image
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
    assert image.flash_needed == 0x200000
    assert image.title == "MicroPython v1.29.0"


def test_an_image_for_an_esp8266() -> None:
    image = parse_image("x.bin", firmware.esp8266())
    assert (image.chip.name, image.version, image.offset, image.partitions) == ("ESP8266", "v1.29.0", 0, ())


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
