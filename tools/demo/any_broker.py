"""The demo of a broker of one's own, which is the real mosquitto: a status that stays, values, commands, what Home
Assistant is told, and a property that it sets; once while the board has no power."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from ..broker import Mosquitto
from ..console.model import Event
from ..language import _
from .onlooker import Onlooker
from .stage import Stage, board_config
from .story import Delivered, News, Story

NAME = "board1"
HOST, PORT = "broker.local", 1883
USER, PASSWORD = "board", "the board's own"
ONLOOKER, PUBLIC = "you", "demo"
PREFIX = "homeassistant"
SETS_BEFORE = 2
"""Properties set before the board loses its power."""
DARK = 1.5  # seconds without power


@contextlib.contextmanager
def stage(directory: Path, news: News) -> Iterator[Stage]:
    """A mosquitto, and somebody who looks on. Raises BrokerError where there is none."""
    config = board_config(
        platform="mqtt",
        host=HOST,
        device_name=NAME,
        username=USER,
        password=PASSWORD,
        discovery_prefix=PREFIX,
    )

    def hear(topic: str, payload: bytes, retained: bool) -> None:
        news.put(Delivered(topic, payload, retained))

    with (
        Mosquitto({USER: PASSWORD, ONLOOKER: PUBLIC}) as broker,
        Onlooker(broker.port, ONLOOKER, PUBLIC, hear) as onlooker,
    ):
        options = f"-p {broker.port} -u {ONLOOKER} -P {PUBLIC}"
        yield Stage(
            config,
            (HOST, PORT),
            broker.port,
            BrokerStory(news, onlooker),
            hints=[
                f"mosquitto_sub {options} -t '#' -v",
                f"mosquitto_pub {options} -t {NAME}/command -m led?",
                f"mosquitto_pub {options} -t {NAME}/set/led -m ON",
            ],
        )


class BrokerStory(Story):
    """Commands, and the LED switched as Home Assistant does; once by a message that waits for the board."""

    def __init__(self, news: News, onlooker: Onlooker) -> None:
        super().__init__(news)
        self._onlooker = onlooker
        self._entities: set[str] = set()
        """What Home Assistant was told of."""
        self._status = ""
        self._led: bool | None = None
        """As it was set last."""
        self._sets = 0
        """Those whose new value has come."""
        self._power_at: float | None = None  # when it comes back
        self._restarted = self._obeyed = False

    def ask(self) -> None:
        if self._power_at is not None:
            self._power_on()
        elif self._restarted and not self._obeyed:
            return  # first things first
        elif self._sets >= SETS_BEFORE and not self._restarted:
            self._power_off()
        elif self.asked % 2:
            led = self._led = not self._led
            text = json.dumps(led)
            topic = f"{NAME}/set/led"
            self.send_out(
                _("{text} to {topic}").format(text=text, topic=topic),
                lambda: self._onlooker.ask(topic, text, f"{NAME}/reply/led"),
            )
        else:
            number = self.asked
            topic = f"{NAME}/command/{number}"
            self.send_out(
                _("led? to {topic}").format(topic=topic),
                lambda: self._onlooker.ask(topic, "led?", f"{NAME}/reply/{number}"),
            )

    def _power_off(self) -> None:
        """And sets the LED meanwhile, with a message that the broker keeps."""
        self.board.power_cut()
        self._restarted = self._led = True
        self._power_at = self.next_at = self.show.elapsed() + DARK
        self.show.line(_("power"), _("off: the board is gone"), "bold yellow")
        self._onlooker.publish(f"{NAME}/set/led", "true", retain=True)
        self.show.line(_("set"), _("true  to {name}/set/led, which the broker keeps").format(name=NAME), "magenta")

    def _power_on(self) -> None:
        self._power_at = None
        self.show.line(_("power"), _("on again"), "bold yellow")
        self.board.power_on()

    def event(self, event: Event | Delivered) -> None:
        if not isinstance(event, Delivered):
            return
        topic, text = event.topic, event.payload.decode("utf-8", "replace")
        if topic.startswith(PREFIX) and topic.endswith("/config"):
            entity = topic.removeprefix(PREFIX + "/").removesuffix("/config")
            if entity not in self._entities:
                self._entities.add(entity)
                self.show.line(
                    "HA",
                    _("Home Assistant is told of {entity}, {count} bytes").format(
                        entity=entity, count=len(event.payload)
                    ),
                    "cyan",
                )
        elif topic == f"{NAME}/status":
            self._status = text
            self.show.line(_("status"), text, "bold green" if text == "online" else "bold yellow")
        elif topic.startswith(f"{NAME}/data/"):
            stream = topic.removeprefix(f"{NAME}/data/")
            self.point(stream, json.loads(text)["value"])
        elif topic.startswith(f"{NAME}/reply"):
            self.show.line(_("reply"), _("{text}  to {topic}").format(text=text, topic=topic), "magenta")

    def point(self, stream: str, value: object) -> None:
        super().point(stream, value)
        if stream != "led":
            return
        self._sets += value is self._led
        if self._restarted and self._power_at is None and value is True and not self._obeyed:
            self._obeyed = True
            self.show.line("LED", _("is on, as was set while the board had no power"), "bold green")

    def shortcoming(self) -> str | None:
        if words := super().shortcoming():
            return words
        if self._status != "online":
            return _("the status is not online")
        if "switch/board1/led" not in self._entities:
            return _("Home Assistant was not told of the LED")
        if self._sets < SETS_BEFORE or self.answered < SETS_BEFORE:
            return _("no property was set")
        return None if self._obeyed else _("what was set while the board had no power was not obeyed")

    def counted(self) -> list[str]:
        return [
            *super().counted(),
            _("{count} entities for Home Assistant").format(count=len(self._entities)),
            _("{answered} of {asked} requests answered").format(answered=self.answered, asked=self.asked),
            _("a set obeyed after a restart") if self._obeyed else _("no set obeyed after a restart"),
        ]
