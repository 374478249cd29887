"""boot.py, main.py, the prompt, and what the keys do there."""

import asyncio
import time

import pytest
from onenet_tools.board import BoardError, ResetCause, VirtualBoard
from onenet_tools.board.output import Output

FOREVER = "print('main')\nwhile True:\n    pass\n"


def test_boot_py_runs_before_main_py_and_shares_its_globals() -> None:
    with VirtualBoard(files={"boot.py": "x = 1\nprint('boot')", "main.py": "print('main', x, __name__)"}) as board:
        board.wait_for(r"^>>> ")
        assert board.log.startswith("boot\nmain 1 __main__\nMicroPython ")
        seen = len(board.log)
        board.send(b"x + 41\r")
        board.wait_for(r"^42\n>>> ", since=seen)


def test_a_board_without_programs_comes_to_the_prompt() -> None:
    with VirtualBoard() as board:
        board.wait_for(r"^>>> ")
        assert board.resets == [ResetCause.PWRON]


def test_an_error_in_main_py_shows_a_traceback_and_the_prompt() -> None:
    with VirtualBoard(files={"main.py": "def f():\n    return 1 / 0\n\nf()\n"}) as board:
        board.wait_for(r"^>>> ")
        assert board.log.startswith(
            "Traceback (most recent call last):\n"
            '  File "main.py", line 4, in <module>\n'
            '  File "main.py", line 2, in f\n'
            "ZeroDivisionError: divide by zero\n"
        )


def test_an_error_in_boot_py_skips_main_py() -> None:
    with VirtualBoard(files={"boot.py": "1 / 0", "main.py": "print('main')"}) as board:
        board.wait_for(r"^>>> ")
        assert "ZeroDivisionError" in board.log
        assert "main" not in board.log


def test_a_syntax_error_names_the_line() -> None:
    with VirtualBoard(files={"main.py": "x = 1\ny = (\n"}) as board:
        board.wait_for(r'File "main.py", line \d')
        board.wait_for(r"^SyntaxError")


@pytest.mark.parametrize("program", [FOREVER, "import time\nprint('main')\ntime.sleep(1000)\n"], ids=["busy", "asleep"])
def test_ctrl_c_stops_main_py(program: str) -> None:
    with VirtualBoard(files={"main.py": program}) as board:
        board.wait_for("main")
        board.send(b"\x03")
        board.wait_for(r"KeyboardInterrupt: \n(.*\n)*>>> ")
        assert board.resets == [ResetCause.PWRON]


def test_two_ctrl_c_at_once_are_as_good_as_one() -> None:
    with VirtualBoard(files={"main.py": FOREVER}) as board:
        board.wait_for("main")
        board.send(b"\x03\x03\x03")
        board.wait_for(r"KeyboardInterrupt: \n(.*\n)*>>> ")
        board.send(b"1+1\r")
        board.wait_for(r"^2\n>>> ")
        assert board.resets == [ResetCause.PWRON]


def test_ctrl_c_typed_before_the_interpreter_runs_counts() -> None:
    with VirtualBoard(files={"main.py": FOREVER}) as board:
        board.wait_for("main")
        for number in range(2, 6):
            seen = len(board.log)
            board.reset_button()
            board.send(b"\x03")
            board.wait_for_resets(number)
            board.wait_for(r"^>>> ", since=seen)


def test_a_ctrl_c_in_the_moment_a_program_ends_is_harmless_and_what_follows_is_not_lost() -> None:
    with VirtualBoard(files={"main.py": "print('main')\nfor _ in range(20000):\n    pass\n"}) as board:
        for number in range(40):
            board.reset_button()
            time.sleep(number * 0.0002)
            board.send(b"\x03print(%d + 1000)\r" % number)
            board.wait_for(rf"^{number + 1000}$")
        assert set(board.resets[1:]) == {ResetCause.BUTTON}


