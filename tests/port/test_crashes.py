"""What a board has kept of its program's failures."""

import pytest
from onenet_tools.cli import main
from serial_board import PATIENCE, board, installed

KEPT = """# 1 2026-11-29 08:00:00 power-on
Traceback (most recent call last):
  File "main.py", line 3, in <module>
OSError: [Errno 19] ENODEV

# 0 - stream temperature
Traceback (most recent call last):
  File "main.py", line 9, in temperature
ValueError: \x1b[2Jno sensor

"""


def test_they_are_shown_and_deleted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    with board(
        files={"main.py": "print('runs')\nimport time\nwhile True:\n    time.sleep(1)\n", "crashes": KEPT}
    ) as it:
        it.wait_for("runs", PATIENCE)
        for arguments in ([], ["--clear"]):
            seen = len(it.log)
            assert main(["crashes", "--port", it.port, *arguments]) == 0
            told = capsys.readouterr().out
            assert "2026-11-29 08:00:00 UTC+00:00  power-on\n" in told and "  OSError: [Errno 19] ENODEV" in told
            assert "at an unknown time  stream temperature" in told and "\x1b" not in told
            it.wait_for("^runs", PATIENCE, seen)
        assert told.endswith("deleted 2 from the board\n")
        assert main(["crashes", "--port", it.port]) == 0
        assert capsys.readouterr().out == f"the board at {it.port} has kept no failure\n"


def test_of_a_program_that_has_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with board(files={**installed(), "main.py": "from firmware import Device\n1 / 0\n"}) as it:
        it.wait_for("main.py has failed, ", PATIENCE)
        assert main(["crashes", "--port", it.port]) == 0
        told = capsys.readouterr().out
        assert 'File "main.py", line 2' in told and "ZeroDivisionError" in told


@pytest.mark.parametrize("command", [["crashes"], ["boards"], ["config", "--show"], ["config", "--set", "led_pin=-1"]])
def test_a_program_that_fails_is_tried_again_afterwards(command: list[str]) -> None:
    """After Ctrl-D MicroPython runs main.py itself, and stays at its prompt where that fails."""
    with board(files={**installed(), "main.py": "from firmware import Device\n1 / 0\n"}) as it:
        it.wait_for("main.py has failed, ", PATIENCE)
        seen = len(it.log)
        assert main([command[0], "--port", it.port, *command[1:]]) == 0
        it.wait_for("main.py has failed, ", PATIENCE, seen)
