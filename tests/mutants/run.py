"""Would a test fail if this line were wrong? Changes lib/ in one place after the other, a sample of those there are,
and runs its unit tests each time: make mutants. By cosmic-ray, in a copy of the repository.

What no test has noticed is shown as a diff. Some of these change nothing that can be noticed, as a longer patience
does; the others are tests that are missing. Fails below what is asked for.
"""

import argparse
import contextlib
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

ROOT = Path(__file__).parents[2]
TREE = ROOT / "build/mutants/tree"
TESTS = (
    "any_broker", "backoff", "connecting", "desired", "dp", "forever", "host", "keep_alive", "last_sent", "legacy",
    "losing", "messages", "mqtt_device", "packet", "parser", "payloads", "progress", "publishing", "reasons", "server",
    "session", "studio", "studio_points", "subscribing", "things", "threaded", "tls", "token", "umqtt", "upgrade",
    "websocket", "wire",
)  # fmt: skip
"""Of tests/unit: what is about lib/."""
PROCESSES = 3  # the tests wait more than they compute
SECONDS = 600.0  # that the tests may take as long as nothing is wrong
TIMES = 5  # as long may they take with a mutant: one that never ends is noticed, too

CONFIG = """
[cosmic-ray]
module-path = ["lib/mqtt", "lib/onenet", "lib/umqtt"]
timeout = {seconds}
excluded-modules = []
test-command = "{python} -m pytest -q -x -p no:cacheprovider --numprocesses {processes} --dist worksteal {tests}"
distributor.name = "local"
"""


def copy_repository() -> None:
    shutil.rmtree(TREE, ignore_errors=True)
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, TREE / name)


def configure(seconds: float) -> None:
    tests = " ".join(f"tests/unit/test_{name}.py" for name in TESTS)
    config = CONFIG.format(seconds=seconds, python=sys.executable, processes=PROCESSES, tests=tests)
    (TREE / "mutants.toml").write_text(config)


def cosmic_ray(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "cosmic_ray.cli", *arguments], cwd=TREE, check=False)
    if done.returncode:
        sys.exit(f"error: cosmic-ray {arguments[0]} has failed")


def sample(session: Path, count: int, seed: int) -> int:
    """Leaves so many of the mutants to be tried; returns how many there are."""
    with use_db(session, WorkDB.Mode.open) as db:
        items = sorted(db.work_items, key=lambda item: str(item.mutations))
        chosen = {item.job_id for item in random.Random(seed).sample(items, min(count, len(items)))}
        for item in items:
            if item.job_id not in chosen:
                db.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))
        return len(items)


@contextlib.contextmanager
def done_at_times(session: Path, skipped: int) -> Iterator[None]:
    """Says meanwhile how many have been tried."""
    over = threading.Event()

    def say() -> None:
        said = 0
        while not over.wait(5):
            with use_db(session, WorkDB.Mode.open) as db:
                done = db.num_results - skipped
            if done != said:
                said = done
                print(f"{done} tried", flush=True)

    teller = threading.Thread(target=say)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=20, help="mutants to try (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="the same ones again (default: others each time)")
    parser.add_argument(
        "--least", type=float, default=70.0, help="per cent noticed, below which it fails (default: %(default)g)"
    )
    options = parser.parse_args()
    seed = random.randrange(1000) if options.seed is None else options.seed
    copy_repository()
    configure(SECONDS)
    began = time.monotonic()
    cosmic_ray("baseline", "mutants.toml")
    configure(30 + TIMES * (time.monotonic() - began))
    cosmic_ray("init", "mutants.toml", "session.sqlite")
    there_are = sample(TREE / "session.sqlite", options.count, seed)
    print(f"{options.count} of {there_are} mutants, seed {seed}", flush=True)
    with done_at_times(TREE / "session.sqlite", there_are - options.count):
        cosmic_ray("exec", "mutants.toml", "session.sqlite")
    noticed = tried = 0
    with use_db(TREE / "session.sqlite", WorkDB.Mode.open) as db:
        for _, result in db.completed_work_items:
            if result.worker_outcome == WorkerOutcome.SKIPPED:
                continue
            tried += 1
            if result.test_outcome == TestOutcome.SURVIVED:
                print(f"\nnot noticed:\n{result.diff}")
            else:
                noticed += 1
    percent = 100 * noticed / tried if tried else 0
    print(f"{noticed} of {tried} mutants are noticed, {percent:.0f} %; {options.least:g} % asked for")
    return 0 if percent >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
