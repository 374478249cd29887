"""Fuzzes what takes in bytes from outside, each target for its share of the time: python tests/fuzz/run.py [SECONDS]

Coverage-guided, by atheris: it changes inputs, and keeps those that run through code that none has run through. It
begins with those that are kept in tests/fuzz/corpus, and leaves what it finds in build/fuzz. What is new is then run on
MicroPython, too, whose machine code and modules are others. An input that a target raises for is a finding: it is
saved, and how to run it again is told.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from onenet_tools.board.executable import find_micropython
from replay import inputs
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table
from targets import HOST_ONLY, TARGETS

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CORPUS = HERE / "corpus"
_LONGEST = 2048  # bytes of an input
_STUCK = 60  # seconds after which an input is a finding for taking so long
_MEMORY = 1024  # MB, the same
_STATUS = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)/")
_MISSING = (
    "make fuzz needs atheris, which PyPI has for Linux on x86_64 and CPython 3.10 to 3.14: this is CPython {} on {} {}"
)


@dataclass
class Result:
    """What has become of a target."""

    name: str
    executions: int = 0
    coverage: int = 0
    features: int = 0
    corpus: int = 0
    new: list[Path] = field(default_factory=list)
    """Inputs that ran through code that no other had."""
    findings: list[Path] = field(default_factory=list)
    words: str = ""
    """What a finding raised."""


class Fuzzer:
    """All targets, some at a time. `build` is where their files go: TARGET/seeds, TARGET/found and the findings."""

    def __init__(self, build: Path, seconds: float, jobs: int, progress: Progress) -> None:
        self._build = build
        self._seconds = seconds
        self._until = 0.0
        self._left = 0  # targets whose turn has not come
        self._jobs = jobs
        self._progress = progress
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, names: Sequence[str]) -> list[Result]:
        self._until = time.monotonic() + self._seconds
        self._left = len(names)
        with ThreadPoolExecutor(self._jobs) as pool:
            tasks = [pool.submit(self._fuzz, name) for name in names]
            try:
                return [task.result() for task in tasks]
            except BaseException:
                self._stop()
                raise

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

    def _share(self) -> int:
        """The seconds of the target whose turn it is, out of those that the ones before have left."""
        with self._lock:
            left = self._until - time.monotonic()
            share = min(left, left * self._jobs / self._left)
            self._left -= 1
        return max(2, round(share))

    def _fuzz(self, name: str) -> Result:
        result = Result(name)
        seconds = self._share()
        folder = self._build / name
        found, seeds = folder / "found", folder / "seeds"
        shutil.rmtree(seeds, ignore_errors=True)
        for old in folder.glob("*-*"):
            old.unlink()
        for one in (found, seeds):
            one.mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(kept(name)):
            (seeds / f"{i:03}").write_bytes(data)
        before = set(found.iterdir())
        options = [f"-max_total_time={seconds}", f"-timeout={_STUCK}", f"-rss_limit_mb={_MEMORY}"]
        options += [f"-max_len={_LONGEST}", f"-artifact_prefix={folder}/", "-print_final_stats=1"]
        task = self._progress.add_task(name, total=seconds)
        with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
            output = self._call(result, task, name, scratch, *options, str(found), str(seeds))
        self._progress.update(task, visible=False)
        result.new = sorted(set(found.iterdir()) - before)
        result.findings = sorted(folder.glob("*-*"))
        if result.findings or not result.executions:
            result.words = _what(output)
            (folder / "output.txt").write_text(output)
        return result

    def _call(self, result: Result, task: TaskID, *arguments: str) -> str:
        """Runs one.py, and follows what libFuzzer says; returns all of it but that."""
        with self._lock:
            if self._stopped:
                return ""
            process = subprocess.Popen(
                [sys.executable, str(HERE / "one.py"), *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
            )
            self._running.add(process)
        lines = []
        began = time.monotonic()
        assert process.stdout
        with process:
            for line in process.stdout:
                if status := _STATUS.match(line):
                    numbers = [int(number) for number in status.groups()]
                    result.executions, result.coverage, result.features, result.corpus = numbers
                    self._progress.update(task, completed=time.monotonic() - began)
                elif line.startswith("stat::number_of_executed_units:"):
                    result.executions = int(line.split()[-1])
                else:
                    lines.append(line)
        with self._lock:
            self._running.discard(process)
        return "".join(lines)


def kept(name: str) -> list[bytes]:
    """The inputs of a target that are in the repository."""
    path = CORPUS / f"{name}.txt"
    return [data for _, data in inputs(str(path))] if path.exists() else []


def _what(output: str) -> str:
    """The exception, and where it was raised, of what a finding made a process say; else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for i, line in enumerate(lines):
        if "Uncaught Python exception" in line:
            raised = lines[i + 1 :]
            where = [line for line in raised if line.startswith('File "')]
            return "\n".join([raised[0], *where[-3:]] if raised else [])
    return next((line for line in lines if "ERROR: libFuzzer" in line), lines[-1] if lines else "it did not begin")


