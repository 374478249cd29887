"""Updates over the air that go wrong: python tests/e2e/update_cuts.py [CUTS] [--changes N] [--seed N] [--chip NAME]

First each fault once: packages that are cut off, corrupted, for another board, not signed or for paths that are none,
a flash that is full, and programs that crash, hang, reset, or never come online. Then updates to good and to bad
programs, in which the power goes at random moments of the download, the swap, the first start and the way back. In the
end every board is looked at, file by file: it must have the old program or the new one, and run it; a bad one never.
At last changes of config.json from afar, through such power cuts: see config_cuts.py.
"""

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import config_cuts
from onenet_tools.board import BoardError, VirtualBoard
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.failures import PlatformError
from onenet_tools.package.package import Entry, Package
from over_the_air import (
    BAD,
    FORMS,
    KEY,
    PATIENCE,
    Program,
    Server,
    board,
    mixture,
    program,
)

AT_ONCE = 4
OLD, NEW = "1.0", "2.0"
STAGES = ("download", "swap", "first start", "way back")
_AGAIN = 40.0
"""Seconds until the board is told once more: a busy computer's takes long to compare what it has, and would begin anew
each time."""
_END = r"update: (upgraded to|rolled back to|refused:|version \S+ is here already).*"


def _path(name: str) -> Callable[[Package], bytes]:
    def spoiled(good: Package) -> bytes:
        head = dict(good.head)
        head["size"] += 3
        digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of abc
        entries = sorted(
            (*good.entries, Entry("+", name, 3, digest)), key=lambda e: (e.kind not in "!", e.name.encode())
        )
        return Package(head, tuple(entries), "", b"").signed(KEY).data + good.body + b"abc"

    return spoiled


def _changed(**changes: object) -> Callable[[Package], bytes]:
    return lambda good: Package(good.head | changes, good.entries, "", good.body).signed(KEY).data


def _corrupted(good: Package) -> bytes:
    """One bit, in a file that the board has not yet as it shall be."""
    return good.data.replace(f"{NEW}\n{NEW}\n".encode(), f"{NEW}\n3.0\n".encode(), 1)


def _for_another_version(good: Package) -> bytes:
    """It takes a file for granted that the board has, but not like that."""
    at = 0
    for entry in good.entries:
        if entry.name == "data.bin":
            break
        at += entry.size
    head = {**good.head, "from": "1.9", "size": good.head["size"] - entry.size}
    entries = tuple(replace(it, kind="=") if it is entry else it for it in good.entries)
    return Package(head, entries, "", good.body[:at] + good.body[at + entry.size :]).signed(KEY).data


_FULL = "onto a full flash"
FAULTS: dict[str, tuple[Callable[[Package], bytes], str]] = {
    "cut off": (lambda good: good.data[:-3000], "ends before byte|cut off"),
    "cut off in its head": (lambda good: good.data[:300], "cut off"),
    "corrupted": (_corrupted, "corrupted"),
    "corrupted in its head": (lambda good: good.data.replace(b"+data.bin", b"+data.bix"), "signature|must not be"),
    "no package": (lambda good: b"<html>" * 900, "no package"),
    "for another chip": (_changed(chip="esp32s9"), "for an esp32s9"),
    "for a newer MicroPython": (_changed(micropython=[9, 1]), r"MicroPython 9\.1"),
    "for another .mpy": (_changed(mpy=5), r"\.mpy files"),
    "for another version": (_for_another_version, "for a board with version 1.9: data.bin is another"),
    "not signed": (lambda good: Package(good.head, good.entries, "", good.body).data, "not signed"),
    "signed by another key": (lambda good: good.signed("another key, for tests").data, "not by this board's"),
    "a path to above": (_path("../boot.py"), "must not be"),
    "a path into the root": (_path("/boot.py"), "must not be"),
    "a path around": (_path("lib/../config.json"), "must not be"),
    "config.json": (_path("config.json"), "must not be"),
    "the record": (_path("deploy/record"), "must not be"),
    "wrong sizes": (_changed(size=1), "sizes"),
    _FULL: (lambda good: good.data, "KB of flash, and"),
}
"""What is done to a good package, and what the board says to it."""


@dataclass(frozen=True)
class Trial:
    number: int
    bad: str
    """Which of BAD the new program is; empty for a good one."""
    stages: tuple[str, ...]
    """In which the power goes, one after the other."""
    when: tuple[float, ...]
    """How far into each, 0 to 1."""

    def __str__(self) -> str:
        return f"{self.number}: {self.bad or 'good'}, " + ", ".join(
            f"{stage} {when:.3f}" for stage, when in zip(self.stages, self.when, strict=True)
        )


