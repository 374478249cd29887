"""onenet status, points, send and login against the real console."""

import csv
import io
import json
import stat
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from api_peers import Device, Told
from onenet_tools.api import client as client_module
from onenet_tools.api import show
from onenet_tools.api.answers import DataPoint
from onenet_tools.api.client import Client
from onenet_tools.cli import main
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.keyfile import LocalKeys
from onenet_tools.loopback import free_port

EXAMPLE = "789546805"  # the device of config.json.example
Onenet = Callable[..., Told]


# status


def test_status_shows_who_is_online(onenet: Onenet, device: Device) -> None:
    lines = dict(line.split(maxsplit=1) for line in onenet("status").out.splitlines())
    assert lines["device"].split() == ["title", "online", "last", "data", "created"]
    assert lines["times"].strip() == "are of UTC+08:00"
    assert "offline" in lines[device.id] and EXAMPLE in lines
    with device.online():
        device.publish(b'{"t":1}')
        told = onenet("status", device.id, "--json")
    assert told.status == 0
    [state] = json.loads(told.out)
    assert (state["id"], state["title"], state["online"]) == (device.id, "a device", True)
    assert abs(beijing_now() - datetime.fromisoformat(state["last_data"])) < timedelta(minutes=5)


def beijing_now() -> datetime:
    return datetime.now(timezone(timedelta(hours=8))).replace(tzinfo=None)


def test_status_of_many(console: RunningConsole, client: Client) -> None:
    many = [Device(console, f"number {number}") for number in range(230)]
    found = client.with_last_data(list(client.devices()))
    assert {state.id for state in found} >= {device.id for device in many}
    assert len(found) == len({state.id for state in found}) == len(console.call(console.platform.devices))
    for device in many:
        console.call(console.platform.remove_device, device.id)


def test_a_device_that_is_not_there(onenet: Onenet) -> None:
    for arguments in (["status", "404"], ["points", "404"], ["points", "404", "--limit", "1"], ["send", "404", "x"]):
        told = onenet(*arguments)
        assert (told.status, told.out) == (2, "")
        assert told.err.startswith("error: ") and "has no device 404" in told.err and told.err.count("\n") == 1
        assert "--product" not in told.err
    told = onenet("status", "board1")
    assert "has no device board1" in told.err and "of the current platform: --product ID" in told.err


@pytest.mark.parametrize("device_id", ["../cmds", "", "1/2", "x" * 65, "\x1b[31m"])
def test_what_is_no_device_id(onenet: Onenet, device_id: str) -> None:
    told = onenet("status", device_id)
    assert told.status == 2 and "is neither a device ID" in told.err and "\x1b" not in told.err


# points


def test_points_are_the_latest_of_each_stream(onenet: Onenet, device: Device) -> None:
    assert onenet("points", device.id).out == "no data points\n"
    with device.online():
        device.publish(b'{"t":21.5,"where":{"lon":106,"lat":29}}')
        device.publish('{"t":22,"word":"温度"}'.encode())
    rows = list(csv.reader(io.StringIO(onenet("points", device.id, "--csv").out)))
    assert rows[0] == ["stream", "at", "value"]
    assert [(stream, value) for stream, _, value in rows[1:]] == [
        ("t", "22"),
        ("where", '{"lon": 106, "lat": 29}'),
        ("word", "温度"),
    ]
    table = onenet("points", device.id).out
    assert "温度" in table and '{"lon": 106, "lat": 29}' in table


