"""What happens in the demo: shown and counted as it comes, and where the commands come from."""

import contextlib
import json
import queue
import re
from dataclasses import dataclass, field

from ..api.client import Client
from ..api.failures import ApiError
from ..api.text import reply_text
from ..console.model import Command, CommandChanged, CommandStatus, Event, PointsStored
from ..packets.explain import in_hex
from ..packets.fields import Explained
from .camera import Camera
from .show import Show

COMMANDS = ("led=on", "led?", "led=off")
COMMAND_EVERY = 3.0  # seconds
ENOUGH_POINTS = 3
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
        self.progress = progress
        self._show = show
        self._news = news
        self._client = client
        self._device_id = device_id
        self._camera = camera

    def tell(self, seconds: float | None) -> None:
        """Tells it until so many seconds after the start, and the picture is taken."""
        show = self._show
        while seconds is None or show.elapsed() < seconds or self._camera.busy():
            with contextlib.suppress(queue.Empty):
                self._handle(self._news.get(timeout=0.1))
            progress = self.progress
            if progress.online_at is None or not progress.points:
                continue
            if show.elapsed() >= progress.next_command:
                progress.next_command = show.elapsed() + COMMAND_EVERY
                self._send()
            worth_it = progress.answered and progress.points >= ENOUGH_POINTS
            if seconds and worth_it and show.elapsed() >= seconds - EXPOSURE and self._camera.ready:
                self._camera.shoot()

    def _send(self) -> None:
        text = COMMANDS[len(self.progress.sent) % len(COMMANDS)]
        try:
            uuid = self._client.send(self._device_id, text.encode())
        except ApiError as error:
            self._show.line("command", f"{text}: {error}", "red")
        else:
            self.progress.sent.add(uuid)

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
                self.progress.points += len(points)
                for stream, point in points:
                    show.line("data", f"{stream} = {json.dumps(point.value, ensure_ascii=False)}", "green")
            case CommandChanged(Command(uuid=uuid, payload=payload, status=CommandStatus.SENT)):
                show.line("command", f"{reply_text(payload)}  to $creq/{uuid}", "magenta")
            case CommandChanged(Command(uuid=uuid, reply=bytes(reply), seconds=float(seconds))):
                self.progress.answered += uuid in self.progress.sent
                show.line("reply", f"{reply_text(reply)}  to $crsp/{uuid}, after {1000 * seconds:.0f} ms", "magenta")

    def _carried(self, packet: Explained) -> None:
        show = self._show
        if packet.error:
            show.line(packet.type, f"{in_hex(packet)}  {packet.error}", "red")
        elif packet.type == "CONNECT":
            show.packet(packet)
        elif packet.type == "CONNACK":
            accepted = packet.data[3] == 0
            show.line("CONNACK", f"{in_hex(packet)}  {packet.summary}", "green" if accepted else "red")
            if accepted and self.progress.online_at is None:
                self.progress.online_at = show.elapsed()
                show.line("online", f"after {self.progress.online_at:.1f} s", "bold green")
