"""The way to a board's raw REPL takes all that has come, in whatever pieces that comes, and loses none of it."""

import os
import threading
import time
import tty
from collections.abc import Iterator
from typing import Any

import pytest
from onenet_tools.port.transport import Transport

PATIENCE = 60.0
MOMENT = 0.05  # seconds, in which nothing comes


class Line:
    """A serial line: what is written to it comes to the transport."""

    def __init__(self) -> None:
        self._board, computer = os.openpty()
        tty.setraw(computer)
        self.transport: Any = Transport(os.ttyname(computer), 115200)
        os.close(computer)

    def says(self, *pieces: bytes) -> None:
        """One piece after the other, each once the one before is there."""
        for piece in pieces:
            os.write(self._board, piece)
            deadline = time.monotonic() + PATIENCE
            while self.transport.serial.in_waiting < len(piece):
                assert time.monotonic() < deadline
                time.sleep(0.001)

    def says_slowly(self, *pieces: bytes) -> None:
        for piece in pieces:
            time.sleep(MOMENT)
            os.write(self._board, piece)

    def close(self) -> None:
        self.transport.close()
        os.close(self._board)


@pytest.fixture
def line() -> Iterator[Line]:
    it = Line()
    yield it
    it.close()


def test_an_answer_the_errors_and_the_prompt_that_come_at_once(line: Line) -> None:
    line.says(b"OK" + b"answer\x04error\x04>")
    read = line.transport.read_until
    assert read(2, b"OK") == b"OK"
    assert read(1, b"\x04") == b"answer\x04"
    assert read(1, b"\x04") == b"error\x04"
    assert read(1, b">") == b">"
    assert line.transport.take() == b""


def test_an_ending_that_comes_in_pieces(line: Line) -> None:
    """Bytes of it that were there before do not count twice."""
    prompt = b"raw REPL; CTRL-B to exit\r\n>"
    pieces = [b"raw REPL; raw RE", b"PL; CTRL-B to exi", b"t\r", b"\n", b">more"]
    speaker = threading.Thread(target=line.says_slowly, args=pieces)
    speaker.start()
    assert line.transport.read_until(1, prompt, timeout=PATIENCE) == b"raw REPL; " + prompt
    speaker.join()
    assert line.transport.read_until(1, b"more", timeout=PATIENCE) == b"more"


def test_what_comes_later_is_not_taken_for_the_end(line: Line) -> None:
    line.says(b"\x04\x04>")
    assert line.transport.read_until(1, b"\x04") == b"\x04"
    assert line.transport.read_until(1, b"\x04") == b"\x04"
    line.says(b"and more")
    assert line.transport.take() == b">and more"
    assert line.transport.take() == b""


def test_one_who_consumes_an_answer_has_it_to_its_end_and_no_more(line: Line) -> None:
    had: list[bytes] = []
    pieces = [b"some", b" of it, ", b"and the rest\x04error\x04>"]
    speaker = threading.Thread(target=line.says_slowly, args=pieces)
    speaker.start()
    last = line.transport.read_until(1, b"\x04", timeout=PATIENCE, data_consumer=had.append)
    speaker.join()
    assert b"".join(had) == b"some of it, and the rest\x04" and last.endswith(b"\x04")
    assert len(had) > 1, "as it comes"
    assert line.transport.read_until(1, b"\x04") == b"error\x04"


def test_what_is_forgotten_is_not_read(line: Line) -> None:
    line.says(b"old\x04old")
    assert line.transport.read_until(1, b"\x04") == b"old\x04"
    line.says(b"older")
    line.transport.forget()
    line.says(b"new\x04")
    assert line.transport.read_until(1, b"\x04") == b"new\x04"


@pytest.mark.parametrize("limits", [{"timeout": MOMENT}, {"timeout": None, "timeout_overall": MOMENT}])
def test_when_the_time_is_up_that_is_returned_which_has_come(line: Line, limits: dict[str, Any]) -> None:
    line.says(b"half an answer")
    assert line.transport.read_until(1, b"\x04", **limits) == b"half an answer"
