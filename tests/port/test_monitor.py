"""Watching the virtual board, whose cable is pulled out and plugged in again."""

import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import segno
from onenet_tools.board import ResetCause, VirtualBoard
from onenet_tools.broker import Mosquitto
from onenet_tools.cli import main
from onenet_tools.port import connection, find
from onenet_tools.port.connection import Connection
from onenet_tools.port.monitor import Show
from onenet_tools.port.words import explain
from rich.console import Console
from serial_board import AUTH_INFO, ONLINE, PATIENCE, WIFI_PASSWORD, board, config, installed

TALKS = """
import sys, time
n = 0
while True:
    n += 1
    print(n, "main: says", n)
    time.sleep_ms(50)
"""


class Monitor:
    """`onenet monitor` as a process; its screen grows as it goes."""

    def __init__(self, *arguments: str) -> None:
        self.screen = ""
        self._grown = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "onenet_tools", "monitor", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        while data := self.process.stdout.read1(4096):  # type: ignore[union-attr]
            with self._grown:
                self.screen += data.decode()
                self._grown.notify_all()

    def wait_for(self, pattern: str, since: int = 0) -> re.Match[str]:
        found = None
        with self._grown:
            self._grown.wait_for(lambda: re.search(pattern, self.screen[since:]), PATIENCE)
            found = re.search(pattern, self.screen[since:])
        assert found, f"{pattern} did not come:\n{self.screen}"
        return found


@contextmanager
def monitor(*arguments: str) -> Iterator[Monitor]:
    it = Monitor(*arguments)
    try:
        yield it
    finally:
        it.process.kill()
        it.process.wait()


def test_the_log_comes_with_the_time_and_nothing_is_reset_or_stopped() -> None:
    with board(files={"main.py": TALKS}) as it:
        it.wait_for("says 3")
        with monitor("--port", it.port) as shown:
            last = shown.wait_for(r"(?m)^\d\d:\d\d:\d\d\.\d{3} +\d\.\d{3} main: says (\d+)$")[1]
            shown.process.send_signal(signal.SIGINT)
            assert shown.process.wait(PATIENCE) == 0
            shown.wait_for("-- ended; the program on the board goes on")
        it.wait_for(rf"says {int(last) + 20}\n")
        assert it.resets == [ResetCause.PWRON]
        assert re.findall(r"says (\d+)", it.log) == [str(n) for n in range(1, it.log.count("says") + 1)]


