"""What the boards of power_cuts.py and wakes.py share: a broker, who watches it, and how what came is counted."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

import paho.mqtt.client as paho
from counted import Counted
from onenet_tools.broker import Mosquitto
from onenet_tools.datapoints import BEIJING, decode

ADDRESS = ("183.230.40.39", 6002)
PRODUCT_ID, AUTH_INFO, WATCHER = "458945", "136928831", "watcher"
SSID, PASSWORD = "home", "12345678"
PATIENCE = 600.0  # seconds, until all that has gathered is out
AT_ONCE = 4  # boards

Came = Mapping[str, list[str | None]]
"""For each number the times that came with it, once or more."""


@dataclass
class Tally:
    """What came of one board's numbers, and, added up, of all boards'."""

    lost: int = 0
    twice: int = 0
    times: int = 0
    """Numbers that came with a time of their own, and not only when they arrived."""
    wrong: int = 0
    """Those whose time is not when they were measured."""
    problems: list[str] = field(default_factory=list)

    def __iadd__(self, other: "Tally") -> "Tally":
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    def count(self, came: Came, measured: Mapping[str, float], early: float, late: float) -> None:
        """Counts what came again, and times that are wrong: so many seconds from when a number was measured."""
        self.twice += sum(len(times) - 1 for number, times in came.items() if number in measured)
        for number, then in measured.items():
            for at in came.get(number, []):
                if at is None:
                    continue
                self.times += 1
                moment = datetime.strptime(at, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).timestamp()
                if not -early <= moment - then <= late:
                    self.wrong += 1
                    self.problems.append(f"{number}: measured at {then:.0f}, came with {moment - then:+.0f} s")


class Watcher:
    """Everything that devices have published."""

    def __init__(self, port: int) -> None:
        self._came: dict[str, list[str | None]] = {}
        self._lock = threading.Lock()
        ready = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(WATCHER, WATCHER)
        self._client.on_connect = lambda client, *_: client.subscribe("$dp", 1)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_message = self._message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert ready.wait(PATIENCE)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def so_far(self) -> Came:
        with self._lock:
            return dict(self._came)

    def _message(self, client: paho.Client, data: object, message: paho.MQTTMessage) -> None:
        with self._lock:
            for point in decode(message.payload):
                self._came.setdefault(point.value, []).append(point.at)


_Counts = TypeVar("_Counts", bound=Tally, covariant=True)


class Runs(Protocol[_Counts]):
    """A board that does its share."""

    def run(self, note: Counted | None = None) -> _Counts: ...


_Sum = TypeVar("_Sum", bound=Tally)


def on_boards(words: str, count: int, show: bool, board: Callable[[int, int, Watcher, int], Runs[_Sum]]) -> _Sum:
    """So many of something, shared by some boards. board() makes the one of a number, with its share, who watches, and
    the broker's port."""
    boards = min(AT_ONCE, count)
    shares = [count // boards + (i < count % boards) for i in range(boards)]
    with Mosquitto({PRODUCT_ID: AUTH_INFO, WATCHER: WATCHER}) as broker, Counted(words, count, show) as progress:
        watcher = Watcher(broker.port)
        try:
            with ThreadPoolExecutor(boards) as pool:
                runs = [
                    pool.submit(board(i, share, watcher, broker.port).run, progress) for i, share in enumerate(shares)
                ]
                tally, *others = [run.result() for run in runs]
        finally:
            watcher.close()
    for other in others:
        tally += other
    return tally
