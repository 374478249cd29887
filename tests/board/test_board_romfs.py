"""The partition for ROMFS, with the real mpremote."""

import subprocess
import sys
from pathlib import Path

import pytest
from board_peers import Mpremote
from onenet_tools.board import VirtualBoard


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with a package in it, compiled for nobody in particular."""
    folder = tmp_path / "rom"
    (folder / "lib" / "thing").mkdir(parents=True)
    (folder / "lib" / "thing" / "__init__.py").write_text("WORD = 'from ROMFS'\n")
    (folder / "plain.txt").write_text("x" * 9000)
    return folder


def test_an_image_is_there_after_the_next_reset(mpremote: Mpremote, package: Path, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    with VirtualBoard(image, {"main.py": "import thing, sys\nprint(thing.WORD, sys.path)"}, rom_size=65536) as board:
        board.wait_for("ImportError: no module named 'thing'")
        assert "65536 bytes (16 blocks of 4096 bytes each)" in mpremote(board, "romfs", "query")
        assert "ROMFS image deployed" in mpremote(board, "romfs", "deploy", str(package))
        assert "Raw contents: d2:cd:31" in mpremote(board, "romfs", "query")
        mpremote(board, "reset")
        board.wait_for(r"^from ROMFS \['', '.frozen', '/rom', '/rom/lib', '/lib'\]")
        board.power_cut()
        board.power_on()
        board.wait_for("^from ROMFS")
    with VirtualBoard(image, rom_size=65536) as board:
        board.wait_for("^from ROMFS")


def test_a_board_without_the_partition_says_so(mpremote: Mpremote) -> None:
    with VirtualBoard() as board:
        assert "ROMFS is not enabled on this device" in mpremote(board, "romfs", "query")


def test_an_image_that_is_too_large_is_refused(package: Path) -> None:
    (package / "large.bin").write_bytes(bytes(65536))
    with VirtualBoard(rom_size=65536) as board:
        done = subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", board.port, "romfs", "deploy", str(package)],
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert b"too big" in done.stdout + done.stderr
