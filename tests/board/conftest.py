"""What the tests of the virtual board share."""

import functools
from collections.abc import Iterator

import pytest
import real_mpremote
from board_peers import EchoServer, Mpremote


@pytest.fixture
def mpremote() -> Mpremote:
    """Run the real mpremote against a board: mpremote(board, "fs", "ls") returns what it prints; failing fails."""
    return functools.partial(real_mpremote.mpremote, timeout=30)


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
