"""Hex as people write it, and as tools print it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onenet_tools.packets.hextext import parse_hex

DATA = bytes(range(32, 70)) + b"|a  >b  \x00\xff"


@pytest.mark.parametrize(
    "text",
    [
        "10 28",
        "0x10,0x28",
        "1028",
        "10:28",
        "10-28",
        " 10\n28\t",
        "0X10 0X28",
        r"\x10\x28",
        "{0x10, 0x28};",
        "const uint8_t connect[2] = {0x10, 0x28};  // a CONNECT",
        "10 28 # ab cd",
        "10 /* 99 */ 28",
        "0x1028",
        "00000000  10 28                                             |.(|\n00000002\n",
    ],
)
def test_common_styles(text: str) -> None:
    assert parse_hex(text) == b"\x10\x28"


def test_nothing_is_taken_for_an_offset_that_is_none() -> None:
    assert parse_hex("1028  0004") == b"\x10\x28\x00\x04"
    assert parse_hex("10280004 4d 51") == b"\x10\x28\x00\x04MQ"
    assert parse_hex("0 1 a") == b"\x00\x01\x0a"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1g", "'1g' is no hex: it has 'g'"),
        ("10 283", "'283' has 3 hex digits"),
        ("10 ** 28", r"it has '\*'"),
        ("温度", "it has '温'"),
        ("z" * 100, "'zzzzzzzzzzzzzzzzzzzzzzzz…' is no hex"),
    ],
)
def test_says_what_is_no_hex(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_hex(text)


@pytest.mark.parametrize("command", [["xxd"], ["xxd", "-p"], ["xxd", "-i"], ["hexdump", "-C"], ["od", "-Ax", "-tx1z"]])
def test_dumps_of_other_programs(command: list[str], tmp_path: Path) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    path = tmp_path / "data"
    path.write_bytes(DATA)
    printed = subprocess.run([*command, path], capture_output=True, text=True, check=True, timeout=30).stdout
    assert parse_hex(printed) == DATA


@given(st.binary(max_size=80), st.sampled_from(["", " ", ":", "-", ", "]))
def test_reads_what_is_written(data: bytes, between: str) -> None:
    assert parse_hex(between.join(f"{byte:02x}" for byte in data)) == data


@given(st.text("0123456789abcdefgx{},;:-# \n\\|>*/", max_size=60))
def test_raises_nothing_but_value_error(text: str) -> None:
    try:
        parse_hex(text)
    except ValueError as error:
        assert str(error)
