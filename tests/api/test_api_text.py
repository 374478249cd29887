"""Text from a network on somebody's terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onenet_tools.api.text import harmless, reply_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("21.5 °C, 温度", "21.5 °C, 温度"),
        ("全角\u3000空格", "全角\u3000空格"),
        ("\x1b[2J\x07", r"\u001b[2J\u0007"),
        ("\x9b31m", r"\u009b31m"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("abc\u202etxt", r"abc\u202etxt"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_controls_a_terminal_is_spelt_out(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(st.text())
def test_json_stays_the_same_json(text: str) -> None:
    assert json.loads(harmless(json.dumps(text, ensure_ascii=False))) == text


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (b"led=on", "led=on"),
        ("温度=21\n湿度=60".encode(), "温度=21\n湿度=60"),
        (b"", ""),
        (b"\x01\xff", "01 ff"),
        (b"a\0b", "61 00 62"),
        (b"\x1b]0;mine\x07", r"\u001b]0;mine\u0007"),
    ],
)
def test_a_reply_is_text_or_hex(reply: bytes, shown: str) -> None:
    assert reply_text(reply) == shown
