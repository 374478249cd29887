"""A virtual board on the command line: start it from a directory, use it with mpremote, end it with Ctrl-C."""

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path

from ..language import _
from .board import VirtualBoard
from .chips import CHIPS, chip_named
from .errors import BoardError
from .link import Address, Connection, Direction
from .sensors import KINDS
from .small_heap import FREE, ready_for
from .wifi import LIVELY, Wifi

BOARD_ADDRESS = "192.168.4.23"
"""Of the board, as shims/_network.py says it."""

CONSOLE_ROUTE = "183.230.40.39:6002=127.0.0.1:6002"
"""From OneNET's broker to the console on this computer."""
_NAMED_HOST = "192.0.2.1"  # stands for a host asked for by its name; it is nobody's


def run_board(
    flash: str | os.PathLike[str] | None = None,
    source_dir: str | os.PathLike[str] | None = None,
    routes: Mapping[Address, Address] | None = None,
    *,
    wifi: Wifi | None = None,
    micropython: str | os.PathLike[str] | None = None,
    heap: str | None = None,
    chip: str = "esp32",
    rom_size: int | None = None,
    internet: bool = False,
    pcap: str | os.PathLike[str] | None = None,
    sensors: Sequence[str] = (),
    wake_wire: bool = False,
    hint: Callable[[str], str] = lambda port: _("try: mpremote connect {port} repl").format(port=port),
) -> int:
    """Run a board in the foreground until Ctrl-C or SIGTERM, with its console on stdout.

    `flash` is the image to use or make (None: a new one, not kept); the files of `source_dir` are copied to it first.
    `heap`, `chip` and `rom_size` are those of VirtualBoard. Joining Wi-Fi takes as long as in life, unless `wifi` says
    otherwise.
    `pcap` is a file for what goes over its TCP connections. `sensors` are those at its pins, each in the words of
    Sensors.put(); lines on stdin change them while it runs. `wake_wire`: GPIO16 is wired to RST. `hint` says what can
    be done with the board, given its port. Returns the exit status; what cannot be done is said in one line on stderr.
    """
    stop = threading.Event()
    board: VirtualBoard | None = None

    def mirror(data: bytes) -> None:
        if board is not None and board.in_raw_repl:
            return  # what tools talk about among themselves
        try:
            sys.stdout.buffer.write(data.replace(b"\r\n", b"\n"))
            sys.stdout.buffer.flush()
        except OSError:  # whoever read our output has gone
            stop.set()

    previous = signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    try:
        if micropython is None:
            ready_for(chip_named(chip))
        files = collect(source_dir) if source_dir is not None else None
        with contextlib.ExitStack() as stack:
            board = VirtualBoard(
                flash,
                files,
                micropython=micropython,
                heap=heap,
                chip=chip,
                wifi=wifi or Wifi(association_time=LIVELY["association_time"], dhcp_time=LIVELY["dhcp_time"]),
                routes=routes,
                rom_size=rom_size,
                internet=internet,
                on_output=mirror,
            )
            board.wake_wire = wake_wire
            for words in sensors:
                board.sensors.put(words)
            if pcap is not None:
                stack.enter_context(recorded(board, Path(pcap)))
            stack.enter_context(board)
            after_prompt = "" if files else "\n"
            if sensors:
                threading.Thread(target=_change_sensors, args=(board,), daemon=True).start()
            print(
                _("{after_prompt}board at {port}; Ctrl-C ends it; {hint}").format(
                    after_prompt=after_prompt, port=board.port, hint=hint(board.port)
                ),
                file=sys.stderr,
            )
            with contextlib.suppress(KeyboardInterrupt):
                stop.wait()
        print(_("\nboard is off"), file=sys.stderr)
        return 0
    except KeyboardInterrupt:
        return 130
    except (BoardError, OSError) as error:
        print(_("error: {error}").format(error=error), file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGTERM, previous)


def _change_sensors(board: VirtualBoard) -> None:
    """Obeys lines such as dht:4=22,55 on stdin until its end."""
    with contextlib.suppress(OSError):
        if os.isatty(0) and os.tcgetpgrp(0) != os.getpgrp():
            return  # in the background, where reading would stop the process
    for line in sys.stdin:
        if line.strip():
            try:
                board.sensors.put(line)
            except BoardError as error:
                print(error, file=sys.stderr)


