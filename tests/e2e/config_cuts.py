"""Changes of config.json from afar, in the middle of which the power goes: for update_cuts.py.

Each board is told to change a key: to something good, to what its table refuses, or to what cuts it off. The power goes
at random moments while it writes that down, restarts, has it on trial, and takes it back. Whenever it goes, config.json
must be the one from before or the new one; in the end the board is online, with one that is good.
"""

import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onenet_tools.board import BoardError, VirtualBoard
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.failures import PlatformError
from over_the_air import PATIENCE, Program, board

STAGES = ("before it", "half written", "on trial", "after it")
"""What a power cut has met."""
OLD, NEW = "old", "new"
_KEY = "only you know this"
_NOWHERE = [{"ssid": "nowhere", "password": "of a neighbour"}]
_CHANGES: dict[str, dict[str, Any]] = {
    "good": {"keep_alive": 61},
    "refused": {"led_pin": 99},
    "cuts it off": {"wifi": _NOWHERE},
}
_WITHIN = 10  # seconds for it to be online with the change
_AIMS = {
    "change": ("", 0.3),
    "restart": ("device: restarts", 1.0),
    "trial": ("device: restarts(.|\\n)*wifi: ", 10.0),
    "undoing": ("change of config.json is undone", 0.4),
}
"""A moment, what the board says at its beginning, and how many seconds after that the power goes at the latest."""


@dataclass(frozen=True)
class Change:
    """One, and where the power goes in it."""

    number: int
    kind: str
    aims: tuple[str, ...]
    when: tuple[float, ...]
    """How far into each, 0 to 1."""

    def __str__(self) -> str:
        aims = zip(self.aims, self.when, strict=True)
        return f"{self.number}: {self.kind}, " + ", ".join(f"{aim} {when:.3f}" for aim, when in aims)


class _Trial:
    """A board, and its change."""

    def __init__(self, it: VirtualBoard, console: RunningConsole, device: str, kind: str) -> None:
        self._it, self._console, self._device = it, console, device
        self._kind = kind
        self._before: dict[str, Any] = {}
        self.cuts: list[str] = []
        """Which of STAGES the power has gone in."""

    def run(self, change: Change) -> str:
        """Does it; returns OLD or NEW, or in words what else has come of it."""
        it = self._it
        it.wait_for("online as device", PATIENCE)
        it.power_cut()
        self._before = json.loads(it.read_files()["/config.json"])
        it.power_on()
        it.wait_for("online as device", PATIENCE)
        self._tell()
        for aim, when in zip(change.aims, change.when, strict=True):
            words, longest = _AIMS[aim]
            if self.cuts:  # the board has begun anew
                words = words.rpartition("(.|\\n)*")[2] + "|online as device"
            it.wait_for(words, PATIENCE)
            time.sleep(when * longest)
            it.power_cut()
            found = self._found()
            self.cuts.append(self._stage(found))
            it.power_on()
            if found not in (OLD, NEW):
                return found
        self._until_decided()
        it.power_cut()
        found, files = self._found(), it.read_files()
        if found == NEW and self._kind != "good":
            return f"wrong: {self._kind}, and it stays"
        if "/config.back" in files:
            return "wrong: it is over, and config.back has stayed"
        return found

    def _stage(self, found: str) -> str:
        files = self._it.read_files()
        if "/config.back" in files:
            return "on trial" if found == NEW else "half written"
        if "/config.undone" in files or found == NEW:
            return "after it"
        return "half written" if "/config.try" in files or "/config.part" in files else "before it"

    def _found(self) -> str:
        """Which configuration the board, which has no power, would start with."""
        files = self._it.read_files()
        try:
            there = json.loads(files["/config.json"])
        except (KeyError, ValueError) as error:
            return f"a mixture: {error}"
        if there == self._before:
            return OLD
        return NEW if there == self._before | _CHANGES[self._kind] else f"a mixture: {there}"

    def _tell(self) -> None:
        """Signs the change and has the board begin."""
        number = self._ask("!hello")
        key, value = next(iter(_CHANGES[self._kind].items()))
        words = f"config {_WITHIN} {key}={json.dumps(value)}"
        signed = hmac.new(_KEY.encode(), f"{self._device}\n{number}\n{words}".encode(), hashlib.sha256).hexdigest()
        self._console.call(self._console.platform.send_command, self._device, f"!do {signed} {words}".encode())

    def _ask(self, text: str) -> str:
        """The board's reply. Raises BoardError."""
        deadline = time.monotonic() + PATIENCE
        platform = self._console.platform
        while time.monotonic() < deadline:
            try:
                uuid = self._console.call(platform.send_command, self._device, text.encode()).uuid
            except PlatformError:  # offline for the moment
                time.sleep(0.2)
                continue
            asked = time.monotonic()
            while time.monotonic() - asked < 10:
                reply = self._console.call(platform.command, uuid).reply
                if reply is not None:
                    return str(reply, "utf-8")
                time.sleep(0.05)
        raise BoardError(f"no reply to {text}:\n{self._it.log[-500:]}")

    def _until_decided(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while json.loads(self._ask("!status")).get("change") == "on trial":
            if time.monotonic() > deadline:
                raise BoardError(f"it is on trial for ever:\n{self._it.log[-500:]}")
            time.sleep(0.5)


def plan(count: int, chance: random.Random) -> list[Change]:
    changes = []
    for number in range(1, count + 1):
        kind = chance.choice(tuple(_CHANGES))
        aims = [aim for aim in _AIMS if aim != "undoing" or kind != "good"]
        chosen = tuple(sorted(chance.choices(aims, k=chance.choice((1, 1, 2))), key=aims.index))
        changes.append(Change(number, kind, chosen, tuple(chance.random() for _ in chosen)))
    return changes


def run_changes(
    old: Program, console: RunningConsole, folder: Path, changes: list[Change], at_once: int, say: Callable[[str], None]
) -> tuple[Counter[str], list[str]]:
    """How many power cuts had come to which end, by "stage: outcome", and what went wrong."""
    cuts: Counter[str] = Counter()
    problems = []

    def run(change: Change) -> tuple[list[str], str]:
        device = console.call(console.platform.add_device, f"config {change.number}")
        config = {"device_id": device.id, "auth_info": device.auth_info, "product_id": console.platform.product_id}
        config |= {"remote": True, "remote_key": _KEY, "update": None}
        with board(old, folder / f"config-{change.number}.img", console.mqtt_port, config) as it:
            trial = _Trial(it, console, device.id, change.kind)
            try:
                return trial.cuts, trial.run(change)
            except BoardError as error:
                return trial.cuts, f"dead: {str(error)[-600:]}"

    with ThreadPoolExecutor(at_once) as pool:
        under_way = {pool.submit(run, change): change for change in changes}
        for done in as_completed(under_way):
            stages, came = done.result()
            say(f"{old.chip}, config {under_way[done]}: {came}")
            cuts.update(f"{stage}: {came.partition(':')[0]}" for stage in stages)
            if came not in (OLD, NEW):
                problems.append(f"{old.chip}, config {under_way[done]}: {came}")
    return cuts, problems
