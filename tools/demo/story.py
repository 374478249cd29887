"""What happens in the demo: shown and counted as it comes, and where the commands come from."""

import contextlib
import json
import math
import queue
import re
from dataclasses import dataclass, field

from ..api.client import Client
from ..api.failures import ApiError
from ..api.text import reply_text
from ..board import VirtualBoard
from ..console.model import Command, CommandChanged, Event, PointsStored
from ..packets.explain import in_hex
from ..packets.fields import Explained
from .camera import Camera
from .show import Show

COMMANDS = ("led=on", "led?", "led=off")
COMMAND_EVERY = 3.0  # seconds
ENOUGH_POINTS = 3
LAST_REPLY = 2.0  # seconds to wait for it at the end
EXPOSURE = 8.0  # seconds before the end at which the picture is taken


@dataclass
class Progress:
    """What has happened so far; times in seconds since the start."""

    online_at: float | None = None
    points: int = 0
    sent: set[str] = field(default_factory=set)
    """The commands' uuids."""
    answered: int = 0
    next_command: float = 0.0

    @property
    def unanswered(self) -> int:
        """Commands whose reply has not come."""
        return len(self.sent) - self.answered

    def shortcoming(self) -> str | None:
        """Why the demo has failed, None if it has not."""
        if self.online_at is None:
            return "the device did not come online"
        if self.points < ENOUGH_POINTS:
            return f"only {self.points} data points arrived"
        if not self.answered:
            return "no command was answered"
        return None

    def summary(self, seconds: float) -> str:
        """All of it in a line, after so long."""
        online = "not online" if self.online_at is None else f"online after {self.online_at:.1f} s"
        commands = f"{self.answered} of {len(self.sent)} commands answered"
        return f"demo: {online}, {self.points} data points, {commands}, {seconds:.0f} s"


# What the board's threads tell, beside the console's events.
@dataclass(frozen=True)
class BoardSays:
    line: str


@dataclass(frozen=True)
class Carried:
    """A packet on its way between board and console."""

    packet: Explained


News = queue.SimpleQueue[BoardSays | Carried | Event]


class Story:
    def __init__(
        self, show: Show, news: News, progress: Progress, client: Client, device_id: str, camera: Camera
    ) -> None:
        """progress: what is counted."""
        self._progress = progress
        self._show = show
        self._news = news
        self._client = client
        self._device_id = device_id
        self._camera = camera

    def tell(self, board: VirtualBoard, seconds: float | None, patience: float) -> None:
        """Tells it until so many seconds after the start, and until the picture is taken; if something is missing then,
        for so much longer."""
        elapsed = self._show.elapsed
        missing = self._progress.shortcoming
        while seconds is None or elapsed() < seconds or (missing() and elapsed() < seconds + patience):
            self._turn(board)
            if seconds and elapsed() >= seconds - EXPOSURE and not missing():
                self._camera.shoot()
        if not missing():
            self._camera.shoot()
        end = elapsed() + LAST_REPLY
        while self._camera.busy or (self._progress.unanswered and elapsed() < end):
            self._turn(board, command=False)

    def _turn(self, board: VirtualBoard, command: bool = True) -> None:
        """Whatever comes next, for a tenth of a second at most; and a command, if it is time for one."""
        with contextlib.suppress(queue.Empty):
            self._handle(self._news.get(timeout=0.1))
        now = self._show.elapsed()
        _change_the_weather(board, now)
        if command and self._progress.points and now >= self._progress.next_command:
            self._progress.next_command = now + COMMAND_EVERY
            self._send()

    def _send(self) -> None:
        text = COMMANDS[len(self._progress.sent) % len(COMMANDS)]
        try:
            uuid = self._client.send(self._device_id, text.encode())
        except ApiError as error:
            self._show.line("command", f"{text}: {error}", "red")
        else:
            self._progress.sent.add(uuid)

    def _handle(self, event: BoardSays | Carried | Event) -> None:
        show = self._show
        match event:
            case BoardSays(line):
                if line:
                    show.console_line(line)
                if joined := re.search(r" wifi: (joined .*)", line):
                    show.line("Wi-Fi", joined[1])
            case Carried(packet):
                self._carried(packet)
            case PointsStored(_, points):
                self._progress.points += len(points)
                for stream, point in points:
                    show.line("data", f"{stream} = {json.dumps(point.value, ensure_ascii=False)}", "green")
            case CommandChanged(Command(uuid=uuid, reply=bytes(reply), seconds=float(seconds))):
                self._progress.answered += uuid in self._progress.sent
                show.line("reply", f"{reply_text(reply)}  to $crsp/{uuid}, after {1000 * seconds:.0f} ms", "magenta")

    def _carried(self, packet: Explained) -> None:
        show = self._show
        if packet.error:
            show.line(packet.type, f"{in_hex(packet)}  {packet.error}", "red")
        elif packet.type == "CONNECT":
            show.packet(packet)
        elif packet.type == "PUBLISH":
            data = {field.name: field.data for field in packet.fields}
            if data["topic name"].startswith(b"$creq/"):
                words = reply_text(data.get("payload", b""))
                show.line("command", f"{words}  to {data['topic name'].decode()}", "magenta")
        elif packet.type == "CONNACK":
            accepted = packet.data[3] == 0
            show.line("CONNACK", f"{in_hex(packet)}  {packet.summary}", "green" if accepted else "red")
            if accepted and self._progress.online_at is None:
                self._progress.online_at = show.elapsed()
                show.line("online", f"after {self._progress.online_at:.1f} s", "bold green")


def _change_the_weather(board: VirtualBoard, seconds: float) -> None:
    """The board's surroundings after so long, for charts that move."""
    board.temperature = round(45 + 6 * math.sin(seconds / 5))
    board.wifi.rssi = round(-58 + 5 * math.sin(seconds / 7))
