"""Starting, ending, and the command line: nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from board_peers import Mpremote
from onenet_tools.board import BoardError, VirtualBoard
from onenet_tools.board.cli import main


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return Path("/proc").is_dir() is False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while runs(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


def test_close_leaves_no_process_and_no_descriptor() -> None:
    def descriptors() -> int:
        return len(os.listdir("/dev/fd"))

    before = descriptors()
    with VirtualBoard(files={"main.py": "while True: pass"}) as board:
        pid = board.pid
        assert pid is not None
        assert runs(pid)
    assert not runs(pid)
    assert descriptors() == before
    board.close()


@pytest.mark.parametrize("under", [[], ["nohup"]])
def test_a_killed_parent_leaves_no_process(under: list[str]) -> None:
    program = (
        "from onenet_tools.board import VirtualBoard\n"
        "import time\n"
        "with VirtualBoard(files={'main.py': 'while True: pass'}) as board:\n"
        "    print(board.pid, flush=True)\n"
        "    time.sleep(1000)\n"
    )
    parent = subprocess.Popen([*under, sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert runs(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until_gone(pid)


def test_a_board_forgotten_by_its_program_ends_with_it() -> None:
    program = "from onenet_tools.board import VirtualBoard\nb = VirtualBoard()\nb.power_on()\nprint(b.pid)\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30, check=True)
    wait_until_gone(int(done.stdout))


def test_two_boards_side_by_side(mpremote: Mpremote) -> None:
    with VirtualBoard(unique_id=b"board1") as one, VirtualBoard(unique_id=b"board2") as two:
        ask = "import machine; print(machine.unique_id())"
        assert mpremote(one, "exec", ask) == "b'board1'\n"
        assert mpremote(two, "exec", ask) == "b'board2'\n"


def test_a_missing_interpreter_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BoardError, match="not an executable"):
        VirtualBoard(micropython="/nowhere/micropython")
    assert main(["--micropython", "/nowhere/micropython"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_program_that_is_no_interpreter_is_an_error() -> None:
    with pytest.raises(BoardError, match="ended with status"), VirtualBoard(micropython="false"):
        pass


def test_the_command_line_runs_a_board_until_it_is_interrupted(tmp_path: Path, mpremote: Mpremote) -> None:
    (tmp_path / "main.py").write_text("import thing\nprint('hello from main')\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "thing.py").write_text("")
    (tmp_path / ".hidden").write_text("not for the board")
    process = subprocess.Popen(
        [sys.executable, "-m", "onenet_tools.board", str(tmp_path), "--flash", str(tmp_path / "flash.img")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",  # mpremote's protocol is no text
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert process.stdout.readline() == "hello from main\n"
        words = process.stderr.readline().split()
        command = words[words.index("mpremote") : words.index("repl")]
        done = subprocess.run(
            [sys.executable, "-m", *command, "fs", "ls"], capture_output=True, timeout=30, check=True, text=True
        )
        assert "main.py" in done.stdout
        assert "hidden" not in done.stdout
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert "board is off" in process.stderr.read()
    finally:
        process.kill()
        process.communicate()
