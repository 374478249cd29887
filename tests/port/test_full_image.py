"""Images with a file system in them: the real MicroPython mounts it, and a board starts from it."""

import dataclasses
import hashlib
import json
import subprocess
from pathlib import Path

import official
import pytest
from emulated import MIB, emulated, image_file, untouched
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.board.executable import find_micropython
from onenet_tools.cli import main
from onenet_tools.port.board_config import to_file
from onenet_tools.port.errors import PortError
from onenet_tools.port.filesystem import ESP8266_ROMFS, filesystem_area, make_filesystem
from onenet_tools.port.full_image import _config, board_files, merge
from onenet_tools.port.image import Image, parse_image
from onenet_tools.port.program import find_program
from rom import firmware

CONFIG = {
    "wifi": [{"ssid": "home", "password": "password"}],
    "device_id": "789546805",
    "product_id": "458945",
    "auth_info": "s3cr3t-of-mine",
}

# What _boot.py does on a board, and then all files, with a RAM disk in place of the flash.
MOUNT = """
import os, sys, vfs, hashlib, binascii
class Disk:
    def __init__(self, data):
        self.data = data
    def readblocks(self, n, buf, off=0):
        at = n * 4096 + off
        buf[:] = memoryview(self.data)[at : at + len(buf)]
    def writeblocks(self, n, buf, off=None):
        if off is None:
            self.ioctl(6, n)
            off = 0
        at = n * 4096 + off
        self.data[at : at + len(buf)] = buf
    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // 4096
        if op == 5:
            return 4096
        if op == 6:
            self.data[arg * 4096 : (arg + 1) * 4096] = b"\\xff" * 4096
            return 0
with open(sys.argv[1], "rb") as f:
    disk = Disk(bytearray(f.read()))
vfs.umount("/")
vfs.mount(disk, "/")
def show(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            show(path)
        else:
            with open(path, "rb") as f:
                print(path, binascii.hexlify(f.read()).decode())
show("")
with open("/lib/new", "wb") as f:
    f.write(b"more" * 5000)
vfs.umount("/")
vfs.mount(disk, "/")
assert open("/lib/new", "rb").read() == b"more" * 5000
print(os.statvfs("/")[2])
"""


