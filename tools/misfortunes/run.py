"""Runs misfortunes, several at a time, and tells what became of them."""

import concurrent.futures
import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console as Terminal
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..board import BoardError
from ..board.chips import CHIPS
from ..console.console import RunningConsole, running_console
from .misfortune import Misfortune
from .misfortunes import MISFORTUNES
from .scene import Missed, Scene, rom_image, scene

JOBS = 14
"""Boards wait more than they compute."""
_STEADY = 3  # numbers that must arrive before it counts as recovered
_DRAIN = 60.0  # seconds that may pass until all that was measured is at the console, an upload a second


@dataclass(frozen=True)
class Outcome:
    """What became of a board."""

    misfortune: Misfortune
    failure: str
    """Empty where it recovered."""
    seconds: float | None = None
    """From the end of the misfortune until a number measured after it was at the console; None is never."""
    measured: int = 0
    """Numbers that the outbox accepted."""
    arrived: int = 0
    """How many of them."""
    dropped: int = 0
    """Let go by the outbox, which was full."""
    gone: int = 0
    """With the RAM, in a reset or power cut."""
    lost: int = 0
    """For no such reason."""
    output: str = ""


def run_misfortunes(
    chip: str = "esp32", names: Sequence[str] = (), jobs: int = JOBS, log: Callable[[str], None] = lambda text: None
) -> int:
    """Prints a table, and returns 0 only if every board recovers and has lost nothing but what it had to.

    names: those to run, all of this chip's if empty. log gets what a board that did not recover has said. Raises
    ConsoleError and StoreError, BoardError where there are no such boards here, and KeyError for a name that is none of
    this chip's. KeyboardInterrupt ends it within seconds, with a table of what was done.
    """
    by_name = {one.name: one for one in MISFORTUNES if chip.startswith(one.chips)}
    chosen = [by_name[name] for name in names or by_name]
    if CHIPS[chip].rom_size:
        rom_image()  # once, before there are threads
    outcomes: list[Outcome] = []
    stopped = threading.Event()
    with running_console(pages=False) as console:
        try:
            for outcome in _play_all(chosen, console, chip, jobs, stopped):
                outcomes.append(outcome)
                if outcome.failure:
                    log(f"== {outcome.misfortune.name}: {outcome.failure}\n{outcome.output}")
        finally:
            stopped.set()
            if outcomes:
                outcomes.sort(key=lambda outcome: chosen.index(outcome.misfortune))
                _print_table(chip, outcomes)
    recovered = [outcome for outcome in outcomes if not outcome.failure]
    print(f"{len(recovered)} of {len(outcomes)} boards recovered")
    return 0 if len(recovered) == len(chosen) else 1


def _play_all(
    chosen: Sequence[Misfortune], console: RunningConsole, chip: str, jobs: int, stopped: threading.Event
) -> Iterator[Outcome]:
    """The outcomes, as they come; those that take long begin first."""
    longest_first = sorted(chosen, key=lambda one: -one.patience)
    with _progress() as progress, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task(f"virtual {chip}", total=len(chosen))
        waiting = [pool.submit(_play, one, console, chip, stopped) for one in longest_first]
        try:
            for done in concurrent.futures.as_completed(waiting):
                outcome = done.result()
                progress.advance(task)
                progress.console.print(_line(outcome), highlight=False)
                yield outcome
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _play(one: Misfortune, console: RunningConsole, chip: str, stopped: threading.Event) -> Outcome:
    with scene(console, chip, stopped) as it:
        try:
            one.happen(it)
            if it.over_at is None:
                it.over()
            return _recover(one, it)
        except (Missed, BoardError) as error:
            failure = str(error).splitlines()[0]
        except Exception as error:  # noqa: BLE001 - one row's, and the others go on
            failure = f"{type(error).__name__}: {error}"
        return Outcome(one, failure, output=it.output)


def _recover(one: Misfortune, it: Scene) -> Outcome:
    """Waits until numbers arrive again, and until all have arrived that can. Raises Missed."""
    assert it.over_at
    over, mark = it.over_at
    it.until(lambda: it.arrived() & it.measured(mark), "no number measured since then arrived", one.patience)
    seconds = time.monotonic() - over
    it.until(lambda: len(it.arrived() & it.measured(mark)) >= _STEADY, "the board did not go on", one.patience)
    boot, n, more, dropped = map(int, it.obeys(b"be quiet").split(b":"))
    dropped -= it.other_drops
    wanted = it.measured() | {f"{boot}:{i + 1}" for i in range(n)}
    floods = {f"{boot}:{i + 1}" for i in range(more)}

    def missing() -> set[str]:
        return (wanted - it.arrived()) | {f"more {number}" for number in floods - it.arrived("more")}

    with contextlib.suppress(Missed):  # then it is told what is missing
        it.until(lambda: len(missing()) <= dropped, "", _DRAIN)
    left = missing()
    let_go, gone, lost = reasons(left, boot, dropped, one.resets)
    total = len(wanted) + len(floods)
    failures = []
    if lost:
        failures.append(f"lost {lost} for no reason")
        it.remark(f"missing: {', '.join(sorted(left))}")
    if not one.resets and len(it.board.resets) > 1:
        failures.append(f"it was reset: {', '.join(cause.name for cause in it.board.resets[1:])}")
    if dates := it.impossible_dates():
        failures.append(f"{len(dates)} numbers are dated {dates[0]:%Y-%m-%d %H:%M:%S}")
    failure = "; ".join(failures)
    return Outcome(one, failure, seconds, total, total - len(left), let_go, gone, lost, it.output)


def reasons(missing: Collection[str], boot: int, dropped: int, resets: bool) -> tuple[int, int, int]:
    """How many of the numbers that did not arrive were dropped, gone with the RAM, and lost for no reason.

    Those of an earlier start than this one are gone, if it may be; of its own, as many as the outbox says it dropped.
    """
    ours = sum(number.startswith((f"{boot}:", f"more {boot}:")) for number in missing)
    gone = len(missing) - ours if resets else 0
    let_go = min(dropped, ours)
    return let_go, gone, len(missing) - gone - let_go


def _progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, transient=True)


def _line(outcome: Outcome) -> str:
    failure = f"[red]{escape(outcome.failure)}[/]"
    what = failure if outcome.failure else f"online after {outcome.seconds:.1f} s"
    return f"{outcome.misfortune.words}: {what}"


def _print_table(chip: str, outcomes: Sequence[Outcome]) -> None:
    title = f"Misfortunes of a virtual {chip}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("what happened", overflow="fold")
    table.add_column("online after", justify="right", no_wrap=True)
    table.add_column("arrived", justify="right", no_wrap=True)
    table.add_column("lost", justify="right", no_wrap=True)
    for one in outcomes:
        words = one.misfortune.words + (f"\n[red]{escape(one.failure)}[/]" if one.failure else "")
        online = "never" if one.seconds is None else f"{one.seconds:.1f} s"
        arrived = f"{one.arrived} of {one.measured}" if one.measured else "-"
        shown = (one.dropped, "dropped"), (one.gone, "in RAM"), (one.lost, "!")
        lost = " + ".join(f"{count} {why}" for count, why in shown if count)
        table.add_row(words, online, arrived, lost or "0")
    terminal = Terminal(highlight=False)
    terminal.print(table)
    terminal.print(
        "arrived: at the console, of the numbers that the outbox accepted. dropped: the\n"
        "outbox was full. in RAM: when it was reset. !: for no reason, which must not be."
    )
