"""The page that connects a board: it flashes and configures one that is at the computer of the browser, by its Web
Serial. Where a browser has none, there are the commands to type.

Nothing of what goes over the cable passes through the console, but the image, and who the board is to be.
"""

import asyncio
import json
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from ...port.errors import PortError
from ..board_images import BoardImages
from ..lock import COOKIE
from ..model import Device, DeviceChanged, Event
from ..platform import Platform, UnknownDevice
from ..steps import steps_for
from .forms import config_for, host_for_boards
from .frame import Visit, box, frame, is_loopback, link, part, to_type, visit
from .text import shown
from .updates import Updates

LIBRARIES = {
    "esptool.js": "esptool-js/bundle.js",
    "md5.js": "spark-md5/spark-md5.js",
    "improv/serial.js": "improv/serial.js",
    "improv/const.js": "improv/const.js",
    "improv/util/hex-formatter": "improv/util/hex-formatter.js",  # as they ask for each other
    "improv/util/to-hex": "improv/util/to-hex.js",
}
"""Files of console/libraries by what the browser asks for."""
LIBRARIES_FOLDER = Path(__file__).parents[1] / "libraries"
_WORDS = (
    *("choose_port", "another_port", "no_serial", "port_is", "port_failed", "flash", "flash_hint", "choose_image"),
    *("image_here", "image_file", "flash_now", "fetching_image", "asking_chip", "erasing", "writing", "flashed"),
    *("flash_failed", "wrong_chip", "no_image", "set_up", "set_up_hint", "set_up_now", "waiting_for_board", "is_busy"),
    *("no_program", "not_listening", "scanning", "which_device", "network", "other_network", "wifi_password"),
    *("send_settings", "joining", "not_joined", "refused_settings", "settings_sent", "board_says", "is_online"),
)


class BoardSetup(Element, component="board_setup.js"):
    """Asks for a port and does the rest. Tells "chosen" with a device's id, to be given its settings."""

    def __init__(self, visit: Visit, chosen: str) -> None:
        super().__init__()
        devices = [it for it in visit.platform.devices() if visit.rights.sends_to(it.id)]
        self._props["devices"] = [{"id": it.id, "title": shown(it.title, 60)} for it in devices]
        self._props["chosen"] = chosen if any(it.id == chosen for it in devices) else ""
        self._props["words"] = visit.words.some(*_WORDS)

    def settings(self, device_id: str, settings: dict[str, object]) -> None:
        """Gives what a board of this device has to know."""
        self.run_method("take", device_id, settings)

    def online(self, device_id: str) -> None:
        """The device is."""
        self.run_method("see", device_id)


@ui.page("/connect")
def connect_page(request: Request, device: str = "") -> None:
    """Connects a board, as this device if one is said."""
    here = visit(request)
    words = here.words
    with frame(here, words.connect):
        link("/", words.back, "back")
        part("h1", words.connect)
        part("p", words.connect_hint, "soft")
        if is_loopback(here.host) and not here.platform.lan:
            part("p", words.connect_not_lan, "note")
        made = BoardSetup(here, device)
        with box("section", "card"):
            part("h2", words.by_commands)
            part("p", words.by_commands_hint, "soft")
            to_type(words, _steps(here, device))

    def choose(event: GenericEventArguments) -> None:
        try:
            found = here.platform.device(str(event.args))
        except UnknownDevice:
            return
        if here.rights.sends_to(found.id):
            made.settings(found.id, settings_of(here, found))

    made.on("chosen", choose)

    def show(events: list[Event]) -> None:
        for event in events:
            if isinstance(event, DeviceChanged) and _is_online(here, event.device_id):
                made.online(event.device_id)

    Updates(here.platform, here.client, lambda event: isinstance(event, DeviceChanged), show)


def settings_of(visit: Visit, device: Device) -> dict[str, object]:
    """What config.json has for a board of this device, but the network."""
    config: dict[str, object] = json.loads(config_for(visit, device))
    del config["wifi"]
    return config


def _is_online(here: Visit, device_id: str) -> bool:
    try:
        return here.platform.device(device_id).online
    except UnknownDevice:
        return False


def _steps(here: Visit, device_id: str) -> list[str]:
    try:
        device = here.platform.device(device_id)
    except UnknownDevice:
        return ["onenet flash", "onenet config --local", "onenet deploy"]
    protocol = here.platform.studio.products.find(device.product_id).protocol if device.is_studio else None
    platform = protocol.platform if protocol else "legacy"
    return steps_for(device, host_for_boards(here), here.platform.mqtt_port, platform)


def add_connecting(app: FastAPI, platform: Platform) -> None:
    """Serves what the page loads: libraries by others, and images."""
    images = BoardImages()

    async def library(name: str) -> Response:
        if name not in LIBRARIES:
            return Response(status_code=404)
        return Response((LIBRARIES_FOLDER / LIBRARIES[name]).read_bytes(), media_type="text/javascript")

    async def image(request: Request, chip: str, flash: int = 0) -> Response:
        """An image for this chip with so many bytes of flash; where it begins is in the header x-offset."""
        address = request.client.host if request.client else ""
        if not platform.lock.rights(address, request.cookies.get(COOKIE, "")).changes:
            return JSONResponse({"error": "only the teacher may"}, 403)
        try:
            made = await asyncio.to_thread(images.image, chip, flash)
        except PortError as error:
            return JSONResponse({"error": str(error)}, 502)
        headers = {"x-offset": str(made.offset), "x-title": made.title}
        return Response(made.data, media_type="application/octet-stream", headers=headers)

    app.add_api_route("/connect/library/{name:path}", library, include_in_schema=False)
    app.add_api_route("/connect/image/{chip}", image, include_in_schema=False)