class Updates:
    """Boards of a chip with the old program, and what they are updated to."""

    def __init__(self, folder: Path, chip: str, console: RunningConsole, server: Server) -> None:
        self.folder, self.chip, self.console, self.server = folder, chip, console, server
        self.devices: dict[str, str] = {}
        """Ids by the board's port."""
        self.old = program(OLD, chip, folder / "old")
        self.good = program(NEW, chip, folder / "good")
        self.bad = {name: program(NEW, chip, folder / name, more) for name, more in BAD.items()}
        for name, it in {"": self.good, **self.bad}.items():
            server.packages[self._name(name)] = it.package(KEY).data

    def _name(self, name: str) -> str:
        return f"{self.chip}-{name.replace(' ', '-') or 'good'}"

    def board(self, number: int, full: bool = False) -> VirtualBoard:
        image = self.folder / f"{self.chip}-{number}.img"
        device = self.console.call(self.console.platform.add_device, str(number))
        config = {"device_id": device.id, "product_id": self.console.platform.product_id}
        config |= {"auth_info": device.auth_info, "update_key": KEY}
        it = board(self.old, image, self.console.mqtt_port, config, full=full)
        self.devices[it.port] = device.id
        return it

    def update(self, it: VirtualBoard, package: str, until: str, patience: float = 3 * PATIENCE) -> str:
        """Has the board begin, if it has not, and waits for a line; returns it. Raises BoardError."""
        deadline = time.monotonic() + patience
        wait = _AGAIN
        while True:
            if not re.search(r"update: (goes on|\S+ to |version|refused|rolled|upgraded)", it.log):
                try:
                    command = f"update {self.server.url(package)}".encode()
                    self.console.call(self.console.platform.send_command, self.devices[it.port], command)
                    wait = _AGAIN
                except PlatformError:  # it is offline for the moment
                    wait = 1.0
            try:
                return it.wait_for(until, min(wait, patience))[0]
            except BoardError:
                if time.monotonic() > deadline:
                    raise

    def fault(self, name: str, number: int) -> str:
        """One of FAULTS or BAD; returns what went wrong, or nothing."""
        with self.board(number, name == _FULL) as it:
            try:
                it.wait_for("online as device", PATIENCE)
                if name in FAULTS:
                    spoil, words = FAULTS[name]
                    package = f"{self.chip}-fault-{number}"
                    self.server.packages[package] = spoil(self.good.package(KEY))
                    said = self.update(it, package, _END)
                    if not re.search(f"refused: .*({words})", said):
                        return f"it said {said!r}"
                else:
                    said = self.update(it, self._name(name), _END)
                    if "rolled back" not in said:
                        return f"it said {said!r}"
                told = said.removeprefix("update: ")
                if not self._was_told(it, told):
                    return f"the platform was not told {told!r}"
            except BoardError as error:
                return f"dead: {str(error)[-600:]}"
            return self._judged(it, number, self.good, (OLD,))

    def _was_told(self, it: VirtualBoard, text: str) -> bool:
        """Whether the data point "update" is this text, in the end."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            streams = self.console.call(self.console.platform.streams, self.devices[it.port])
            if any(stream.id == "update" and stream.value == text for stream in streams):
                return True
            time.sleep(0.2)
        return False

    def run(self, trial: Trial) -> str:
        """Does it; returns OLD, NEW, or in words what else has come of it."""
        new = self.bad[trial.bad] if trial.bad else self.good
        package = self._name(trial.bad)
        with self.board(trial.number) as it:
            try:
                for stage, when in zip(trial.stages, trial.when, strict=True):
                    self._reach(it, package, stage, when)
                    it.power_cut()
                    it.power_on()
                self.update(it, package, _END)
            except BoardError as error:
                return f"dead: {str(error)[-600:]}"
            return self._judged(it, trial.number, new, (OLD,) if trial.bad else (OLD, NEW))

    def _reach(self, it: VirtualBoard, package: str, stage: str, when: float) -> None:
        """Lets the update go on to a moment of this stage; where it does not get there, to the end."""
        if stage == "download":
            self.update(it, package, rf"update: \S+ to |goes on with|{_END}")
            time.sleep(when * (4 if self.chip == "esp32" else 15))
        elif stage == "swap":
            self.update(it, package, f"restarts to put it in place|{_END}")
            time.sleep(when * 0.6)
        elif stage == "first start":
            self.update(it, package, f"has to stay online|{_END}")
            time.sleep(when * 3)
        else:
            self.update(it, package, f"the old program comes back|{_END}")
            time.sleep(when * 0.6)

    def _judged(self, it: VirtualBoard, number: int, new: Program, right: tuple[str, ...]) -> str:
        """What is on the board, if that may be and it runs it; for a fault, nothing if all is well."""
        builds = re.findall(r"^BUILD (\S+)", it.log, re.MULTILINE)
        time.sleep(1)
        it.power_cut()
        rom = Path(f"{self.folder}/{self.chip}-{number}.img.rom")
        found = mixture(it.read_files(), rom.read_bytes() if rom.exists() else b"", self.old, new)
        if found in (OLD, NEW):
            it.power_on()
            try:
                it.wait_for("online as device", PATIENCE)
            except BoardError as error:
                return f"dead: {str(error)[-600:]}"
            if f"BUILD {found}" not in it.log or found not in right:
                return f"wrong: {found} is on the board, which ran {builds}"
        return found


def plan(count: int, chance: random.Random) -> list[Trial]:
    """Half of the programs are good, most cuts are alone."""
    trials = []
    bad = ["is not healthy", "is not healthy", "crashes at once", "resets later"]
    for number in range(1, count + 1):
        which = chance.choice(bad) if chance.random() < 0.5 else ""
        stages = [stage for stage in STAGES if stage != "way back" or which == "is not healthy"]
        first = chance.randrange(len(stages))
        times = chance.choice((1, 1, 2))
        chosen = tuple(sorted((stages[first], *chance.choices(stages, k=times - 1)), key=STAGES.index))
        trials.append(Trial(number, which, chosen, tuple(chance.random() for _ in chosen)))
    return trials


@dataclass
class Outcome:
    """What has come of it all."""

    cuts: Counter[str]
    """By "stage: outcome"."""
    faults: dict[str, str]
    """By name; OLD where all was well."""
    problems: list[str]
    config: Counter[str]
    """Of power cuts while config.json is changed: by "stage: outcome"."""


def run_all(
    chip: str,
    cuts: int,
    seed: int,
    faults: Sequence[str] | None = None,
    say: Callable[[str], None] = lambda text: None,
    changes: int = 0,
) -> Outcome:
    """These faults, None for all, so many trials with power cuts, and so many changes of config.json with them."""
    outcome = Outcome(Counter(), {}, [], Counter())
    names = [*FAULTS, *BAD] if faults is None else list(faults)
    with (
        tempfile.TemporaryDirectory(prefix="updates-") as folder,
        running_console(pages=False) as console,
        Server() as server,
    ):
        updates = Updates(Path(folder), chip, console, server)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            tested = {pool.submit(updates.fault, name, 5000 + i): name for i, name in enumerate(names)}
            for done in as_completed(tested):
                name, came = tested[done], done.result()
                outcome.faults[name] = came
                say(f"{chip}, {name}: {came}")
                if came != OLD:
                    outcome.problems.append(f"{chip}, {name}: {came}")
            trials = {pool.submit(updates.run, trial): trial for trial in plan(cuts, random.Random(seed))}
            for done in as_completed(trials):
                trial, came = trials[done], done.result()
                say(f"{chip}, {trial}: {came}")
                for stage in trial.stages:
                    outcome.cuts[f"{stage}: {came.partition(':')[0]}"] += 1
                if came not in (OLD, NEW):
                    outcome.problems.append(f"{chip}, {trial}: {came}")
        planned = config_cuts.plan(changes, random.Random(seed))
        outcome.config, problems = config_cuts.run_changes(updates.old, console, Path(folder), planned, AT_ONCE, say)
        outcome.problems += problems
    return outcome


def tally(outcome: Outcome) -> str:
    lines = _rows("power cuts in", outcome.cuts, STAGES, OLD, NEW)
    if outcome.config:
        lines += _rows("config.json", outcome.config, config_cuts.STAGES, config_cuts.OLD, config_cuts.NEW)
    well = sum(came == OLD for came in outcome.faults.values())
    lines.append(f"faults: {well} of {len(outcome.faults)} left the old program, or brought it back")
    return "\n".join(lines)


def _rows(title: str, cuts: Counter[str], stages: Sequence[str], old: str, new: str) -> list[str]:
    bad = ("a mixture", "dead", "wrong")
    lines = [f"{title:16}" + "".join(f"{heading:>11}" for heading in ("old", "new", *bad))]
    for stage in stages:
        lines.append(f"{stage:16}" + "".join(f"{cuts[f'{stage}: {end}']:>11}" for end in (old, new, *bad)))
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cuts", nargs="?", type=int, default=100)
    parser.add_argument("--chip", choices=tuple(FORMS), action="append")
    parser.add_argument("--changes", type=int, default=20, help="of config.json, from afar")
    parser.add_argument("--seed", type=int, default=0, help="default: one that is told")
    parser.add_argument("--faults", type=json.loads, default=None, help="as JSON; default: all")
    wanted = parser.parse_args(arguments)
    seed = wanted.seed or random.randrange(1, 1000000)
    status = 0
    for chip in wanted.chip or tuple(FORMS):
        start = time.monotonic()
        print(f"{chip}: updates over the air with {wanted.cuts} power losses, seed {seed}", flush=True)
        outcome = run_all(chip, wanted.cuts, seed, wanted.faults, lambda text: print(text, flush=True), wanted.changes)
        print(
            f"\n{tally(outcome)}\n{chip}: {time.monotonic() - start:.0f} s; the same again: --chip {chip} --seed {seed}"
        )
        for problem in outcome.problems:
            print(f"WRONG: {problem}")
        status |= bool(outcome.problems)
    return status


if __name__ == "__main__":
    sys.exit(main())
