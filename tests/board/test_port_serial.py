"""The serial port as text: sys.stdin waits for whole characters, and noise on the line goes in as it is."""

import pytest
from onenet_tools.board import ResetCause, VirtualBoard
from port_programs import each_chip

READS = """
import sys
print("ready")
for _ in range(6):
    try:
        print("read", repr(sys.stdin.read(1)))
    except UnicodeError as error:
        print("broken", type(error).__name__)
"""


@each_chip
def test_stdin_read_waits_for_the_rest_of_a_character(chip: str) -> None:
    """py/stream.c: stream_read_generic() of a text stream."""
    with VirtualBoard(chip=chip, files={"main.py": READS}) as board:
        board.wait_for("ready")
        board.send(b"a\xe4")
        board.wait_for("read 'a'")
        board.send(b"\xb8")
        assert board.log.count("read") == 2  # that of "ready"
        board.send(b"\xad")
        board.wait_for(r"read '\\u4e2d'")


@each_chip
def test_broken_utf8_on_stdin_is_a_unicode_error(chip: str) -> None:
    with VirtualBoard(chip=chip, files={"main.py": READS}) as board:
        board.wait_for("ready")
        board.send(b"\xe4ab")
        board.wait_for("broken UnicodeError")


@pytest.mark.parametrize("noise", [b"\xc0\x00\x08\x24", b"\xff\xfe\x80\x81\x00", bytes(range(0x80, 0x100))])
@each_chip
def test_noise_reaches_stdin_buffer_unfiltered(chip: str, noise: bytes) -> None:
    """Plugging in, a wrong baud rate, esptool's sync: whatever it is, a program gets it."""
    main = f"import sys\nprint('ready')\nprint('took', sys.stdin.buffer.read({len(noise)}) == {noise!r})\n"
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("ready")
        board.send(noise)
        board.wait_for("^took True$")


@each_chip
def test_0x03_in_noise_is_a_ctrl_c(chip: str) -> None:
    main = """
import time
try:
    print("ready")
    while True:
        time.sleep_ms(5)
except KeyboardInterrupt:
    print("interrupted")
"""
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("ready")
        board.send(b"\x80\x03\xff")
        board.wait_for("interrupted")
        assert board.resets == [ResetCause.PWRON]


@each_chip
def test_main_py_runs_only_if_boot_py_did_not_raise(chip: str) -> None:
    """ports/esp8266/main.c: mp_reset() since 1.24, as ports/esp32/main.c."""
    with VirtualBoard(chip=chip, files={"boot.py": "raise ValueError", "main.py": "print('main')"}) as board:
        board.wait_for("^>>> ")
        assert "ValueError" in board.log
        assert "main\n" not in board.log


def test_a_program_that_floods_its_output_can_be_got_into() -> None:
    """A UART sends what it can and print() waits for it: there never is more under way than it holds."""
    with VirtualBoard(files={"main.py": "while True:\n    print('x' * 200)\n"}) as board:
        import os
        import select

        port = os.open(board.port, os.O_RDWR | os.O_NOCTTY)
        try:
            taken = bytearray()
            os.write(port, b"\x03")
            while b">>> " not in taken:
                assert select.select([port], [], [], 10)[0]
                taken += os.read(port, 4096)
                assert len(taken) < 1_000_000
        finally:
            os.close(port)