@contextlib.contextmanager
def recorded(board: VirtualBoard, path: Path) -> Iterator[None]:
    """Saves a board's connections as the board sees them: from its own address to the one it asked for.

    Raises OSError.
    """
    from ..packets.pcap import PcapWriter  # its library takes a moment to import

    known: set[int] = set()

    def tap(direction: Direction, data: bytes, connection: Connection) -> None:
        if connection.number not in known:
            known.add(connection.number)
            host, port = connection.asked
            client = BOARD_ADDRESS, 49152 + connection.number % 16384
            recorder.opened(connection.number, client, (host if _is_address(host) else _NAMED_HOST, port))
        recorder.record(connection.number, direction == "up", data)

    with PcapWriter(path) as recorder:
        board.link.tap = tap
        board.link.on_closed = lambda connection: recorder.closed(connection.number)
        yield
    if recorder.error:
        print(_("error: {path} is incomplete: {error}").format(path=path, error=recorder.error), file=sys.stderr)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def next_steps(routes: Mapping[Address, Address], chip: str = "esp32") -> Callable[[str], str]:
    """What brings a bare board online, for the hint."""
    small = (
        _(
            "It has an ESP8266's memory, {free:,} bytes, and a ROMFS of {rom_size} KB, into which "
            "deploy puts all modules by itself\n"
        ).format(free=FREE, rom_size=CHIPS[chip].rom_size // 1024)
        if CHIPS[chip].threshold
        else ""
    )
    led = "".join(_("  {a}:{b} leads to {c}:{d}\n").format(a=a, b=b, c=c, d=d) for (a, b), (c, d) in routes.items())

    def hint(port: str) -> str:
        return _(
            "in its air is the Wi-Fi network home\n{led}{small}To bring it online at `onenet console` "
            "on this computer, in another terminal:\n  onenet config --port {port} --ssid home "
            "--device-id 789546805 --product-id 458945\n    (Wi-Fi password: password; auth-info: "
            "136928831)\n  onenet deploy --port {port}\n  onenet monitor --port {port} --until-online"
        ).format(led=led, small=small, port=port)

    return hint


def collect(directory: str | os.PathLike[str]) -> dict[str, Path]:
    """The files a board gets from a directory: all but hidden ones and what Python caches. Raises BoardError."""
    root = Path(directory)
    if not root.is_dir():
        raise BoardError(_("{root} is not a directory").format(root=root))
    files = {path.relative_to(root): path for path in sorted(root.rglob("*")) if path.is_file()}
    return {
        name.as_posix(): path
        for name, path in files.items()
        if not any(part.startswith(".") or part == "__pycache__" for part in name.parts)
    }


def parse_address(text: str) -> Address:
    """Take host:port apart, or [::1]:port."""
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(_("{text!r} is not HOST:PORT").format(text=text))
    return host.strip("[]"), int(port)


def parse_route(text: str) -> tuple[Address, Address]:
    """Take apart, say, 183.230.40.39:6002=127.0.0.1:1883."""
    asked, equals, target = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(_("{text!r} is not HOST:PORT=HOST:PORT").format(text=text))
    return parse_address(asked), parse_address(target)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m onenet_tools.board",
        description="Run MicroPython on a virtual board with its own flash and a serial port for mpremote.",
    )
    parser.add_argument("directory", nargs="?", help="files to copy to the flash before the start, main.py among them")
    parser.add_argument("--flash", metavar="IMAGE", help="flash image to use, made if missing (default: one not kept)")
    parser.add_argument(
        "--route",
        metavar="HOST:PORT=HOST:PORT",
        type=parse_route,
        action="append",
        default=[],
        help="lead the board's connections for the first to the second; may be repeated",
    )
    parser.add_argument("--internet", action="store_true", help="let the board reach every address, not only routes")
    parser.add_argument("--pcap", metavar="FILE", help="save its TCP connections there, for Wireshark")
    parser.add_argument("--ssid", default="home", help="name of the network in the air (default: %(default)s)")
    parser.add_argument("--password", default="password", help="its password (default: %(default)s)")
    parser.add_argument("--chip", choices=list(CHIPS), default="esp32", help="whose port it behaves as")
    parser.add_argument(
        "--sensor",
        metavar="KIND:WHERE=VALUE",
        action="append",
        default=[],
        help="a sensor at a pin or bus: " + "; ".join(KINDS.values()) + _("; a line like it on stdin changes it"),
    )
    parser.add_argument(
        "--wake-wire",
        action="store_true",
        help="an ESP8266's GPIO16 is wired to RST, so that it wakes from deep sleep",
    )
    parser.add_argument("--heap", help="MicroPython's heap, as 128K or 2M (default: as its port's)")
    parser.add_argument("--micropython", metavar="PROGRAM", help="MicroPython unix port (default: the one installed)")
    options = parser.parse_args(arguments)
    return run_board(
        options.flash,
        options.directory,
        dict(options.route),
        wifi=Wifi({options.ssid: options.password}),
        micropython=options.micropython,
        heap=options.heap,
        chip=options.chip,
        internet=options.internet,
        pcap=options.pcap,
        sensors=options.sensor,
        wake_wire=options.wake_wire,
    )
