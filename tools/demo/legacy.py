"""The demo of OneNET's older platform: data points that PUBACK confirms, and commands that are replied to."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..api.client import Client
from ..api.failures import ApiError
from ..api.text import reply_text
from ..console.model import Command, CommandChanged, Event
from ..language import _
from .stage import Stage, board_config, hints, local_onenet
from .story import Delivered, News, Story

COMMANDS = ("led=on", "led?", "led=off")
TITLE = _("virtual board")


@contextlib.contextmanager
def stage(directory: Path, news: News) -> Iterator[Stage]:
    """The console, with the device of config.json.example, which is in `directory`."""
    config = demo_config(directory)
    device_id = config["device_id"]
    with local_onenet(news) as console:
        console.call(console.platform.edit_device, device_id, title=TITLE)
        with Client(console.url, console.platform.master_key) as client:
            yield Stage(
                config,
                (config["host"], config["port"]),
                console.mqtt_port,
                LegacyStory(news, client, device_id),
                f"{console.url}/device/{device_id}",
                hints(console, "status", "points", f"send {device_id} led=on"),
            )


def demo_config(directory: Path) -> dict[str, Any]:
    """config.json for the demo: the example's device and address, with the demo's surroundings."""
    config: dict[str, Any] = json.loads((directory / "config.json.example").read_text())
    return {**config, **board_config()}


class LegacyStory(Story):
    """Commands, one after the other."""

    def __init__(self, news: News, client: Client, device_id: str) -> None:
        super().__init__(news)
        self._client = client
        self._device_id = device_id
        self._sent: set[str] = set()  # the commands' uuids

    def ask(self) -> None:
        text = COMMANDS[self.asked % len(COMMANDS)]
        try:
            self._sent.add(self._client.send(self._device_id, text.encode()))
        except ApiError as error:
            self.show.line(_("command"), f"{text}: {error}", "red")
        else:
            self.asked += 1

    def heard(self, topic: str, payload: bytes, up: bool) -> None:
        if topic.startswith("$creq/"):
            self.show.line(
                _("command"),
                _("{reply_text}  to {topic}").format(reply_text=reply_text(payload), topic=topic),
                "magenta",
            )

    def event(self, event: Event | Delivered) -> None:
        match event:
            case CommandChanged(Command(uuid=uuid, reply=bytes(reply), seconds=float(seconds))):
                self.answered += uuid in self._sent
                words = _("{reply_text}  to $crsp/{uuid}, after {seconds:.0f} ms").format(
                    reply_text=reply_text(reply), uuid=uuid, seconds=1000 * seconds
                )
                self.show.line(_("reply"), words, "magenta")

    def shortcoming(self) -> str | None:
        return super().shortcoming() or (None if self.answered else _("no command was answered"))

    def counted(self) -> list[str]:
        return [
            *super().counted(),
            _("{answered} of {asked} commands answered").format(answered=self.answered, asked=self.asked),
        ]
