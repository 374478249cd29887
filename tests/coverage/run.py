"""How much of lib/ and firmware/ the unit tests reach, on CPython and MicroPython together: make coverage.

CPython's part is coverage.py's, by branches. A line that only MicroPython has reached counts, and so does the branch
that leads to it. Fails where fewer branches are taken than is asked for.
"""

import argparse
import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from marked import Marked

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests"))

from on_micropython import CODEC, run_jobs  # noqa: E402

WORKERS = 4  # modules at a time on MicroPython
BUILD = ROOT / "build/coverage"
SETTINGS = """
[run]
branch = true
source = lib, firmware
omit = lib/plain/*
data_file = build/coverage/data
parallel = true
patch = subprocess
"""
NOT_HERE = ("firmware/manifest.py",)  # MicroPython's build reads it, and tests/port
ONLY_CHIPS: tuple[tuple[str, str, str], ...] = ()
"""File, function or class, and why no test on a computer can run it."""
END = """
import sys
sys.path.insert(0, {lib!r})
import line_notes
result = sys.argv.pop(1)
try:
    with open({runner!r}) as file:
        exec(compile(file.read(), {runner!r}, "exec"), {{"__name__": "__main__", "__file__": {runner!r}}})
finally:
    line_notes.keep(result)
"""


def on_cpython(tests: list[str]) -> dict[str, dict[str, list]]:
    """What coverage.py says of each file, as its JSON has it."""
    settings = BUILD / "settings"
    settings.write_text(SETTINGS)
    for old in BUILD.glob("data*"):
        old.unlink()

    def coverage(command: str, *arguments: str) -> bool:
        line = [sys.executable, "-m", "coverage", command, f"--rcfile={settings}", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}  # for the plugin
        return not subprocess.run(line, cwd=ROOT, env=environment, check=False).returncode

    paths = [f"tests/unit/{name}.py" for name in tests] or ["tests/unit"]
    if not coverage(
        "run", "-m", "pytest", "-q", "-p", "at_its_end", "--dist", "worksteal", "--numprocesses", "3", *paths
    ):
        print("careful: some of the unit tests have failed on CPython", flush=True)
    report = BUILD / "report.json"
    if not (coverage("combine", "-q") and coverage("json", "-q", "-o", str(report))):
        sys.exit("error: there is no report")
    return json.loads(report.read_text())["files"]


def on_micropython(tests: list[str]) -> dict[str, set[int]]:
    """The lines that it reaches, by file. Tests that count the heap fail there, for the notes take some."""
    tree, results = BUILD / "tree", BUILD / "seen"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", ".*", "coverage", "corpus")
    for name in ("lib", "firmware", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    shutil.copytree(ROOT / "tests/fuzz/corpus", tree / "tests/fuzz/corpus")
    for name in ("boot.py", "main.py", "config.json.example"):
        shutil.copy(ROOT / name, tree)
    marked = Marked()
    for top in ("lib", "firmware"):
        for path in sorted((tree / top).rglob("*.py")):
            name = path.relative_to(tree).as_posix()
            if "plain" not in path.parts and name not in NOT_HERE:
                path.write_text(marked.mark(name, path.read_text("utf-8")), "utf-8")
    marked.write(tree / "lib")
    runner = tree / "tests/micropython.py"
    (tree / "run.py").write_text(END.format(lib=str(tree / "lib"), runner=str(runner)))
    micropython = os.environ.get("MICROPYTHON", str(Path(sys.executable).parent / "micropython"))
    names = tests or sorted(path.stem for path in (ROOT / "tests/unit").glob("test_*.py"))
    jobs = [("--plain", name) for name in CODEC if name in names] + [(name,) for name in names]

    def command(job: tuple[str, ...]) -> list[str | Path]:
        return [micropython, "-X", "heapsize=32M", tree / "run.py", results / "-".join(job), *job]

    with (BUILD / "micropython.log").open("w") as log, contextlib.redirect_stdout(log):
        run_jobs(jobs, WORKERS, command)
    seen: dict[str, set[int]] = {}
    for job in jobs:
        result = results / "-".join(job)
        if not result.is_file():
            sys.exit(f"error: {' '.join(job)} does not come to its end on MicroPython; see {BUILD / 'micropython.log'}")
        for name, lines in marked.seen(result.read_bytes()).items():
            seen.setdefault(name, set()).update(lines)
    return seen


@dataclass
class Count:
    """How many there are, and which no test reaches."""

    lines: int = 0
    branches: int = 0
    missing: list[int] = field(default_factory=list)
    not_taken: list[tuple[int, int]] = field(default_factory=list)

    def __iadd__(self, other: "Count") -> "Count":
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


def count(name: str, file: dict[str, list], there: set[int]) -> Count:
    """Of one file, what CPython says of it, and the lines that MicroPython reaches.

    A branch that only MicroPython takes is known by the line it leads to, which CPython does not reach then. The end of
    a function is no line: a branch that leads to it counts only where CPython takes it.
    """
    here = set(file["executed_lines"])
    lines = here | set(file["missing_lines"])
    branches = [tuple(it) for it in file["executed_branches"] + file["missing_branches"]]
    only_chips = left_out(name)
    missing = [line for line in file["missing_lines"] if line not in there | only_chips]
    not_taken = [
        (start, end)
        for start, end in map(tuple, file["missing_branches"])
        if (end in here or end not in there) and not {start, end} & only_chips
    ]
    return Count(len(lines - only_chips), sum(not set(it) & only_chips for it in branches), missing, not_taken)


def left_out(name: str) -> set[int]:
    """The lines of what runs on a chip alone: see ONLY_CHIPS. Raises ValueError where one is not there any more."""
    found: set[int] = set()
    text = (ROOT / name).read_text("utf-8")
    for function in (function for file, function, _ in ONLY_CHIPS if file == name):
        places = [
            node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == function
        ]
        if not places:
            raise ValueError(f"{name} has no {function}")
        for node in places:
            found.update(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--least", type=float, default=0.0, help="per cent of the branches below which it fails")
    parser.add_argument("tests", nargs="*", help="modules of tests/unit; default: all")
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    files = on_cpython(options.tests)
    return report(files, on_micropython(options.tests), options.least)


def report(files: dict[str, dict[str, list]], seen: dict[str, set[int]], least: float) -> int:
    """Prints what is not reached, and both together; returns the exit status."""
    total = Count()
    print(f"{'':32} {'lines':>6} {'not reached':>12} {'branches':>9} {'not taken':>10}")
    for name, file in sorted(files.items()):
        if name in NOT_HERE:
            continue
        it = count(name, file, seen.get(name, set()))
        total += it
        if it.missing or it.not_taken:
            figures = f"{it.lines:6} {len(it.missing):12} {it.branches:9} {len(it.not_taken):10}"
            print(f"{name:32} {figures}  {_short(it)}")
    lines = 100 * (1 - len(total.missing) / max(total.lines, 1))
    branches = 100 * (1 - len(total.not_taken) / max(total.branches, 1))
    print(
        f"{lines:.1f} % of {total.lines} lines and {branches:.1f} % of {total.branches} branches are reached; "
        f"{least:g} % of the branches are asked for"
    )
    return 0 if branches >= least else 1


def _short(it: Count) -> str:
    found = sorted({*it.missing, *(start for start, _ in it.not_taken)})
    text = ", ".join(map(str, found[:14]))
    return f"at {text}{' …' if len(found) > 14 else ''}"


if __name__ == "__main__":
    sys.exit(main())
