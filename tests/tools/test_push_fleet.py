"""onenet push --csv: which boards are told when, and what comes of it; the boards are played here."""

from collections.abc import Callable
from pathlib import Path

import pytest
from onenet_tools.api.failures import ApiError, NotOnline
from onenet_tools.api.push_fleet import Board, Fleet, read_devices, read_waves, run_push_fleet
from onenet_tools.package.package import Package, make_package
from onenet_tools.port.program import Dialect, Form
from rich.console import Console

PACKAGE: Package = make_package("2.0", "esp32", Form.SOURCE, Dialect(0), {"main.py": b"print(2)\n"})

GOOD = ["1.0 to 2.0", "50 %", "upgraded to 2.0"]
HAS_IT = ["version 2.0 is here already"]
BAD = ["1.0 to 2.0", "rolled back to 1.0: it crashed"]
REFUSES = ["refused: it is not signed"]
SILENT = ["1.0 to 2.0"]
OFFLINE: list[str] = []


class Boards:
    """A console with these boards: what each tells, one after the other, once it is told to begin. Stands in for
    tools/api/client.py."""

    def __init__(self, **tell: list[str]) -> None:
        self.tell = tell
        self.begun: list[str] = []
        self.at = dict.fromkeys(tell, 0)

    def push(self, device: str, package: bytes, digest: str = "") -> None:
        if not self.tell[device]:
            raise NotOnline(f"device {device} is not online")
        self.begun.append(device)
        self.at[device] = 1

    def update_state(self, device: str) -> tuple[str, str]:
        if device not in self.tell:
            raise ApiError(f"there is no device {device}")
        n = self.at[device]
        words = self.tell[device]
        if not n:
            return "", ""
        self.at[device] = min(n + 1, len(words))
        return words[n - 1], str(n)


@pytest.fixture
def push(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setattr("onenet_tools.api.push_fleet._PAUSE", 0.0)
    file, table = tmp_path / "2.0.pkg", tmp_path / "fleet.csv"
    file.write_bytes(PACKAGE.data)

    def run(boards: Boards, waves: str = "1,10%,all", timeout: float = 900.0, live: bool = False) -> int:
        table.write_text("device_id,place\n" + "".join(f"{name},roof\n" for name in boards.tell))
        return run_push_fleet(boards, table, file, waves, None, timeout, Console(width=200, force_terminal=live))  # type: ignore[arg-type]

    return run


def names(count: int) -> list[str]:
    return [f"b{n:02}" for n in range(count)]


def test_all_are_updated_in_waves(push: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    boards = Boards(**dict.fromkeys(names(20), GOOD))
    assert push(boards) == 0
    assert boards.begun == names(20)
    out = capsys.readouterr().out
    for words in ("wave 1: b00: 50 %", "wave 2: b02: upgraded to 2.0", "wave 3: b03: fetches", "20 of 20 have it"):
        assert words in out
    assert "wave 1: b01" not in out
    assert "version 2.0: 20 upgraded\n" in out


def test_a_terminal_shows_a_table_that_lives(push: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert push(Boards(**dict.fromkeys(names(40), GOOD)), live=True) == 0
    out = capsys.readouterr().out
    for words in ("0 of 40 have it", "5 of 40 have it", "40 of 40 have it", "under way", "50 %", "upgraded to 2.0"):
        assert words in out, words
    assert "wave 1: b00" not in out  # lines are for files


@pytest.mark.parametrize("bad", [BAD, REFUSES])
def test_none_begins_after_one_has_failed(
    push: Callable[..., int], capsys: pytest.CaptureFixture[str], bad: list[str]
) -> None:
    boards = Boards(**{**dict.fromkeys(names(20), GOOD), "b01": bad})
    assert push(boards) == 1
    assert boards.begun == ["b00", "b01", "b02"]  # the second wave's other one ends well
    out, err = capsys.readouterr()
    assert "2 upgraded, 1 failed; 17 not begun" in out
    assert bad[-1] in err
    boards.tell["b01"] = GOOD
    boards.tell["b00"] = boards.tell["b02"] = HAS_IT
    boards.at = dict.fromkeys(boards.at, 0)
    assert push(boards) == 0  # the same command again
    assert "18 upgraded, 2 had it already\n" in capsys.readouterr().out


def test_a_board_that_does_not_come_back_stops_it(push: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    boards = Boards(b00=SILENT, b01=GOOD)
    assert push(boards, timeout=0.05) == 1
    assert boards.begun == ["b00"]
    assert "not told within 0.05 s; the last: 1.0 to 2.0" in capsys.readouterr().err


def test_one_that_is_offline_is_passed_over_and_told(
    push: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    boards = Boards(b00=OFFLINE, b01=HAS_IT, b02=GOOD, b03=GOOD)
    assert push(boards, "1,all") == 1
    assert boards.begun == ["b01", "b02", "b03"]  # the first wave has not proved anything before b02
    out, err = capsys.readouterr()
    assert "wave 1: b02: upgraded" in out and "wave 2: b03: upgraded" in out
    assert "2 upgraded, 1 had it already, 1 offline" in out
    assert "goes on with them" in err


def test_the_end_of_another_one_is_waited_for(push: Callable[..., int]) -> None:
    class Late(Boards):
        def push(self, device: str, package: bytes, digest: str = "") -> None:
            super().push(device, package, digest)
            if len(self.begun) == 2:
                self.tell[device] = GOOD

    boards = Late(b00=["upgraded to 1.9"])
    assert push(boards) == 0
    assert boards.begun == ["b00", "b00"]


def test_nothing_begins_where_one_is_not_there(push: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    boards = Boards(b00=GOOD, b01=GOOD)
    monkeypatch.setattr(
        boards, "update_state", lambda device: ("", "") if device == "b00" else Boards().update_state(device)
    )
    with pytest.raises(ApiError, match="no device b01"):
        push(boards)
    assert boards.begun == []


def test_a_platform_that_is_away_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        version, device = "2.0", "b00"
        times = 0

        def begin(self) -> None:
            pass

        def look(self) -> str:
            self.times += 1
            if self.times % 3:
                raise ApiError("it can't be reached")
            return "upgraded to 2.0" if self.times > 8 else "50 %"

    board = Board(Away())  # type: ignore[arg-type]
    Fleet([board], 900, lambda board: None).run_wave(1, 1, lambda: None)
    assert board.result == "upgraded"


def test_waves() -> None:
    assert read_waves("1,10%,all", 20) == [1, 2, 20, 20]
    assert read_waves("3", 20) == [3, 20]
    assert read_waves("1%", 20) == [1, 20]
    for wrong in ("", "0", "101%", "half", "1,,2", "-1", "1.5"):
        with pytest.raises(ApiError, match="--waves"):
            read_waves(wrong, 20)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\nx\n", "must name a column device_id"),
        ("device_id\n", "no rows"),
        ("device_id,product_id,device_name\n,p,\n", "line 2: has no device_id"),
        ("device_id\n1\n2\n1\n", "line 4: device 1 is there twice, see line 2"),
    ],
)
def test_tables_that_are_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "fleet.csv").write_text(text)
    with pytest.raises(ApiError, match=words):
        read_devices(tmp_path / "fleet.csv")


def test_tables(tmp_path: Path) -> None:
    path = tmp_path / "fleet.csv"
    path.write_text("board,device_id,product_id,device_name,device_key\nx,123,,,\n\ny,,aBc,n1,key\n", "utf-8-sig")
    assert read_devices(path) == ["123", "aBc:n1"]
