"""Many boards at once."""

import io
import queue
import threading

import pytest
from onenet_tools.port.errors import PortError, Stopped
from onenet_tools.port.many import Report, run_on_all
from rich.console import Console


def printed(terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=terminal, color_system=None, highlight=False)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def steps(report: Report) -> str:
    report.stage("writing")
    for done in range(0, 101, 5):
        report.progress(done, 100)
    report.stage("checking")
    report.line("it says: [bold]hello[/]")
    return "written [ok]"


def broken(report: Report) -> str:
    report.stage("writing")
    raise PortError("the cable is\nout; plug it in")


def test_one_board_in_plain_lines() -> None:
    console = printed()
    assert run_on_all({"/dev/ttyUSB0": steps}, console)
    assert text(console).splitlines() == [
        "writing",
        "writing: 25 %",
        "writing: 50 %",
        "writing: 75 %",
        "checking",
        "it says: [bold]hello[/]",
        "written [ok]",
    ]


def test_one_board_fails_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert not run_on_all({"/dev/ttyUSB0": broken}, printed())
    assert capsys.readouterr().err == "error: the cable is out; plug it in\n"


def test_several_boards_run_at_the_same_time_and_end_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    together = threading.Barrier(2, timeout=10)

    def job(report: Report) -> str:
        together.wait()
        return steps(report)

    console = printed()
    assert not run_on_all({"COM3": job, "COM4": job, "COM5": broken}, console)
    told = text(console)
    assert "COM3: writing: 50 %\n" in told
    assert "2 of 3 boards done" in told
    rows = [line.split() for line in told.splitlines() if "│" in line]
    assert rows[0][1:] == ["COM3", "│", "ok", "│", "written", "[ok]", "│"]
    assert rows[2][1:] == ["COM5", "│", "failed", "│", "the", "cable", "is", "out;", "plug", "it", "in", "│"]
    assert capsys.readouterr().err == ""


def test_rows_on_a_terminal() -> None:
    console = printed(terminal=True)
    assert run_on_all({"COM3": steps, "COM4": steps}, console)
    told = text(console)
    assert "100%" in told
    assert "2 of 2 boards done" in told
    assert max(map(len, told.split("\n")[-6:])) <= 80


def test_ctrl_c_stops_the_jobs_at_their_next_report(monkeypatch: pytest.MonkeyPatch) -> None:
    started, caught = threading.Event(), []

    def job(report: Report) -> str:
        report.stage("writing")
        started.set()
        try:
            while True:
                report.progress(1, 2)
        except Stopped as error:
            caught.append(error)
            raise

    gets: list[float] = []

    class Interrupted(queue.Queue):  # type: ignore[type-arg]
        def get(self, block: bool = True, timeout: float | None = None) -> object:
            gets.append(1)
            if len(gets) == 1:
                assert started.wait(10)
                raise KeyboardInterrupt
            return super().get(block, timeout)

    monkeypatch.setattr(queue, "SimpleQueue", Interrupted)
    assert not run_on_all({"COM3": job}, printed())
    assert len(caught) == 1


def test_a_bug_is_not_swallowed() -> None:
    def job(report: Report) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_on_all({"COM3": job, "COM4": steps}, printed())
