"""The demo from an empty console to the last line."""

import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import sys
import types
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..api.client import Client
from ..board import Connection, VirtualBoard, Wifi
from ..board.chips import chip_named
from ..board.flash import Content
from ..board.small_heap import ready_for
from ..console.console import RunningConsole, running_console
from ..files import board_directory, board_modules
from ..loopback import has_ipv6
from ..packets.explain import PacketReader
from ..port.program import XTENSA
from ..port.romfs import installed
from .camera import Camera, what_is_missing
from .show import Show
from .story import BoardSays, Carried, News, Progress, Story

SSID, PASSWORD = "home", "password"
LED_PIN = 2
TITLE = "virtual board"
MQTT_PORT, HTTP_PORT = 6002, 8080
PICTURE = Path("build", "console.png")


def run_demo(
    seconds: float | None = None,
    show_secrets: bool = False,
    directory: Path | None = None,
    *,
    chip: str = "esp32",
    picture: Path | None = PICTURE,
    open_page: bool = False,
    patience: float = 30,
) -> int:
    """Runs it for so long, or until Ctrl-C; returns the exit status.

    `chip` is the virtual board's. `directory` is where boot.py, main.py, lib/, firmware/ and config.json.example are.
    `picture` is where a picture of the device's page goes, taken shortly before the end; with Ctrl-C for an end there
    is none. `patience` is how many seconds longer a slow computer may take. Raises ConsoleError, StoreError,
    BoardError.
    """
    directory = directory or board_directory()
    ready_for(chip_named(chip))
    config = demo_config(directory)
    show = Show(() if show_secrets else (config["auth_info"], PASSWORD))
    news: News = queue.SimpleQueue()
    progress = Progress()
    failure = None
    with _terminable():
        try:
            with local_onenet(config["device_id"], news) as console:
                page = f"{console.url}/device/{config['device_id']}"
                introduce(show, console, config, page)
                if open_page:
                    webbrowser.open(page)
                missing = what_is_missing() if picture and seconds else None
                camera = Camera(page, picture if seconds and not missing else None)
                with (
                    Client(console.url, console.platform.master_key) as client,
                    powered(directory, config, console.mqtt_port, news, show_secrets, chip) as board,
                ):
                    Story(show, news, progress, client, config["device_id"], camera).tell(board, seconds, patience)
        except KeyboardInterrupt:
            show.line("end", "interrupted")
        else:
            failure = progress.shortcoming() or camera.failure
            if missing:
                show.line("picture", f"none of the page: {missing}")
            elif not failure:
                show.line("picture", f"of the page: {picture}")
    show.plain(progress.summary(show.elapsed()), "bold")
    if failure:
        show.plain(f"error: {failure}", "bold red")
    return 1 if failure else 0


def introduce(show: Show, console: RunningConsole, config: dict[str, Any], page: str) -> None:
    """Says where everything is, and what can be done with it."""
    where = "--local" if console.http_port == HTTP_PORT else f"--url {console.url}"
    show.line("page", f"open {page} in a browser", "bold green")
    show.line("broker", f"127.0.0.1:{console.mqtt_port} stands for {config['host']}:{config['port']}")
    show.line("try", "in another terminal:")
    for command in ("status", "points", f"send {config['device_id']} led=on"):
        show.line("", f"{_program()} {command} {where}")
    show.line("board", "booting the real boot.py, main.py, lib/ and firmware/")


def _program() -> str:
    """How `onenet` is called here."""
    program = sys.argv[0]
    return "onenet" if shutil.which("onenet") or Path(program).name != "onenet" else os.path.relpath(program)


def demo_config(directory: Path) -> dict[str, Any]:
    """config.json for the demo: the example's device and address, this Wi-Fi, and less patience."""
    config: dict[str, Any] = json.loads((directory / "config.json.example").read_text())
    config.update(
        wifi=[{"ssid": SSID, "password": PASSWORD}],
        intervals={"free_heap": 2, "rssi": 3, "chip_temperature": 4},
        led_pin=LED_PIN,
    )
    return config


@contextlib.contextmanager
def local_onenet(device_id: str, news: News) -> Iterator[RunningConsole]:
    """A console that has the device and no data yet; on the usual ports if they are free."""
    with running_console(mqtt_port=_free(MQTT_PORT), http_port=_free(HTTP_PORT)) as console:
        console.call(console.platform.edit_device, device_id, title=TITLE)
        console.call(console.platform.listen, news.put)
        yield console


def _free(port: int) -> int:
    """The port if nobody has it, else 0, which stands for any."""
    with contextlib.ExitStack() as stack:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))[: 2 if has_ipv6() else 1]:
            sock = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((host, port))
            except OSError:
                return 0
    return port


@contextlib.contextmanager
def powered(
    directory: Path, config: dict[str, Any], port: int, news: News, show_secrets: bool = False, chip: str = "esp32"
) -> Iterator[VirtualBoard]:
    """The virtual board with the real files, whose way to the platform ends at the console."""
    program = {name: directory / name for name in ["boot.py", "main.py", *board_modules()]}
    files: dict[str, Content] = {**program}
    rom = b""
    if chip_named(chip).threshold:  # too little heap for modules in files
        compiled, rom = installed(program, XTENSA)
        files = {**compiled}
    files["config.json"] = json.dumps(config)
    rest = bytearray()
    readers: dict[tuple[int, str], PacketReader] = {}

    def output(data: bytes) -> None:
        rest.extend(data)
        while (end := rest.find(b"\n")) >= 0:
            news.put(BoardSays(rest[:end].decode("utf-8", "replace").rstrip()))
            del rest[: end + 1]

    def tap(direction: str, data: bytes, connection: Connection) -> None:
        reader = readers.setdefault((connection.number, direction), PacketReader(show_secrets))
        for packet in reader.feed(data):
            news.put(Carried(packet))

    board = VirtualBoard(
        files=files,
        rom=rom,
        chip=chip,
        wifi=Wifi({SSID: PASSWORD}, association_time=1.5, dhcp_time=0.5),
        routes={(config["host"], config["port"]): ("127.0.0.1", port)},
        on_output=output,
    )
    board.link.tap = tap
    with board:
        yield board


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM is like Ctrl-C, so that nothing is left running after either."""

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
