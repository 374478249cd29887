"""A board at the browser's computer: flashed and set up from the page, by the real esptool-js and Improv's own client,
against an emulated chip and a virtual board."""

import base64
import dataclasses
import hashlib
import http.server
import re
import sys
import threading
import types
from pathlib import Path
from typing import Any

import httpx
import pytest
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.console.board_images import BoardImages
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.console.pages import connect
from onenet_tools.port.filesystem import filesystem_area
from onenet_tools.port.full_image import board_files, merge
from onenet_tools.port.image import parse_image
from onenet_tools.port.program import find_program

sys.path.append(str(Path(__file__).parents[1] / "port"))

from rom import CHIPS, Faults, Flash, Loader, firmware
from serial_bridge import Board, Chip, cable, page_with_board

expect = pytest.importorskip("playwright.sync_api").expect

LOOKS = Path(__file__).with_name("looks.js").read_text("utf-8")
MIB = 1024 * 1024
PATIENCE = 60.0
FLASHING = 300_000.0  # ms
CONFIGURED = "import time\nwhile True:\n print(7, 'wifi: joined home')\n time.sleep(1)"


def image_for(chip: str) -> Any:
    """With the program compiled for the processor of this computer, so that a virtual board runs it."""
    official = parse_image("official.bin", firmware.esp8266() if chip == "ESP8266" else firmware.esp32(chip))
    native = dataclasses.replace(official, chip=dataclasses.replace(official.chip, arch="x64"))
    return merge(native, *board_files(native, find_program([]), None), 4 * MIB)


def stubs() -> list[Any]:
    """Those in esptool-js, which are of another day than esptool's: entry, text, where it goes, data, where it goes."""
    bundle = (connect.LIBRARIES_FOLDER / "esptool-js" / "bundle.js").read_text("utf-8")
    code = '"([A-Za-z0-9+/=]{100,})"'
    found = re.findall(rf"=(\d+),\w+={code},\w+=(\d+),\w+={code},\w+=(\d+)", bundle)
    return [
        types.SimpleNamespace(
            entry=int(entry),
            text=base64.b64decode(text),
            text_start=int(text_start),
            data=base64.b64decode(data),
            data_start=int(data_start),
        )
        for entry, text, text_start, data, data_start in found
    ]


def loader_of(chip: str, **faults: Any) -> Loader:
    made = Loader(CHIPS[chip], Flash(4 * MIB, b"before" * 1000), Faults(**faults), stubs=stubs())
    made.program_runs = True
    return made


