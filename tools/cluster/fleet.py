"""Boards that send numbers, each by the library's own client, all in one process; and who listens to them.

A board does about its connection what the firmware does (firmware/seldom.py, failed() and _try_next_host()): after a
loss it waits as mqtt.backoff says, and where a host has not let it in, the next one is tried next. What it has measured
waits until the broker has acknowledged it.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from ..files import use_board_libraries
from .rabbitmq import ClusterError

use_board_libraries()

from mqtt.backoff import Backoff  # noqa: E402
from mqtt.client import ONLINE, Client  # noqa: E402
from mqtt.errors import MQTTError  # noqa: E402

KEEP_ALIVE = 60  # seconds
TIMEOUT = 10_000  # ms; the library's own
TOPIC = "{}/data/n"  # as the firmware's with "platform": "mqtt" and a stream "n"


def wait_until_accepted(hosts: Sequence[str], port: int, user: str, password: str, patience: float = 60) -> None:
    """Returns when each of these lets a client in: nodes that listen may not yet agree who leads them, nor know their
    user: "bad user name or password", or the connection is closed. Raises ClusterError."""
    deadline = time.monotonic() + patience
    for host in hosts:
        while True:
            client = Client("herald", host, port, user, password)
            try:
                client.connect()
                client.disconnect()
                break
            except (MQTTError, OSError) as error:
                if time.monotonic() > deadline:
                    raise ClusterError(f"{host} lets nobody in: {error}") from error
                time.sleep(0.5)


class Outage:
    """One time that a board was offline: seconds until it was online again, of which it had to wait so many, and the
    attempts it took."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.seconds = 0.0  # 0 while it lasts
        self.waited = 0.0
        self.attempts = 0


class Board:
    """Sends 1, 2, 3… with QoS 1, a number each `interval` seconds, to one of `hosts`, the first to begin with.

    `sent` is the last number that exists, `confirmed` how many the broker has acknowledged. `resent` is how many were
    unacknowledged when a connection was lost: those may arrive twice.
    """

    def __init__(self, name: str, hosts: Sequence[str], port: int, user: str, password: str, interval: float) -> None:
        self.name = name
        self.hosts = list(hosts)
        self.outages: list[Outage] = []
        self.sent = self.confirmed = self.resent = 0
        self._interval = interval
        self._waiting: deque[int] = deque()  # measured, and not given to the client yet
        self._next = time.monotonic() + interval * (hash(name) % 997) / 997  # not all at the same time
        self._backoff = Backoff()
        self._since: float | None = None  # when the connection was there; None before it is
        self._again: float | None = 0.0  # when to connect; None while there is a connection, or one is begun
        self._topic = TOPIC.format(name).encode()
        self._client = client = Client(name, self.hosts[0], port, user, password, KEEP_ALIVE, timeout=TIMEOUT)
        client.on_publish = self._confirmed
        client.on_connect = self._connected

    @property
    def online(self) -> bool:
        return bool(self._client.state == ONLINE)

    def turn(self, sending: bool) -> None:
        """A bounded piece of work: measures if it is time and `sending`, sends, and looks after the connection."""
        now = time.monotonic()
        if sending and now >= self._next:
            self._next += self._interval
            self.sent += 1
            self._waiting.append(self.sent)
        try:
            if self._client.connected():
                self._client.loop(0)
                while self._waiting and self.online and self._client.can_publish(1):
                    self._client.publish(self._topic, b'{"value":%d}' % self._waiting.popleft(), 1)
            elif self._again is not None and now >= self._again:
                self._again = None
                if self.outages:
                    self.outages[-1].attempts += 1
                self._since = None
                self._client.start()
        except (MQTTError, OSError):
            self._lost(now)

    def _lost(self, now: float) -> None:
        since = self._since
        self._client.close()
        if since is None:  # it did not let us in
            self.hosts.append(self.hosts.pop(0))
            self._client.host = self.hosts[0]
        else:
            self.outages.append(Outage())
            self.resent += self.sent - len(self._waiting) - self.confirmed
        lasted = 0 if since is None else int((now - since) * 1000)
        wait = self._backoff.next(lasted) / 1000
        if self.outages:
            self.outages[-1].waited += wait
        self._again = now + wait

    def _connected(self, session_present: int) -> None:
        now = self._since = time.monotonic()
        if self.outages and not self.outages[-1].seconds:
            self.outages[-1].seconds = now - self.outages[-1].began

    def _confirmed(self, packet_id: int) -> None:
        self.confirmed += 1

    def close(self) -> None:
        self._client.disconnect()


class Listener:
    """Takes in what all boards send, from a session that stays when its connection is lost. `came` is how often each
    (board, number) did, `last` the greatest number of each board, and `gap` the seconds in which nothing came of it, at
    most."""

    def __init__(self, hosts: Sequence[str], port: int, user: str, password: str) -> None:
        self.came: Counter[tuple[str, int]] = Counter()
        self.last: dict[str, int] = {}
        self.gap: dict[str, float] = {}
        self._at: dict[str, float] = {}
        self._granted: list[int] = []
        self._client = client = Client(
            "listener", hosts[0], port, user, password, KEEP_ALIVE, clean_session=False, rx_size=4096
        )
        client.on_message = self._message
        client.on_subscribe = lambda packet_id, codes: self._granted.append(codes[0])
        client.connect()
        client.subscribe("+/data/n", 1)
        while not self._granted:
            client.loop(1000)
        if self._granted != [1]:
            raise MQTTError(f"the listener's subscription was granted as {self._granted}")

    def turn(self) -> None:
        """Takes in what has come, a few at a time: a connection that is lost is an error, for its node stays up."""
        before = -1
        while before != self.came.total():
            before = self.came.total()
            self._client.loop(0)

    def _message(self, topic: Any, payload: Any, qos: int, retain: int) -> None:
        name = bytes(topic).decode().partition("/")[0]
        number = json.loads(bytes(payload))["value"]
        self.came[name, number] += 1
        self.last[name] = max(number, self.last.get(name, 0))
        now = time.monotonic()
        self.gap[name] = max(self.gap.get(name, 0), now - self._at.get(name, now))
        self._at[name] = now

    def missing(self, name: str, last: int = 0) -> int:
        """How many of a board's numbers up to the last have not come; if 0, the last that has."""
        return sum((name, n) not in self.came for n in range(1, (last or self.last.get(name, 0)) + 1))

    def close(self) -> None:
        self._client.disconnect()
