"""What happens in the demo on whatever platform: shown and counted as it comes. Each platform's story adds its own."""

import contextlib
import json
import math
import queue
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..api.failures import ApiError
from ..board import VirtualBoard
from ..console.model import Event, PointsStored
from ..language import _, listed, named
from ..packets.explain import in_hex
from ..packets.fields import Explained
from ..words.said import BOARD, rendered
from .camera import Camera
from .show import Show

ENOUGH_POINTS = 3
EVERY = 3.0  # seconds between two things that the board is asked
LAST_ANSWER = 2.0  # seconds to wait for it at the end
EXPOSURE = 8.0  # seconds before the end at which the picture is taken


# What the board's threads tell, beside the console's events.
@dataclass(frozen=True)
class BoardSays:
    line: str


@dataclass(frozen=True)
class Carried:
    """A packet on its way between board and platform. up: from the board."""

    packet: Explained
    up: bool


@dataclass(frozen=True)
class Outcome:
    """What came of an errand."""

    what: str
    answer: str
    """Empty where it failed."""
    failure: str = ""


@dataclass(frozen=True)
class Delivered:
    """A message that a broker has delivered to somebody who looks on."""

    topic: str
    payload: bytes
    retained: bool


News = queue.SimpleQueue[BoardSays | Carried | Outcome | Delivered | Event]


class Story:
    """One run. Subclasses say what is asked of the board, and when all is well."""

    show: Show
    board: VirtualBoard

    def __init__(self, news: News) -> None:
        self._news = news
        self._errands = ThreadPoolExecutor(1, "errand")
        self.online_at: float | None = None
        """Seconds from the start to the first CONNACK that lets the board in."""
        self.points = 0
        self.asked = self.answered = 0
        self.under_way = 0
        """Errands."""
        self.next_at = 0.0
        """Seconds from the start at which the board is asked next."""

    # Of each platform

    def ask(self) -> None:
        """Asks something of the board; called every now and then once its data come."""

    def heard(self, topic: str, payload: bytes, up: bool) -> None:
        """A PUBLISH has gone by."""

    def event(self, event: Event | Delivered) -> None:
        """The console tells something besides data points; or whoever looks on, all that comes."""

    def shortcoming(self) -> str | None:
        """Why the demo has failed, None if it has not."""
        if self.online_at is None:
            return _("the device did not come online")
        if self.points < ENOUGH_POINTS:
            return _("only {points} data points arrived").format(points=self.points)
        return None

    def counted(self) -> list[str]:
        """What has been counted, in words."""
        return [_("{points} data points").format(points=self.points)]

    # Of all

    def summary(self) -> str:
        """All of it in a line."""
        online = (
            _("not online")
            if self.online_at is None
            else _("online after {online_at:.1f} s").format(online_at=self.online_at)
        )
        return _("demo: {value}, {elapsed:.0f} s").format(
            value=listed([online, *self.counted()]), elapsed=self.show.elapsed()
        )

    def tell(self, show: Show, board: VirtualBoard, camera: Camera, seconds: float | None, patience: float) -> None:
        """Tells it until so many seconds after the start, and until the picture is taken; if something is missing then,
        for so much longer."""
        self.show, self.board = show, board
        elapsed, missing = show.elapsed, self.shortcoming
        while seconds is None or elapsed() < seconds or (missing() and elapsed() < seconds + patience):
            self._turn()
            if seconds and elapsed() >= seconds - EXPOSURE and not missing():
                camera.shoot()
        if not missing():
            camera.shoot()
        end = elapsed() + LAST_ANSWER
        while camera.busy or (self.asked > self.answered and elapsed() < end):
            self._turn(ask=False)
        self._errands.shutdown(wait=False, cancel_futures=True)

    def send_out(self, what: str, errand: Callable[[], str]) -> None:
        """Has a thread ask something over HTTP, and count the answer that it returns. Raises no ApiError."""

        def run() -> None:
            try:
                self._news.put(Outcome(what, errand()))
            except ApiError as error:
                self._news.put(Outcome(what, "", str(error)))

        self.asked += 1
        self.under_way += 1
        self._errands.submit(run)

    def outcome(self, outcome: Outcome) -> None:
        """An errand is done."""
        self.under_way -= 1
        if outcome.failure:
            self.show.line(_("failed"), named(outcome.what, outcome.failure), "red")
        else:
            self.answered += 1
            self.show.line(_("answer"), named(outcome.what, outcome.answer), "bold magenta")

    def _turn(self, ask: bool = True) -> None:
        """Whatever comes next, for a tenth of a second at most; and something asked, if it is time for that."""
        with contextlib.suppress(queue.Empty):
            self._handle(self._news.get(timeout=0.1))
        now = self.show.elapsed()
        _change_the_weather(self.board, now)
        if ask and self.points and now >= self.next_at:
            self.next_at = now + EVERY
            self.ask()

    def _handle(self, news: BoardSays | Carried | Outcome | Delivered | Event) -> None:
        show = self.show
        match news:
            case BoardSays(line):
                if line:
                    show.console_line(line)
                if joined := re.search(r" wifi: (joined .*)", line):
                    show.line("Wi-Fi", rendered(joined[1], BOARD))
            case Carried(packet, up):
                self._carried(packet, up)
            case Outcome():
                self.outcome(news)
            case PointsStored(_, points):
                for stream, point in points:
                    self.point(stream, point.value)
            case _:
                self.event(news)

    def point(self, stream: str, value: object) -> None:
        """A data point has come to the platform."""
        self.points += 1
        self.show.line(_("data"), f"{stream} = {json.dumps(value, ensure_ascii=False)}", "green")

    def _carried(self, packet: Explained, up: bool) -> None:
        show = self.show
        if packet.error:
            show.line(packet.type, f"{in_hex(packet)}  {packet.error}", "red")
        elif packet.type == "CONNECT":
            if self.online_at is None:
                show.packet(packet)
            else:
                show.line("CONNECT", packet.summary)
        elif packet.type == "PUBLISH":
            topic, payload = packet.field("topic name"), packet.field("payload")
            if topic:
                self.heard(topic.data.decode("utf-8", "replace"), payload.data if payload else b"", up)
        elif packet.type == "CONNACK":
            accepted = packet.data[3] == 0
            show.line("CONNACK", f"{in_hex(packet)}  {packet.summary}", "green" if accepted else "red")
            if accepted and self.online_at is None:
                self.online_at = show.elapsed()
                show.line(_("online"), _("after {online_at:.1f} s").format(online_at=self.online_at), "bold green")


def _change_the_weather(board: VirtualBoard, seconds: float) -> None:
    """The board's surroundings after so long, for charts that move."""
    board.temperature = round(45 + 6 * math.sin(seconds / 5))
    board.wifi.rssi = round(-58 + 5 * math.sin(seconds / 7))
