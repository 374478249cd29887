"""A run of the bench from start to end: rounds in which the clients take turns."""

import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import report
from .cases import EXACT_CASES, TIMED_CASES, Case
from .peers import OURS, PEERS, Peer
from .results import Results
from .run import Figure, Runner, real_broker

Step = tuple[Case, Peer, Callable[[], Figure]]


@dataclass(frozen=True)
class Scale:
    """How much is done. `slow`: the slow cases for all clients, not only for ours and the best known."""

    rounds: int
    seconds: float
    slow: bool


FULL = Scale(rounds=5, seconds=1.0, slow=True)
QUICK = Scale(rounds=1, seconds=0.3, slow=False)


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
    scale = QUICK if quick else FULL
    console = Console(stderr=True)
    peers = [peer for peer in PEERS if peer is OURS or _kept(peer.name, clients)]
    results = Results(peers)
    with real_broker() as server, _progress(console) as progress:
        runner = Runner(build / "bench", server.port)
        task = progress.add_task("getting the clients", total=len(peers))
        for peer in peers:
            progress.update(task, description=f"getting {peer.name}")
            runner.library(peer)
            progress.advance(task)
        progress.remove_task(task)
        steps = [step for step in _steps(runner, peers, scale, rounds or scale.rounds) if _kept(step[0].key, only)]
        task = progress.add_task("measuring", total=len(steps))
        for case, peer, measure in steps:
            progress.update(task, description=f"{case.title}: {peer.name}")
            results.add(case, peer, measure())
            progress.advance(task)
    results.facts.update(_facts(runner, scale, rounds or scale.rounds))
    report.show(results)
    report.write_json(results, build / "bench.json")
    report.write_markdown(results, build / "bench.md")
    console.print(f"in {build}: bench.json, bench.md", soft_wrap=True)
    return results


def _steps(runner: Runner, peers: list[Peer], scale: Scale, rounds: int) -> Iterator[Step]:
    """Every case with every client, in every round; who is first changes from round to round."""
    for number in range(rounds):
        turned = peers[number % len(peers) :] + peers[: number % len(peers)]
        for case in [*EXACT_CASES, *TIMED_CASES]:
            if case.once and number:
                continue
            for peer in turned:
                if scale.slow or not case.once or peer.name in (OURS.name, "umqtt.simple"):
                    yield case, peer, _measurement(case, runner, peer, scale.seconds)


def _measurement(case: Case, runner: Runner, peer: Peer, seconds: float) -> Callable[[], Figure]:
    return lambda: case.measure(runner, peer, seconds)


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
        "interpreter": f"{_version(runner)} on {platform.machine()}; 64-bit words, so twice a board's bytes",
    }
    if shutil.which("valgrind") is None:
        facts["instructions"] = "not counted: valgrind is not installed (sudo apt-get install valgrind)"
    return facts


def _version(runner: Runner) -> str:
    import subprocess

    program = "import sys; print(sys.version)"
    done = subprocess.run([runner.micropython, "-c", program], capture_output=True, text=True, check=False)
    return done.stdout.strip().partition("; ")[2] or "MicroPython"
