"""The demo of OneNET's current platform, of a product with data streams: data points that the platform's answer
confirms, and commands."""

import json
from contextlib import AbstractContextManager
from pathlib import Path

from ..api.failures import ApiError
from ..api.studio import StudioClient
from ..api.text import reply_text
from ..console.studio.products import Protocol
from ..language import _
from .current import NAME, current_stage
from .stage import Stage
from .story import News, Story

PRODUCT = "zYxWvU9876"
COMMANDS = ("led=on", "led?", "led=off")
PATIENCE = 5.0  # seconds for a reply: the least that the platform waits


def stage(directory: Path, news: News) -> AbstractContextManager[Stage]:
    """The console, with a product and one device."""
    return current_stage(news, "dp", PRODUCT, StreamStory, f"send {NAME} led=on", protocol=Protocol.STREAM)


class StreamStory(Story):
    """Commands, one after the other."""

    def __init__(self, news: News, client: StudioClient) -> None:
        super().__init__(news)
        self._client = client
        self._confirmed = 0

    def ask(self) -> None:
        text = COMMANDS[self.asked % len(COMMANDS)]
        self.send_out(text, lambda: self._command(text))

    def _command(self, text: str) -> str:
        state = self._client.ask(NAME, text.encode(), PATIENCE)
        if state.reply is None:
            raise ApiError(state.words)
        return reply_text(state.reply)

    def heard(self, topic: str, payload: bytes, up: bool) -> None:
        rest = topic.partition(f"/{NAME}/")[2]
        words = _("{reply_text}  to …/{rest}").format(reply_text=reply_text(payload), rest=rest)
        if rest == "dp/post/json/accepted":
            self._confirmed += isinstance(_id(payload), int)
            self.show.line(_("reply"), words, "dim")
        elif rest == "dp/post/json/rejected":
            self.show.line(_("reply"), words, "red")
        elif rest.startswith("cmd/request/"):
            self.show.line(_("command"), words, "magenta")
        elif rest.startswith("cmd/response/") and up:
            self.show.line(_("reply"), words, "magenta")

    def shortcoming(self) -> str | None:
        if words := super().shortcoming():
            return words
        if not self._confirmed:
            return _("no data point was confirmed by the platform's answer")
        return None if self.answered else _("no command was answered")

    def counted(self) -> list[str]:
        return [
            *super().counted(),
            _("{confirmed} messages confirmed").format(confirmed=self._confirmed),
            _("{answered} of {asked} commands answered").format(answered=self.answered, asked=self.asked),
        ]


def _id(payload: bytes) -> object:
    """Of an answer; None where it has none."""
    try:
        return json.loads(payload)["id"]
    except (ValueError, TypeError, KeyError):
        return None
