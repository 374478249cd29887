"""`onenet config --csv`: many boards at once, a row of a table for each."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..language import _
from ..words.said import BOARD as BOARDS_WORDS
from ..words.said import rendered
from .board_config import PROOFS, known_keys, said_by_board, value_from_text
from .changes import WIFI_PASSWORD, Changes
from .configure import configure_row
from .connection import Connection
from .errors import PortError
from .find import all_ports
from .many import Job, Report, run_on_all
from .texts import read_text
from .way_in import get_in

BOARD = "board"
_UNIQUE_ID = "__import__('binascii').hexlify(__import__('machine').unique_id()).decode()"


@dataclass(frozen=True)
class Row:
    """What one board is to get. `board` is its port, or its MAC or other unique id in hex without colons."""

    number: int
    board: str
    changes: Changes

    @property
    def by_id(self) -> bool:
        return not self.board.startswith(("/", "COM", "socket:", "rfc2217:"))


def read_fleet(path: Path, common: Changes) -> list[Row]:
    """The rows of the table, with what is common to all. Raises PortError with line and column."""
    rows = []
    reader = csv.DictReader(io.StringIO(read_text(path)), skipinitialspace=True)
    columns = [(column or "").strip() for column in reader.fieldnames or []]
    _check_columns(path, columns)
    for cells in reader:
        where = _("{path}, line {line_num}").format(path=path, line_num=reader.line_num)
        if None in cells or None in cells.values():
            raise PortError(
                _("{where}: must have {count} cells, as the first line has").format(where=where, count=len(columns))
            )
        texts = {column: text.strip() for column, text in zip(columns, cells.values(), strict=True)}
        if any(texts.values()):
            rows.append(_row(where, reader.line_num, texts, common))
    if not rows:
        raise PortError(_("{path} has no rows but its first line").format(path=path))
    _check_unique(path, rows)
    return rows


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    allowed = [BOARD, "ssid", WIFI_PASSWORD, *(key for key in known_keys() if key != "wifi")]
    if BOARD not in columns:
        raise PortError(
            _("{path} must have a column {board}: the port of each, as /dev/ttyUSB0 or COM3, or its MAC").format(
                path=path, board=BOARD
            )
        )
    for column in columns:
        if column not in allowed:
            raise PortError(
                _("{path}: no such column {column!r}; there are {allowed}").format(
                    path=path, column=column, allowed=", ".join(allowed)
                )
            )
    if len(set(columns)) < len(columns):
        raise PortError(_("{path}: a column is there twice").format(path=path))


def _row(where: str, number: int, texts: dict[str, str], common: Changes) -> Row:
    if not texts[BOARD]:
        raise PortError(_("{where}: {board} must be a port or a MAC").format(where=where, board=BOARD))
    secrets = dict(common.secrets)
    values = dict(common.values)
    for column, text in texts.items():
        if not text or column in (BOARD, "ssid"):
            continue
        if column in (WIFI_PASSWORD, *PROOFS):
            secrets[column] = text
        else:
            values[column] = value_from_text(column, text)
    changes = Changes(texts.get("ssid") or common.ssid, secrets, values, common.unset, common.ca)
    wrong = [rendered(it, BOARDS_WORDS) for it in said_by_board(changes.apply({})) if "is missing" not in it]
    if wrong:
        raise PortError(f"{where}: {'; '.join(wrong)}")
    return Row(number, _board(texts[BOARD]), changes)


def _board(text: str) -> str:
    plain = text.replace(":", "").replace("-", "").lower()
    return plain if plain and not plain.strip("0123456789abcdef") and "/" not in text else text


def _check_unique(path: Path, rows: Sequence[Row]) -> None:
    seen: set[tuple[str, object]] = set()
    for row in rows:
        names = [(key, row.changes.values.get(key)) for key in ("device_id", "device_name")]
        for what in (("board", row.board), *names):
            if what[1] is not None and what in seen:
                raise PortError(
                    _("{path}, line {number}: {what} {what_2} is there twice").format(
                        path=path, number=row.number, what=what[0], what_2=what[1]
                    )
                )
            seen.add(what)


def run_fleet(path: Path, ports: Sequence[str], common: Changes, replace: bool) -> int:
    """Configures all boards of the table; returns the exit status. `ports`: where to look for boards given by MAC."""
    rows = read_fleet(path, common)
    named = {row.board: row for row in rows if not row.by_id}
    by_id = {row.board: row for row in rows if row.by_id}
    candidates = [port for port in (ports or all_ports()) if port not in named] if by_id else []
    found: set[str] = set()

    def job(port: str) -> Job:
        def work(report: Report) -> str:
            with Connection(port) as connection:
                report.stage(_("stopping the program"))
                row = named.get(port)
                if row:
                    get_in(connection, report.line, lambda: report.progress(0, 1))
                else:  # it may be somebody's own
                    connection.interrupt(while_waiting=lambda: report.progress(0, 1))
                if row is None:
                    unique_id = connection.exec(f"print({_UNIQUE_ID})").strip()
                    row = by_id.get(unique_id)
                    if row is None:
                        connection.hard_reset()
                        raise PortError(_("no row for its MAC {unique_id}").format(unique_id=unique_id))
                    found.add(unique_id)
                return configure_row(connection, row.changes, replace, report)

        return work

    good = run_on_all({port: job(port) for port in [*named, *candidates]})
    for missing in [row for board, row in by_id.items() if board not in found]:
        good = False
        print(_("line {number}: no board has the MAC {board}").format(number=missing.number, board=missing.board))
    return 0 if good else 1
