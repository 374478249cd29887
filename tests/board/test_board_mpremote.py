"""The real mpremote on the board's serial port."""

import os
import subprocess
import sys
from pathlib import Path

from board_peers import Mpremote
from onenet_tools.board import ResetCause, VirtualBoard

FOREVER = "import time\nprint('main')\nwhile True:\n    time.sleep(1)\n"


def test_files_go_there_and_back(mpremote: Mpremote, tmp_path: Path) -> None:
    content = os.urandom(20000)
    (tmp_path / "up.bin").write_bytes(content)
    with VirtualBoard(files={"main.py": FOREVER}) as board:
        board.wait_for("main")
        mpremote(board, "fs", "cp", str(tmp_path / "up.bin"), ":up.bin")
        mpremote(board, "fs", "cp", ":up.bin", str(tmp_path / "down.bin"))
        assert (tmp_path / "down.bin").read_bytes() == content
        board.power_cut()
        files = board.read_files()
        assert (files["/main.py"], files["/up.bin"]) == (FOREVER.encode(), content)


def test_directories(mpremote: Mpremote, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "thing.py").write_text("NUMBER = 17\n")
    with VirtualBoard() as board:
        mpremote(board, "fs", "mkdir", "data", "+", "fs", "cp", "-r", str(tmp_path / "lib"), ":")
        assert mpremote(board, "fs", "ls").split()[2:] == ["139", "boot.py", "0", "data/", "0", "lib/"]
        assert mpremote(board, "exec", "import thing; print(thing.NUMBER)") == "17\n"
        mpremote(board, "fs", "rm", ":lib/thing.py", "+", "fs", "rmdir", "data")
        assert mpremote(board, "fs", "ls", ":lib").split() == ["ls", ":lib"]
        assert "data" not in mpremote(board, "fs", "ls")


def test_exec_run_and_eval(mpremote: Mpremote, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import machine\nprint('cause', machine.reset_cause())\n" + "# padding\n" * 500)
    with VirtualBoard(files={"main.py": FOREVER}) as board:
        board.wait_for("main")
        assert mpremote(board, "exec", "x = 5; print('hello', x)") == "hello 5\n"
        assert mpremote(board, "run", str(tmp_path / "script.py")) == "cause 5\n"
        assert mpremote(board, "eval", "6 * 7") == "42\n"


def test_long_output_arrives_complete(mpremote: Mpremote) -> None:
    with VirtualBoard() as board:
        lines = mpremote(board, "exec", "for i in range(5000): print('line', i)").splitlines()
        assert lines == [f"line {i}" for i in range(5000)]


def test_an_error_on_the_board_is_an_error_of_mpremote() -> None:
    with VirtualBoard() as board:
        done = subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", board.port, "exec", "1/0"],
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 1
        assert b"ZeroDivisionError" in done.stdout + done.stderr


def test_resume_keeps_what_the_prompt_knows(mpremote: Mpremote) -> None:
    with VirtualBoard() as board:
        board.wait_for(r"^>>> ")
        mpremote(board, "exec", "kept = 99")
        assert mpremote(board, "resume", "exec", "print(kept)") == "99\n"
        assert mpremote(board, "exec", "print('kept' in globals())") == "False\n"


def test_soft_reset(mpremote: Mpremote) -> None:
    with VirtualBoard(files={"boot.py": "print('boot')", "main.py": FOREVER}) as board:
        board.wait_for("main")
        seen = len(board.log)
        mpremote(board, "soft-reset")
        assert "soft reboot\nboot\nraw REPL" in board.log[seen:]
        assert board.resets == [ResetCause.PWRON, ResetCause.SOFT]


def test_reset(mpremote: Mpremote) -> None:
    with VirtualBoard(files={"main.py": FOREVER}) as board:
        board.wait_for("main")
        seen = len(board.log)
        mpremote(board, "reset")
        board.wait_for(r"^main", since=seen)
        assert board.resets[-1] is ResetCause.HARD


def test_mount_reads_and_writes_any_bytes(mpremote: Mpremote, tmp_path: Path) -> None:
    content = bytes(range(256)) * 8 + b"\n\r\n\r\r\n\x03\x03\x04\x1b_"
    (tmp_path / "data.bin").write_bytes(content)
    (tmp_path / "copier.py").write_text(
        "data = open('/remote/data.bin', 'rb').read()\n"
        "with open('/remote/copy.bin', 'wb') as f:\n    f.write(data)\n"
        "print('copied', len(data))\n"
    )
    with VirtualBoard(files={"main.py": FOREVER}) as board:
        board.wait_for("main")
        assert "copied 2059\n" in mpremote(board, "mount", str(tmp_path), "exec", "import copier")
        assert (tmp_path / "copy.bin").read_bytes() == content
        assert board.resets[-1] is ResetCause.SOFT  # nothing in the data was taken for a key


def test_many_commands_in_a_row_interrupt_a_busy_program(mpremote: Mpremote) -> None:
    with VirtualBoard(files={"main.py": "print('main')\nwhile True:\n    pass\n"}) as board:
        for number in range(8):
            board.reset_button()
            assert mpremote(board, "exec", f"print({number})") == f"{number}\n"


def test_the_port_stays_the_same_through_power_cycles(mpremote: Mpremote) -> None:
    with VirtualBoard() as board:
        port = board.port
        board.power_cut()
        board.power_on()
        assert board.port == port
        assert mpremote(board, "exec", "print('here')") == "here\n"
