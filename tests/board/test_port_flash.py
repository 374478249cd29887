"""The flash of an ESP8266 as its port lets a program at it, and modules that a port has or has not."""

from pathlib import Path

import pytest
from board_peers import Mpremote
from onenet_tools.board import ResetCause, VirtualBoard
from onenet_tools.board.executable import find_micropython
from port_programs import both_ports

BOOT_ESP32 = 139  # bytes of the boot.py that ports/esp32/modules/inisetup.py writes
BOOT_ESP8266 = 228

TELL = """
def tell(call, *arguments):
    try:
        result = call(*arguments)
    except Exception as error:
        result = type(error).__name__, str(error)
    print("told", result)
"""


def test_esp8266_rom_ioctl_is_the_ports_own() -> None:
    """ports/esp8266/vfs_rom_ioctl.c: three arguments to prepare, erasing from 0; operations 5 and 6 are unknown."""
    main = (
        TELL
        + """
from vfs import rom_ioctl
rom = rom_ioctl(2, 0)
tell(rom_ioctl, 1)
tell(len, rom)
tell(rom_ioctl, 3, 0, 8192)
tell(rom_ioctl, 4, 0, 4096, b"12345678")
tell(bytes, rom[4096:4104])
tell(rom_ioctl, 4, 0, 4096, b"\\x00\\xff")
tell(bytes, rom[4096:4100])
tell(rom_ioctl, 3, 0, 4096, 8192)
tell(bytes, rom[4096:4100])
tell(rom_ioctl, 5, 0)
tell(rom_ioctl, 6, 0)
tell(rom_ioctl, 3, 0)
"""
    )
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for("^>>> ")
        told = [line[5:] for line in board.log.splitlines() if line.startswith("told ")]
        assert told[:8] == ["1", "327680", "4", "0", "b'12345678'", "0", r"b'\x00234'", "4"]
        # With an offset in its place the length is 4096, and erased is what lies at 0.
        assert told[8:11] == [r"b'\x00234'", "-22", "-22"]
        assert told[11].startswith("('IndexError'")


def test_esp8266_flash_by_address_is_that_of_the_rom_and_of_the_files() -> None:
    """ports/esp8266/modesp.c; the image FLASH_2M_ROMFS has 320 KiB at 0xB0000 and files from 0x100000."""
    main = (
        TELL
        + """
import esp, vfs
tell(esp.flash_size)
tell(esp.flash_user_start)
rom = vfs.rom_ioctl(2, 0)
start = esp.flash_user_start() - len(rom)
esp.flash_erase(start // 4096)
tell(esp.flash_write, start, b"rom!")
tell(bytes, rom[:5])
tell(esp.flash_read, start, 4)
tell(esp.flash_write, start, b"odd")
buffer = bytearray(8)
esp.flash_read(0x100000 + 8, buffer)
tell(bytes, buffer)
"""
    )
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for("^>>> ")
        told = [line[5:] for line in board.log.splitlines() if line.startswith("told ")]
        assert told == [
            str(2 * 1024 * 1024),
            str(0x100000),
            "None",
            r"b'rom!\xff'",
            "b'rom!'",
            "('ValueError', 'len must be multiple of 4')",
            "b'littlefs'",
        ]


def test_esp8266_writing_over_micropython_itself_ends_it() -> None:
    main = "import machine, esp\nif machine.reset_cause() == 0:\n    esp.flash_erase(16)\nprint('again')\n"
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for("^again")
        assert board.resets == [ResetCause.PWRON, ResetCause.PANIC]


def test_esp8266_takes_a_romfs_from_mpremote(mpremote: Mpremote, tmp_path: Path) -> None:
    (tmp_path / "thing.py").write_text("print('from ROMFS')\n")
    with VirtualBoard(chip="esp8266", files={"main.py": "import thing"}) as board:
        board.wait_for("no module named 'thing'")
        assert "ROMFS image deployed" in mpremote(board, "romfs", "deploy", str(tmp_path))
        seen = len(board.log)
        mpremote(board, "reset")
        board.wait_for("^from ROMFS", since=seen)


def test_esp32_official_images_have_no_romfs(mpremote: Mpremote) -> None:
    with VirtualBoard() as board:
        assert "ROMFS is not enabled on this device" in mpremote(board, "romfs", "query")


@pytest.mark.parametrize(("chip", "file", "md5"), [("esp32", True, True), ("esp8266", False, False)])
def test_file_names_of_modules_and_md5_are_missing_on_esp8266(chip: str, file: bool, md5: bool) -> None:
    """MICROPY_MODULE___FILE__ and MICROPY_PY_HASHLIB_MD5 in ports/esp8266/mpconfigport.h."""
    main = "import one, hashlib\nprint(hasattr(one, '__file__'), hasattr(hashlib, 'md5'), hasattr(hashlib, 'sha256'))\n"
    files = {"main.py": main, "one.py": "import two", "two.py": ""}
    # Not the one with a small heap: its MicroPython 1.25 lets nobody come between where it imports.
    with VirtualBoard(chip=chip, files=files, micropython=find_micropython()) as board:
        board.wait_for(f"^{file} {md5} True$")
        board.send(b"import sys\rprint('two', hasattr(sys.modules['two'], '__file__'))\r")
        board.wait_for(f"^two {file}$")


@both_ports
def test_builtins_and_os_have_what_the_port_has(chip: str) -> None:
    """execfile and compile are left out of ports/esp8266/mpconfigport.h; no board has an environment."""
    main = (
        TELL
        + """
import os
tell(lambda: execfile("other.py"))
tell(lambda: compile("1", "x", "eval") and "compiled")
tell(lambda: [hasattr(os, name) for name in ("getenv", "system", "putenv", "uname", "statvfs")])
tell(lambda: os.uname()[0])
"""
    )
    with VirtualBoard(chip=chip, files={"main.py": main, "other.py": "print('other')"}) as board:
        board.wait_for("^>>> ")
        told = [line[5:] for line in board.log.splitlines() if line.startswith("told ")]
        if chip == "esp32":
            assert told[:2] == ["None", "compiled"]
        else:
            assert [line.split("'")[1] for line in told[:2]] == ["NameError", "NameError"]
        assert told[2:] == ["[False, False, False, True, True]", chip]


@pytest.mark.parametrize(("chip", "size"), [("esp32", BOOT_ESP32), ("esp32c3", BOOT_ESP32), ("esp8266", BOOT_ESP8266)])
def test_a_fresh_board_has_the_ports_own_boot_py(chip: str, size: int) -> None:
    with VirtualBoard(chip=chip) as board:
        board.wait_for("^>>> ")
        board.power_cut()
        files = board.read_files()
        assert {name: len(data) for name, data in files.items()} == {"/boot.py": size}
        assert files["/boot.py"].startswith(b"# This file is executed on every boot")
    with VirtualBoard(chip=chip, files={"boot.py": "print('mine')"}) as board:
        board.wait_for("^mine")
