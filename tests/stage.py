"""A stage of `make test`: python tests/stage.py WORKERS [OPTIONS] TESTS...

Boards, brokers and browsers run in real time, and a computer that others use may stop any of them for longer than a
test can bear. So what failed while the whole stage ran is run once more, alone; what fails then has failed. Which tests
needed it is told in the stage's last line: one that comes there again and again has a fault of its own. More than a
FEW failures are no chance, and are not tried again.

The workers of pytest-xdist 3.8.0, which steal tests from each other, were seen to wait for ever, all of them idle; why
is not known. A stage that says nothing for a quarter of an hour is ended, and run again without stealing.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

FEW = 8
TESTS_FAILED = 1  # pytest's exit status; others say that it could not run them
HUNG = 9
SILENCE = float(os.environ.get("STAGE_SILENCE", "900"))  # seconds; the slowest line takes some minutes


def pytest(cache, *arguments):
    """Runs pytest, showing what it prints. Returns its exit status, HUNG where it said nothing, and its last line."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "left_out", "-o", f"cache_dir={cache}", *arguments]
    # A folder of its own: what the tests start finds it, too, and tests/micropython.py would be their micropython
    plugins = str(Path(__file__).with_name("plugins"))
    paths = os.pathsep.join(filter(None, (plugins, os.environ.get("PYTHONPATH"))))
    last = ""
    environment = {**os.environ, "PYTHONPATH": paths}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        silent = []

        def end():
            silent.append(True)
            process.kill()  # its workers end where nobody hears them

        timer = threading.Timer(SILENCE, end)
        timer.start()
        for line in process.stdout:
            timer.cancel()
            print(line, end="", flush=True)
            last = line.strip() or last
            timer = threading.Timer(SILENCE, end)
            timer.start()
        timer.cancel()
    return HUNG if silent else process.returncode, last


def main(workers, *tests):
    with tempfile.TemporaryDirectory() as cache:
        status, last = pytest(cache, "--dist", "worksteal", "--numprocesses", workers, *tests)
        if status == HUNG:
            print(f"\nNothing for {SILENCE:g} s: again, without workers that steal from each other", flush=True)
            status, last = pytest(cache, "--dist", "load", "--numprocesses", workers, *tests)
        if status != TESTS_FAILED:
            return status
        told = Path(cache, "v/cache/lastfailed")
        if not told.exists():  # pytest itself has failed
            return status
        failed = list(json.loads(told.read_text("utf-8")))
        if len(failed) > FEW or any("::" not in name for name in failed):  # a module that could not be read: none ran
            return status
        print(f"\nAgain, alone: {', '.join(failed)}", flush=True)
        status, _ = pytest(cache, "--last-failed", *tests)
        if not status:
            passed = re.sub(r"\d+ failed, ", "", last)
            print(f"{passed}, but the second time only: {', '.join(failed)}")
        else:
            print(last)
        return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