def test_a_program_may_catch_ctrl_c_and_go_on_reading() -> None:
    main = """
try:
    print("main")
    while True:
        pass
except KeyboardInterrupt:
    print("caught, then", input())
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("main")
        board.send(b"\x03typed\r")
        board.wait_for("caught, then typed")


def test_ctrl_d_at_the_prompt_is_a_soft_reset() -> None:
    files = {"boot.py": "print('boot')", "main.py": "import machine\nprint('main', machine.reset_cause())"}
    with VirtualBoard(files=files) as board:
        board.wait_for(r"^>>> ")
        seen = len(board.log)
        board.send(b"\x04")
        board.wait_for(r"MPY: soft reboot\nboot\nmain 5\nMicroPython .*\n.*\n>>> ", since=seen)
        assert board.resets == [ResetCause.PWRON, ResetCause.SOFT]


def test_ctrl_d_in_the_raw_repl_runs_boot_py_only_and_comes_back_to_the_raw_repl() -> None:
    with VirtualBoard(files={"boot.py": "print('boot')", "main.py": "print('main')"}) as board:
        board.wait_for(r"^>>> ")
        board.send(b"\x01")
        board.wait_for(r"raw REPL; CTRL-B to exit\n>")
        seen = len(board.log)
        board.send(b"\x04")
        board.wait_for(r"CTRL-B to exit\n>", since=seen)
        assert board.log[seen:] == "OK\nMPY: soft reboot\nboot\nraw REPL; CTRL-B to exit\n>"
        board.send(b"print(6*7)\x04")
        board.wait_for("OK42\n\x04\x04>", since=seen)
        board.send(b"\x02")
        board.wait_for(r"MicroPython .*\n.*\n>>> ", since=seen)
        seen = len(board.log)
        board.send(b"\x04")
        board.wait_for(r"soft reboot\nboot\nmain\n", since=seen)


def test_paste_mode() -> None:
    with VirtualBoard() as board:
        board.wait_for(r"^>>> ")
        board.send(b"\x05")
        board.wait_for("=== ")
        board.send(b"for i in range(3):\r    print(i * 11)\r\x04")
        board.wait_for(r"0\n11\n22\n>>> ")


def test_machine_soft_reset_and_sys_exit_run_the_programs_again() -> None:
    main = """
import machine, sys
n = len(machine.RTC().memory())
machine.RTC().memory(b"x" * (n + 1))
print("start", n)
if n == 0:
    machine.soft_reset()
if n == 1:
    sys.exit()
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(r"start 2\n(.*\n)*>>> ")
        assert board.log.count("MPY: soft reboot") == 2
        assert board.resets == [ResetCause.PWRON, ResetCause.SOFT, ResetCause.SOFT]


def test_waiting_in_vain_shows_the_end_of_the_log() -> None:
    with VirtualBoard(files={"main.py": "print('something else')"}) as board:
        board.wait_for(r"^>>> ")
        with pytest.raises(BoardError, match=r"(?s)'never' did not come within.*something else"):
            board.wait_for("never", timeout=0.05)


def test_nobody_attached_does_not_block_the_program() -> None:
    with VirtualBoard(files={"main.py": "for i in range(20000):\n    print('line', i)\nprint('done')"}) as board:
        board.wait_for(r"^done$")
        assert board.log.count("line") == 20000


def feed(*pieces: bytes, resume_raw: bool = False, patience: float = 0) -> bytes:
    async def run() -> bytes:
        sent = bytearray()
        output = Output(sent.extend, lambda: sent.extend(b"<repl>"), resume_raw)
        for piece in pieces:
            output.feed(piece)
        await asyncio.sleep(patience)
        return bytes(sent)

    return asyncio.run(run())


def test_lines_end_with_cr_lf_once() -> None:
    assert feed(b"a\nb\r\nc\r", b"\nd\n") == b"a\r\nb\r\nc\r\nd\r\n"


def test_binary_bytes_pass_unchanged() -> None:
    assert feed(b"\x1b_board:binary\x1b\\a\nb\r\r\n\x1b_board:text\x1b\\\n") == b"a\nb\r\r\n\r\n"


def test_marks_are_removed_however_they_are_cut() -> None:
    text = b"one\x1b_board:repl\x1b\\two"
    for cut in range(len(text) + 1):
        assert feed(text[:cut], text[cut:]) == b"one<repl>two"


def test_what_only_looks_like_a_mark_comes_out_in_the_end() -> None:
    assert feed(b"colour \x1b[1m, \x1b_boar", patience=0.05) == b"colour \x1b[1m, \x1b_boar"
    assert feed(b"\x1b_board:" + b"x" * 100) == b"\x1b_board:" + b"x" * 100


def test_the_banner_is_dropped_on_the_way_back_to_the_raw_repl() -> None:
    stream = b'boot\n\x1b_board:repl\x1b\\MicroPython x\r\nType "help()"\r\n>>> \r\nraw REPL; CTRL-B to exit\r\n>'
    for cut in range(len(stream) + 1):
        assert feed(stream[:cut], stream[cut:], resume_raw=True) == b"boot\r\n<repl>raw REPL; CTRL-B to exit\r\n>"
