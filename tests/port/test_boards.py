"""What `onenet boards` tells of the real firmware on a virtual board, and of boards in any other state."""

import io
import json
import re
from pathlib import Path

import pytest
from emulated import emulated
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.broker import Mosquitto
from onenet_tools.cli import main
from onenet_tools.files import board_directory, board_modules
from onenet_tools.port import boards
from onenet_tools.port.boards import Seen, chip_in
from onenet_tools.port.find import Port, list_ports, usb_ports
from rich.console import Console

CONFIG = {
    "wifi": [{"ssid": "home", "password": "12345678"}],
    "device_id": "789546805",
    "product_id": "458945",
    "auth_info": "136928831",
    "watchdog": 0,
}
FILES = {name: board_directory() / name for name in ["boot.py", "main.py", *board_modules()]}
MANIFEST = {"deployed.json": json.dumps({"version": "0.7.1", "form": "source", "files": {}})}


class Found:
    """What pyserial tells of a port at USB."""

    vid, product, serial_number = 0x10C4, "CP2104 USB to UART Bridge Controller", "0163A3DA"

    def __init__(self, device: str) -> None:
        self.device = device

    def __lt__(self, other: "Found") -> bool:
        return self.device < other.device


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[Found]:
    """The ports at USB; put what is to be there."""
    ports: list[Found] = []
    monkeypatch.setattr(boards, "ANSWER", 20.0)  # on a machine that has other things to do
    monkeypatch.setattr(boards, "STOP", 20.0)
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    monkeypatch.setenv("COLUMNS", "200")
    return ports


def row(capsys: pytest.CaptureFixture[str], port: str) -> list[str]:
    """The cells of the port's row."""
    told = capsys.readouterr()
    assert told.err == ""
    line = next(line for line in told.out.splitlines() if port in line)
    return [cell.strip() for cell in line.strip("│").split("│")]


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """For boards from which no answer will come."""
    monkeypatch.setattr(boards, "ANSWER", 0.5)


def test_a_board_that_is_online_is_not_disturbed(
    broker: Mosquitto, plugged: list[Found], capsys: pytest.CaptureFixture[str]
) -> None:
    routes = {("183.230.40.39", 6002): ("127.0.0.1", broker.port)}
    config = json.dumps(CONFIG | {"subscribe_commands": True})
    files = {**FILES, **MANIFEST, "config.json": config}
    with VirtualBoard(files=files, wifi=Wifi({"home": "12345678"}), routes=routes) as board:
        plugged.append(Found(board.port))
        board.wait_for("online as device")
        before = len(board.log)
        assert main(["boards"]) == 0
        _, _, mac, micropython, program, online = row(capsys, board.port)
        assert (mac, program, online) == ("24:0a:c4:00:00:01", "0.7.1", "yes, as 789546805")
        assert re.fullmatch(r"1\.\d+\.\d+", micropython)
        assert "stopped" not in board.log[before:]
        assert len(board.resets) == 1


