"""How much of lib/ and firmware/ the unit tests reach, on CPython and MicroPython together: make coverage.

CPython's part is coverage.py's, by branches. A line that only MicroPython has reached counts, and so does the branch
that leads to it. Fails below what is asked for.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
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
        return not subprocess.run(line, cwd=ROOT, check=False).returncode

    paths = [f"tests/unit/{name}.py" for name in tests] or ["tests/unit"]
    if not coverage("run", "-m", "pytest", "-q", "--dist", "worksteal", "--numprocesses", "3", *paths):
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--least", type=float, default=0.0, help="per cent of the branches and lines below which it fails"
    )
    parser.add_argument("tests", nargs="*", help="modules of tests/unit; default: all")
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    files = on_cpython(options.tests)
    seen = on_micropython(options.tests)
    reached = all_there_is = 0
    print(f"{'':32} {'lines':>6} {'not reached':>12} {'branches':>9} {'not taken':>10}")
    for name, file in sorted(files.items()):
        if name in NOT_HERE:
            continue
        here, there = set(file["executed_lines"]), seen.get(name, set())
        missing = sorted(set(file["missing_lines"]) - there)
        branches = file["missing_branches"]
        not_taken = [branch for branch in branches if branch[1] in here or abs(branch[1]) not in there]
        lines = len(here | set(file["missing_lines"]))
        taken = len(file["executed_branches"]) + len(branches)
        all_there_is += lines + taken
        reached += lines - len(missing) + taken - len(not_taken)
        if missing or not_taken:
            print(f"{name:32} {lines:6} {len(missing):12} {taken:9} {len(not_taken):10}  {_short(missing)}")
    percent = 100 * reached / all_there_is
    print(f"{percent:.1f} % of {all_there_is} lines and branches are reached, and {options.least:g} % asked for")
    return 0 if percent >= options.least else 1


def _short(lines: list[int]) -> str:
    text = ", ".join(map(str, lines[:12]))
    return f"lines {text}{' …' if len(lines) > 12 else ''}" if lines else ""


if __name__ == "__main__":
    sys.exit(main())
