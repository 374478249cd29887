"""Work on boards, one or many at once: a row with a progress bar each, and at the end a table of what succeeded."""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ..failures import complain
from ..language import _, named
from .errors import PortError, Stopped


class Report(Protocol):
    """How a job says how far it is. Every method raises Stopped once the user has pressed Ctrl-C."""

    def stage(self, text: str) -> None:
        """Begins something new, as "erasing": the row shows it, with its bar empty."""

    def progress(self, done: int, total: int) -> None:
        """Says how much of this stage is done; 0 ≤ done ≤ total, in whatever unit."""

    def line(self, text: str | Text) -> None:
        """Prints a line that stays, above the rows."""


Job = Callable[[Report], str]
"""Does the work on one board and returns what came of it, in a few words; raises PortError if nothing did."""


def run_on_all(jobs: Mapping[str, Job], console: Console | None = None) -> bool:
    """Runs all jobs at the same time, by the names of their boards. True if all succeeded.

    A single board's failure is said in one line on stderr, that of one among several in the table at the end. At
    Ctrl-C each job gets Stopped from its next report; at a second one nothing is waited for. What a job raises other
    than a PortError is raised here when all have ended.
    """
    console = console or Console(highlight=False)
    outcomes: dict[str, str | BaseException] = {}
    finished: queue.SimpleQueue[tuple[str, str | BaseException]] = queue.SimpleQueue()
    stop = threading.Event()
    progress = Progress(
        TextColumn("{task.fields[board]}"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        expand=True,
    )

    def work(name: str, job: Job) -> None:
        report = (_Row if console.is_terminal else _Lines)(name, len(jobs) > 1, progress, stop)
        outcome: str | BaseException
        try:
            outcome = job(report)
        except BaseException as error:  # noqa: BLE001, whatever it is, it belongs to the caller
            outcome = error
        report.end(not isinstance(outcome, BaseException))
        finished.put((name, outcome))

    with progress:
        for item in jobs.items():
            threading.Thread(target=work, args=item, daemon=True).start()
        while len(outcomes) < len(jobs):
            try:
                name, outcome = finished.get(timeout=0.1)  # Windows hears no Ctrl-C while it waits without end
                outcomes[name] = outcome
            except queue.Empty:
                continue
            except KeyboardInterrupt:
                if stop.is_set():
                    raise
                stop.set()
    for outcome in outcomes.values():
        if isinstance(outcome, BaseException) and not isinstance(outcome, PortError):
            raise outcome
    if len(jobs) == 1:
        _tell(console, *outcomes.values())
    else:
        console.print(_table({name: outcomes[name] for name in jobs}))
    return not any(isinstance(outcome, BaseException) for outcome in outcomes.values())


def _tell(console: Console, outcome: str | BaseException) -> None:
    if isinstance(outcome, BaseException):
        complain(str(outcome))
    else:
        console.print(outcome, markup=False, soft_wrap=True)


def _table(outcomes: Mapping[str, str | BaseException]) -> Table:
    failed = sum(isinstance(outcome, BaseException) for outcome in outcomes.values())
    title = _("{len} of {count} boards done").format(len=len(outcomes) - failed, count=len(outcomes))
    table = Table(_("board"), "", _("result"), title=title, title_justify="left")
    for name, outcome in outcomes.items():
        bad = isinstance(outcome, BaseException)
        mark = "[red]" + _("failed") if bad else "[green]" + _("ok")
        table.add_row(escape(name), mark, escape(" ".join(str(outcome).split())))
    return table


class _Reporter:
    """What both kinds of Report share: the name before a line, and Ctrl-C."""

    def __init__(self, name: str, several: bool, progress: Progress, stop: threading.Event) -> None:
        self._name = name
        self._prefix = f"{name}: " if several else ""
        self._progress = progress
        self._stop = stop
        self._start()

    def _start(self) -> None:
        pass

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped(_("stopped by Ctrl-C"))

    def line(self, text: str | Text) -> None:
        self._check()
        self._print(text)

    def _print(self, text: str | Text) -> None:
        self._progress.console.print(Text.assemble(self._prefix, text), soft_wrap=True)


class _Row(_Reporter):
    """A row on the terminal."""

    def _start(self) -> None:
        self._task = self._progress.add_task("", board=escape(self._name), total=None)

    def stage(self, text: str) -> None:
        self._check()
        self._progress.update(self._task, description=escape(text), completed=0, total=None)

    def progress(self, done: int, total: int) -> None:
        self._check()
        self._progress.update(self._task, completed=done, total=total)

    def end(self, good: bool) -> None:
        words = "[green]done" if good else "[red]failed"
        self._progress.update(self._task, description=words, completed=1 if good else 0, total=1)
        self._progress.stop_task(self._task)


class _Lines(_Reporter):
    """Plain lines: each stage, and each quarter of a long one."""

    def _start(self) -> None:
        self._stage = ""
        self._quarters = 0

    def stage(self, text: str) -> None:
        self._check()
        self._stage = text
        self._quarters = 0
        self._print(text)

    def progress(self, done: int, total: int) -> None:
        self._check()
        quarters = 4 * done // total if total else 4
        if self._quarters < quarters < 4:
            self._print(named(self._stage, f"{25 * quarters} %"))
        self._quarters = quarters

    def end(self, good: bool) -> None:
        pass
