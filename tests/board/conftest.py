"""What the tests of the virtual board share."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from board_peers import EchoServer, Mpremote
from onenet_tools.board import VirtualBoard


@pytest.fixture
def mpremote() -> Mpremote:
    """Run the real mpremote against a board: mpremote(board, "fs", "ls") returns what it prints; failing fails."""

    def run(board: VirtualBoard, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", board.port, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=30,
            check=False,
        )
        text = done.stdout.decode().replace("\r\n", "\n")
        assert done.returncode == 0, text
        return text

    return run


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    server = EchoServer()
    yield server
    server.listener.close()


@pytest.fixture
def echo6() -> Iterator[EchoServer]:
    try:
        server = EchoServer("::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    yield server
    server.listener.close()
