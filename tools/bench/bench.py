"""A run of the bench from start to end: rounds in which the clients take turns."""

import concurrent.futures
import contextlib
import os
import platform
import queue
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import picture, report
from .cases import EXACT_CASES, HEAP32_CASES, TIMED_CASES, TWO, Case
from .peers import OURS, PEERS, Peer
from .results import Results
from .run import Absent, Figure, Runner, real_broker

Step = tuple[Case, Peer]


@dataclass(frozen=True)
class Scale:
    """How much is done; `seconds` for each timed figure."""

    rounds: int
    seconds: float
    quick: bool


FULL = Scale(rounds=5, seconds=1.0, quick=False)
QUICK = Scale(rounds=1, seconds=0.25, quick=True)


def run_bench(
    build: Path,
    quick: bool = False,
    only: list[str] | None = None,
    clients: list[str] | None = None,
    rounds: int | None = None,
) -> Results:
    """Measures, prints the tables and writes bench.json, bench.md and bench.png into `build`.

    `only` and `clients`: beginnings of the keys of cases and names of clients to keep. Raises BrokerError, PeerError.
    """
    start = time.monotonic()
    scale = QUICK if quick else FULL
    console = Console(stderr=True)
    peers = [peer for peer in PEERS if peer is OURS or _kept(peer.name, clients)]
    results = Results(peers)
    cases = [case for case in [*EXACT_CASES, *HEAP32_CASES, *TIMED_CASES] if _kept(case.key, only)]
    steps = list(_steps(cases, peers, scale.quick, rounds or scale.rounds))
    exact = [step for step in steps if step[0].exact]
    timed = [step for step in steps if not step[0].exact]
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(_progress(console))
        # Exact figures don't mind company, but each worker has a broker of its own: clients would meet there.
        workers = min(2, os.cpu_count() or 1) if exact else 1
        ports = [stack.enter_context(real_broker()).port for _ in range(workers)]
        task = progress.add_task("getting the clients", total=len(peers))
        runners = [Runner(build / "bench", port) for port in ports]
        for peer in peers:
            progress.update(task, description=f"getting {peer.name}")
            library = runners[0].library(peer)
            for runner in runners[1:]:
                runner.libraries[peer.name] = library
            progress.advance(task)
        progress.update(task, total=len(steps), completed=0)

        def note(step: Step, figure: Figure) -> None:
            results.add(*step, figure)
            progress.update(task, advance=1, description=f"{step[0].title}: {step[1].name}")

        _measure_exact(runners, exact, note, scale.seconds)
        for case, peer in timed:
            note((case, peer), case.measure(runners[0], peer, scale.seconds))
        if any(case.key == "smallest_heap" for case, _ in exact):
            alone = report.shown(runners[0].smallest_heap(None))
            results.facts["smallest heap"] = (
                "64-bit; import, connect, publish 1,000 times, receive 4 KiB whole; "
                f"the bench alone, without a client, needs {alone} KiB of it"
            )
    runner = runners[0]
    results.cases.sort(key=cases.index)
    results.facts.update(_facts(runner, scale, rounds or scale.rounds))
    report.show(results)
    report.write_json(results, build / "bench.json")
    report.write_markdown(results, build / "bench.md")
    names = "bench.json, bench.md"
    if reason := picture.draw(results, build / "bench.png"):
        console.print(f"no bench.png: {reason}", soft_wrap=True)
    else:
        names += ", bench.png"
    console.print(f"in {build}: {names}; {time.monotonic() - start:.0f} s", soft_wrap=True)
    return results


def _steps(cases: list[Case], peers: list[Peer], quick: bool, rounds: int) -> Iterator[Step]:
    """Every case with every client, in every round; who is first changes from round to round."""
    for number in range(rounds):
        turned = peers[number % len(peers) :] + peers[: number % len(peers)]
        for case in cases:
            for peer in turned:
                wanted = not quick or case.quick == "all" or (case.quick == "two" and peer.name in TWO)
                if wanted and not (case.once and number):
                    yield case, peer


def _measure_exact(
    runners: list[Runner], steps: list[Step], note: Callable[[Step, Figure], None], seconds: float
) -> None:
    """Measures these side by side, one for each runner at a time, and notes the figures in their order."""
    free: queue.SimpleQueue[Runner] = queue.SimpleQueue()
    for runner in runners:
        free.put(runner)

    def measure(step: Step) -> Figure:
        runner = free.get()
        try:
            return step[0].measure(runner, step[1], seconds)
        finally:
            free.put(runner)

    with concurrent.futures.ThreadPoolExecutor(len(runners)) as pool:
        for step, figure in zip(steps, pool.map(measure, steps), strict=True):
            note(step, figure)


def _kept(name: str, beginnings: list[str] | None) -> bool:
    return not beginnings or any(name.startswith(beginning) for beginning in beginnings)


def _progress(console: Console) -> Progress:
    return Progress(
        BarColumn(20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    )


def _facts(runner: Runner, scale: Scale, rounds: int) -> dict[str, str]:
    facts = {
        "work": "topic of 16 bytes, payload of 64; a fresh process for each case, client and round, clients in turn",
        "rounds": f"{rounds}, medians; {scale.seconds:g} s for each timed figure",
        "broker": "mosquitto on loopback, its default settings, a password",
        "instructions": "by callgrind over some thousand of each in a heap of 128 KiB, the collector's share included",
        "allocator calls": "of gc_alloc() and gc_realloc(), by callgrind: what is given back at once counts too",
        "interpreter": f"{_version(runner)} on {platform.machine()}; 64-bit words, so twice a board's bytes",
    }
    if isinstance(runner.heap32, Absent):
        facts["32-bit"] = f"not measured: {runner.heap32.reason}"
    else:
        version = runner.heap32.version
        facts["32-bit"] = (
            f"MicroPython {version} for webassembly, over a stand-in broker; viper functions as plain ones"
        )
    if shutil.which("valgrind") is None:
        facts["instructions"] = "not counted: valgrind is not installed (sudo apt-get install valgrind)"
    return facts


def _version(runner: Runner) -> str:
    program = "import sys; print(sys.version)"
    done = subprocess.run([runner.micropython, "-c", program], capture_output=True, text=True, check=False)
    return done.stdout.strip().partition("; ")[2] or "MicroPython"
