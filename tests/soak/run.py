"""A board at work for minutes, at fifty times the normal rate, while everything fails that can:
python tests/soak/run.py [MINUTES]

A virtual ESP32 or ESP8266 in its own memory measures, and every value bears a number. Between it and a mosquitto stands
a proxy; what that passes on, and what a subscriber gets, is compared with what the board has said. The first half is
without resets, so that one start runs for long enough to see whether its heap grows; in the second half they come too;
in the end nothing fails any more, and all that is due must arrive.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from faults import BURST, FAULTS, RESETS, Fault
from heap_curve import GROWTH, WARM_UP, Band, draw, judge
from ledger import Tally
from onenet_tools.board import BoardError, ResetCause
from onenet_tools.broker import BrokerError
from program import FASTER, STOP
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from scene import CHUNK, IN_RAM, PATIENCE, Scene

_ROOT = Path(__file__).parent.parent.parent
_PEACE = 0.5, 3.0  # seconds between two faults
_TWO = 0.4  # how often two come at once
_BURST = 0.3  # how often there is a burst of values besides
_RESETS = 0.35  # how often, in the second half, it is a reset
_LATE = 30.0  # seconds in which what the broker has comes to the subscriber
_QUIET = 15.0  # seconds between lines where nobody watches a progress bar
_CRITERIA = (
    f"A start's heap may have {GROWTH} bytes less free in its last third than in its first (medians, after {WARM_UP:g} "
    f"s). A value may come again where its batch was under way when a connection was lost, {CHUNK} after a reset, "
    f"{CHUNK + IN_RAM} after deep sleep, whose values stay in RTC memory until they have arrived, or an error of flash."
)


class Soak:
    """One run. `happened` counts the faults by their names."""

    def __init__(self, scene: Scene, seconds: float, say: Callable[[str, float], None]) -> None:
        self._scene = scene
        self._seconds = seconds
        self._say = say
        self.happened: Counter[str] = Counter()

    def run(self) -> list[str]:
        """Returns what is wrong, a line each. Raises BoardError, BrokerError."""
        scene = self._scene
        scene.board.wait_for("online as|the next try is in", PATIENCE)
        half = scene.began + self._seconds / 2
        while (now := time.monotonic()) < scene.began + self._seconds:
            self._peace()
            chance = scene.chance
            if now > half and chance.random() < _RESETS:
                self._happen([chance.choice(RESETS)])
            else:
                faults = chance.sample(FAULTS, 2 if chance.random() < _TWO else 1)
                if chance.random() < _BURST and BURST not in faults:
                    faults.append(BURST)
                self._happen(faults)
        return self._recover()

    def _peace(self) -> None:
        self._scene.sleep(self._scene.chance.uniform(*_PEACE))
        self._scene.command()
        self._told("")

    def _happen(self, faults: Sequence[Fault]) -> None:
        scene = self._scene
        begin = time.monotonic() - scene.began
        names = " + ".join(fault.name for fault in faults)
        self._told(names)
        lasting = [fault for fault in faults if fault is not BURST] or faults
        seconds = min(scene.chance.uniform(0.2, fault.longest) for fault in lasting)
        self._within(list(faults), seconds)
        self.happened.update(fault.name for fault in faults)
        scene.bands.append(Band(begin, time.monotonic() - scene.began, names, faults[0] in RESETS))

    def _within(self, faults: list[Fault], seconds: float) -> None:
        if not faults:
            self._scene.sleep(seconds)
            return
        with faults[0].happens(self._scene):
            self._within(faults[1:], seconds)

    def _recover(self) -> list[str]:
        """Nothing fails any more: the board measures no more, and sends all it has."""
        scene = self._scene
        scene.skip(61)  # after which the outbox tries flash again
        since = len(scene.board.log)
        scene.board.pins[STOP] = 1
        found = []
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._told("recovery")
            try:
                scene.board.wait_for("^empty none", 5, since)
                break
            except BoardError:
                continue
        else:
            found.append(f"the board is not done after {PATIENCE:g} s; it says:\n{scene.board.log[-1500:]}")
        before = -1
        while scene.tally().missing and scene.tally().delivered > before and not found:
            before = scene.tally().delivered
            scene.sleep(_LATE)  # for the subscriber
        if scene.unexpected:
            causes = Counter(cause.name for cause in scene.board.resets)
            found.append(f"it was reset {scene.unexpected} times by itself; of all starts, {dict(causes)}")
        if ResetCause.PANIC in scene.board.resets:
            found.append("the interpreter has crashed")
        if scene.wrong_times:
            found.append(f"{scene.wrong_times} of {scene.times} times are wrong")
        return found + scene.tally().problems() + judge(scene.samples)

    def _told(self, what: str) -> None:
        self._say(f"{_words(self._scene.tally())}  {what}", time.monotonic() - self._scene.began)


def _words(tally: Tally) -> str:
    return f"{tally.taken:,} accepted, {tally.delivered:,} delivered, {tally.resets} resets"


def _show(scene: Scene, soak: Soak, console: Console) -> None:
    tally = scene.tally()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for words, count in (
        ("measured", tally.measured),
        ("accepted by put()", tally.taken),
        ("kept in flash meanwhile", tally.flash),
        ("delivered", tally.delivered),
        ("lost", len(tally.missing)),
        ("gone with RAM at a reset, before they were due in flash", tally.gone),
        ("refused by put(), the outbox being full", tally.refused),
        ("dropped by the board's own count", tally.dropped),
        (f"came again (at most {tally.allowed:,})", tally.again),
        ("times that came with them, and wrong ones", f"{scene.times:,}, {scene.wrong_times}"),
        ("connections, and times online", f"{scene.proxy.connections}, {scene.online}"),
        ("PUBACKs lost", scene.proxy.swallowed),
        ("commands, and replies", f"{scene.commands}, {scene.replies}"),
        ("starts", len(scene.board.resets)),
        ("faults", soak.happened.total()),
    ):
        table.add_row(words, count if isinstance(count, str) else f"{count:,}")
    if scene.samples:
        for words, name in (("heap free", "free"), ("its largest block", "largest")):
            figures = [getattr(sample, name) for sample in scene.samples]
            table.add_row(f"{words}, first, least and last", f"{figures[0]:,}, {min(figures):,}, {figures[-1]:,}")
    console.print(table)
    faults = ", ".join(f"{name} {count}" for name, count in sorted(soak.happened.items()))
    console.print(f"faults: {faults}", soft_wrap=True)


def soak(minutes: float, chip: str, seed: int, picture: Path | None, log: Path | None) -> list[str]:
    """Soaks, shows what came of it, and returns what is wrong. Raises BoardError, BrokerError."""
    seconds = minutes * 60
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[words]}")
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(f"soak, {chip}", total=seconds, words="")
        told = [0.0]

        def say(words: str, at: float) -> None:
            progress.update(task, completed=min(at, seconds), words=words)
            if not errors.is_terminal and at >= told[0]:
                told[0] = at + _QUIET
                errors.print(f"{at:5.0f} s  {words}")

        with Scene(chip, seed) as scene:
            run = Soak(scene, seconds, say)
            try:
                found = run.run()
            finally:
                if log:
                    log.parent.mkdir(parents=True, exist_ok=True)
                    log.write_text(scene.everything())
            _show(scene, run, console)
            if picture:
                title = f"{chip}, {minutes:g} minutes at {FASTER} times the normal rate, seed {seed}"
                why_not = draw(scene.samples, scene.bands, scene.counts, title, picture)
                console.print(why_not or f"the heap's curve: {picture}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("minutes", nargs="?", type=float, default=3)
    parser.add_argument("--chip", choices=("esp32", "esp8266"), default="esp32")
    parser.add_argument("--seed", type=int, default=0, help="default: one that is told")
    parser.add_argument("--picture", type=Path, default=_ROOT / "build" / "soak.png")
    parser.add_argument("--log", type=Path, default=_ROOT / "build" / "soak.log", help="what the board said")
    wanted = parser.parse_args(arguments)
    seed = wanted.seed or random.randrange(1, 1000000)
    try:
        found = soak(wanted.minutes, wanted.chip, seed, wanted.picture, wanted.log)
    except (BoardError, BrokerError) as error:
        print(error, file=sys.stderr)
        found = [str(error).partition("\n")[0]]
    for line in found:
        print(f"wrong: {line}")
    print(f"{wanted.chip}, seed {seed}: {'failed' if found else 'nothing lost, nothing grown'}. {_CRITERIA}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