def test_a_board_that_cannot_come_online(plugged: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    files = {**FILES, "config.json": json.dumps(CONFIG)}
    with VirtualBoard(files=files, wifi=Wifi({"elsewhere": "12345678"})) as board:
        plugged.append(Found(board.port))
        board.wait_for("wifi: ")
        assert main(["boards"]) == 0
        assert row(capsys, board.port)[-1].startswith("no: ")


def test_a_board_at_its_prompt_is_asked(plugged: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    with VirtualBoard(files={"boot.py": "x = 1"}, unique_id=bytes.fromhex("240ac4000001")) as board:
        plugged.append(Found(board.port))
        board.wait_for(">>> ")
        since = len(board.log)
        assert main(["boards"]) == 0
        port, _, mac, micropython, program, online = row(capsys, board.port)
        assert (port, mac, program, online) == (
            board.port,
            "24:0a:c4:00:00:01",
            "?",
            "no: no program yet: onenet deploy",
        )
        assert re.fullmatch(r"1\.\d+\.\d+", micropython)
        board.wait_for(r"raw REPL(.|\n)*^>>> ", since=since)  # at an ordinary prompt again, with all that was there
        board.send(b"x\r")
        board.wait_for(r"^1$", since=since)
        assert len(board.resets) == 1


@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
def test_a_fresh_board_has_no_program_yet(chip: str, plugged: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    """Only the boot.py that MicroPython itself has put there."""
    with VirtualBoard(chip=chip) as board:
        plugged.append(Found(board.port))
        board.wait_for(">>> ")
        assert main(["boards"]) == 0
        told = row(capsys, board.port)
        assert (told[1], told[-1]) == (chip.upper(), "no: no program yet: onenet deploy")


def test_a_program_that_has_ended(plugged: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    with VirtualBoard(files={"main.py": "print('done')"}) as board:
        plugged.append(Found(board.port))
        board.wait_for(">>> ")
        assert main(["boards"]) == 0
        assert row(capsys, board.port)[-1] == "no: no program runs"


OLD = """
import sys
class Old:
    pass
old = Old()
old.implementation = Old()
old.implementation.name = 'micropython'
old.implementation.version = (1, 20, 0)
old.implementation._machine = 'ESP32 module with ESP32'
sys.modules['sys'] = old
"""


def test_a_micropython_that_is_too_old(plugged: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    with VirtualBoard(files={"boot.py": OLD}) as board:
        plugged.append(Found(board.port))
        board.wait_for(">>> ")
        assert main(["boards"]) == 0
        _, chip, mac, micropython, _, online = row(capsys, board.port)
        assert (chip, mac, micropython) == ("ESP32", "24:0a:c4:00:00:01", "1.20.0")
        assert online == "no: MicroPython before 1.24: onenet flash"


CRASHES = """# 1 - reset 1
Traceback (most recent call last):
  File "main.py", line 3, in <module>
OSError: [Errno 19] ENODEV

# 2 2026-11-29 08:00:00 reset 1
Traceback (most recent call last):
  File "main.py", line 7, in <module>
ValueError: no sensor

"""


def test_what_the_program_has_failed_with(plugged: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    with VirtualBoard(files={"main.py": "", "crashes": CRASHES}) as board:
        plugged.append(Found(board.port))
        board.wait_for(">>> ")
        assert main(["boards"]) == 0
        assert (
            f"\n{board.port}: its program has failed, 2 times are kept; the last: ValueError: no sensor "
            "at 2026-11-29 08:00:00\n" in capsys.readouterr().out
        )


@pytest.mark.parametrize(
    ("crashes", "times"), [(CRASHES, "2 times are"), (CRASHES[CRASHES.index("# 2") :], "1 time is")]
)
def test_what_a_running_program_says_it_has_failed_with(
    crashes: str, times: str, plugged: list[Found], capsys: pytest.CaptureFixture[str]
) -> None:
    with VirtualBoard(files={**FILES, "config.json": json.dumps(CONFIG), "crashes": crashes}) as board:
        plugged.append(Found(board.port))
        board.wait_for("wifi: ")
        assert main(["boards"]) == 0
        told = capsys.readouterr().out
        assert f"{board.port}: its program has failed, {times} kept; the last: ValueError: no sensor\n" in told
        assert len(board.resets) == 1


def test_safe_mode_is_not_left(plugged: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    with VirtualBoard(files={**FILES, **MANIFEST, "safe_mode": ""}) as board:
        plugged.append(Found(board.port))
        board.wait_for(">>> ")
        assert main(["boards"]) == 0
        *_, program, online = row(capsys, board.port)
        assert (program, online) == ("0.7.1", "no: safe mode")
        assert len(board.resets) == 1


TELLS = """
import sys
print('start')
while True:
    if sys.stdin.read(1) in '\\r\\n':
        print('1234 mqtt: Wi-Fi lost')
        print('1234 device: version 0.1.0, MicroPython 1.29.0, Generic ESP32C3 module with ESP32C3, 24:0a:c4:00:00:07')
"""


def test_a_program_that_tells_its_versions_need_not_be_asked(
    plugged: list[Found], capsys: pytest.CaptureFixture[str]
) -> None:
    with VirtualBoard(files={"main.py": TELLS}) as board:
        plugged.append(Found(board.port))
        board.wait_for("start")
        assert main(["boards", "--ask"]) == 0
        assert row(capsys, board.port)[1:] == [
            "ESP32-C3",
            "24:0a:c4:00:00:07",
            "1.29.0",
            "0.1.0",
            "no: Wi-Fi lost",
        ]
        assert "Traceback" not in board.log
        assert len(board.resets) == 1


COUNTS = "import time\nn = 0\nprint('start')\nwhile True:\n    n += 1\n    time.sleep_ms(10)\n"


def test_another_program_is_left_alone(plugged: list[Found], silent: None, capsys: pytest.CaptureFixture[str]) -> None:
    with VirtualBoard(files={"main.py": COUNTS}) as board:
        plugged.append(Found(board.port))
        board.wait_for("start")
        assert main(["boards"]) == 0
        told = capsys.readouterr().out
        assert "CP210x" in told or "CP2104" in told
        assert "onenet boards --ask" in told
        assert "Traceback" not in board.log


@pytest.mark.parametrize("how", ["--ask", "--port"])
def test_another_program_is_stopped_and_started_again(
    how: str, plugged: list[Found], silent: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with VirtualBoard(files={"main.py": COUNTS, **MANIFEST}) as board:
        plugged.append(Found(board.port))
        board.wait_for("start")
        before = len(board.log)
        assert main(["boards", *(["--ask"] if how == "--ask" else ["--port", board.port])]) == 0
        cells = row(capsys, board.port)
        assert cells[2:] == ["24:0a:c4:00:00:01", cells[3], "0.7.1", "?"]
        assert cells[3].startswith("1.")
        board.wait_for(r"^start$", since=before)


EATS = """
import gc, time
kept = []
while gc.mem_free() > 7000:
    kept.append(bytearray(500))
    gc.collect()
print('start')
while True:
    time.sleep_ms(10)
"""


def test_questions_fit_what_memory_a_program_leaves(
    plugged: list[Found], silent: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On an ESP8266, of whose heap a program of this project leaves some 8 KB."""
    monkeypatch.setenv("ONENET_WIFI_PASSWORD", "12345678")
    config = json.dumps({key: value for key, value in CONFIG.items() if key != "wifi"})
    files = {"main.py": EATS, "config.json": config, "crashes": CRASHES * 8}
    with VirtualBoard(chip="esp8266", files=files) as board:
        plugged.append(Found(board.port))
        board.wait_for("start")
        before = len(board.log)
        assert main(["boards", "--port", board.port]) == 0
        told = capsys.readouterr().out
        assert "ESP8266" in told and "16 times are kept; the last: ValueError: no sensor" in told
        board.wait_for(r"^start$", since=before)
        assert main(["config", "--port", board.port, "--ssid", "home"]) == 0
        board.wait_for("start", since=board.log.index("start", before) + 10)
        board.power_cut()
        assert json.loads(board.read_files()["/config.json"])["wifi"] == CONFIG["wifi"]


def test_a_configuration_that_is_wrong(plugged: list[Found], silent: None, capsys: pytest.CaptureFixture[str]) -> None:
    with VirtualBoard(files={**FILES, "config.json": "{}"}) as board:
        board.wait_for("config: ")
        assert main(["boards", "--port", board.port]) == 0
        assert row(capsys, board.port)[-1] == "no: config.json is wrong"


def test_a_board_without_micropython(
    tmp_path: Path,
    plugged: list[Found],
    silent: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is the chip's loader that answers, and only where the user has named the port."""
    monkeypatch.setattr(boards, "STOP", 0.2)
    with emulated("ESP32-C3", tmp_path) as (loader, port):
        plugged.append(Found(port))
        assert main(["boards", "--ask"]) == 0
        assert f"\nno MicroPython answers at {port}; if it was never put there: onenet flash" in capsys.readouterr().out
        assert loader.commands == []
        assert main(["boards", "--port", port]) == 0
    assert row(capsys, port) == [port, "ESP32-C3", "24:0a:c4:12:34:56", "none", "?", "no"]


def test_a_named_port_that_is_not_there(plugged: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards", "--port", "/dev/ttyNONE"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no port /dev/ttyNONE")


def test_no_boards(plugged: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards"]) == 2
    assert "no board is there" in capsys.readouterr().err


def test_a_port_that_is_busy(tmp_path: Path, plugged: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    import serial

    with emulated("ESP32", tmp_path) as (_, port), serial.Serial(port, exclusive=True):
        plugged.append(Found(port))
        assert main(["boards"]) == 0
    assert f"\n{port} is in use by another program; close it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("machine", "chip"),
    [
        ("Generic ESP32 module with ESP32", "ESP32"),
        ("ESP32C3 module with ESP32C3", "ESP32-C3"),
        ("LOLIN_C3_MINI with ESP32-C3FH4", "ESP32-C3FH4"),
        ("ESP module with ESP8266", "ESP8266"),
        ("Raspberry Pi Pico with RP2040", "RP2040"),
    ],
)
def test_the_chip_in_the_machines_name(machine: str, chip: str) -> None:
    assert chip_in(machine) == chip


def test_a_chip_with_usb_tells_its_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Found("/dev/ttyACM0")
    found.vid, found.product, found.serial_number = 0x303A, "USB JTAG/serial debug unit", "58:CF:79:00:11:22"
    monkeypatch.setattr(list_ports, "comports", lambda: [found])
    assert [port.mac for port in usb_ports()] == ["58:cf:79:00:11:22"]
    assert Port("/dev/ttyUSB0", "CP2104", "240AC4000001", is_chip=False).mac == ""


LONG = "/dev/serial/by-id/usb-Silicon_Labs_CP2104_USB_to_UART_Bridge_Controller_0163A3DA-if00-port0"


@pytest.mark.parametrize("port", ["/dev/ttyUSB0", "COM3", "/dev/cu.usbserial-14101240", LONG])
@pytest.mark.parametrize("width", [80, 120, 200])
def test_every_column_is_there_on_a_narrow_terminal(port: str, width: int) -> None:
    seen = [
        Seen(port, chip="ESP32-C3", mac="24:0a:c4:00:00:01", micropython="1.29.0", version="0.1.0", online=online)
        for online in ("yes, as 789546805", "no: MicroPython before 1.24: onenet flash", "")
    ]
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(boards._table(seen, console.width))
    text = console.export_text()
    assert all(len(line) <= width for line in text.splitlines())
    for words in ("port", "chip", "MAC", "MicroPython", "program", "online", "yes, as 789546805", "ESP32-C3"):
        assert words in text, words
    for words in ("24:0a:c4:00:00:01", "1.29.0", "0.1.0", "MicroPython before"):
        assert words in text, words
    first = "".join(line.strip("│┃ ").split("│")[0].strip() for line in text.splitlines()[:12])
    assert port in first.replace("24:0a:c4:00:00:01", "") or len(port) < 40