def test_points_of_the_past_come_in_pages(console: RunningConsole, onenet: Onenet, device: Device) -> None:
    history = [f'"2026-01-31 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}":{n}' for n in range(13000)]
    with device.online():
        for first in range(0, 13000, 1000):
            content = ('{"n":{' + ",".join(history[first : first + 1000]) + "}}").encode()
            device.publish(b"\x04" + len(content).to_bytes(2, "big") + content)

    def values(*arguments: str) -> list[int]:
        told = onenet("points", device.id, "--stream", "n", "--json", *arguments)
        assert told.status == 0, told.err
        return [point["value"] for point in json.loads(told.out)]

    assert values() == list(range(12900, 13000))
    assert values("--limit", "3") == [12997, 12998, 12999]
    assert values("--limit", "7000") == list(range(6000, 13000))
    assert values("--start", "2026-01-31") == list(range(13000))
    assert values("--start", "2026-01-31T00:00:10", "--duration", "5") == list(range(10, 15))
    assert values("--end", "2026-01-31 00:00:10", "--duration", "5") == list(range(5, 10))
    assert values("--end", "2026-01-31T00:00:05", "--limit", "2") == [3, 4]
    assert values("--start", "2026-01-30T16:00:03+00:00", "--end", "2026-01-31T00:00:05") == [3, 4]
    assert values("--duration", "60") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start", "yesterday"], "--start 'yesterday' is no time such as 2026-01-31"),
        (["--end", "2026-02-31"], "--end '2026-02-31' is no time"),
        (["--start", "2026-01-02", "--end", "2026-01-01"], "is not before the end"),
        (["--start", "2026-01-01", "--end", "2026-01-02", "--duration", "5"], "two of them are enough"),
        (["--csv", "--json"], "at once"),
        (["--limit", "0"], "--limit"),
        (["--duration", "9" * 20], "there are no such times"),
        (["--end", "0001-01-02", "--duration", "100000"], "there are no such times"),
        (["--start", "0001-01-01T00:00:00+14:00"], "is no time"),
    ],
)
def test_mistakes_in_what_is_asked_for(onenet: Onenet, arguments: list[str], words: str) -> None:
    told = onenet("points", EXAMPLE, *arguments)
    assert told.status == 2 and words in told.err and told.err.count("\n") == 1


def test_what_a_device_sends_does_nothing_to_the_terminal(
    onenet: Onenet, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    with device.online(lambda command: b"\x1b]0;mine\x07[red]done[/red]"):
        device.publish(rb'{"[bold]x[/bold]\u001b[2J":"\u009b31m\u202e:boom:"}')
        table = onenet("points", device.id).out
        as_json = onenet("points", device.id, "--json").out
        reply = onenet("send", device.id, "x").out
        as_csv = onenet("points", device.id, "--csv").out
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        shown_csv = onenet("points", device.id, "--csv").out
    for out in (table, as_json, reply, shown_csv):
        assert not any(harmful in out for harmful in "\x1b\x07\x9b\u202e")
    assert r"[bold]x[/bold]\u001b[2J" in table and ":boom:" in table
    assert reply == "\\u001b]0;mine\\u0007[red]done[/red]\n"
    [point] = json.loads(as_json)
    assert (point["stream"], point["value"]) == ("[bold]x[/bold]\x1b[2J", "\x9b31m\u202e:boom:")
    assert "\x1b[2J" in as_csv  # a file gets what was sent


def test_csv_is_safe_in_a_spreadsheet(capsys: pytest.CaptureFixture[str]) -> None:
    values = ["=HYPERLINK(1)", "@x", -55, "-55", 1e300, "\ud800", 'a "b"\nc']
    show.show_points([DataPoint("s", "t", value) for value in values], True, False)
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert [value for _, _, value in rows[1:]] == ["'=HYPERLINK(1)", "'@x", "-55", "'-55", "1e+300", "?", 'a "b"\nc']


# send


def test_send_prints_the_reply_and_nothing_else(onenet: Onenet, device: Device, tmp_path: Path) -> None:
    with device.online(lambda command: b"got " + command if command.isascii() else command[::-1]):
        told = onenet("send", device.id, "led=on")
        assert (told.status, told.out) == (0, "got led=on\n")
        assert told.err.startswith("replied after 0.") and told.err.endswith(" s\n")
        assert onenet("send", device.id, "--hex", "00 fe FF").out == "ff fe 00\n"
        (tmp_path / "command").write_bytes(b"from a file")
        assert onenet("send", device.id, "--file", str(tmp_path / "command")).out == "got from a file\n"
        assert onenet("send", device.id, "开").out == bytes(reversed("开".encode())).hex(" ") + "\n"
    assert device.commands == [b"led=on", b"\x00\xfe\xff", b"from a file", "开".encode()]


def test_send_says_when_no_reply_came(onenet: Onenet, device: Device) -> None:
    with device.online():
        told = onenet("send", device.id, "led=on", "--timeout", "0.3")
    assert (told.status, told.out) == (1, "")
    assert told.err == f"error: no reply from device {device.id} within 0.3 s (command sent)\n"
    assert device.commands == [b"led=on"]


def test_a_device_that_is_offline(onenet: Onenet, device: Device) -> None:
    told = onenet("send", device.id, "led=on")
    assert told.status == 2
    assert told.err.startswith(f"error: device {device.id} is not online (errno 10: ")


def test_a_command_may_wait_for_its_device(onenet: Onenet, device: Device) -> None:
    told = onenet("send", device.id, "led=on", "--queue", "60", "--timeout", "0")
    assert told.status == 1
    assert "(command created); the command waits for it, 60 s in all" in told.err
    with device.online(lambda command: b"at last"):
        assert onenet("send", device.id, "led?").out == "at last\n"
    assert device.commands == [b"led=on", b"led?"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "what shall be sent? onenet send [DEVICE] TEXT"),
        ([EXAMPLE, "--hex", "0x01"], "'0x01' is not bytes in hex, such as 01 ff"),
        ([EXAMPLE, "led", "on"], "on"),
        ([EXAMPLE, "x", "--file", "y"], "TEXT and --file at once can't be"),
        ([EXAMPLE, "--file", "/nonexistent"], "/nonexistent"),
        ([EXAMPLE, "--file", "/"], "Is a directory"),
        ([EXAMPLE, "x" * 65536], "at most 65535 bytes, this one has 65536"),
        ([EXAMPLE, "x", "--queue", "2678401"], "--queue"),
    ],
)
def test_mistakes_in_what_is_sent(onenet: Onenet, arguments: list[str], words: str) -> None:
    told = onenet("send", *arguments)
    assert told.status == 2 and words in told.err and told.err.count("\n") == 1


