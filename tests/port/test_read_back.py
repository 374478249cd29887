"""Files as they are read back from a board: whole, whatever is in them, and none where there is none."""

import os

from onenet_tools.board import VirtualBoard
from onenet_tools.port.connection import Connection

FILES = {
    "empty": b"",
    "line": b"True\n",
    "zeros": bytes(3000),
    "all": os.urandom(5000) + bytes(range(256)),
    "it's": b"\x04>\x04OK\r\n>>> ",  # what the raw REPL ends answers with
}


def test_files_are_read_back_whole() -> None:
    with VirtualBoard(files=FILES | {"main.py": b""}) as board, Connection(board.port) as connection:
        connection.interrupt()
        for name, content in FILES.items():
            assert connection.read_file(f"/{name}") == content, name
        assert connection.read_file("/no such file") is None
        assert connection.read_file("/no such folder/file") is None
        assert connection.eval("1 + 1") == 2, "nothing of the answers is left"
