"""Boards that are asked and told from afar: how they are, what their log holds, to restart, to change config.json; by
who has the key, and by others."""

import contextlib
import hashlib
import hmac
import json
import random
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import AUTH_INFO, MAIN, PATIENCE, WIFI_PASSWORD, Watcher, board, wait_online
from onenet_tools.board import VirtualBoard
from onenet_tools.broker import Mosquitto

KEY = "only you know this"
OFF = {"ssid": "nowhere", "password": "a secret of a neighbour"}


class Afar:
    """Somebody who sends commands, and has a key."""

    def __init__(self, board: VirtualBoard, watcher: Watcher, device: str) -> None:
        self.board, self._watcher, self._device = board, watcher, device

    def ask(self, text: str) -> str:
        """Sent once, where a second time is another try: the board has been heard by then, and hears."""
        if not text.startswith("!do"):
            return self._watcher.command(text.encode()).decode()
        command_id = uuid.uuid4()
        self._watcher.publish(f"$creq/{command_id}", text.encode())
        return self._watcher.message(f"$crsp/{command_id}").payload.decode()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("!status"))
        return found

    def signed(self, words: str, key: str = KEY) -> str:
        number = self.ask("!hello")
        text = f"{self._device}\n{number}\n{words}".encode()
        return f"!do {hmac.new(key.encode(), text, hashlib.sha256).hexdigest()} {words}"

    def act(self, words: str, key: str = KEY) -> str:
        return self.ask(self.signed(words, key))

    def send(self, text: str) -> None:
        """Without waiting for a reply."""
        self._watcher.publish(f"$creq/{uuid.uuid4()}", text.encode())

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def board_config(self) -> str:
        """Its config.json; the board is without power meanwhile."""
        self.board.power_cut()
        text = self.board.read_files()["/config.json"].decode()
        self.board.power_on()  # which begins a new log
        wait_online(self.board)
        return text

    def until_decided(self) -> None:
        """Until no change is on trial any more."""
        deadline = time.monotonic() + PATIENCE
        while self.status().get("change") == "on trial":
            assert time.monotonic() < deadline
            time.sleep(0.5)

    def log_lines(self) -> str:
        text, start = "", ""
        while True:
            head, _, part = self.ask(f"!log {start}").partition("\n")
            text += part
            boot, end, last = head.split(" ")
            start = f"{boot} {end}"
            if end == last:
                return text


@contextlib.contextmanager
def afar(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any], main: str = MAIN, **more: Any) -> Iterator[Afar]:
    config = {"log": 1024, "remote": True, "remote_key": KEY, "safe_mode_pin": -1, **more}
    with board(broker, main, **config, **kind) as it:
        yield Afar(it, watcher, wait_online(it))


CARELESS = MAIN.replace(
    "device.run()",
    f"""
device.log("pump", "here is {KEY} and " + "x" * 207 + {KEY!r})

@device.stream("broken", every=3600)
def broken():
    raise ValueError("the sensor at " + {KEY!r})

device.run()
""",
)
"""A program that prints a secret, once where its line is cut."""


