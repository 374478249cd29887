"""Runs misfortunes, several at a time, and tells what became of them."""

import concurrent.futures
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console as Terminal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..console.console import RunningConsole, running_console
from .misfortunes import MISFORTUNES, Misfortune
from .scene import BoardError, Missed, Scene, scene

_STEADY = 4  # numbers more that must arrive before it counts as recovered
_TAIL = 15  # seconds that the numbers measured before may need besides


@dataclass(frozen=True)
class Outcome:
    """What became of a board."""

    misfortune: Misfortune
    failure: str
    """Empty where it recovered."""
    seconds: float = 0
    """From the end of the misfortune until a number measured after it was at the console."""
    measured: int = 0
    arrived: int = 0
    dropped: int = 0
    """Let go by the outbox, which was full."""
    gone: int = 0
    """With the RAM, in a reset or power cut."""
    lost: int = 0
    """For no such reason."""
    output: str = ""


def run_misfortunes(
    chip: str = "esp32", names: Sequence[str] = (), jobs: int = 6, log: Callable[[str], None] = lambda text: None
) -> int:
    """Prints a table, and returns 0 only if every board recovers and has lost nothing but what it had to.

    names: those to run, all if empty. log gets what a board that did not recover has said. Raises ConsoleError and
    StoreError, and KeyError for a name that is none.
    """
    by_name = {one.name: one for one in MISFORTUNES}
    chosen = [by_name[name] for name in names] if names else MISFORTUNES
    outcomes = []
    with running_console() as console, _progress() as progress:
        task = progress.add_task("misfortunes", total=len(chosen))
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            waiting = [pool.submit(_play, one, console, chip) for one in chosen]
            try:
                for done in concurrent.futures.as_completed(waiting):
                    outcome = done.result()
                    outcomes.append(outcome)
                    progress.advance(task)
                    progress.console.print(_line(outcome), highlight=False)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    outcomes.sort(key=lambda outcome: chosen.index(outcome.misfortune))
    Terminal().print(_table(chip, outcomes))
    failed = [outcome for outcome in outcomes if outcome.failure]
    for outcome in failed:
        log(f"== {outcome.misfortune.name}: {outcome.failure}\n{outcome.output}")
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} boards recovered")
    return 1 if failed else 0


def _play(one: Misfortune, console: RunningConsole, chip: str) -> Outcome:
    with scene(console, chip) as it:
        try:
            one.happen(it)
            return _recover(one, it)
        except (Missed, BoardError) as error:
            return Outcome(one, str(error).splitlines()[0], output=it.output)
        except Exception as error:  # noqa: BLE001 - one row's, and the others go on
            return Outcome(one, f"{type(error).__name__}: {error}", output=it.output)


def _recover(one: Misfortune, it: Scene) -> Outcome:
    over = time.monotonic()
    mark = len(it.output)
    it.until(
        lambda: it.arrived().intersection(it.measured(mark)), "no number measured since then arrived", one.patience
    )
    seconds = time.monotonic() - over
    it.until(lambda: len(it.measured(mark)) > _STEADY, "the board did not go on measuring", one.patience)
    wanted = set(it.measured())
    with contextlib.suppress(Missed):  # then it is told what is missing
        it.until(lambda: len(wanted - it.arrived()) <= it.dropped(), "", _TAIL)
    arrived = it.arrived() & wanted
    boots = [number.partition(":")[0] for number in it.measured()]
    missing = wanted - arrived
    gone = {number for number in missing if number.partition(":")[0] != boots[-1]} if one.loses_ram else set()
    dropped = min(it.dropped(), len(missing - gone))
    lost = len(missing - gone) - dropped
    failure = f"{lost} numbers are lost" if lost else ""
    return Outcome(one, failure, seconds, len(wanted), len(arrived), dropped, len(gone), lost, it.output)


def _progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, transient=True)


def _line(outcome: Outcome) -> str:
    what = f"[red]{outcome.failure}[/]" if outcome.failure else f"online again after {outcome.seconds:.1f} s"
    return f"{outcome.misfortune.words}: {what}"


def _table(chip: str, outcomes: Sequence[Outcome]) -> Table:
    table = Table(title=f"Misfortunes of a virtual {chip}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("what happened", overflow="fold")
    table.add_column("online after", justify="right", no_wrap=True)
    table.add_column("arrived", justify="right", no_wrap=True)
    table.add_column("lost", no_wrap=True)
    for one in outcomes:
        reasons = ((one.dropped, "dropped: outbox full"), (one.gone, "gone in the reset"), (one.lost, "for no reason"))
        lost = ", ".join(f"{count} {why}" for count, why in reasons if count)
        recovered = f"{one.seconds:.1f} s" if one.measured else "never"
        arrived = f"{one.arrived} of {one.measured}"
        table.add_row(one.misfortune.words, recovered, arrived, lost or "0", style="red" if one.failure else "")
    return table
