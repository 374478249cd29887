"""Runs the unit tests of lib/ on a board, in its own memory: python tests/on_board.py PORT [test_packet ...]

Nothing is written to its flash: the libraries and tests, compiled for its processor, are mounted from here as `mpremote
mount` does, and loaded as far as there is room. Each file begins after a soft reset. A test is skipped, with the
reason, where it is too large for the board's memory, needs what its port has not, or needs a broker: those that do
find one where the variables of with_broker.py say, with MQTT_TEST_HOST, or at --broker. In the end the board starts its
own program.
"""

import argparse
import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mpremote.transport_serial import SerialTransport
from onenet_tools.compile.mpy import CompileError, compile_files
from onenet_tools.files import board_directory, board_modules, source_for
from onenet_tools.port.connection import SETTLE, Connection, Gone
from onenet_tools.port.errors import PortError
from onenet_tools.port.inventory import identify
from onenet_tools.port.way_in import get_in
from rich.console import Console
from rich.table import Table

TESTS = Path(__file__).parent
LEFT_OUT = {
    "test_any_broker": "needs firmware/ besides lib/",
    "test_dp": "needs firmware/ besides lib/",
    "test_legacy": "needs firmware/ besides lib/",
    "test_studio": "needs firmware/ besides lib/",
    "test_studio_points": "needs firmware/ besides lib/",
    "test_zero_heap_current": "needs firmware/ besides lib/",
    "test_zero_heap_mqtt": "needs firmware/ besides lib/",
    "test_server": "server.py is not for boards",
    "test_wire": "compares the two forms of wire.py that are in the clone",
}
SETTINGS = ("HOST", "PORT", "USER", "PASSWORD", "TLS_PORT", "RESTART_PORT", "CA")  # MQTT_TEST_…

_PATIENCE = 120.0  # seconds for a test to say something
_JOINING = 30  # seconds for Wi-Fi
_GIVES_UP = 2.5  # seconds of silence after which a mount that waits for us, with Ctrl-C off, has stopped doing so
_TOO_LARGE = "too large for its memory"
_NO_MEMORY = b"memory allocation failed"
_BEGIN = """
import network
w=network.WLAN(network.STA_IF)
w.active(True)
"""  # the network has to be there even for connections of a board with itself
_JOIN = """
import time
if not w.isconnected():
 w.active(False)
 w.active(True)
 w.connect({!r},{!r})
for _ in range({!r}):
 if w.isconnected():break
 print('.')
 time.sleep(1)
else:raise OSError('Wi-Fi not joined')
"""
_RUN = """
del network,w
import gc
from running import SkipTest,run_module
run_module({!r},(SkipTest,MemoryError),[0,0,0])
"""


@dataclass
class File:
    """How the tests of one file ended."""

    name: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    """What each of them printed, with its traceback."""
    skipped: dict[str, int] = field(default_factory=dict)
    """How many for each reason; 0 where it is the whole file."""


def library_tests() -> list[str]:
    """The files of tests/unit that are about lib/ alone, and those of LEFT_OUT; without .py."""
    tests = {path.stem: path.read_text("utf-8") for path in sorted((TESTS / "unit").glob("test_*.py"))}
    firmware = re.compile(r"^(import|from) (fakes|firmware|flash_folder)\b", re.MULTILINE)
    return [name for name, text in tests.items() if name in LEFT_OUT or not firmware.search(text)]


def needs_client(name: str) -> bool:
    """Whether the tests of this file need a Client. If not, a package `mqtt` that loads none leaves them more room."""
    text = (TESTS / "unit" / f"{name}.py").read_text("utf-8")
    return bool(re.search(r"^from (scripted|mqtt\.(client|threaded)) |^from mqtt import [(A-Z]", text, re.MULTILINE))


def compile_all(arch: str, target: Path) -> None:
    """Compiles the libraries, unchanged, and all tests into `target`, where a board imports them from."""
    files = {
        name.removeprefix("lib/"): source_for(arch, name, board_directory() / name)
        for name in board_modules()
        if name.startswith("lib/")
    }
    files |= {path.name: path for path in (TESTS / "unit").glob("*.py")}
    compile_files(files, arch, target, each=True)