# Which device, and where


def test_of_several_devices_one_has_to_be_named(onenet: Onenet, device: Device) -> None:
    for arguments in (["points"], ["send", "led=on"]):
        told = onenet(*arguments)
        assert (told.status, told.err) == (
            2,
            "error: there are several devices: say which one; onenet status lists them\n",
        )


@pytest.mark.parametrize("arguments", [["status"], ["points"], ["send", EXAMPLE, "led=on"]])
def test_no_console_at_all(arguments: list[str], onenet: Onenet) -> None:
    url = f"http://localhost:{free_port()}"
    told = onenet(*arguments, url=url)
    assert (told.status, told.out) == (2, "")
    assert told.err == f"error: nothing answers at {url}; is the console running? onenet console starts it\n"


# Keys


def test_local_finds_the_key_by_itself(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(client_module, "LOCAL", console.url)
    monkeypatch.setenv("ONENET_API_KEY", "the real platform's, which is nothing to a console")
    assert main(["status", EXAMPLE, "--local"]) == 0
    assert EXAMPLE in capsys.readouterr().out


def test_a_wrong_key_and_none(onenet: Onenet, console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, words in (("wr0ng=", "refuses the api-key for devices (errno 3: "), ("", "wants an api-key (errno 2: ")):
        monkeypatch.setattr("onenet_tools.api.key.local_keys", lambda port, key=key: LocalKeys(key, "1", "eA=="))
        told = onenet("status")
        assert told.status == 2 and words in told.err and told.err.count("\n") == 1
        assert "wr0ng=" not in told.err


def test_the_key_from_the_environment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ONENET_API_KEY", "s3cret")
    assert main(["status", "--url", "http://onenet.invalid"]) == 2
    assert capsys.readouterr().err.startswith("error: http://onenet.invalid is not found")
    monkeypatch.delenv("ONENET_API_KEY")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["status"]) == 2
    assert capsys.readouterr().err.startswith("error: no api-key for https://api.heclouds.com: set ONENET_API_KEY")


def test_login_keeps_the_key_for_its_platform_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    there = ["--url", "http://onenet.invalid"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("k3pt\n"))
    assert main(["login", *there]) == 0
    [path] = Path(tmp_path.home()).rglob("keys.json")
    assert str(path) in capsys.readouterr().out.replace("\n", "")
    assert json.loads(path.read_text()) == {"http://onenet.invalid": "k3pt"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert main(["status", *there]) == 2
    assert "is not found" in capsys.readouterr().err
    assert main(["status", "--url", "http://other.invalid"]) == 2
    assert "no api-key" in capsys.readouterr().err
    assert main(["login", "--forget", *there]) == 0
    assert json.loads(path.read_text()) == {}
    assert main(["login", *there]) == 2
    assert "no api-key for http://onenet.invalid was given" in capsys.readouterr().err
    path.write_text("[]")
    assert main(["status", *there]) == 2
    assert "is damaged: remove it" in capsys.readouterr().err
    path.unlink()


def test_long_values_are_folded_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show.show_points([DataPoint("s" * 100, "2026-01-31 12:00:00", "v" * 300)], False, False)
    out = capsys.readouterr().out
    assert out.count("s") >= 100 and out.count("v") >= 300
    assert max(map(len, out.splitlines())) <= 80
