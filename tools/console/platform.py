"""The platform itself: its devices with their data points, and the commands to them.

What broker, HTTP API and pages share. All methods are called in the console's event loop.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..datapoints import DataPoint, parse_time, written_time
from ..files import board_directory
from ..language import _
from .database import microseconds, unwatched, utc, utc_now
from .failures import (
    DeviceOffline,
    EntityMissing,
    EntityTooLarge,
    InvalidParameter,
    NobodyToWaitFor,
    NoReplyInTime,
    NotThereToReply,
    PlatformError,
    SystemLimit,
    UnknownCommand,
    UnknownDevice,
)
from .file_table import File
from .legacy_rules import LegacyRules
from .lock import Lock
from .model import (
    Command,
    CommandChanged,
    CommandStatus,
    DescribedStream,
    DeviceChanged,
    Point,
    PointsStored,
    Stream,
)
from .packages import Packages
from .point_table import STREAMS_KEPT, NewPoint, Row
from .registry import LONGEST_ID, Link, Registry, is_id
from .store import Store, new_uuid
from .studio import Studio
from .triggers import Triggers

__all__ = ["DeviceOffline", "Platform", "PlatformError", "UnknownCommand", "UnknownDevice"]

PRODUCT_ID = "458945"
"""Of a new data file; the one of config.json.example."""
MOST_PAYLOAD = 65535
"""Bytes of a command, of a reply and of an HTTP body: less than 64 KB [V2.3]."""
SHORT = 1024
"""Bytes below which a command that is waited for must stay, and its reply [设备命令]."""
LONGEST_VALIDITY = 2_678_400
"""Seconds for which a command may wait for its device: 31 days."""

TOPIC = re.compile(r"[A-Za-z0-9/_-]{1,1024}")
"""What devices may subscribe to: no wildcards, nothing with $. The document has digits, letters and /; - and _ work."""

_MOST_UNANSWERED = 10_000  # commands whose round trip is being measured
_PAGE = 5000  # data points read at a time where all are asked for


class Platform(Registry):
    """The devices of a data file, what they send and what they are told."""

    mqtt_port = 6002
    """Where its broker listens."""
    http_port = 8080
    """Where its web server listens."""
    lan = False
    """Whether boards can reach it over the network."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.publish: Callable[[str, bytes], int] = lambda topic, payload: 0
        """Sends a message to the devices that have subscribed to its topic; returns to how many. The broker's."""
        self.subscribers: Callable[[str], set[str]] = lambda topic: set()
        """The devices that have subscribed to a topic. The broker's."""
        self.subscribed: Callable[[], set[str]] = set
        """The topics that a device has subscribed to. The broker's."""
        self.rules = LegacyRules()
        """Of the old platform; those of the current one are in studio.rules."""
        self.lock = Lock()
        """Who may do what on the pages."""
        self._triggers = Triggers(self)
        self._latest: dict[tuple[str, str], int] = {}  # time given to the last point that came without one
        self._streams: dict[str, set[str]] = {}  # their ids, of devices that have sent something
        self.studio = Studio(self)
        """The products of the current platform."""
        self.packages = Packages(self)
        """For updates over the air."""
        self._unstored: dict[str, Command] = {}  # commands that are not on the disk yet, by uuid
        self._awaited: dict[str, asyncio.Future[bytes]] = {}  # replies that a call waits for, by the command's uuid
        self._sent_at: dict[str, float] = {}  # commands without a reply, when they were sent [time.monotonic()]

    def start(self) -> None:
        super().start()
        self._triggers.start()

    async def stop(self) -> None:
        await self._triggers.stop()
        await super().stop()

    def change_rule(self, text: str) -> None:
        """Of either platform, by NAME=VALUE. Raises ValueError with what would be right."""
        if text.partition("=")[0] in LegacyRules.names():
            self.rules.change(text)
        else:
            self.studio.rules.change(text)

    def came_online(self, device_id: str, link: Link) -> None:
        """The device has been let in; sends what waits for it."""
        super().came_online(device_id, link)
        for command in self.store.commands.waiting(device_id, microseconds(utc_now())):
            unwatched(self._send(command, link))

    def _forget(self, device_id: str) -> None:
        self.packages.forget(device_id)
        for stream in self._streams.pop(device_id, ()):
            self._latest.pop((device_id, stream), None)
        super()._forget(device_id)

    # Data points

    def streams(self, device_id: str) -> list[Stream]:
        """By id. Raises UnknownDevice."""
        self.device(device_id)
        return self.store.points.streams(device_id)

    def described_streams(self, device_id: str) -> list[DescribedStream]:
        """By id, those without a data point too. Raises UnknownDevice."""
        described = self.store.descriptions.of_device(device_id)
        for stream in self.streams(device_id):
            known = described.get(stream.id) or DescribedStream(stream.id, stream.created)
            described[stream.id] = replace(known, current=stream)
        return [described[id] for id in sorted(described)]

    def describe_stream(self, device_id: str, stream_id: str, **attributes: Any) -> None:
        """Its unit, unit_symbol, tags, title and hidden, as far as given; makes it if it is not there yet. Raises
        UnknownDevice."""
        self.device(device_id)
        self.store.descriptions.describe(device_id, stream_id, attributes)

    async def remove_stream(self, device_id: str, stream_id: str) -> None:
        """With all its data points. Raises UnknownDevice."""
        self.device(device_id)
        self.store.descriptions.remove(device_id, stream_id)
        await self.store.points.remove_stream(device_id, stream_id)
        self._streams.get(device_id, set()).discard(stream_id)
        self._latest.pop((device_id, stream_id), None)
        self._purge()
        self.tell(DeviceChanged(device_id))

    async def remove_points(
        self, device_id: str, streams: Sequence[str] | None, start: datetime | None, end: datetime | None
    ) -> None:
        """Those of these streams (None: all) from `start` to before `end`. Raises UnknownDevice."""
        first, last = (None if when is None else microseconds(when) for when in (start, end))
        for stream in self.described_streams(device_id):
            if streams is not None and stream.id not in streams:
                continue
            if stream.current is not None and not await self.store.points.remove(device_id, stream.id, first, last):
                self.store.descriptions.describe(device_id, stream.id, {})  # else it would go with its last point
                await self.store.points.remove_stream(device_id, stream.id)
                self._purge()
        self.tell(DeviceChanged(device_id))

    def points(
        self,
        device_id: str,
        stream_id: str,
        limit: int = 300,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[Point]:
        """The latest so many of a stream, oldest first, from `start` to before `end`. Raises UnknownDevice."""
        self.device(device_id)
        first, last = (None if when is None else microseconds(when) for when in (start, end))
        return self.store.points.latest(device_id, stream_id, limit, first, last)

    def all_points(self, device_id: str, stream_id: str) -> Iterator[Point]:
        """All of a stream, oldest first, read as they are asked for. Raises UnknownDevice."""
        self.device(device_id)
        after: tuple[int, int] | None = None
        while rows := self.store.points.rows(device_id, [stream_id], None, None, after, _PAGE):
            yield from (Point(row.value, utc(row.at)) for row in rows)
            after = rows[-1].at, rows[-1].number

    def rows(
        self,
        device_id: str,
        streams: Sequence[str] | None,
        start: datetime | None,
        end: datetime | None,
        after: tuple[int, int] | None,
        limit: int,
        newest_first: bool,
    ) -> list[Row]:
        """Data points of several streams in one order of time: see Store.rows()."""
        first, last = (None if when is None else microseconds(when) for when in (start, end))
        return self.store.points.rows(device_id, streams, first, last, after, limit, newest_first)

    def latest_rows(self, device_id: str, streams: Sequence[str] | None, limit: int) -> list[Row]:
        """The latest so many of each stream, newest first, stream by stream."""
        ids = [stream.id for stream in self.store.points.streams(device_id)]
        wanted = ids if streams is None else [stream for stream in streams if stream in ids]
        return [
            row
            for stream in wanted
            for row in self.store.points.rows(device_id, [stream], None, None, None, limit, newest_first=True)
        ]

    def store_points(self, device_id: str, points: Sequence[DataPoint]) -> "asyncio.Future[Any]":
        """Takes in what a device has sent. The future is done once it is on the disk; StoreError if it can't be.

        Raises SystemLimit where the device would have too many streams; then none is stored.
        """
        known = self._streams.get(device_id)
        if known is None:
            known = self._streams[device_id] = self.store.points.stream_ids(device_id)
        named = {point.stream for point in points}
        if not named <= known:
            if len(known | named) > STREAMS_KEPT:
                raise SystemLimit(_("more than {streams_kept} data streams").format(streams_kept=STREAMS_KEPT))
            known |= named
        values = []
        for point in points:
            at = self._time_of(device_id, point)
            value = {"index": self._keep_file(device_id, point, at)} if isinstance(point.value, bytes) else point.value
            values.append((point.stream, value, at))
        stored = self.store.points.add([NewPoint(device_id, id, at, json.dumps(value)) for id, value, at in values])

        def tell(done: "asyncio.Future[Any]") -> None:
            if self._listeners and not done.cancelled() and done.exception() is None:
                told = [(id, Point(value, utc(at))) for id, value, at in values]
                self.tell(PointsStored(device_id, told))

        stored.add_done_callback(tell)
        return stored

    async def store_file(self, device_id: str, point: DataPoint) -> str:
        """The same of one binary data point; returns its index, once it is on the disk."""
        at = self._time_of(device_id, point)
        await self.store_points(device_id, [replace(point, at=written_time(at))])
        return _index(device_id, point, at)

    def _keep_file(self, device_id: str, point: DataPoint, at: int) -> str:
        """Stores the bytes of a point in the same transaction as the point; returns by what they are found. Where they
        are [API 16], and that the value is that, is documented for POST /bindata; for type 2 nothing is."""
        index = _index(device_id, point, at)
        about = "" if point.description is None else json.dumps(point.description, ensure_ascii=False)
        unwatched(self.store.files.add(File(index, device_id, point.stream, at, about, point.value)))
        return index

    def _time_of(self, device_id: str, point: DataPoint) -> int:
        """When it was measured: if it does not say so, now, but after the one before, whose place it would take; of
        binary data by a millisecond, which is all that their index has of it."""
        if point.at is not None:
            return microseconds(parse_time(point.at))
        name = (device_id, point.stream)
        step = 1000 if isinstance(point.value, bytes) else 1
        at = self._latest[name] = max(microseconds(utc_now()), self._latest.get(name, 0) + step)
        return at

    # Commands

    async def send_command(self, device_id: str, payload: bytes, seconds: int = 0, qos: int = 0) -> Command:
        """Sends a command; to a device that is offline, at its next login within so many seconds.

        With QoS 1 it is sent at each login within them, until it is answered. Raises PlatformError: DeviceOffline where
        the device is offline and seconds is 0.
        """
        self.device(device_id)
        if not payload:
            raise EntityMissing(_("command: is empty"))
        if len(payload) > MOST_PAYLOAD:
            raise EntityTooLarge(
                _("command: has {count} bytes, at most {most_payload} are possible").format(
                    count=len(payload), most_payload=MOST_PAYLOAD
                )
            )
        if not 0 <= seconds <= LONGEST_VALIDITY:
            raise InvalidParameter(
                _("timeout: must be 0 to {longest_validity} s").format(longest_validity=LONGEST_VALIDITY)
            )
        if qos not in (0, 1):
            raise InvalidParameter(_("qos: must be 0 or 1"))
        if device_id not in self._links and not seconds:
            raise DeviceOffline(device_id)
        command, stored = self._new_command(device_id, payload, seconds, again=bool(qos) and seconds > 0)
        link = self._links.get(device_id)
        if link is None:
            await stored
            link = self._links.get(device_id)  # it may have come in between, and not found it waiting
            if link is None:
                self.tell(CommandChanged(command))
                return command
        # At once where it is online: the lamp need not wait for the disk, but who asks for it does.
        await asyncio.gather(stored, self._send(command, link))
        return replace(command, status=CommandStatus.SENT)

    async def ask(self, device_id: str, payload: bytes, seconds: int) -> tuple[str, bytes]:
        """Sends a command and waits for the reply: the command's uuid, and what the device says. Both have less than 1
        KB [设备命令]. Raises PlatformError, as of its kinds WaitedInVain where there is no reply."""
        if len(payload) >= SHORT:
            raise EntityTooLarge(
                _("command: has {count} bytes, at most {short} can be waited for").format(
                    count=len(payload), short=SHORT - 1
                )
            )
        if not self.knows(device_id) or self.device(device_id).is_studio:
            raise NobodyToWaitFor
        link = self._links.get(device_id)
        if link is None:
            raise NotThereToReply
        command = self.new_call(device_id, payload)
        reply = self._awaited[command.uuid] = asyncio.get_running_loop().create_future()
        unwatched(self._send(command, link))
        try:
            return command.uuid, await asyncio.wait_for(reply, seconds)
        except asyncio.TimeoutError as error:
            raise NoReplyInTime from error
        finally:
            del self._awaited[command.uuid]

    def command(self, uuid: str) -> Command:
        """Raises UnknownCommand."""
        command = self.store.commands.find(uuid)
        if command is None:
            raise UnknownCommand(uuid)
        return command

    def commands(self, device_id: str, limit: int = 20) -> list[Command]:
        """The latest so many, newest first. Raises UnknownDevice."""
        self.device(device_id)
        return self.store.commands.latest(device_id, limit)

    async def take_reply(self, device_id: str, uuid: str, reply: bytes) -> str:
        """What a device has published to $crsp/{uuid}; returns why it is not taken, empty if it is.

        Of several replies the first is the one.
        """
        command = self._unstored.get(uuid) or self.store.commands.find(uuid)
        if command is None or command.device_id != device_id:
            return _("no command of this uuid was sent to this device")
        awaited = self._awaited.get(uuid)
        if awaited is not None and len(reply) >= SHORT:
            return _("of {count} bytes; to who waits for it, it must have less than {short}").format(
                count=len(reply), short=SHORT
            )
        sent_at = self._sent_at.pop(uuid, None)
        seconds = None if sent_at is None else time.monotonic() - sent_at
        if not await self.store.commands.set_reply(uuid, reply, seconds):
            return _("the command has been answered before")
        if awaited is not None and not awaited.done():
            awaited.set_result(reply)
        self.tell(CommandChanged(replace(command, status=CommandStatus.REPLIED, reply=reply, seconds=seconds)))
        return ""

    def _send(self, command: Command, link: Link) -> "asyncio.Future[Any]":
        """The future is done when that it was sent is on the disk."""
        link.send(f"$creq/{command.uuid}", command.payload)
        return self.sent(command)

    def new_call(self, device_id: str, words: bytes) -> Command:
        """A command that goes to the device by a way of its own, so that it stands among the others in these words; to
        be told to sent(), and take_reply()."""
        command, stored = self._new_command(device_id, words)
        unwatched(stored)
        return command

    def _new_command(
        self, device_id: str, payload: bytes, seconds: int = 0, again: bool = False
    ) -> "tuple[Command, asyncio.Future[Any]]":
        """The future is done when it is on the disk."""
        now = utc_now()
        command = Command(new_uuid(), device_id, payload, CommandStatus.CREATED, now)
        stored = self.store.commands.add(command, again, microseconds(now + timedelta(seconds=seconds)))
        self._unstored[command.uuid] = command
        stored.add_done_callback(lambda _: self._unstored.pop(command.uuid))
        return command, stored

    def sent(self, command: Command) -> "asyncio.Future[Any]":
        """It has been sent just now. The future is done when that is on the disk."""
        while len(self._sent_at) >= _MOST_UNANSWERED:
            self._sent_at.pop(next(iter(self._sent_at)))
        self._sent_at[command.uuid] = time.monotonic()
        self.tell(CommandChanged(replace(command, status=CommandStatus.SENT)))
        return self.store.commands.set_sent(command.uuid)

    # Messages between devices

    def topics(self) -> set[str]:
        """Those that were made, and those that a device has subscribed to."""
        return self.store.topics.all() | self.subscribed()

    def publish_message(self, topic: str, payload: bytes) -> int:
        """Sends it to the devices that have subscribed to this topic and are online; returns to how many.

        Raises InvalidParameter for what is no topic name of a device's.
        """
        if not TOPIC.fullmatch(topic):
            raise InvalidParameter(_("topic: must be 1 to 1024 of A-Z a-z 0-9 / _ -"))
        return self.publish(topic, payload)


def open_platform(data: Path, product_id: str = "") -> Platform:
    """The platform of a data file, made if missing: then with the device of config.json.example, so that the first
    board comes online. product_id is in place of the file's, for good. Raises StoreError and InvalidParameter."""
    if product_id and not is_id(product_id):
        raise InvalidParameter(
            _("product id {product_id!r}: must be 1 to {longest_id} digits, and not begin with 0").format(
                product_id=product_id, longest_id=LONGEST_ID
            )
        )
    new = not data.exists()
    store = Store(data, product_id or PRODUCT_ID)
    if product_id and product_id != store.product().id:
        store.set_product_id(product_id)
    if new:
        config = json.loads((board_directory() / "config.json.example").read_text())
        store.add_device(config["device_id"], "config.json.example", config["auth_info"])
    return Platform(store)


def _index(device_id: str, point: DataPoint, at: int) -> str:
    """As the platform's own: device, milliseconds, stream [API 16]; at: microseconds."""
    return f"{device_id}_{at // 1000}_{point.stream}"