@pytest.fixture
def made_here(console: RunningConsole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """What the console makes of MicroPython's image from a server that stands in for micropython.org; `asked`: for
    which of its paths."""
    asked: list[str] = []
    name = "ESP32_GENERIC-20261009-v1.29.0.bin"
    files = {
        "/download/ESP32_GENERIC/": f'<a href="/resources/firmware/{name}">x</a>'.encode(),
        f"/resources/firmware/{name}": firmware.esp32(),
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            data = files.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("ONENET_MICROPYTHON_SITE", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        made = BoardImages().image("ESP32", 4 * MIB)
        yield types.SimpleNamespace(data=made.data, offset=made.offset, asked=asked)
        server.shutdown()


@pytest.fixture
def program(one_browser: Any) -> Any:
    return one_browser.program


def looks(page: Any) -> list[str]:
    """What looks wrong, wide and on a phone."""
    found = []
    for width, height in ((1400, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        found += page.evaluate(LOOKS)
    return found


def flash(page: Any, file: Path) -> None:
    page.get_by_role("button", name="Choose the board's port").click()
    page.get_by_label("Image").select_option("file")
    page.locator("input[type=file]").set_input_files(str(file))
    page.get_by_role("button", name="Erase and flash").click()


def test_a_board_is_flashed_and_set_up_and_comes_online(
    console: RunningConsole, program: Any, device: Device, tmp_path: Path
) -> None:
    image = image_for("ESP32")
    file = tmp_path / "esp32-onenet.bin"
    file.write_bytes(image.data)
    loader = loader_of("ESP32")
    address = f"{console.url}/connect?device={device.id}"
    with cable(Chip(loader)) as line, page_with_board(program, line, address) as page:
        flash(page, file)
        expect(page.get_by_role("status")).to_contain_text("The ESP32 is flashed", timeout=FLASHING)
        end = image.offset + len(image.data)
        assert loader.flash.data[image.offset : end] == image.data
        assert loader.flash.data[: image.offset] == b"\xff" * image.offset
        assert loader.flash.data[end:] == b"\xff" * (4 * MIB - end)
        assert loader.commands.index("ERASE_FLASH") < loader.commands.index("FLASH_DEFL_BEGIN")
        assert "SPI_FLASH_MD5" in loader.commands and loader.program_runs

        area = filesystem_area(image, 4 * MIB)  # the very bytes that were flashed
        flashed = tmp_path / "flash.img"
        flashed.write_bytes(loader.flash.data[area.offset : area.offset + area.size])
        wifi = Wifi({"home": "12345678", "café": ""})
        with VirtualBoard(flashed, wifi=wifi, internet=True) as board:
            line.target = Board(board)
            page.get_by_role("button", name="Talk to the board").click()
            expect(page.get_by_label("Device")).to_have_value(device.id)
            assert page.get_by_label("Wi-Fi network").locator("option").all_inner_texts() == [
                "café (-55 dBm)",
                "home (-55 dBm)",
                "Another network",
            ]
            assert looks(page) == []
            page.get_by_label("Wi-Fi network").select_option("home")
            page.get_by_label("Wi-Fi password").fill("87654321")
            page.get_by_role("button", name="Join and set up").click()
            expect(page.get_by_role("alert")).to_contain_text("the board did not get into the network")
            page.get_by_label("Wi-Fi password").fill("12345678")
            page.get_by_role("button", name="Join and set up").click()
            expect(page.get_by_role("status")).to_have_text("The board is online.")
            expect(page.get_by_role("log")).to_contain_text(f"mqtt: online as device {device.id}")
            assert looks(page) == []
            assert console.call(console.platform.device, device.id).online
            assert "12345678" not in page.content() and device.auth_info not in page.content()


@pytest.mark.parametrize("chip", ["ESP8266", "ESP32-C3"])
def test_other_chips(console: RunningConsole, program: Any, chip: str, tmp_path: Path) -> None:
    image = image_for(chip)
    file = tmp_path / "image.bin"
    file.write_bytes(image.data)
    loader = loader_of(chip)
    with cable(Chip(loader)) as line, page_with_board(program, line, f"{console.url}/connect") as page:
        flash(page, file)
        expect(page.get_by_role("status")).to_contain_text(f"The {chip} is flashed", timeout=FLASHING)
    end = image.offset + len(image.data)
    assert loader.flash.data[image.offset : end] == image.data  # an ESP8266's has the size of 4 MB in it already
    assert loader.program_runs


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (firmware.esp32("ESP32-C3"), "this image is not for an ESP32"),
        (b"\x89PNG" + bytes(5000), "this file is no image for these chips"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_erased(
    console: RunningConsole, program: Any, data: bytes, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "image.bin"
    file.write_bytes(data)
    loader = loader_of("ESP32")
    before = bytes(loader.flash.data)
    with cable(Chip(loader)) as line, page_with_board(program, line, f"{console.url}/connect") as page:
        flash(page, file)
        expect(page.get_by_role("alert")).to_have_text(f"Not flashed: {words}")
        expect(page.get_by_role("button", name="Erase and flash")).to_be_enabled()  # for another one
    assert loader.flash.data == before


def test_a_byte_that_is_not_as_written_is_noticed(console: RunningConsole, program: Any, tmp_path: Path) -> None:
    file = tmp_path / "image.bin"
    file.write_bytes(image_for("ESP32").data)
    loader = loader_of("ESP32", bad_write=True)
    with cable(Chip(loader)) as line, page_with_board(program, line, f"{console.url}/connect") as page:
        flash(page, file)
        expect(page.get_by_role("alert")).to_contain_text("Not flashed: ", timeout=FLASHING)


def test_an_image_that_the_console_makes(console: RunningConsole, program: Any, made_here: Any) -> None:
    loader = loader_of("ESP32")
    with cable(Chip(loader)) as line, page_with_board(program, line, f"{console.url}/connect") as page:
        page.get_by_role("button", name="Choose the board's port").click()
        page.get_by_role("button", name="Erase and flash").click()
        expect(page.get_by_role("status")).to_contain_text("The ESP32 is flashed", timeout=FLASHING)
    assert loader.flash.data[made_here.offset : made_here.offset + len(made_here.data)] == made_here.data
    assert "/download/ESP32_GENERIC/" in made_here.asked


def test_images_by_http(console: RunningConsole, made_here: Any) -> None:
    answer = httpx.get(f"{console.url}/connect/image/ESP32?flash={4 * MIB}", timeout=PATIENCE)
    assert (answer.status_code, answer.headers["x-offset"]) == (200, str(0x1000))
    assert answer.content == made_here.data
    for path, words in (
        ("ESP32-H2?flash=4194304", "chip: must be one of ESP8266, ESP32"),
        ("ESP32?flash=5", "flash: must be the size in bytes"),
        ("ESP32-S3?flash=4194304", "has no board ESP32_GENERIC_S3"),
    ):
        answer = httpx.get(f"{console.url}/connect/image/{path}", timeout=PATIENCE)
        assert answer.status_code == 502 and words in answer.json()["error"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no program runs on the board: flash it first"),
        (
            {"main.py": "import time\nwhile True:\n print(7, 'wifi: joined home')\n time.sleep(1)"},
            "has a configuration",
        ),
    ],
    ids=["no program", "configured"],
)
def test_a_board_that_is_not_to_be_set_up_is_left_alone(
    console: RunningConsole, program: Any, files: dict[str, str], words: str
) -> None:
    with VirtualBoard(files=files) as board, cable(Board(board)) as line:
        with page_with_board(program, line, f"{console.url}/connect") as page:
            page.get_by_role("button", name="Choose the board's port").click()
            page.get_by_role("button", name="Talk to the board").click()
            expect(page.get_by_role("alert")).to_contain_text(words)
        assert "KeyboardInterrupt" not in board.log


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_a_browser_without_serial_ports_says_what_to_type(
    console: RunningConsole, program: Any, device: Device, language: str
) -> None:
    context = program.new_context(locale=language)
    context.add_init_script("delete Navigator.prototype.serial")
    page = context.new_page()
    page.goto(f"{console.url}/connect?device={device.id}")
    expect(page.get_by_role("note")).to_contain_text("Chrome and Edge" if language == "en-US" else "Chrome 和 Edge")
    steps = page.get_by_role("group", name=re.compile("Commands to type|要输入的命令"))
    expect(steps).to_contain_text("onenet flash")
    expect(steps).to_contain_text(f"--device-id {device.id}")
    assert looks(page) == []
    context.close()


def test_the_page_leads_to_it_and_knows_its_device(browser: Any, device: Device) -> None:
    with browser.open("/") as page:
        page.get_by_role("link", name="Connect a board").click()
        expect(page.get_by_role("heading", name="Connect a board")).to_be_visible()


def test_libraries_are_those_that_are_written_down(console: RunningConsole) -> None:
    folder = connect.LIBRARIES_FOLDER
    written = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", (folder / "README.txt").read_text("utf-8"), re.M))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.js")}
    assert set(written.values()) == there == set(connect.LIBRARIES.values())
    for asked, name in connect.LIBRARIES.items():
        answer = httpx.get(f"{console.url}/connect/library/{asked}")
        assert written.get(hashlib.sha256(answer.content).hexdigest()) == name
        assert (folder / name).parent.joinpath("LICENSE.txt").exists() or (folder / name).parent.name == "util"
    assert httpx.get(f"{console.url}/connect/library/README.txt").status_code == 404
