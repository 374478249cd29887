"""Deploys that are interrupted at random: python tests/port/interruptions.py [COUNT] [--seed N] [--chip NAME]

Each begins on a board with the old program, in one of its forms, and deploys the new one, in one of its forms. At some
moment the deploying process is killed, or the board loses its power, or both. Then the board is switched on, or reset,
and tells which program it sees: every file's hash, and for every module where it was loaded from and which program it
belongs to. That must be the old program or the new one, to the last file.
"""

import argparse
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onenet_tools.board import BoardError, VirtualBoard
from onenet_tools.board.executable import find_micropython
from onenet_tools.files import board_directory, board_modules, source_for
from onenet_tools.port.deploy import Deployment, deploy
from onenet_tools.port.errors import PortError
from onenet_tools.port.program import Form

FORMS = {"esp32": (Form.MPY, Form.SOURCE, Form.ROMFS), "esp8266": (Form.ROMFS,)}
"""By chip: in which its modules may be."""
OLD, NEW = "old", "new"
PATIENCE = 300.0  # seconds
AT_ONCE = 4
_ROM_SIZES = {"esp32": 512 * 1024, "esp8266": 320 * 1024}
_LEFT_OUT = {"esp32": (), "esp8266": ("tls", "https", "websocket", "upgrade", "dp.py", "setup", "improv")}
"""Parts of names of modules that do without: with a mark in each, and their names at full length, the rest fills what
an ESP8266 has for a program."""

_MAIN = """
import binascii, hashlib, json, os, sys, time

files = {{}}
def look(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            look(path)
        else:
            with open(path, "rb") as file:
                files[path] = binascii.hexlify(hashlib.sha256(file.read()).digest()[:6]).decode()
for folder in ("lib", "firmware", "/rom"):
    try:
        look(folder)
    except OSError:
        pass
for name in ("boot.py", "main.py"):
    with open(name, "rb") as file:
        files[name] = binascii.hexlify(hashlib.sha256(file.read()).digest()[:6]).decode()
modules = {{}}
for name in {modules}:
    try:
        module = __import__(name, None, None, ("BUILD",))
        modules[name] = [module.BUILD, getattr(module, "__file__", None)]
    except ImportError:
        modules[name] = None
print("STATE", json.dumps([BUILD, files, modules]))
while True:
    time.sleep(1)
"""

State = list[Any]
"""Which program main.py is of, hashes by file, and by module which program it is of and its file."""


class Quiet:
    """Takes no notice of what a deploy tells."""

    def stage(self, text: str) -> None:
        pass

    def progress(self, done: int, total: int) -> None:
        pass

    def line(self, text: object) -> None:
        pass


def program(build: str, folder: Path, chip: str) -> dict[str, Path]:
    """A program all of whose files say which one they are of; each has a module that the other has not."""
    names = [name for name in board_modules() if not any(part in name for part in _LEFT_OUT[chip])]
    names.append(f"firmware/only_{build}.py")
    everywhere = [
        name.removeprefix("lib/").removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names
    ]
    known = sorted({*everywhere, f"firmware.only_{OLD}", f"firmware.only_{NEW}"})
    texts = {name: _source(name, chip) for name in names}
    texts["main.py"] = _MAIN.format(modules=known)
    texts["boot.py"] = _source("boot.py", chip)
    files = {}
    for name, text in texts.items():
        files[name] = folder / build / name
        files[name].parent.mkdir(parents=True, exist_ok=True)
        mark = f"# {build}\n" if name == "boot.py" else f"BUILD = {build!r}\n"
        files[name].write_text(mark + text if name == "main.py" else text + mark)
    return files


def _source(name: str, chip: str) -> str:
    path = source_for("xtensa" if chip == "esp8266" else "xtensawin", name, board_directory() / name)
    return path.read_text("utf-8") if path.exists() else ""


def _deploy(port: str, wanted: Deployment) -> None:
    """Runs in a process of its own."""
    try:
        deploy(port, wanted, Quiet())
    except PortError:
        sys.exit(1)


def state(board: VirtualBoard, since: int = 0, build: str = "") -> State:
    """What the program tells that starts now, or this one."""
    found: State = json.loads(board.wait_for(rf'^STATE (\["{build}.*)\n', PATIENCE, since)[1])
    return found


def _settle(board: VirtualBoard) -> None:
    """Until the board does nothing any more: what it was told last it goes on to do."""
    while True:
        before = (len(board.log), len(board.resets))
        time.sleep(0.3)
        if before == (len(board.log), len(board.resets)):
            return


@dataclass(frozen=True)
class Trial:
    number: int
    old: Form
    new: Form
    how: str
    share: float
    """When, from 0 to 1, of twice the time that the longest deploy without interruption has taken; for a power cut
    after the commit, of the 0.15 s after the reset that follows it."""

    def __str__(self) -> str:
        return f"{self.number}: {self.old.value} to {self.new.value}, {self.how} at {self.share:.3f}"


def plan(count: int, chance: random.Random, forms: Sequence[Form]) -> list[Trial]:
    """What to do to each of so many boards. A quarter lose their power in the moments that follow the commit."""
    hows = ("kill", "power cut", "kill, power cut", "power cut after the commit")
    return [
        Trial(number, chance.choice(forms), chance.choice(forms), chance.choice(hows), chance.random())
        for number in range(1, count + 1)
    ]


