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
from ..language import N_, _
from ..port.errors import PortError
from ..port.texts import read_text
from ..words.said import rendered
from .client import Client
from .failures import ApiError, NotOnline
from .push import Push, is_end, is_good, package_in

WAVES = "1,10%,all"
_PAUSE = 1.0  # seconds between two looks at all of them
_ROWS = 30  # of the table, while it is under way
_AGAIN = 5  # attempts to reach the platform, one after the other, that are borne

WAITING, RUNNING, UPGRADED, SAME = N_("waiting"), N_("under way"), N_("upgraded"), N_("had it already")
FAILED, OFFLINE, SILENT = N_("failed"), N_("offline"), N_("not told")
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
        raise ApiError(
            _("{path}: its first line must name a column device_id, or product_id and device_name").format(path=path)
        )
    found: dict[str, int] = {}
    for cells in reader:
        texts = {(key or "").strip(): value.strip() for key, value in cells.items() if isinstance(value, str)}
        if not any(texts.values()):
            continue
        where = _("{path}, line {line_num}").format(path=path, line_num=reader.line_num)
        name = texts.get("device_id", "")
        if not name and texts.get("device_name") and texts.get("product_id"):
            name = f"{texts['product_id']}:{texts['device_name']}"
        if not name:
            raise ApiError(_("{where}: has no device_id, nor product_id and device_name").format(where=where))
        if name in found:
            raise ApiError(
                _("{where}: device {name} is there twice, see line {found}").format(
                    where=where, name=name, found=found[name]
                )
            )
        found[name] = reader.line_num
    if not found:
        raise ApiError(_("{path} has no rows but its first line").format(path=path))
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
            raise ApiError(
                _("--waves: {item!r} is none; right is a list as {waves}").format(item=item.strip(), waves=WAVES)
            )
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
            self._end(board, OFFLINE, _("is not online"))
        except ApiError as error:
            self._end(board, FAILED, str(error))
        else:
            board.result, board.words = RUNNING, _("fetches version {version}").format(version=board.push.version)
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
            self._end(
                board,
                SILENT,
                _("not told within {timeout:g} s; the last: {words}").format(
                    timeout=self._timeout, words=rendered(board.words, "board")
                ),
            )

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
            self.stopped = self.stopped or _("device {device}: {words}").format(
                device=board.push.device, words=rendered(words, "board")
            )
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
            console.print(
                _("wave {wave}: {device}: {words}").format(
                    wave=board.wave, device=board.push.device, words=rendered(board.words, "board")
                ),
                markup=False,
                soft_wrap=True,
            )

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
        f"{counts[result]} {_(result)}" for result in (UPGRADED, SAME, FAILED, SILENT, OFFLINE) if counts[result]
    )
    left = _("; {counts} not begun").format(counts=counts[WAITING]) if counts[WAITING] else ""
    print(_("version {head}: {words}{left}").format(head=package.head["version"], words=words, left=left))
    if fleet.stopped:
        complain(_("stopped: {stopped}").format(stopped=fleet.stopped))
    elif counts[OFFLINE]:
        complain(
            _("{counts} boards were offline: the same command again goes on with them").format(counts=counts[OFFLINE])
        )
    return 0 if counts[UPGRADED] + counts[SAME] == len(boards) else 1


def _table(boards: Sequence[Board], most: int | None = None) -> Table:
    """most: so many rows at most, those under way first."""
    shown = boards if most is None else sorted(boards, key=lambda board: board.result != RUNNING)[:most]
    done = sum(board.result in (UPGRADED, SAME) for board in boards)
    table = Table(
        _("device"),
        _("wave"),
        _("result"),
        "",
        title=_("{done} of {count} have it").format(done=done, count=len(boards)),
        title_justify="left",
    )
    for board in shown:
        colour = _COLOURS.get(board.result, "")
        result = f"[{colour}]{board.result}[/]" if colour else board.result
        table.add_row(escape(board.push.device), str(board.wave or ""), result, escape(board.words))
    return table
