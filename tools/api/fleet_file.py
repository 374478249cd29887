"""The table of `onenet config --csv`, filled in row by row while its devices are made.

It is always whole on the disk: each time it is written beside, and put in its place. It holds keys, so that one that is
new is for its owner's eyes only.
"""

import csv
import io
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..language import _
from ..port.errors import PortError
from ..port.texts import read_text
from ..system_words import reason
from .failures import ApiError

BOARD, PLATFORM, NAME, PRODUCT, KEY = COLUMNS = ("board", "platform", "device_name", "product_id", "device_key")
_MAC = re.compile(r"[0-9A-Fa-f]{12}")
_NEW = 0o600


@dataclass
class FleetFile:
    """Rows by column; each has every column. Other columns than COLUMNS stay as they are."""

    path: Path
    columns: list[str] = field(default_factory=lambda: list(COLUMNS))
    rows: list[dict[str, str]] = field(default_factory=list)

    def add(self, names: Sequence[str]) -> None:
        """A row for each of these names that is not there; which board is whose is to be filled in."""
        there = {row[NAME] for row in self.rows}
        for name in dict.fromkeys(names):
            if name not in there:
                self.rows.append({**dict.fromkeys(self.columns, ""), NAME: name})

    def prepare(self, product_id: str, platform: str) -> None:
        """Gives each row a name, that of its MAC where it has none, the product, and what config.json calls the
        platform. Raises ApiError with the line."""
        seen: dict[str, int] = {}
        for line, row in enumerate(self.rows, 2):
            where = _("{path}, line {line}").format(path=self.path, line=line)
            if row[PRODUCT] not in ("", product_id):
                raise ApiError(
                    _("{where}: is of product {row}, not of {product_id}").format(
                        where=where, row=row[PRODUCT], product_id=product_id
                    )
                )
            if row[PLATFORM] not in ("", platform):
                other = "without" if platform == "dp" else "with"
                raise ApiError(
                    _("{where}: says platform {row}, not {platform}; {other} --streams it may be right").format(
                        where=where, row=row[PLATFORM], platform=platform, other=other
                    )
                )
            row[PRODUCT], row[PLATFORM] = product_id, platform
            row[NAME] = row[NAME] or _name_of(row[BOARD], where)
            if row[NAME] in seen:
                raise ApiError(
                    _("{where}: device_name {row} is there twice, see line {seen}").format(
                        where=where, row=row[NAME], seen=seen[row[NAME]]
                    )
                )
            seen[row[NAME]] = line

    def write(self) -> None:
        """Raises ApiError."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(self.rows)
        try:
            mode = self.path.stat().st_mode & 0o777 if self.path.exists() else _NEW
            with tempfile.NamedTemporaryFile(dir=self.path.parent, delete=False) as it:
                it.write(text.getvalue().encode("utf-8-sig"))  # with a mark, by which Excel knows UTF-8
                it.flush()
                os.fsync(it.fileno())
            os.chmod(it.name, mode)
            os.replace(it.name, self.path)
        except OSError as error:
            raise ApiError(
                _("{path} can't be written: {strerror}").format(path=self.path, strerror=reason(error))
            ) from error


def open_fleet(path: Path) -> FleetFile:
    """The table in the file, or a new one where there is none. Raises ApiError."""
    if not path.exists():
        return FleetFile(path)
    try:
        reader = csv.reader(io.StringIO(read_text(path)), skipinitialspace=True)
    except PortError as error:
        raise ApiError(str(error)) from error
    columns = [column.strip() for column in next(reader, [])]
    if BOARD not in columns and NAME not in columns:
        raise ApiError(
            _("{path}: its first line must name columns, {board} or {name} at least").format(
                path=path, board=BOARD, name=NAME
            )
        )
    if len(set(columns)) < len(columns):
        raise ApiError(_("{path}: a column is there twice").format(path=path))
    fleet = FleetFile(path, [*columns, *(column for column in COLUMNS if column not in columns)])
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns):
            raise ApiError(
                _("{path}, line {line_num}: has more cells than the first line").format(
                    path=path, line_num=reader.line_num
                )
            )
        given = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        fleet.rows.append({**dict.fromkeys(fleet.columns, ""), **given})
    return fleet


def _name_of(board: str, where: str) -> str:
    """What a device is called whose board has this MAC."""
    plain = board.replace(":", "").replace("-", "")
    if not _MAC.fullmatch(plain):
        raise ApiError(
            _("{where}: device_name is missing; it is made of the board's MAC alone, of no port").format(where=where)
        )
    return plain.lower()
