"""make test-on: unit tests of lib/ on a board, in its own memory."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.broker import Mosquitto
from rich.console import Console
from serial_board import AUTH_INFO, PRODUCT_ID, SSID, WIFI_PASSWORD, board

TESTS = Path(__file__).parents[1]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("on_board", TESTS / "on_board.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["on_board"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


on_board = load()


def shown(files: list, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = on_board.show_results(files, Console(width=200))
    return status, capsys.readouterr().out


def test_files_run_on_a_board_and_its_program_starts_again(
    broker: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    settings = {"HOST": "183.230.40.39", "PORT": "6002", "USER": PRODUCT_ID, "PASSWORD": AUTH_INFO}
    files = {"config.json": None, "main.py": "print('the program runs')\n"}
    with board(broker, files) as it:
        done = on_board.run(
            it.port,
            ["test_backoff", "test_subscribing", "test_real_broker", "test_server"],
            settings,
            (SSID, WIFI_PASSWORD),
            said.append,
        )
        it.wait_for(r"raw REPL(.|\n)*^the program runs", 20)
        it.power_cut()
        assert set(it.read_files()) <= {"/boot.py", "/main.py"}
    assert not [text for file in done for text in file.failed]
    backoff, subscribing, real, server = done
    assert backoff.passed and subscribing.passed and not backoff.skipped and not subscribing.skipped
    assert real.passed >= 5  # those that need no restart, and have room
    assert server.skipped == {"server.py is not for boards": 0}
    assert "test_backoff.test_the_wait_doubles_up_to_the_most" in said
    status, table = shown(done, capsys)
    assert status == 0
    assert [line.split()[0] for line in table.splitlines()[1:5]] == [file.name for file in done]


def test_an_esp8266_runs_what_it_has_room_for(capsys: pytest.CaptureFixture[str]) -> None:
    with VirtualBoard(chip="esp8266", wifi=Wifi({SSID: WIFI_PASSWORD})) as it:
        session, waits, losing = on_board.run(it.port, ["test_session", "test_keep_alive", "test_losing"])
    assert session.passed + waits.passed > 35 and not session.failed and not waits.failed
    assert losing.skipped == {"too large for its memory": 0} and not losing.failed
    status, table = shown([session, waits, losing], capsys)
    assert status == 0 and "all  too large for its memory" in table


FAILING = """
def test_it():
    print("first")
    raise ValueError("second")


def test_its_memory():
    bytearray(1 << 30)


def test_works():
    print("not shown")
"""


def test_what_fails_is_shown_with_what_it_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "unit").mkdir()
    for name, text in (("test_failing", FAILING), ("test_broken", "1 / 0\n"), ("test_gone", "import no_such_module\n")):
        (tmp_path / "unit" / f"{name}.py").write_text(text)
    (tmp_path / "unit" / "running.py").write_bytes((TESTS / "unit" / "running.py").read_bytes())
    monkeypatch.setattr(on_board, "TESTS", tmp_path)
    with VirtualBoard() as it:
        done = on_board.run(it.port, ["test_failing", "test_broken", "test_gone"])
    failing, broken, gone = done
    assert (failing.passed, failing.skipped) == (1, {"too large for its memory": 1})
    assert "ZeroDivisionError" in broken.failed[0]
    assert gone.skipped == {"not there on this port: no_such_module": 0}
    status, text = shown(done, capsys)
    assert status == 1 and "first" in text and "ValueError: second" in text and "not shown" not in text
