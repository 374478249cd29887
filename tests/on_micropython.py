"""Runs the unit tests on MicroPython, several modules at a time, for they wait much more than they compute:
python tests/on_micropython.py [--workers 6] [--micropython PATH] [test_packet ...]

First those of what an ESP8266 gets in another form, in that form. Each worker has a broker of its own. What failed is
run once more, alone, as in stage.py; which modules needed it is told in the last line.
"""

import argparse
import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stage import FEW
from with_broker import real_broker, told

HERE = Path(__file__).parent
CODEC = (
    *("test_packet", "test_parser", "test_server", "test_publishing", "test_messages", "test_subscribing"),
    *("test_websocket", "test_real_broker", "test_real_websocket"),
)
"""What is run with plain code too."""
SLOW = ("test_http", "test_visit", "test_starting", "test_swap", "test_remote", "test_across_resets")
"""These wait longest, and so begin early."""
PATIENCE = 1800.0  # seconds for a module; most take one
_COUNTS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)


@dataclass
class Result:
    """What came of a module's tests: passed, failed and skipped."""

    job: tuple[str, ...]
    """What tests/micropython.py was told to run."""
    counts: tuple[int, int, int]
    output: str
    """What is to be shown."""

    @property
    def well(self) -> bool:
        return self.counts[0] > 0 and self.counts[1] == 0


def run_jobs(
    jobs: Sequence[tuple[str, ...]], workers: int, command: Callable[[tuple[str, ...]], Sequence[str | Path]]
) -> list[Result]:
    """Runs each of the jobs by its command, beside a broker, and shows what came of it. Where that cannot be, as when
    the broker does not start, the job that it was for has failed."""
    waiting: queue.SimpleQueue[tuple[str, ...]] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    results: list[Result] = []
    shown = threading.Lock()

    def take() -> tuple[str, ...] | None:
        with contextlib.suppress(queue.Empty):
            return waiting.get_nowait()
        return None

    def came(result: Result) -> None:
        with shown:
            results.append(result)
            print(result.output, end="", flush=True)

    def work() -> None:
        while not waiting.empty():
            job = None
            try:
                with real_broker() as environment:
                    while following := take():
                        job = following
                        came(_run(job, command(job), environment))
            except BaseException:  # noqa: BLE001  # whatever it was: a thread that ends by it tells nobody
                if job := job or take():
                    why = traceback.format_exc()
                    came(Result(job, (0, 1, 0), f"{' '.join(job)}: not run, or not to its end\n{why}"))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(workers, len(jobs)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _run(job: tuple[str, ...], command: Sequence[str | Path], environment: dict[str, str]) -> Result:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        output, end = done.stdout, f"ended with status {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output, end = error.stdout or b"", f"did not end in {PATIENCE:g} s"
    text = "".join(told(output.decode("utf-8", "replace").splitlines(keepends=True)))
    found = _COUNTS.search(text)
    counts = (int(found[1]), int(found[2]), int(found[3])) if found else (0, 1, 0)
    rest = _COUNTS.sub("", text).strip("\n")
    name = " ".join(job)
    lines = [f"{name}: " + (found[0] if found else end), *([rest] if rest else [])]
    return Result(job, counts, "\n".join(lines) + "\n")


def total(results: Sequence[Result]) -> str:
    return "{} passed, {} failed, {} skipped".format(*(sum(it.counts[i] for it in results) for i in range(3)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=6, help="modules at a time (default: %(default)s)")
    parser.add_argument("--micropython", default=str(Path(sys.executable).parent / "micropython"))
    parser.add_argument("modules", nargs="*", help="of tests/unit; default: all")
    options = parser.parse_args()
    names = options.modules or sorted(path.stem for path in HERE.glob("unit/test_*.py"))
    names.sort(key=lambda name: name not in SLOW)
    jobs = [("--plain", name) for name in CODEC if name in names] + [(name,) for name in names]

    def command(job: tuple[str, ...]) -> list[str | Path]:
        return [options.micropython, "-X", "heapsize=8M", HERE / "micropython.py", *job]

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs this in the background ignores it
    results = run_jobs(jobs, options.workers, command)
    failed = [it.job for it in results if not it.well and it.counts != (0, 0, it.counts[2])]
    again = ""
    if 0 < len(failed) <= FEW:
        print(f"\nAgain, alone: {', '.join(map(' '.join, failed))}", flush=True)
        second = run_jobs(failed, 1, command)
        results = [it for it in results if it.job not in failed] + second
        if all(it.well for it in second):
            again = f", but the second time only: {', '.join(map(' '.join, failed))}"
        failed = [it.job for it in second if not it.well]
    print(f"{total(results)}{again}")
    return 1 if failed or not any(it.counts[0] for it in results) else 0


if __name__ == "__main__":
    sys.exit(main())
