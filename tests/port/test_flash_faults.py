"""What can go wrong at each step of flashing: each fault is said in one line, with what to do next."""

import io
import os
import pty
import sys
from pathlib import Path

import pytest
import serial
from emulated import BEFORE, CHANGING, emulated, image_file, untouched
from onenet_tools.cli import main
from onenet_tools.port.find import list_ports
from onenet_tools.port.trouble import explain_open

DOWNLOAD_MODE = "download mode: hold BOOT (or GPIO0 to ground), press RESET, let go of BOOT"

pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is:DeprecationWarning")  # pyserial's


def flash(port: str, file: Path) -> int:
    return main(["flash", "--port", port, "--image", str(file)])


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert len(told.splitlines()) == 1
    return told


def afterwards(port: str, file: Path) -> str:
    """What is said once the flash has been erased."""
    return f"The board is erased and will not start, but it is not broken: onenet flash --port {port} --image {file}\n"


NO_LOADER = "is not an ESP chip's loader but, it seems, what its program prints"


@pytest.mark.parametrize("link", ["pty", "tcp"])
@pytest.mark.parametrize(
    ("faults", "runs", "words"),
    [
        ({"silent_from": "SYNC"}, False, "no ESP chip answers at "),
        ({"garbage": True}, False, NO_LOADER),
        ({}, True, NO_LOADER),
    ],
    ids=["silent", "garbage", "program"],
)
def test_not_in_download_mode(
    faults: dict[str, object], runs: bool, words: str, link: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = image_file(tmp_path, "ESP32")
    with emulated("ESP32", tmp_path, link=link, **faults) as (loader, port):
        loader.program_runs = runs
        assert flash(port, file) == 2
    told = complaint(capsys)
    assert words in told
    assert DOWNLOAD_MODE in told
    assert untouched(loader)


def test_a_board_that_resets_into_its_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = image_file(tmp_path, "ESP32")
    with emulated("ESP32", tmp_path, link="rfc2217", only_reset_wired=True) as (loader, port):
        assert flash(port, file) == 2
    told = complaint(capsys)
    assert f"the board at {port} runs its program; put it into {DOWNLOAD_MODE}" in told
    assert untouched(loader)


BEFORE_ERASING = ["READ_REG", "MEM_BEGIN", "MEM_DATA", "MEM_END", "WRITE_REG"]
AFTER_ERASING = ["FLASH_DEFL_BEGIN", "FLASH_DEFL_DATA", "FLASH_DEFL_END", "SPI_FLASH_MD5"]


@pytest.mark.parametrize("fault", ["silent_from", "refuses"])
@pytest.mark.parametrize("command", BEFORE_ERASING)
def test_a_fault_before_erasing_leaves_all_as_it_was(
    command: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = image_file(tmp_path, "ESP32-C3")
    with emulated("ESP32-C3", tmp_path, **{fault: command}) as (loader, port):
        assert flash(port, file) == 2
    told = complaint(capsys)
    assert "nothing was erased" in told or DOWNLOAD_MODE in told
    assert command in loader.commands
    assert untouched(loader)


@pytest.mark.parametrize("fault", ["silent_from", "refuses"])
@pytest.mark.parametrize("command", ["ERASE_FLASH", *AFTER_ERASING])
def test_a_fault_after_erasing_says_how_to_go_on(
    command: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = image_file(tmp_path, "ESP32-C3")
    with emulated("ESP32-C3", tmp_path, **{fault: command}) as (loader, port):
        assert flash(port, file) == 2
        told = complaint(capsys)
        assert told.endswith(afterwards(port, file))
        assert (f"the chip at {port} has stopped answering" in told) == (fault == "silent_from")
    assert command in loader.commands


@pytest.mark.parametrize("link", ["pty", "tcp"])
def test_cable_out_at_60_percent(link: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = image_file(tmp_path, "ESP32")
    with emulated("ESP32", tmp_path, link=link, cable_out_at=0.6) as (loader, port):
        assert flash(port, file) == 2
    told = complaint(capsys)
    assert f"the board at {port} is gone: the cable is out, or the board has lost its power" in told
    assert told.endswith(afterwards(port, file))
    data = file.read_bytes()
    assert loader.flash.data[0x1000 : 0x1000 + len(data) // 2] == data[: len(data) // 2]
    assert loader.flash.data[0x1000 + len(data) * 3 // 4 :].strip(b"\xff") == b""


def test_silence_at_60_percent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = image_file(tmp_path, "ESP32-C3")
    with emulated("ESP32-C3", tmp_path, silent_at=0.6) as (_, port):
        assert flash(port, file) == 2
        told = complaint(capsys)
    assert f"the chip at {port} has stopped answering; try --baud 115200 or another cable" in told
    assert told.endswith(afterwards(port, file))


@pytest.mark.parametrize("faults", [{"wrong_md5": True}, {"bad_write": True}])
def test_a_wrong_md5(faults: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Said so by the chip, or true: a bit of the flash is stuck."""
    file = image_file(tmp_path, "ESP32-C3")
    with emulated("ESP32-C3", tmp_path, **faults) as (_, port):
        assert flash(port, file) == 2
        told = complaint(capsys)
    assert "what is in flash is not what was written" in told
    assert told.endswith(afterwards(port, file))


# The port


def test_no_such_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert flash("/dev/ttyNONE", image_file(tmp_path, "ESP32")) == 2
    assert complaint(capsys) == "error: there is no port /dev/ttyNONE; `onenet boards` shows those there are\n"


def test_nothing_at_that_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert flash("socket://127.0.0.1:1", image_file(tmp_path, "ESP32")) == 2
    assert "nothing answers at socket://127.0.0.1:1" in complaint(capsys)


def test_the_port_is_busy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = image_file(tmp_path, "ESP32")
    with emulated("ESP32", tmp_path) as (loader, port), serial.Serial(port, exclusive=True):
        assert flash(port, file) == 2
    assert f"{port} is in use by another program; close it" in complaint(capsys)
    assert loader.commands == []


def test_no_permission() -> None:
    """For a user who is not in the port's group. Root may all, so then another one tries."""
    master, slave = pty.openpty()
    port = os.ttyname(slave)
    os.chmod(port, 0)
    import grp  # noqa: F401  # while it may still be read

    read, write = os.pipe()
    if os.fork() == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            serial.Serial(port, exclusive=True)
        except serial.SerialException as error:
            os.write(write, str(explain_open(port, error)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read) as told:
        assert told.read().startswith(f"you may not use {port}; join its group and log in anew: sudo usermod -aG ")
    os.wait()
    os.close(master)
    os.close(slave)


def windows(error: str) -> serial.SerialException:
    """As pyserial says it there, without a number."""
    return serial.SerialException(f"could not open port 'COM3': {error}")


@pytest.mark.parametrize(
    ("platform", "error", "words"),
    [
        ("linux", PermissionError(13, "Permission denied"), "sudo usermod -aG"),
        ("darwin", PermissionError(13, "Permission denied"), "macOS does not let you use"),
        ("win32", windows("PermissionError(13, 'Access is denied.', None, 5)"), "COM3 is in use by another program"),
        ("win32", windows("FileNotFoundError(2, 'It cannot be found.', None, 2)"), "there is no port COM3"),
    ],
)
def test_words_for_each_system(platform: str, error: OSError, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert words in str(explain_open("COM3", error))


class Found:
    """What pyserial tells of a port."""

    def __init__(self, device: str, vid: int | None, product: str | None, number: str | None = None) -> None:
        self.device, self.vid, self.product, self.serial_number = device, vid, product, number

    def __lt__(self, other: "Found") -> bool:
        return self.device < other.device


def plugged(monkeypatch: pytest.MonkeyPatch, *ports: Found) -> None:
    monkeypatch.setattr(list_ports, "comports", lambda: list(ports))


def test_no_board_is_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    plugged(monkeypatch, Found("/dev/ttyS0", None, None))
    for more in ([], ["--all"]):
        assert main(["flash", *more]) == 2
        assert "no board is there; check that the cable is plugged in and carries data" in complaint(capsys)


def test_several_boards_are_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    plugged(
        monkeypatch,
        Found("/dev/ttyUSB1", 0x1A86, "USB Serial"),
        Found("/dev/ttyACM0", 0x303A, "USB JTAG/serial debug unit"),
    )
    assert main(["flash"]) == 2
    assert complaint(capsys) == (
        "error: 2 boards are there: /dev/ttyACM0 (Espressif USB JTAG/serial debug unit), /dev/ttyUSB1 (CH340 USB "
        "Serial); say which: onenet flash --port NAME or, for all, --all\n"
    )


def test_all_boards_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = image_file(tmp_path, "ESP32-C3")
    with (
        emulated("ESP32-C3", tmp_path, name="ttyUSB0") as (first, port0),
        emulated("ESP32-C3", tmp_path, name="ttyUSB1") as (second, port1),
    ):
        plugged(monkeypatch, Found(port1, 0x1A86, None), Found(port0, 0x10C4, None), Found("/dev/ttyS0", None, None))
        assert main(["flash", "--all", "--image", str(file)]) == 0
    assert first.flash.data == second.flash.data != BEFORE
    assert "2 of 2 boards done" in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "status"), [("n\n", 1), ("\n", 1), ("y\n", 0)])
def test_a_person_who_did_not_say_which_board_is_asked(
    answer: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = image_file(tmp_path, "ESP32-C3")
    with emulated("ESP32-C3", tmp_path) as (loader, port):
        plugged(monkeypatch, Found(port, 0x10C4, None))
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        monkeypatch.setattr("onenet_tools.port.flash_all._at_terminal", lambda: True)
        assert main(["flash", "--image", str(file)]) == status
    assert untouched(loader) == bool(status)
    assert not status or not CHANGING & set(loader.commands)
