"""The flash image: what is written stays, whatever happens to the power."""

import random
import time
from pathlib import Path

import pytest
from onenet_tools.board import BoardError, VirtualBoard

WRITER = """
import os

SIZE = 3000

def check():
    try:
        with open("state", "rb") as f:
            data = f.read()
    except OSError:
        return 0
    number = int.from_bytes(data[:4], "big")
    if data != number.to_bytes(4, "big") + bytes([number & 255]) * SIZE:
        print("torn", len(data), data[:8])
    return number

number = check()
print("start", number)
while True:
    number += 1
    with open("new", "wb") as f:
        f.write(number.to_bytes(4, "big"))
        f.write(bytes([number & 255]) * SIZE)
    os.rename("new", "state")
"""


def test_power_cuts_leave_the_old_or_the_new_file() -> None:
    chance = random.Random(6002)
    last = 0
    with VirtualBoard(files={"main.py": WRITER}) as board:
        for _ in range(30):
            found = board.wait_for(r"^start (\d+)\n")
            assert "torn" not in board.log
            assert int(found[1]) >= last
            last = int(found[1])
            time.sleep(chance.random() * 0.04)
            board.power_cut()
            board.power_on()
        board.wait_for(r"^start (\d+)\n")
        assert last > 30


def test_files_survive_power_cycles_and_boards(tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    with VirtualBoard(image, {"main.py": "print('first')"}) as board:
        board.wait_for("first")
        board.power_cut()
        board.put({"lib/deep/thing.py": "WORD = 'kept'", "main.py": "from deep.thing import WORD\nprint(WORD)\n"})
        board.power_on()
        board.wait_for("kept")
        assert "first" not in board.log
    with VirtualBoard(image) as board:
        board.wait_for("kept")


def test_putting_bytes_text_and_host_files(tmp_path: Path) -> None:
    (tmp_path / "host.bin").write_bytes(b"\x00\xff")
    with VirtualBoard(files={"a": b"\r\n", "/b/c": "grüße", "d": tmp_path / "host.bin"}) as board:
        board.power_cut()
        files = board.read_files()
        assert files.pop("/boot.py").startswith(b"# This file is executed")  # the port's own
        assert files == {"/a": b"\r\n", "/b/c": "grüße".encode(), "/d": b"\x00\xff"}


def test_the_flash_of_a_running_board_is_left_alone(tmp_path: Path) -> None:
    with VirtualBoard(tmp_path / "flash.img") as board:
        with pytest.raises(BoardError, match="in use by the running board"):
            board.put({"x": b""})
        with pytest.raises(BoardError, match="in use by another"):
            VirtualBoard(tmp_path / "flash.img")


def test_an_image_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.img").write_bytes(b"x" * 100)
    with pytest.raises(BoardError, match="100 bytes"):
        VirtualBoard(tmp_path / "short.img")


def test_a_name_outside_the_flash_is_refused() -> None:
    with pytest.raises(BoardError, match="not the name of a file"):
        VirtualBoard(files={"../etc/x": b""})


def test_too_much_for_the_flash_is_an_error() -> None:
    with pytest.raises(BoardError, match="cannot copy"):
        VirtualBoard(files={"big": bytes(200000)}, flash_size=65536)


def test_the_program_sees_the_flash_and_nothing_of_the_host() -> None:
    main = """
import os, sys
print(os.listdir("/"), os.getcwd(), sys.path)
for path in ("/etc", "/proc", "/tmp", "/dev"):
    try:
        os.stat(path)
        print("there is", path)
    except OSError:
        pass
print(os.statvfs("/")[0] * os.statvfs("/")[2])
"""
    with VirtualBoard(files={"main.py": main}, flash_size=1 << 20) as board:
        board.wait_for(r"^>>> ")
        assert board.log.startswith(f"['boot.py', 'main.py'] / ['', '.frozen', '/lib']\n{1 << 20}\n")


FAILING = """
import machine
pin = machine.Pin(4, machine.Pin.IN)

def write():
    with open("file", "wb") as f:
        f.write(b"x" * 5000)

def read():
    with open("file", "rb") as f:
        f.read()

write()
print("ready")
while True:
    while not pin.value():
        pass
    for act in write, read:
        try:
            act()
            print("went well")
        except OSError as e:
            print("failed", e.args)
    while pin.value():
        pass
"""


@pytest.mark.parametrize(("chip", "error"), [("esp32", "(-24577, 'ESP_ERR_FLASH_OP_FAIL')"), ("esp8266", "(5,)")])
def test_flash_fails_as_the_port_says_and_is_well_again(chip: str, error: str) -> None:
    with VirtualBoard(files={"main.py": FAILING}, chip=chip) as board:
        board.wait_for("ready")

        def acts(reads: int = 0, writes: int = 0) -> list[str]:
            since = len(board.log)
            board.fail_flash(reads, writes)
            board.pins[4] = 1
            found = board.wait_for(r"(went well|failed .*)\n(went well|failed .*)\n", since=since)
            board.pins[4] = 0
            time.sleep(0.1)
            return list(found.groups())

        assert acts() == ["went well", "went well"]
        assert acts(writes=2)[0] == f"failed {error}"
        assert acts(reads=1)[1] == f"failed {error}"
        assert acts() == ["went well", "went well"]