class Results:
    """Reads what running.py prints, as it comes."""

    def __init__(self, file: File, show: Callable[[str], None]) -> None:
        self._file = file
        self._show = show
        self._line = b""
        self.no_memory = False
        """It has said so, at least once."""
        self._printed: list[str] = []  # by the test under way, or by the one that failed

    def take(self, data: bytes) -> None:
        self._line += data
        self.no_memory = self.no_memory or _NO_MEMORY in self._line
        while b"\n" in self._line:
            line, _, self._line = self._line.partition(b"\n")
            self._take_line(line.decode(errors="replace").rstrip("\r"))

    def _take_line(self, line: str) -> None:
        mark = re.fullmatch(r".*?(BEGUN|PASSED|SKIPPED|FAILED) (test_\w+\.test_\w+)(?:: (.*))?", line)
        kind = mark[1] if mark else ""
        if kind == "BEGUN":
            self.end()
            self._show(mark[2])
        elif kind == "FAILED":
            self._file.failed.append("")
            self._printed.append(line)
        elif kind == "PASSED":
            self._file.passed += 1
            self._printed.clear()
        elif kind == "SKIPPED":
            reason = _reason(mark[3])
            self._file.skipped[reason] = self._file.skipped.get(reason, 0) + 1
            self._printed.clear()
        else:
            self._printed.append(line)

    def end(self) -> None:
        """No more of the test before will come."""
        if self._file.failed and not self._file.failed[-1]:
            self._file.failed[-1] = "\n".join(self._printed)
        self._printed.clear()


def _reason(words: str) -> str:
    return _TOO_LARGE if words.startswith(_NO_MEMORY.decode()) else words


class Board:
    """A board whose raw REPL we have, with `folder` to import from."""

    def __init__(self, connection: Connection, folder: Path, begin: str = _BEGIN) -> None:
        self._connection = connection
        self._folder = folder
        self._begin = begin
        self._package = folder / "mqtt/__init__.mpy"
        self._with_client = self._package.read_bytes()

    @contextlib.contextmanager
    def _mounted(self) -> Iterator[SerialTransport]:
        transport = self._connection._transport
        transport.mount_local(str(self._folder))
        try:
            yield transport
        finally:
            transport.mounted = False  # the soft reset has ended it on the board
            transport.serial = transport.serial.orig_serial

    def run(self, name: str, show: Callable[[str], None] = lambda name: None) -> File:
        """Runs the tests of a file, after a soft reset. Raises PortError."""
        file = File(name)
        results = Results(file, show)
        if needs_client(name):
            self._package.write_bytes(self._with_client)
        else:
            self._package.unlink(missing_ok=True)
        self._connection.clear()
        self._connection.interrupt(settle=SETTLE)  # a slow board may still be answering an earlier Ctrl-C
        error = b""
        try:
            with self._connection._troubles(), self._mounted() as transport:
                transport.exec_raw(self._begin, timeout=_PATIENCE)
                _, error = transport.exec_raw(_RUN.format(name), timeout=_PATIENCE, data_consumer=results.take)
        except Gone:
            raise
        except PortError as failure:
            error = str(failure).encode()
            time.sleep(_GIVES_UP)
            if results.no_memory:  # for what mounting takes, so that nothing it says can be understood
                error = b"MemoryError"
        results.end()
        if error:
            self._not_run(file, error.decode(errors="replace"))
        return file

    def _not_run(self, file: File, traceback: str) -> None:
        last = traceback.strip().splitlines()[-1]
        missing = re.fullmatch(r"ImportError: (?:no module named|can't import name) '?([\w.]+)'?", last)
        if last.startswith("MemoryError"):
            file.skipped[_TOO_LARGE] = 0
        elif missing and not (self._folder / missing[1].replace(".", "/")).with_suffix(".mpy").exists():
            file.skipped[f"not there on this port: {missing[1]}"] = 0
        else:
            file.failed.append(traceback)


