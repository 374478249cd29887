"""What a board's log says of its start; and that help fits a terminal."""

import pytest
from onenet_tools.cli import main
from onenet_tools.port.start import Lines, NotOnline, Start

WIFI = "1020 wifi: home: wrong password"
OTHER = '9 mqtt: this product takes data streams, for it refuses thing/#: write "platform": "dp"; next attempt in 60 s'
CONFIG = [
    "7 config: config.json has 2 problem(s):",
    "- port: must be a number",
    "- device_id: is missing; must be digits",
]
CRASH = ["Traceback (most recent call last):", '  File "main.py", line 3, in <module>', "ValueError: no sensor", ">>> "]


def test_online() -> None:
    start = Start("P")
    for line in ("", "3 wifi: joined home as 192.168.4.23", "5 mqtt: connecting to 183.230.40.39:6002"):
        start.feed(line)
        assert not start.online
    start.feed("2471 mqtt: online as device 789546805, 112640 bytes free")
    assert start.online == "789546805"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([WIFI, "3020 wifi: shop: no answer", WIFI], "Wi-Fi home: wrong password; mend it: onenet config --port P"),
        (
            ["9 mqtt: device id, product id or auth-info refused (code 4); next attempt in 60 s"],
            "auth-info refused (code 4); mend it: onenet config --port P",
        ),
        (["9 mqtt: closed before CONNACK, as it does; next attempt in 2 s"] * 2, "closed before CONNACK, as it does"),
        (
            ["9 mqtt: online as device board1, 1 bytes free", OTHER],
            'write "platform": "dp"; mend it: onenet config --port P',
        ),
        (CONFIG, "config.json on the board: port: must be a number; device_id: is missing; must be digits; mend it"),
        (
            ["7 config: config.json has 1 problem(s):", "- is missing; copy config.json.example"],
            "has no config.json; write",
        ),
        (
            ["Traceback (most recent call last):", "RuntimeError: safe mode: main.py is not run; do", ">>> "],
            "is in safe mode",
        ),
        (CRASH, "main.py has ended with ValueError: no sensor"),
        ([">>> "], "no program runs; main.py has to end with device.run()"),
        (
            ["Traceback (most recent call last):", "RuntimeError: stopped: Ctrl-D starts main.py again", ">>> "],
            "no program runs; main.py has to end with device.run()",
        ),
        (["boot: main.py has crashed again and again; the next try is in 10 minutes"], "in a reset again and again"),
        (["boot: main.py has crashed again and again; the next try is after a sleep"], "and the board sleeps before"),
        (
            [*CRASH[:-1], "boot: main.py has failed, 3 in a row; the next try is in 60 s, unless Ctrl-C"],
            "main.py has ended with ValueError: no sensor",
        ),
        (
            [*CRASH[:-1], "boot: main.py has failed, 3 in a row; the board sleeps in 5 s, unless Ctrl-C"],
            "main.py has ended with ValueError: no sensor",
        ),
    ],
)
def test_what_will_not_go_away_by_itself(lines: list[str], words: str) -> None:
    start = Start("P")
    for line in lines[:-1]:
        start.feed(line)
    with pytest.raises(NotOnline) as error:
        start.feed(lines[-1])
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "nothing came from the board"),
        ([WIFI], "Wi-Fi home: wrong password; mend it: onenet config --port P --ssid NAME"),
        (
            ["3 wifi: joined home as 192.168.4.23"],
            "Wi-Fi is joined home as 192.168.4.23, but the platform does not answer",
        ),
        (["9 mqtt: OSError: [Errno 113] EHOSTUNREACH; next attempt in 2 s"] * 3, "OSError: [Errno 113] EHOSTUNREACH"),
        (["8 stream rssi: failed:", *CRASH[:-1], "9 clock: no answer"], "the program says ValueError: no sensor"),
    ],
)
def test_what_may(lines: list[str], reason: str) -> None:
    start = Start("P")
    for line in lines:
        start.feed(line)
    assert start.reason == reason and not start.online


def test_a_device_with_a_name_is_online_when_the_platform_has_had_time_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("onenet_tools.port.start.time.monotonic", lambda: now)
    for name, at_once in (("789546805", True), ("board1", False)):
        start = Start("P")
        assert not start.settled
        start.feed(f"9 mqtt: online as device {name}, 1 bytes free")
        assert start.settled is at_once
    now += 2
    assert start.settled


@pytest.mark.parametrize(
    ("words", "by_program"),
    [
        ("TLS: the certificate has expired, by the clock here: 2026", False),
        ("TLS: not enough memory: it takes 37000 bytes", True),
        ("OSError: [Errno 113] EHOSTUNREACH", True),
    ],
)
def test_whose_fault_it_is(words: str, by_program: bool) -> None:
    """A program that is not at fault is not put back."""
    start = Start("P")
    start.feed("3 wifi: joined home as 192.168.4.23")
    start.feed(f"9 mqtt: {words}; next attempt in 2 s")
    assert start.reason == words and start.by_program is by_program


@pytest.mark.parametrize("ticks", ["-536870911", "0", "1073741823", "99999999999"])
def test_times_as_they_come(ticks: str) -> None:
    """Older firmware's wrapped, and became negative."""
    start = Start("P")
    start.feed(f"{ticks} mqtt: online as device 789546805, 20000 bytes free")
    assert start.online == "789546805"


def test_lines() -> None:
    lines = Lines()
    assert lines.feed(b"one\r\ntw") == ["one"]
    assert lines.rest == "tw"
    assert lines.feed(b"o\n\xff\xe4\xbd\xa0\x1b[1m\n") == ["two", "\ufffd你\\u001b[1m"]
    assert lines.feed(bytes(5000))[0].startswith("\\u0000") and lines.rest == ""


@pytest.mark.parametrize("command", ["config", "deploy", "monitor", "board"])
def test_help_fits_80_columns(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([command, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Usage: " in lines[1] and f" {command} [OPTIONS]" in lines[1]
    assert max(map(len, lines)) <= 80