@pytest.mark.parametrize("renamed", [False, True])
def test_the_cable_is_pulled_out_and_plugged_in_again(
    renamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A port is a link here, so that it can go and come back; under another name, USB's serial number tells."""
    port, later = tmp_path / "ttyUSB0", tmp_path / ("ttyUSB1" if renamed else "ttyUSB0")
    plugged: list[Path] = []
    monkeypatch.setattr(
        connection, "usb_ports", lambda: [find.Port(str(path), "CP2102", "0001", False) for path in plugged]
    )
    first = VirtualBoard(files={"main.py": TALKS})
    with first:
        port.symlink_to(first.port)
        plugged.append(port)
        ended = threading.Thread(target=main, args=(["monitor", "--port", str(port), "--until-online"],))
        ended.start()
        said = wait_for(capsys, "says", "")
        plugged.clear()
        port.unlink()
    said = wait_for(capsys, f"{port} is gone; waiting for the board to come back", said)
    with VirtualBoard(files={"main.py": TALKS.replace("main: says", "mqtt: online as device")}) as second:
        later.symlink_to(second.port)
        plugged.append(later)
        said = wait_for(capsys, f"back, at {later}", said)
        ended.join(PATIENCE)
        assert not ended.is_alive()


def wait_for(capsys: pytest.CaptureFixture[str], words: str, said: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while words not in said:
        assert time.monotonic() < deadline, said
        time.sleep(0.02)
        said += capsys.readouterr().out
    return said


def test_until_the_board_is_online(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    with board(broker, installed()) as it:
        assert main(["monitor", "--port", it.port, "--until-online", "--timeout", str(PATIENCE)]) == 0
        assert capsys.readouterr().out.splitlines()[-1].endswith("-- online as device 789546805")
        # It is online already, and says nothing more by itself
        seen = len(it.log)
        assert main(["monitor", "--port", it.port, "--until-online", "--timeout", str(PATIENCE)]) == 0
        assert len(re.findall(ONLINE, it.log[seen:])) == 1
        assert it.resets == [ResetCause.PWRON]


def test_why_it_does_not_come_online(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    with board(broker, installed() | {"config.json": json.dumps(config(auth_info="wrong"))}) as it:
        assert main(["monitor", "--port", it.port, "--until-online", "--timeout", str(PATIENCE)]) == 1
        told = capsys.readouterr().err
        assert re.match(r"error: not online: device id, product id or auth-info refused .*mend it: onenet config", told)
        assert len(told.splitlines()) == 1
    with board() as it:
        it.wait_for(">>> ")
        assert main(["monitor", "--port", it.port, "--until-online", "--timeout", str(PATIENCE)]) == 1
        assert "the board is at its prompt, and no program runs" in capsys.readouterr().err
        with Connection(it.port):
            assert main(["monitor", "--port", it.port]) == 2
        assert re.search("in use by another program|exclusive", capsys.readouterr().err)


def test_packets_in_words_and_no_password(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    traced = config(trace=True, intervals={"free_heap": 1})
    with board(broker, {**installed(), "config.json": json.dumps(traced)}) as it:
        it.wait_for(ONLINE, PATIENCE)
        with monitor("--port", it.port, "--packets") as shown:
            shown.wait_for("PUBACK")
            seen = len(shown.screen)
            it.reset_button()
            shown.wait_for(r"board → platform CONNECT +.*789546805", seen)
            shown.wait_for(r"platform → board CONNACK", seen)
            shown.wait_for(r"board → platform PUBLISH +\$dp, QoS 1.*free_heap = \d+", seen)
            shown.wait_for(r"mqtt: online as device", seen)
        assert AUTH_INFO not in shown.screen and WIFI_PASSWORD not in shown.screen
        assert "trace" not in shown.screen
        assert it.resets == [ResetCause.PWRON, ResetCause.BUTTON]


def test_what_a_board_says_cannot_harm_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = r'print("\x1b]0;title\x07\x1b[2J\x9b31m [bold red]x[/] \u202egnp.exe \b\b"); time.sleep_ms(100)'
    with board(files={"main.py": f"import time\nwhile True:\n    {hostile}\n"}) as it:
        it.wait_for("gnp")
        assert main(["monitor", "--port", it.port, "--timeout", "1"]) == 0
    told = capsys.readouterr().out
    assert "\\u001b]0;title\\u0007\\u001b[2J" in told and "[bold red]x[/]" in told
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", told)


def test_the_wifi_of_a_board_as_a_qr_code() -> None:
    text = "WIFI:T:WPA;S:onenet-a1b2c3;P:abcd2345ef;;"

    def shown(line: str, width: int) -> str:
        file = io.StringIO()
        Show(Console(file=file, width=width, highlight=False), False).line(line)
        return file.getvalue()

    lines = shown(text, 33).splitlines()
    assert max(map(len, lines)) == 33 and len(lines) == 17
    pixels = [[" ▄▀█".index(cell) for cell in line] for line in lines]
    rows = [[1 - (cell >> shift & 1) for cell in line] for line in pixels for shift in (1, 0)]
    assert rows[:33] == [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    assert "too narrow" in shown(text, 32)
    for other in ("WIFI:T:WPA;S:x;P:" + "x" * 5000 + ";;", "WIFI:T:WPA;S:;P:;;"):
        assert "█" not in shown(other, 80) and other[:17] in shown(other, 80)


def test_a_port_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["monitor", "--port", "/dev/nonexistent"]) == 2
    assert (
        capsys.readouterr().err == "error: there is no port /dev/nonexistent; `onenet boards` shows those there are\n"
    )


def test_what_an_error_number_means() -> None:
    main_py = "import time\nprint('-5 wifi: hello')\nprint('OSError: -202')\nwhile True:\n    time.sleep(1)\n"
    with board(files={"main.py": main_py}) as it, monitor("--port", it.port) as shown:
        shown.wait_for("Ctrl-C ends this")
        it.wait_for("-202", PATIENCE)
        it.reset_button()
        shown.wait_for(r" -0\.005 wifi: hello")
        shown.wait_for(re.escape(explain("OSError: -202")))