def run(
    port: str,
    names: list[str] | None = None,
    settings: dict[str, str] | None = None,
    wifi: tuple[str, str] | None = None,
    show: Callable[[str], None] = lambda text: None,
) -> list[File]:
    """Runs these files, or all, on the board at `port`; `settings` are those of with_broker.py, without MQTT_TEST_,
    `wifi` the network to join and its password. `show` is told how it goes on. Raises PortError, CompileError, OSError.
    """
    files = []
    with tempfile.TemporaryDirectory(prefix="on-board-") as directory, Connection(port) as connection:
        folder = Path(directory)
        get_in(connection, show)
        identity = identify(connection)
        show(f"compiling for {identity.machine}")
        compile_all(identity.dialect.architecture, folder)
        _leave_settings(folder, settings or {})
        begin = _BEGIN
        if wifi:
            show(f"joining {wifi[0]}")
            begin += _JOIN.format(*wifi, _JOINING)
            connection.exec(begin)
        board = Board(connection, folder, begin)
        try:
            for name in names or library_tests():
                left_out = LEFT_OUT.get(name)
                files.append(File(name, skipped={left_out: 0}) if left_out else board.run(name, show))
        finally:
            connection.interrupt(settle=SETTLE)
            connection.hard_reset()
    return files


def _leave_settings(folder: Path, settings: dict[str, str]) -> None:
    """For support.py, in place of the environment that a board has not."""
    given = {f"MQTT_TEST_{name}": value for name, value in settings.items()}
    if "CA" in settings:
        (folder / "ca.der").write_bytes(Path(settings["CA"]).read_bytes())
        given["MQTT_TEST_CA"] = f"{SerialTransport.fs_hook_mount}/ca.der"
    (folder / "surroundings.py").write_text(f"getenv = {given!r}.get\n", "utf-8")


def show_results(files: list[File], console: Console) -> int:
    """Prints what failed, and a table; returns the exit status."""
    for text in [text for file in files for text in file.failed]:
        console.print(text, markup=False, highlight=False)
    table = Table("file", *("passed", "failed", "skipped"), "why skipped", box=None)
    for column in table.columns[1:4]:
        column.justify = "right"
    for file in files:
        why = "; ".join(f"{n} {reason}" if n else reason for reason, n in file.skipped.items())
        skipped = "all" if 0 in file.skipped.values() else str(sum(file.skipped.values()))
        table.add_row(file.name, str(file.passed), str(len(file.failed)), skipped, why)
    console.print(table)
    passed, failed = sum(file.passed for file in files), sum(len(file.failed) for file in files)
    console.print(f"{passed} passed, {failed} failed, {sum(sum(file.skipped.values()) for file in files)} skipped")
    return 1 if failed or not passed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("port", help="the board's serial port")
    parser.add_argument(
        "names", nargs="*", help="files of tests/unit, as test_packet (default: all that are about lib/)"
    )
    parser.add_argument("--broker", metavar="HOST:PORT", help="a broker that lets in anybody, as the board reaches it")
    parser.add_argument("--ssid", help="Wi-Fi to join, with the password in ONENET_WIFI_PASSWORD")
    options = parser.parse_args()
    settings = {name: os.environ[f"MQTT_TEST_{name}"] for name in SETTINGS if f"MQTT_TEST_{name}" in os.environ}
    if options.broker:
        host, _, port = options.broker.rpartition(":")
        settings |= {"HOST": host, "PORT": port}
    wifi = (options.ssid, os.environ.get("ONENET_WIFI_PASSWORD", "")) if options.ssid else None
    console = Console(soft_wrap=True)
    try:
        with console.status("") as status:
            files = run(options.port, options.names, settings, wifi, status.update)
    except (PortError, CompileError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return show_results(files, console)


if __name__ == "__main__":
    sys.exit(main())