def test_how_it_is_and_what_its_log_holds(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with afar(broker, watcher, kind, CARELESS, log={"size": 1024, "stream": True}) as it:
        log, crashes, status = it.log_lines(), it.ask("!crashes 0"), it.status()
        assert f"pump: here is {KEY}" in it.board.log  # what is on its console is its own
        assert "pump: here is *** and x" in log and "Traceback" in log and "ValueError: the sensor at ***" in log
        assert "ValueError: the sensor at ***" in crashes
        assert status["free_heap"] > 1000 and status["reset"] and "1 failure kept" in status["crashes"]
        watcher.until(lambda: "the sensor at ***" in str(watcher.points().get("log")), "the traceback as a data point")
        everything = b"".join(message.payload for message in watcher.messages)
        for n in range(5, len(KEY) + 1):
            assert KEY[:n].encode() not in everything.replace(b"only you can", b"")
        for secret in (AUTH_INFO, WIFI_PASSWORD):
            assert secret.encode() not in everything


def test_who_has_not_the_key(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with afar(broker, watcher, kind) as it:
        assert "another key" in it.act("restart", "not this board's key")
        good = it.signed("measure")
        assert it.ask(good) == "ok"
        assert "!hello first" in it.ask(good)
        it.ask("!hello")
        assert "another key" in it.ask(good)
        assert "are longer than rx_size" in it.ask("!do " + "0" * 600)
        assert it.act("explode").startswith("error: there are restart")
        assert it.ask("!explode").startswith("error: there are !status")
        assert it.ask("led?").startswith("error: no led_pin")  # the program's own go on
        assert it.status()["up"] >= 0 and it.board.log.count("online as") == 1
    with board(broker, **{"remote": False, "log": 0, **kind}) as off:
        device = wait_online(off)
        it = Afar(off, watcher, device)
        assert it.ask("!status").startswith("error: no led_pin")  # main.py's own words
        assert it.act("restart").startswith("error: no led_pin")


def test_restart_and_safe_mode(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with afar(broker, watcher, kind) as it:
        since = len(it.board.log)
        assert it.act("restart") == "ok"
        wait_online(it.board, since)
        since = len(it.board.log)
        assert it.act("safe-mode") == "ok"
        it.board.wait_for("safe mode: main.py does not run", PATIENCE, since)
        wait_online(it.board, since)
        assert it.status()["alone"]
        assert it.ask("led?") == "error: this device takes no commands"
        it.board.power_cut()
        it.board.power_on()
        wait_online(it.board)
        assert "alone" not in it.status()


def test_a_change_that_is_good(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with afar(broker, watcher, kind) as it:
        since = len(it.board.log)
        assert it.act("config 60 health_interval=1") == "ok"
        wait_online(it.board, since)
        it.board.wait_for("the change of config.json stays", PATIENCE, since)
        assert "change" not in it.status()
        assert watcher.wait_for_point("free_heap")
        it.board.power_cut()
        there = it.board.read_files()
        assert json.loads(there["/config.json"])["health_interval"] == 1
        assert not [name for name in there if name.startswith("/config.") and name != "/config.json"]


@pytest.mark.parametrize("words", [f"wifi={json.dumps([OFF])}", "led_pin=99", "keep_alve=60", 'host="192.0.2.1"'])
def test_a_change_that_cuts_it_off(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any], words: str) -> None:
    with afar(broker, watcher, kind) as it:
        since = len(it.board.log)
        assert it.act(f"config 12 {words}") == "ok"
        it.board.wait_for("change of config.json is undone", PATIENCE, since)
        wait_online(it.board, since)
        change = it.status()["change"]
        if words[0] in "lk":  # what the table refuses is known at once
            assert change.startswith("undone: config.json has 1 problem(s):") and words.split("=")[0] in change
        else:
            why = "nowhere: not in reach" if words[0] == "w" else "no way to the server: does the router"
            assert change.startswith("undone: not online within 12 s; " + why)
        assert OFF["password"] not in it.board.log
        it.board.power_cut()
        assert "/config.back" not in it.board.read_files()


@pytest.mark.parametrize("good", [True, False])
@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.long)])
def test_power_goes_in_the_middle_of_a_change(
    broker: Mosquitto, watcher: Watcher, kind: dict[str, Any], good: bool, times: int
) -> None:
    """At any moment, again and again: in the end the board is online, with the one configuration or the other."""
    seed = random.randrange(1_000_000)
    moments = random.Random(seed)
    with afar(broker, watcher, kind, watchdog=10) as it:
        before = json.loads(it.board_config())
        after = before | ({"keep_alive": 61} if good else {"wifi": [OFF]})
        words = "keep_alive=61" if good else f"wifi={json.dumps([OFF])}"
        for _ in range(times):
            command = it.signed(f"config 12 {words}")
            it.send(command)
            for _ in range(moments.randrange(1, 3)):
                it.wait(moments.uniform(0, 3))
                it.board.power_cut()
                files = it.board.read_files()
                there = json.loads(files["/config.json"])
                assert there in (before, after), f"seed {seed}"
                if there == after and there != before:
                    assert json.loads(files["/config.back"]) == before, f"seed {seed}"
                it.board.power_on()
            wait_online(it.board)
            it.until_decided()
            if json.loads(it.board_config()) == after:
                assert good, f"seed {seed}"
                break
