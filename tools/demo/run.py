"""The demo from an empty console to the last line."""

import contextlib
import json
import queue
import signal
import types
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from ..board import Connection, VirtualBoard, Wifi
from ..board.chips import chip_named
from ..board.flash import Content
from ..board.small_heap import ready_for
from ..files import board_directory, board_modules
from ..language import _
from ..packets.explain import PacketReader
from ..port.program import XTENSA
from ..port.romfs import installed
from . import any_broker, dp, legacy, studio, update
from .camera import Camera, what_is_missing
from .film import Film
from .show import Show
from .stage import PASSWORD, SSID, Stage
from .story import BoardSays, Carried, News

PICTURE = Path("build", "console.png")

STAGES: dict[str, Callable[[Path, News], AbstractContextManager[Stage]]] = {
    "legacy": legacy.stage,
    "studio": studio.stage,
    "dp": dp.stage,
    "mqtt": any_broker.stage,
}
"""By platform, as config.json names it: what makes its stage, of the directory with the board's files."""


def run_demo(
    seconds: float | None = None,
    show_secrets: bool = False,
    directory: Path | None = None,
    *,
    platform: str = "legacy",
    chip: str = "esp32",
    updated: bool = False,
    picture: Path | None = PICTURE,
    film: Path | None = None,
    open_page: bool = False,
    patience: float = 120,
) -> int:
    """Runs it for so long, or until Ctrl-C; returns the exit status.

    `platform` is one of STAGES, `chip` the virtual board's. `updated`: what is shown is an update over the air, on the
    older platform. `directory` is where boot.py, main.py, lib/, firmware/ and
    config.json.example are. `picture` is where a picture of the device's page goes, taken shortly before the end; with
    Ctrl-C for an end there is none. `film` is where a picture that moves goes, of what is shown here. `patience` is how
    many seconds longer a slow computer may take. Raises ConsoleError, StoreError, BoardError.
    """
    directory = directory or board_directory()
    ready_for(chip_named(chip))
    news: News = queue.SimpleQueue()
    failure = None
    filmed = Film() if film else None
    with _terminable(), contextlib.ExitStack() as stack:
        made = update.stage(directory, news, chip) if updated else STAGES[platform](directory, news)
        stage = stack.enter_context(made)
        patience += update.LONGEST if updated else 0
        show = Show(() if show_secrets else stage.secrets, filmed)
        introduce(show, stage)
        if open_page and stage.page:
            webbrowser.open(stage.page)
        wanted = bool(picture and seconds and stage.page)
        missing = what_is_missing() if wanted else None
        camera = Camera(stage.page, picture if wanted and not missing else None)
        stage.story.show = show
        try:
            board = stack.enter_context(powered(directory, stage, news, show_secrets, chip))
            stage.story.tell(show, board, camera, seconds, patience)
        except KeyboardInterrupt:
            show.line(_("end"), _("interrupted"))
        else:
            failure = stage.story.shortcoming() or camera.failure
            if missing:
                show.line(_("picture"), _("none of the page: {missing}").format(missing=missing))
            elif wanted and not failure:
                show.line(_("picture"), _("of the page: {picture}").format(picture=picture))
    if film and filmed:
        filmed.save(film, _("onenet demo"))
    show.plain(stage.story.summary(), "bold")
    if failure:
        show.plain(_("error: {failure}").format(failure=failure), "bold red")
    return 1 if failure else 0


def introduce(show: Show, stage: Stage) -> None:
    """Says where everything is, and what can be done with it."""
    host, port = stage.host
    if stage.page:
        show.line(_("page"), _("open {page} in a browser").format(page=stage.page), "bold green")
    show.line(
        _("broker"), _("127.0.0.1:{port} stands for {host}:{port_2}").format(port=stage.port, host=host, port_2=port)
    )
    if stage.hints:
        show.line(_("try"), _("in another terminal:"))
    for hint in stage.hints:
        show.line("", hint)
    show.line(_("board"), _("booting the real boot.py, main.py, lib/ and firmware/"))


@contextlib.contextmanager
def powered(
    directory: Path, stage: Stage, news: News, show_secrets: bool = False, chip: str = "esp32"
) -> Iterator[VirtualBoard]:
    """The virtual board with the real files, whose way to the platform ends at the stage's."""
    program = {name: directory / name for name in ["boot.py", "main.py", *board_modules()]} | stage.program
    files: dict[str, Content] = {**program}
    rom = b""
    if chip_named(chip).threshold:  # too little heap for modules in files
        compiled, rom = installed(program, XTENSA)
        files = {**compiled}
    files |= stage.files
    files["config.json"] = json.dumps(stage.config)
    rest = bytearray()
    readers: dict[tuple[int, str], PacketReader] = {}

    def output(data: bytes) -> None:
        rest.extend(data)
        while (end := rest.find(b"\n")) >= 0:
            news.put(BoardSays(rest[:end].decode("utf-8", "replace").rstrip()))
            del rest[: end + 1]

    def tap(direction: str, data: bytes, connection: Connection) -> None:
        if connection.asked != stage.host:
            return  # a package is fetched
        reader = readers.setdefault((connection.number, direction), PacketReader(show_secrets))
        for packet in reader.feed(data):
            news.put(Carried(packet, direction == "up"))

    board = VirtualBoard(
        files=files,
        rom=rom,
        chip=chip,
        wifi=Wifi({SSID: PASSWORD}, association_time=1.5, dhcp_time=0.5),
        routes={stage.host: ("127.0.0.1", stage.port)},
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
