"""Runs one case with one client in a fresh MicroPython process, and tells the figure or why there is none."""

import contextlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..board.executable import find_micropython
from ..broker import Mosquitto
from .heap32 import Heap32
from .peers import Peer, compiled, compiled_board
from .webassembly import WebAssemblyError

USER = "bench"  # and its password
PRODUCT = "458945"  # the firmware's user name: a product's id, digits


@dataclass(frozen=True)
class Absent:
    """Why there is no figure: "no" where the client has no such thing, "hang", or the exception's name."""

    reason: str


Figure = float | Absent


@dataclass(frozen=True)
class Counts:
    """x86 instructions, and calls of MicroPython's allocator: gc_alloc() and gc_realloc() of py/gc.c."""

    instructions: float
    allocations: float


# Only its own level of logging: the one for tests writes a line for every packet. Everything else as mosquitto has it.
_CONFIG = "log_type none\nlog_type error\nlog_type warning\nlog_type notice\nlog_type information"


@contextlib.contextmanager
def real_broker() -> Iterator[Mosquitto]:
    """A mosquitto with its default settings."""
    server = Mosquitto({USER: USER, PRODUCT: USER}, config=_CONFIG)
    with server:
        yield server


@dataclass
class Runner:
    """Where everything is; `patience` is the seconds a process may take, besides those it is asked to."""

    build: Path
    port: int
    patience: float = 20
    libraries: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.micropython = find_micropython()
        self.board = compiled_board(self.build)
        self.heap32: Heap32 | Absent
        try:
            self.heap32 = Heap32(self.build)
        except WebAssemblyError as error:
            self.heap32 = Absent(str(error))

    def library(self, peer: Peer) -> Path:
        if peer.name not in self.libraries:
            self.libraries[peer.name] = compiled(peer, self.build)
        return self.libraries[peer.name]

    def command(self, case: str, peer: Peer | None, *arguments: object, heap: str = "") -> list[str]:
        """The command line for a case; without a client, for what the bench itself takes."""
        paths = [str(self.board), *([str(self.library(peer))] if peer else [])]
        values = ", ".join(repr(value) for value in (case, *arguments))
        program = f"import sys; sys.path[:0] = {paths!r}; import measure; measure.main({values})"
        return [str(self.micropython), *(["-X", f"heapsize={heap}"] if heap else []), "-c", program]

    def run(self, case: str, peer: Peer | None, *arguments: object, heap: str = "", seconds: float = 0) -> Figure:
        """One process; the case gets adapter, module and port before the arguments."""
        mine = (peer.adapter, peer.module, self.port) if peer else ("", "", self.port)
        return self.finish(self.command(case, peer, *mine, *arguments, heap=heap), seconds)

    def finish(self, command: list[str], seconds: float = 0) -> Figure:
        """Runs a command line to its end and reads its figure."""
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=self.patience + seconds, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return Absent("hang")
        found = re.search(rb"^RESULT (\S+)", done.stdout, re.MULTILINE)
        if found is None:
            return Absent(_why(done))
        if found[1] == b"no":
            return Absent("no")
        if found[1] in (b"True", b"False"):
            return float(found[1] == b"True")
        return float(found[1])

    def counts(self, case: str, peer: Peer, *arguments: object, few: int = 10, most: int = 3000) -> "Counts | Absent":
        """What one of the things that a case does `times`, its last argument, takes, the collector's share included:
        the difference between many and few, by valgrind's callgrind."""
        program = shutil.which("valgrind")
        if program is None:
            return Absent("no valgrind")
        found = []
        for times in (few, few + most):
            with tempfile.TemporaryDirectory() as name:
                out = Path(name, "out")
                grind = [program, "--tool=callgrind", f"--callgrind-out-file={out}"]
                mine = (peer.adapter, peer.module, self.port, *arguments, times)
                figure = self.finish([*grind, *self.command(case, peer, *mine, heap="128k")], 60)
                if isinstance(figure, Absent):
                    return figure
                found.append(_counted(out.read_text()))
        few_done, many_done = found
        return Counts(
            (many_done.instructions - few_done.instructions) / most,
            (many_done.allocations - few_done.allocations) / most,
        )

    def smallest_heap(self, peer: Peer | None, most: int = 400) -> Figure:
        """KiB of the smallest heap in which the whole of `works` does."""
        low, high = 2, most  # fails, works
        if self.run("works", peer, heap=f"{high}k") != 1:
            return Absent(f"over {high} KiB")
        while high - low > 1:
            middle = (low + high) // 2
            if self.run("works", peer, heap=f"{middle}k", seconds=-self.patience / 2) == 1:
                high = middle
            else:
                low = middle
        return high


def _counted(text: str) -> Counts:
    """The totals of one of callgrind's files, in which a function's name stands where its number first does."""
    total = re.search(r"^(?:summary|totals): (\d+)", text, re.MULTILINE)
    assert total
    allocator = set(re.findall(r"fn=(\(\d+\)) gc_(?:re)?alloc$", text, re.MULTILINE))
    calls = re.findall(r"^cfn=(\(\d+\)).*\n(?:cfi=.*\n|cfl=.*\n)*calls=(\d+)", text, re.MULTILINE)
    return Counts(int(total[1]), sum(int(times) for function, times in calls if function in allocator))


def _why(done: subprocess.CompletedProcess[bytes]) -> str:
    """The exception's name, last on stderr."""
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    last = lines[-1] if lines else f"exit status {done.returncode}"
    return last.split(":")[0] if re.match(r"^\w+(:|$)", last) else last[:60]