def mounted(filesystem: bytes, directory: Path) -> tuple[dict[str, bytes], int]:
    """What MicroPython finds there, and how many blocks; it writes to it, too."""
    path = directory / "filesystem"
    path.write_bytes(filesystem)
    program = directory / "mount.py"
    program.write_text(MOUNT)
    done = subprocess.run(
        [str(find_micropython(None)), "-X", "heapsize=16M", program, path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
    *lines, blocks = done.stdout.splitlines()
    return {name[1:]: bytes.fromhex(data) for name, data in (line.split(" ") for line in lines)}, int(blocks)


def made(chip: str, files: dict[str, bytes] | None = None, flash_size: int = 4 * MIB) -> tuple[Image, dict[str, bytes]]:
    data = firmware.esp8266() if chip == "ESP8266" else firmware.esp32(chip)
    official = parse_image("official.bin", data)
    ours, rom = board_files(official, find_program([]), None)
    files = ours | (files or {})
    return merge(official, files, rom, flash_size), files


def cut(image: Image, offset: int, size: int) -> bytes:
    start = offset - image.offset
    return image.data[start : start + size].ljust(size, b"\xff")


@pytest.mark.parametrize(
    ("chip", "flash_size"), [("ESP32", 4 * MIB), ("ESP32-C3", 8 * MIB), ("ESP8266", 2 * MIB), ("ESP8266", 4 * MIB)]
)
def test_micropython_finds_every_file(chip: str, flash_size: int, tmp_path: Path) -> None:
    extra = {
        "empty": b"",
        "lib/deep/er/module.py": b"x = 1\n",
        "inline": bytes(range(100)),
        "block": bytes(4096),
        "large.bin": bytes(range(256)) * 400,
        "名字.txt": "数据".encode(),
    }
    image, files = made(chip, extra, flash_size)
    area = filesystem_area(image, flash_size)
    found, blocks = mounted(cut(image, area.offset, area.size), tmp_path)
    assert found == files
    assert blocks * 4096 == area.size
    assert {"boot.py", "main.py"} <= set(found)
    assert found["deployed.json"].startswith(b'{"version": "')  # as firmware/about.py reads it
    assert ("lib/mqtt/packet.mpy" in found) == (chip != "ESP8266")
    official = firmware.esp8266() if chip == "ESP8266" else firmware.esp32(chip)
    assert image.data[4 : len(official)] == official[4:]  # the flash's size is in the first four


def test_the_table_says_where_the_file_system_is(tmp_path: Path) -> None:
    """Before MicroPython 1.26 there was a partition for it."""
    official = parse_image("official.bin", firmware.esp32(partitions=[*firmware.TABLE, firmware.VFS]))
    assert filesystem_area(official, 16 * MIB) == filesystem_area(official, 4 * MIB)
    image = merge(official, {"lib/x": b"hello"}, None, 16 * MIB)
    found, _ = mounted(cut(image, 0x200000, 0x200000), tmp_path)
    assert found == {"lib/x": b"hello"}


def test_a_board_starts_from_a_flashed_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the emulated chip's flash to the virtual board's; only the processor is that of this computer."""
    official = parse_image("official.bin", firmware.esp32())
    native = dataclasses.replace(official, chip=dataclasses.replace(official.chip, arch="x64"))
    files, rom = board_files(native, find_program([]), to_file(CONFIG))
    image = merge(native, files, rom, 4 * MIB)
    file = image_file(tmp_path, "ESP32", image.data)
    with emulated("ESP32", tmp_path) as (loader, port):
        assert main(["flash", "--port", port, "--image", str(file)]) == 0
    assert "next:" not in capsys.readouterr().out
    area = filesystem_area(official, 4 * MIB)
    flash = tmp_path / "flash.img"
    flash.write_bytes(loader.flash.data[area.offset : area.offset + area.size])
    with VirtualBoard(flash) as board:
        board.wait_for(r"wifi: joined home")
        board.wait_for(r"mqtt: connecting to 183\.230\.40\.39:6002")


@pytest.mark.parametrize("flash_size", [2 * MIB, 4 * MIB])
def test_an_esp8266_starts_from_its_romfs(flash_size: int, tmp_path: Path) -> None:
    """With the chip's heap, and the very bytes that are flashed."""
    official = parse_image("official.bin", firmware.esp8266())
    files, rom = board_files(official, find_program([]), to_file(CONFIG))
    image = merge(official, files, rom, flash_size)
    area = filesystem_area(official, flash_size)
    flash = tmp_path / "flash.img"
    flash.write_bytes(cut(image, area.offset, area.size))
    in_rom = cut(image, ESP8266_ROMFS.offset, ESP8266_ROMFS.size)
    with VirtualBoard(flash, rom=in_rom, chip="esp8266", wifi=Wifi({"home": "password"})) as board:
        board.wait_for(r"mqtt: connecting to 183\.230\.40\.39:6002")


def test_the_same_files_make_the_same_image() -> None:
    assert made("ESP32")[0].data == made("ESP32")[0].data


# The command


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    official = image_file(here, "ESP32-C3")
    (here / "main.py").write_text("print('mine')\n")
    assert main(["image", "--image", str(official), "--flash-size", "4MB"]) == 0
    path = Path("build/image/ESP32-C3-onenet.bin")
    image = parse_image("x", path.read_bytes())
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.splitlines() == [
        f"the program is {here.resolve() / 'main.py'}",
        f"{path}: MicroPython v1.29.0 of 2026-10-09, Generic ESP32-C3 module, {len(image.data)} bytes to flash at 0x0 "
        "of an ESP32-C3",
        "for boards with 4MB of flash; in its file system of 2048 KB: boot.py, main.py, deployed.json, and the modules "
        "as .mpy",
        f"next: onenet flash --image {path}",
    ]
    assert path.stat().st_mode & 0o077 != 0
    found, _ = mounted(cut(image, 0x200000, 0x200000), here)
    assert found["main.py"] == b"print('mine')\n"
    assert "config.json" not in found


@pytest.mark.parametrize(("name", "chip"), [(official.ESP32, "ESP32"), (official.ESP8266, "ESP8266")])
def test_the_official_images(name: str, chip: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole image of each; the plain one of the ESP8266, which cannot hold its modules, with a warning."""
    assert main(["image", "--image", str(official.official(name)), "-o", "whole.bin"]) == 0
    told = capsys.readouterr().out
    assert "whole.bin: MicroPython v1.25.0 of 2025-04-15" in told
    assert ("careful: this image has no ROMFS" in told) is (chip == "ESP8266")
    whole = parse_image("whole.bin", Path("whole.bin").read_bytes())
    if chip == "ESP8266":
        assert whole.data[3] >> 4 == 4  # 4 MB
    area = filesystem_area(whole, 4 * MIB)
    found, blocks = mounted(cut(whole, area.offset, area.size), here)
    assert blocks == area.size // 4096
    assert {"boot.py", "main.py", "deployed.json", "lib/mqtt/packet.mpy", "firmware/__init__.mpy"} <= set(found)
    with emulated(chip, here) as (loader, port):
        assert main(["flash", "--port", port, "--image", "whole.bin"]) == 0
    assert loader.flash.data[whole.offset : whole.offset + len(whole.data)] == whole.data
    assert "MicroPython v1.25.0 of 2025-04-15" in capsys.readouterr().out


def test_secrets_are_for_the_owner_only(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    official = image_file(here, "ESP32")
    config = here / "config.json"
    config.write_text(json.dumps(CONFIG))
    path = here / "out.bin"
    path.write_bytes(b"an older one")
    path.chmod(0o644)
    assert main(["image", "--image", str(official), "--config", str(config), "-o", str(path)]) == 0
    told = capsys.readouterr().out
    assert "It holds the Wi-Fi password and the auth-info: only you can read the file." in told
    assert "s3cr3t-of-mine" not in told
    assert path.stat().st_mode & 0o777 == 0o600
    found, _ = mounted(cut(parse_image("x", path.read_bytes()), 0x200000, 0x200000), here)
    assert found["config.json"] == config.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say for which board"),
        (["ESP32_GENERIC", "--image", "ESP32.bin"], "say for which board"),
        (["--image", "none.bin"], "cannot read the image: No such file or directory: none.bin"),
        (["--image", "ESP32.bin", "--config", "none.json"], "cannot read the configuration: No such file or directory"),
        (["--image", "ESP32.bin", "--config", "broken.json"], "broken.json is not JSON; it does not end with }"),
        (["--image", "ESP32.bin", "--config", "wrong.json"], "wrong.json: "),
        (["--image", "ESP32.bin", "--flash-size", "4"], "--flash-size: '4' is no size; right would be 4MB"),
        (["--image", "ESP32.bin", "--flash-size", "1MB"], "--flash-size: '1MB' is too little"),
        (["--image", "ESP32.bin", "--flash-size", "2MB"], "leaves no room for files in 2 MB of flash"),
        (["--image", "ESP32.bin", "-o", "ESP32.bin/x.bin"], "cannot write ESP32.bin/x.bin"),
        (["--image", "ESP32.bin", "--program", "none.py"], "there is no file none.py"),
        (
            ["--image", "ESP32.bin", "--program", "mqtt.py"],
            "mqtt.py would be loaded in place of this firmware's own mqtt",
        ),
        (["--image", "ESP32.bin", "--program", "wrong/main.py"], "main.py"),
        (["--image", "arduino.bin"], "arduino.bin is no MicroPython; take the .bin file from micropython.org"),
        (
            ["--image", "ESP8266_GENERIC-FLASH_1M-v1.24.0.bin"],
            "is for less flash than this firmware needs; take ESP8266_",
        ),
        (["--image", "vfs.bin", "--flash-size", "2MB"], "vfs.bin needs 4096 KB of flash; name a larger --flash-size"),
        (["--image", "old.bin"], "old.bin has MicroPython 1.23.0, and 1.24 or later is needed"),
    ],
)
def test_what_cannot_be_made(arguments: list[str], words: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image_file(here, "ESP32")
    image_file(here, "old", firmware.esp32(version="v1.23.0"))
    image_file(here, "arduino", firmware.esp32(greeting=b"Arduino"))
    plain = firmware.esp8266(romfs=False).replace(b"ESP8266_GENERIC", b"esp8266_generic")  # 1.24 does not say
    plain = plain[:-16] + hashlib.md5(plain[4:-16]).digest()
    image_file(here, "ESP8266_GENERIC-FLASH_1M-v1.24.0", plain)
    image_file(here, "vfs", firmware.esp32(partitions=[*firmware.TABLE, firmware.VFS]))
    (here / "broken.json").write_text("{")
    (here / "mqtt.py").write_text("")
    (here / "wrong").mkdir()
    (here / "wrong" / "main.py").write_text("while True print(1)\n")
    (here / "wrong.json").write_text(json.dumps(CONFIG | {"port": 0, "auth_info": ""}))
    assert main(["image", *arguments]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert len(told.splitlines()) == 1
    assert not (here / "build").exists()


def test_a_fat_partition(here: Path) -> None:
    ffat = ("ffat", *firmware.VFS[1:])
    with pytest.raises(PortError, match="wants a FAT file system"):
        filesystem_area(parse_image("x", firmware.esp32(partitions=[*firmware.TABLE, ffat])), 4 * MIB)


def test_more_files_than_fit() -> None:
    with pytest.raises(PortError, match="200000 bytes of files do not fit a file system of 131072"):
        make_filesystem({"large": bytes(200_000)}, 131072)


@pytest.mark.parametrize(("size", "right"), [(8 * MIB, "8MB"), (2 * MIB, "")])
def test_an_image_for_another_size_of_flash_is_not_flashed(
    size: int, right: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """MicroPython would not mount its file system."""
    image, _ = made("ESP32-C3")
    file = image_file(tmp_path, "ESP32-C3", image.data)
    with emulated("ESP32-C3", tmp_path, size) as (loader, port):
        assert main(["flash", "--port", port, "--image", str(file)]) == 2
    told = capsys.readouterr().err
    if right:
        assert (
            f"the board has room for 6144 KB; make the image for its size of flash: onenet image --flash-size {right}"
            in told
        )
    else:
        assert "KB of flash, the board has 2048 KB" in told
    assert untouched(loader)


def test_micropython_does_not_mount_a_file_system_of_another_size(tmp_path: Path) -> None:
    """Which is why that is refused."""
    content = make_filesystem({"x": b"1"}, MIB)
    with pytest.raises(AssertionError, match="OSError"):
        mounted(content.ljust(2 * MIB, b"\xff"), tmp_path)


def test_a_configuration_whose_rest_the_board_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"setup": true}')
    assert _config(path) == b'{"setup": true}'
    for wrong in ('{"setup": true, "device_id": "x"}', "{}", '{"setup": false}'):
        path.write_text(wrong)
        with pytest.raises(PortError):
            _config(path)