class Interruptions:
    """Boards to begin with, and what they must tell, in the forms that these trials need."""

    def __init__(self, folder: Path, chip: str, trials: Sequence[Trial]) -> None:
        self.folder = folder
        self.chip = chip
        self.programs = {build: program(build, folder, chip) for build in (OLD, NEW)}
        self.expected: dict[tuple[str, Form], State] = {}
        self.longest = 0.0
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["onenet_tools.port.deploy", "onenet_tools.port.romfs"])
        self._process = context.Process
        for form in FORMS[chip]:  # one after the other: CPython 3.11 parses in one thread at a time only
            for build in (OLD, NEW):
                if any(form == (it.old if build == OLD else it.new) for it in trials):
                    self._prepare(build, form)

    def _board(self, image: Path) -> VirtualBoard:
        """What the program tells takes more memory than an ESP8266 has, so it has none of its limits here."""
        return VirtualBoard(
            image, chip=self.chip, rom_size=_ROM_SIZES[self.chip], micropython=find_micropython(), heap="2M"
        )

    def _image(self, build: str, form: Form) -> Path:
        return self.folder / f"{build}-{form.value}.img"

    def _prepare(self, build: str, form: Form) -> None:
        """Without interruption: the old program's image, and what both programs tell."""
        wanted = Deployment(self.programs[build], form, 0)
        with self._board(self._image(build, form)) as board:
            start = time.monotonic()
            deploy(board.port, wanted, Quiet())
            self.longest = max(self.longest, time.monotonic() - start)
            told = state(board, build=build)  # the old one has told its own before
            assert told[0] == build and {module[0] for module in told[2].values() if module} == {build}, told[2]
            self.expected[build, form] = told
            board.power_cut()

    def run(self, trial: Trial) -> str:
        """Does it; returns OLD, NEW, or in words what else has come of it."""
        image = self.folder / f"trial-{trial.number}.img"
        for suffix in ("", ".rom"):
            shutil.copy(f"{self._image(OLD, trial.old)}{suffix}", f"{image}{suffix}")
        with self._board(image) as board:
            state(board)
            process = self._process(target=_deploy, args=(board.port, Deployment(self.programs[NEW], trial.new, 0)))
            process.start()
            try:
                self._interrupt(board, process, trial)
            finally:
                process.kill()
                process.join()
            seen = 0
            if board.powered:
                _settle(board)
                seen = len(board.log)
                board.reset_button()
            else:
                board.power_on()
            try:
                told = state(board, seen)
            except BoardError as error:
                return f"dead: {error}"
        image.unlink()
        for build, form in ((OLD, trial.old), (NEW, trial.new)):
            if told == self.expected[build, form]:
                return build
        return f"a mixture: {told}"

    def _interrupt(self, board: VirtualBoard, process: Any, trial: Trial) -> None:
        if trial.how == "power cut after the commit":
            board.wait_for_resets(3, PATIENCE)
            time.sleep(0.15 * trial.share)
            board.power_cut()
            return
        process.join(2 * self.longest * trial.share)
        if trial.how.startswith("kill"):
            process.kill()
            process.join()
        if trial.how.endswith("power cut"):
            board.power_cut()


def run_all(count: int, seed: int, quiet: bool = False, chip: str = "esp32") -> tuple[Counter[str], list[str]]:
    """So many interruptions, some at a time; returns how many came to what, and what went wrong."""
    results: Counter[str] = Counter()
    wrong = []
    with tempfile.TemporaryDirectory(prefix="interruptions-") as folder:
        trials = plan(count, random.Random(seed), FORMS[chip])
        interruptions = Interruptions(Path(folder), chip, trials)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            running = {pool.submit(interruptions.run, trial): trial for trial in trials}
            for done in as_completed(running):
                came, trial = done.result(), running[done]
                if came not in (OLD, NEW):
                    wrong.append(f"{trial}: {came}")
                results[f"{trial.how}: {came.partition(':')[0]}"] += 1
                if not quiet:
                    print(f"{trial}: {came}", flush=True)
    return results, wrong


def tally(results: Counter[str]) -> str:
    hows = sorted({result.partition(": ")[0] for result in results})
    outcomes = [OLD, NEW, "a mixture", "dead"]
    lines = [f"{'':28}" + "".join(f"{outcome:>11}" for outcome in outcomes)]
    lines += [f"{how:28}" + "".join(f"{results[f'{how}: {outcome}']:>11}" for outcome in outcomes) for how in hows]
    sums = [sum(results[f"{how}: {outcome}"] for how in hows) for outcome in outcomes]
    return "\n".join([*lines, f"{'all':28}" + "".join(f"{n:>11}" for n in sums)])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Interrupts deploys at random and looks what the board starts then.")
    parser.add_argument("count", nargs="?", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--chip", choices=FORMS, default="esp32")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    print(f"{options.count} interrupted deploys to an {options.chip}, seed {options.seed}", flush=True)
    results, wrong = run_all(options.count, options.seed, chip=options.chip)
    took = f"{time.monotonic() - start:.0f} s"
    print(f"\n{tally(results)}\n\n{took}; the same again: --chip {options.chip} --seed {options.seed}")
    for line in wrong:
        print(f"WRONG: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
