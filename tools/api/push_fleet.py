"""`onenet push --csv`: a package to many boards, in waves; none begins after one has failed."""

import csv
import io
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from ..failures import complain
from ..port.errors import PortError
from ..port.texts import read_text
from .client import Client
from .failures import ApiError, NotOnline
from .push import Push, is_end, is_good, package_in

WAVES = "1,10%,all"
_PAUSE = 1.0  # seconds between two looks at all of them
_ROWS = 30  # of the table, while it is under way
_AGAIN = 5  # attempts to reach the platform, one after the other, that are borne

WAITING, RUNNING, UPGRADED, SAME = "waiting", "under way", "upgraded", "had it already"
FAILED, OFFLINE, SILENT = "failed", "offline", "not told"
_COLOURS = {UPGRADED: "green", SAME: "green", FAILED: "red", SILENT: "red", OFFLINE: "yellow", RUNNING: "cyan"}


@dataclass
class Board:
    """One of the table's."""

    push: Push
    result: str = WAITING
    words: str = ""
    """What it has told last, or what went wrong."""
    wave: int = 0
    since: float = 0.0
    unreachable: int = 0


def read_devices(path: Path) -> list[str]:
    """The devices of a table: its column device_id, or product_id and device_name, as that of onenet config --csv.
    Raises ApiError with the line."""
    try:
        reader = csv.DictReader(io.StringIO(read_text(path)), skipinitialspace=True)
    except PortError as error:
        raise ApiError(str(error)) from error
    columns = [(column or "").strip() for column in reader.fieldnames or []]
    if "device_id" not in columns and not {"product_id", "device_name"} <= {*columns}:
        raise ApiError(f"{path}: its first line must name a column device_id, or product_id and device_name")
    found: dict[str, int] = {}
    for cells in reader:
        texts = {(key or "").strip(): value.strip() for key, value in cells.items() if isinstance(value, str)}
        if not any(texts.values()):
            continue
        where = f"{path}, line {reader.line_num}"
        name = texts.get("device_id", "")
        if not name and texts.get("device_name") and texts.get("product_id"):
            name = f"{texts['product_id']}:{texts['device_name']}"
        if not name:
            raise ApiError(f"{where}: has no device_id, nor product_id and device_name")
        if name in found:
            raise ApiError(f"{where}: device {name} is there twice, see line {found[name]}")
        found[name] = reader.line_num
    if not found:
        raise ApiError(f"{path} has no rows but its first line")
    return list(found)


def read_waves(text: str, count: int) -> list[int]:
    """How many boards each wave has, as "1,10%,all"; what is left goes in a last one. Raises ApiError."""
    sizes = []
    for item in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,6})(%?)\s*", item)
        if item.strip() == "all":
            sizes.append(count)
        elif found and int(found[1]) and (not found[2] or int(found[1]) <= 100):
            sizes.append(math.ceil(count * int(found[1]) / 100) if found[2] else int(found[1]))
        else:
            raise ApiError(f"--waves: {item.strip()!r} is none; right is a list as {WAVES}")
    return [*sizes, count]


