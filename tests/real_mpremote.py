"""The real mpremote, for the tests that use a virtual board."""

import subprocess
import sys

from onenet_tools.board import VirtualBoard


def mpremote(board: VirtualBoard, *arguments: str, timeout: float = 60) -> str:
    """What mpremote prints when it is run against this board; its failure fails the test. timeout: in seconds."""
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", board.port, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )
    text = done.stdout.decode().replace("\r\n", "\n")
    assert done.returncode == 0, text
    return text
