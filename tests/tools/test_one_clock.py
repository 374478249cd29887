"""One clock: local time with its zone said, wherever people read times."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from onenet_tools import clock
from onenet_tools.api import show
from onenet_tools.api.answers import DataPoint, DeviceState
from onenet_tools.api.cli import _interval
from onenet_tools.console.pages.csv_export import _pieces
from onenet_tools.console.pages.text import shown_time
from onenet_tools.port.crashes import _when

MEASURED = "2026-07-30 02:10:00.123"  # in Beijing
ZONES = {
    "Asia/Shanghai": ("UTC+08:00", "2026-07-30 02:10:00.123", "2026-07-30T02:10:00.123+08:00"),
    "Asia/Kathmandu": ("UTC+05:45", "2026-07-29 23:55:00.123", "2026-07-29T23:55:00.123+05:45"),
    "America/Bogota": ("UTC-05:00", "2026-07-29 13:10:00.123", "2026-07-29T13:10:00.123-05:00"),
}

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system's zone is not a program's to set")


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts this computer into a time zone."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("place", ZONES)
def test_times_are_local_and_the_zone_is_said(
    put: Callable[[str], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    put(place)
    monkeypatch.setenv("COLUMNS", "100")
    zone, in_table, in_csv = ZONES[place]
    show.show_points([DataPoint("t", MEASURED, 21.5)], as_csv=False, as_json=False)
    heading, row = capsys.readouterr().out.splitlines()
    assert f"at ({zone})" in heading and in_table in row
    show.show_points([DataPoint("t", MEASURED, 21.5)], as_csv=True, as_json=False)
    assert capsys.readouterr().out == f"stream,at,value\nt,{in_csv},21.5\n"
    show.show_devices([DeviceState("1", "a", True, MEASURED, MEASURED)], as_json=False)
    _, row, caption = capsys.readouterr().out.splitlines()
    assert row.count(in_table) == 2 and caption.strip() == f"times are of {zone}"
    assert _when("2026-07-29T18:10:00") == f"{in_table[:19]} {zone}"
    when = clock.of_platform(MEASURED)
    assert when and shown_time(when) == in_table[:19]


@pytest.mark.parametrize("place", ZONES)
def test_the_page_and_the_command_write_the_same_csv(
    put: Callable[[str], None], capsys: pytest.CaptureFixture[str], place: str
) -> None:
    put(place)
    at = clock.of_platform(MEASURED)
    assert at
    platform = SimpleNamespace(all_points=lambda *_: [SimpleNamespace(at=at.astimezone(timezone.utc), value=21.5)])
    pieces = _pieces(platform, "1", ["t"])  # type: ignore[arg-type]
    with pytest.raises(StopIteration) as page:
        pieces.__anext__().send(None)
    show.show_points([DataPoint("t", MEASURED, 21.5)], as_csv=True, as_json=False)
    command = capsys.readouterr().out
    assert list(csv.reader(io.StringIO(page.value.value.lstrip("\ufeff")))) == list(csv.reader(io.StringIO(command)))


def test_json_has_the_time_as_the_platform_gives_it(
    put: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    put("America/Bogota")
    show.show_points([DataPoint("t", MEASURED, 1)], as_csv=False, as_json=True)
    assert f'"at": "{MEASURED}"' in capsys.readouterr().out


def test_what_is_asked_for_is_local_too(put: Callable[[str], None]) -> None:
    put("America/Bogota")
    assert _interval("2026-01-31", "2026-02-01T12:00:00+08:00", None) == ("2026-01-31T13:00:00", "2026-02-01T12:00:00")


def test_what_is_no_time_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for as_csv in (False, True):
        show.show_points([DataPoint("t", "soon", 1)], as_csv=as_csv, as_json=False)
        assert "soon" in capsys.readouterr().out


def test_a_table_has_one_zone_where_clocks_are_changed(put: Callable[[str], None]) -> None:
    """Else two of its times an hour apart could be the same."""
    put("Europe/Berlin")
    summer, winter = (datetime(2026, month, 1, 12, tzinfo=timezone.utc) for month in (7, 12))
    assert clock.in_table(summer)[11:] == clock.in_table(winter)[11:]
    assert (clock.in_csv(summer)[-6:], clock.in_csv(winter)[-6:]) == ("+02:00", "+01:00")


@pytest.mark.parametrize("at", [datetime.min, datetime.max])
def test_the_first_and_the_last_time_there_is(put: Callable[[str], None], at: datetime) -> None:
    for place in ZONES:
        put(place)
        assert clock.in_table(at.replace(tzinfo=timezone.utc)) and clock.in_csv(at.replace(tzinfo=timezone.utc))