def again(name: str, path: Path) -> int:
    """Runs one input, here and on MicroPython; what it raises is shown. Returns the exit status."""
    status = 0
    for interpreter in interpreters(name):
        print(f"{Path(interpreter[0]).name}:", flush=True)
        done = subprocess.run([*interpreter, str(HERE / "replay.py"), name, str(path)], check=False).returncode
        print("nothing wrong" if not done else "", flush=True)
        status = status or done
    return 1 if status else 0


def interpreters(name: str) -> list[list[str]]:
    """Commands that run a program, of all interpreters that a target runs on."""
    found = [[sys.executable]]
    if name not in HOST_ONLY:
        found.append([str(find_micropython()), "-X", "heapsize=32M"])
    return found


def on_micropython(result: Result) -> str:
    """Runs what is new on MicroPython; what it says of an input, empty where there is nothing wrong."""
    done = subprocess.run(
        [*interpreters(result.name)[-1], str(HERE / "replay.py"), result.name, *map(str, result.new)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.stdout if done.returncode else ""


def keep(names: Sequence[str], build: Path) -> None:
    """The fewest inputs that run through all that those kept and those found do become those that are kept."""
    for name in names:
        folder = build / name
        merged = folder / "merged"
        shutil.rmtree(merged, ignore_errors=True)
        merged.mkdir(parents=True)
        options = ["-set_cover_merge=1", "-use_counters=0", "-use_cmp=0", f"-max_len={_LONGEST}"]
        options += [str(folder / which) for which in ("merged", "seeds", "found")]
        with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
            command = [sys.executable, str(HERE / "one.py"), name, scratch, *options]
            subprocess.run(command, capture_output=True, check=False)
        data = sorted([path.read_bytes() for path in merged.iterdir()], key=lambda one: (len(one), one))
        if data:
            text = "".join(f"{one!r}\n" for one in data)
            (CORPUS / f"{name}.txt").write_text(text)
        print(f"{name}: {len(data)} inputs, {sum(map(len, data))} bytes")


def show(results: Sequence[Result], seconds: float) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("target")
    for words in ("executions", "branches", "features", "corpus", "new", "findings"):
        table.add_column(words, justify="right")
    table.add_column("of")
    for one in results:
        numbers = one.executions, one.coverage, one.features, one.corpus, len(one.new), len(one.findings)
        table.add_row(one.name, *(f"{number:,}" for number in numbers), TARGETS[one.name][2])
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    console.print(table)
    console.print(f"{sum(one.executions for one in results):,} executions in {seconds:.0f} s")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("seconds", nargs="?", type=float, default=60, help="for all targets (default: %(default)s)")
    parser.add_argument("--target", choices=list(TARGETS), action="append", help="this one alone")
    parser.add_argument("--input", type=Path, help="a file: runs the target with it, and nothing else")
    parser.add_argument("--keep", action="store_true", help="keep what runs through more code in the repository")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "fuzz")
    wanted = parser.parse_args(arguments)
    names = wanted.target or list(TARGETS)
    if wanted.input:
        if len(names) != 1 or not wanted.input.is_file():
            parser.error("an input is one file, of one target: make fuzz TARGET=parser INPUT=file")
        return again(names[0], wanted.input)
    try:
        import atheris  # noqa: F401
    except ImportError:
        system = os.uname()
        print(_MISSING.format(sys.version.split()[0], system.sysname, system.machine), file=sys.stderr)
        return 1
    build = wanted.build.resolve()
    jobs = min(os.cpu_count() or 1, 8, len(names))
    began = time.monotonic()
    columns = TextColumn("{task.description:8}"), BarColumn(), TextColumn("{task.completed:.0f} of {task.total:.0f} s")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        results = Fuzzer(build, wanted.seconds, jobs, progress).run(names)
    show(results, time.monotonic() - began)
    status = 0
    for one in results:
        for path in one.findings:
            print(f"\n{one.name}: {one.words}\n  make fuzz TARGET={one.name} INPUT={os.path.relpath(path)}")
        if one.words and not one.findings:
            print(f"\n{one.name} did not run: {one.words}")
        status |= bool(one.words)
        if one.new and one.name not in HOST_ONLY and (words := on_micropython(one)):
            print(f"\n{one.name}, on MicroPython alone: {words}")
            status = 1
    if wanted.keep and not status:
        keep(names, build)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