class Fleet:
    """All boards, and how it goes with them."""

    def __init__(self, boards: Sequence[Board], timeout: float, say: Callable[[Board], None]) -> None:
        self.boards = boards
        self._timeout = timeout
        self._say = say
        self.stopped = ""
        """Why no more of them begin."""

    def run_wave(self, number: int, size: int, tick: Callable[[], None]) -> None:
        """So many boards that did not have it; those that are offline, or have it already, do not count."""
        while True:
            wave = [board for board in self.boards if board.wave == number]
            running = [board for board in wave if board.result == RUNNING]
            count = len(running) + sum(board.result in (UPGRADED, FAILED, SILENT) for board in wave)
            waiting = [board for board in self.boards if board.result == WAITING]
            if not self.stopped and count < size and waiting:
                self._begin(waiting[0], number)
                continue
            if not running:
                return
            for board in running:
                self._look(board)
            tick()

    def _begin(self, board: Board, number: int) -> None:
        board.wave, board.since = number, time.monotonic()
        try:
            board.push.begin()
        except NotOnline:
            self._end(board, OFFLINE, "is not online")
        except ApiError as error:
            self._end(board, FAILED, str(error))
        else:
            board.result, board.words = RUNNING, f"fetches version {board.push.version}"
            self._say(board)

    def _look(self, board: Board) -> None:
        try:
            words = board.push.look()
            board.unreachable = 0
        except ApiError as error:
            board.unreachable += 1
            if board.unreachable > _AGAIN:
                self._end(board, SILENT, str(error))
            return
        if words and words != board.words:
            board.words = words
            self._say(board)
        if is_end(words):
            self._ended(board, words)
        elif time.monotonic() - board.since > self._timeout:
            self._end(board, SILENT, f"not told within {self._timeout:g} s; the last: {board.words}")

    def _ended(self, board: Board, words: str) -> None:
        if not is_good(words):
            self._end(board, FAILED, words)
        elif words.startswith("version "):
            self._end(board, SAME, words)
        elif words == f"upgraded to {board.push.version}":
            self._end(board, UPGRADED, words)
        else:  # that was the end of another one, which had to be waited for
            self._begin(board, board.wave)

    def _end(self, board: Board, result: str, words: str) -> None:
        board.result, board.words = result, words
        if result in (FAILED, SILENT):
            self.stopped = self.stopped or f"device {board.push.device}: {words}"
        self._say(board)


def run_push_fleet(
    client: Client, table: Path, file: Path, waves: str, at: str | None, timeout: float, console: Console | None = None
) -> int:
    """Returns 0 only if all boards have the version in the end. Raises ApiError before anything is begun."""
    package = package_in(file)
    boards = [Board(Push(client, device, package, at)) for device in read_devices(table)]
    sizes = read_waves(waves, len(boards))
    for board in boards:
        board.push.look()  # raises for one that is not there
    console = console or Console(highlight=False)

    def say(board: Board) -> None:
        if not console.is_terminal:
            console.print(f"wave {board.wave}: {board.push.device}: {board.words}", markup=False, soft_wrap=True)

    fleet = Fleet(boards, timeout, say)
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def tick() -> None:
            if console.is_terminal:
                live.update(_table(boards, _ROWS), refresh=True)
            time.sleep(_PAUSE)

        for number, size in enumerate(sizes, 1):
            if not fleet.stopped:
                fleet.run_wave(number, size, tick)
    console.print(_table(boards))
    counts = Counter(board.result for board in boards)
    words = ", ".join(
        f"{counts[result]} {result}" for result in (UPGRADED, SAME, FAILED, SILENT, OFFLINE) if counts[result]
    )
    left = f"; {counts[WAITING]} not begun" if counts[WAITING] else ""
    print(f"version {package.head['version']}: {words}{left}")
    if fleet.stopped:
        complain(f"stopped: {fleet.stopped}")
    elif counts[OFFLINE]:
        complain(f"{counts[OFFLINE]} boards were offline: the same command again goes on with them")
    return 0 if counts[UPGRADED] + counts[SAME] == len(boards) else 1


def _table(boards: Sequence[Board], most: int | None = None) -> Table:
    """most: so many rows at most, those under way first."""
    shown = boards if most is None else sorted(boards, key=lambda board: board.result != RUNNING)[:most]
    done = sum(board.result in (UPGRADED, SAME) for board in boards)
    table = Table("device", "wave", "result", "", title=f"{done} of {len(boards)} have it", title_justify="left")
    for board in shown:
        colour = _COLOURS.get(board.result, "")
        result = f"[{colour}]{board.result}[/]" if colour else board.result
        table.add_row(escape(board.push.device), str(board.wave or ""), result, escape(board.words))
    return table
