"""What the pages make of words and of what devices send, without a browser."""

import re
import string
import sys
from dataclasses import asdict, fields
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nicegui import json
from onenet_tools.console import pages
from onenet_tools.console.model import Device
from onenet_tools.console.numbers import number_of
from onenet_tools.console.pages import forms
from onenet_tools.console.pages.chinese import CHINESE
from onenet_tools.console.pages.csv_export import cell
from onenet_tools.console.pages.english import ENGLISH
from onenet_tools.console.pages.languages import words_for
from onenet_tools.console.pages.text import milliseconds, shown, shown_bytes, shown_time, shown_value
from onenet_tools.console.screenshot import ScreenshotError, screenshot


def test_both_languages_say_everything_with_the_same_blanks():
    english, chinese = asdict(ENGLISH), asdict(CHINESE)
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert text.strip() and chinese[key].strip(), key
        assert blanks(text) == blanks(chinese[key]), key
    same = {key for key in english if english[key] == chinese[key]}
    assert same == {"config", "kilobytes"}  # a file's name, a unit's


def blanks(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_word_is_used():
    folder = Path(pages.__file__).parent
    sources = "".join(file.read_text() for file in folder.iterdir() if file.suffix in (".py", ".js"))
    names = [word.name for word in fields(ENGLISH)]
    assert [name for name in names if not re.search(rf"(words|language)\.{name}\b|\"{name}\"", sources)] == []


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", CHINESE),
        ("ZH", CHINESE),
        ("zh-Hant-TW", CHINESE),
        ("en-US,en;q=0.9,zh;q=0.8", ENGLISH),
        ("en;q=0.5, zh;q=0.7", CHINESE),
        ("fr, zh;q=0.1", CHINESE),
        ("fr,de;q=0.5", ENGLISH),
        ("zh;q=0", ENGLISH),
        ("zh;q=bad", ENGLISH),
        ("*", ENGLISH),
        ("", ENGLISH),
        (";;,,;q=", ENGLISH),
    ],
)
def test_language_is_the_one_liked_best(header, words):
    assert words_for(header) is words


@given(st.text(), st.integers(1, 50))
def test_shown_text_is_short_and_fits_every_page(text, longest):
    made = shown(text, longest)
    assert len(made) <= longest
    made.encode()
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in made)


def test_shown_text_is_the_text_where_it_can_be():
    assert shown("22.5 °C\n温度") == "22.5 °C\n温度"
    assert shown("a\0b\x1b[31m\x7f") == "a␀b␛[31m␡"
    assert shown("\ud800x") == "?x"
    assert shown("12345", 4) == "123…"


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_value_can_be_sent_to_a_page(value):
    json.dumps([number_of(value), shown_value(value)])


def test_values_and_bytes():
    assert shown_value("on") == "on"
    assert shown_value(True) == "true"
    assert shown_value({"lon": 106, "名": [None]}) == '{"lon": 106, "名": [null]}'
    assert shown_bytes("开=1".encode()) == "开=1"
    assert shown_bytes(b"\xff\x00") == "ff 00"
    assert len(shown_bytes(b"\xff" * 65536)) == 200


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5), (-2.5, -2.5), ("22.5", 22.5), ("-1e3", -1000), ("+4", 4),
        (True, None), (None, None), ("", None), ("22.5 C", None), ("nan", None), ("inf", None), ("0x10", None),
        (" 5", None), ("5_0", None), ("٣", None), ([1], None), ({"v": 1}, None),
        (float("nan"), None), (float("inf"), None), (1.5e308, None), (10**400, None), ("9" * 400, None),
    ],
)  # fmt: skip
def test_what_a_chart_can_draw(value, number):
    assert number_of(value) == number


def test_times():
    now = datetime.now(timezone.utc)
    assert shown_time(now) == f"{now.astimezone():%H:%M:%S}"
    assert shown_time(now - timedelta(days=400)).startswith(f"{(now - timedelta(days=400)).astimezone():%Y-%m-%d}")
    assert milliseconds(datetime(1970, 1, 1, 0, 0, 1, 500_000, timezone.utc)) == 1500


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"), ("+1+1", "'+1+1"), ("-1+1", "'-1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"), ("-5", "-5"), (-5, "-5"), (-2.5, "-2.5"), ("on", "on"), ({"a": 1}, '{"a": 1}'),
        (None, "null"), ("\ud800", "?"), ("", ""),
    ],
)  # fmt: skip
def test_cells_hold_no_formula(value, text):
    assert cell(value) == text


@pytest.mark.parametrize(
    ("lan", "host", "shown_host"),
    [
        (False, "localhost", "localhost"),
        (True, "localhost", "192.168.1.5"),
        (True, "127.0.0.1", "192.168.1.5"),
        (True, "192.168.7.7", "192.168.7.7"),
    ],
)
def test_config_names_the_host_that_a_board_can_reach(monkeypatch, lan, host, shown_host):
    monkeypatch.setattr(forms, "lan_addresses", lambda: ["192.168.1.5"])
    device = Device("789546805", "458945", "x", "secret", datetime.now(timezone.utc))
    visit = SimpleNamespace(host=host, platform=SimpleNamespace(lan=lan, mqtt_port=6002))
    config = json.loads(forms.config_for(visit, device))
    assert (config["host"], config["port"], config["auth_info"]) == (shown_host, 6002, "secret")


def test_no_picture_without_chromium(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ScreenshotError, match="Chromium is missing"):
        screenshot("http://localhost:1/", tmp_path / "console.png")


def test_no_picture_without_playwright(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(ScreenshotError, match="Playwright is missing"):
        screenshot("http://localhost:1/", tmp_path / "console.png")
