"""The platform itself: its devices, who of them is online, their data points and commands.

What broker, HTTP API and pages share. All methods are called in the console's event loop.
"""

import asyncio
import hmac
import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol

from ..datapoints import DataPoint, parse_time
from ..files import board_directory
from .failures import (
    AlreadyExists,
    DeviceOffline,
    EntityMissing,
    EntityTooLarge,
    InvalidParameter,
    PlatformError,
    SystemLimit,
    UnknownCommand,
    UnknownDevice,
)
from .model import (
    Command,
    CommandChanged,
    CommandStatus,
    Device,
    DeviceChanged,
    Event,
    LoggedPacket,
    PacketLogged,
    Point,
    PointsStored,
    Stream,
)
from .packetlog import PacketLog
from .store import STREAMS_KEPT, NewPoint, Row, Store, StoreError, microseconds, new_auth_info, new_uuid, utc

__all__ = ["DeviceOffline", "Platform", "PlatformError", "UnknownCommand", "UnknownDevice"]

PRODUCT_ID = "458945"
"""Of a new data file; the one of config.json.example."""
MOST_PAYLOAD = 65535
"""Bytes of a command, of a reply and of an HTTP body: less than 64 KB [V2.3]."""
LONGEST_VALIDITY = 2_678_400
"""Seconds for which a command may wait for its device: 31 days."""

TOPIC = re.compile(r"[A-Za-z0-9/_-]{1,1024}")
"""What devices may subscribe to: no wildcards, nothing with $. The document has digits, letters and /; - and _ work."""

_LONGEST_TITLE = 64
_LONGEST_AUTH_INFO = 512
_LONGEST_ID = 20
_WATCH = 1.0  # seconds between looks whether another program has changed the devices
_MOST_UNANSWERED = 10_000  # commands whose round trip is being measured
_PAGE = 5000  # data points read at a time where all are asked for


class Link(Protocol):
    """The connection of a device that is online."""

    address: str

    def send(self, topic: str, payload: bytes) -> None: ...
    def close(self, reason: str) -> None: ...


class Platform:
    """One product with its devices, in a data file."""

    mqtt_port = 6002
    """Where its broker listens."""
    lan = False
    """Whether boards can reach it over the network."""

    def __init__(self, store: Store) -> None:
        self.store = store
        product = store.product()
        self.product_id = product.id
        self.master_key = product.master_key
        self.register_code = product.register_code
        self.publish: Callable[[str, bytes], int] = lambda topic, payload: 0
        """Sends a message to the devices that have subscribed to its topic; returns to how many. The broker's."""
        self._links: dict[str, Link] = {}
        self._listeners: list[Callable[[Event], None]] = []
        self._log = PacketLog()
        self._latest: dict[tuple[str, str], int] = {}  # time given to the last point that came without one
        self._streams: dict[str, set[str]] = {}  # their ids, of devices that have sent something
        self._since: dict[str, datetime] = {}  # newer than in the data file
        self._sent_at: dict[str, float] = {}  # commands without a reply, when they were sent [time.monotonic()]
        self._known = {device.id: device for device in store.devices()}
        self._watching: asyncio.Task[None] | None = None
        self._purging: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begins to look for what other programs do to the data file."""
        self._watching = asyncio.create_task(self._watch())
        self._purge()

    async def stop(self) -> None:
        """Writes what is left and closes the data file."""
        if self._watching:
            self._watching.cancel()
        await asyncio.gather(*self._purging)
        await self.store.flush()
        self.store.close()

    # Devices

    def devices(self) -> list[Device]:
        return [self._now(device) for device in self.store.devices()]

    def device(self, device_id: str) -> Device:
        """Raises UnknownDevice."""
        device = self.store.device(device_id)
        if device is None:
            raise UnknownDevice(device_id)
        return self._now(device)

    def device_of_key(self, api_key: str) -> Device | None:
        """The device whose own api-key that is."""
        device = self.store.device_with(api_key=api_key)
        return self._now(device) if device else None

    def about(self, device_id: str) -> dict[str, Any]:
        """What the HTTP API described it with: desc, tags, location, other, as far as given."""
        return self.store.about(device_id)

    def add_device(
        self, title: str, auth_info: str = "", device_id: str = "", about: dict[str, Any] | None = None
    ) -> Device:
        """Adds one; makes up what is missing. Raises InvalidParameter or AlreadyExists."""
        title = _checked_title(title)
        auth_info = _checked_auth_info(auth_info) if auth_info else new_auth_info()
        if device_id and not _is_id(device_id):
            raise InvalidParameter(f"device id: must be 1 to {_LONGEST_ID} digits, and not begin with 0")
        if device_id and self.store.device(device_id):
            raise AlreadyExists(f"device id {device_id}: there is one already")
        self._check_new(auth_info)
        return self._added(self.store.add_device(device_id, title, auth_info, about=about))

    def register(self, serial: str, title: str) -> tuple[Device, str]:
        """The device that registers itself with this serial number or MAC address, and its api-key.

        Who does so again is the same device. Raises PlatformError.
        """
        device = self.store.device_with(serial=serial)
        if device is None:
            _checked_auth_info(serial)
            self._check_new(serial)
            device = self._added(self.store.add_device("", _checked_title(title), serial, serial))
        credentials = self.store.credentials(device.id)
        assert credentials is not None
        return device, credentials.api_key

    def edit_device(
        self,
        device_id: str,
        *,
        title: str | None = None,
        auth_info: str | None = None,
        about: dict[str, Any] | None = None,
    ) -> Device:
        """Changes what is given; who is online stays so. Raises PlatformError."""
        device = self.device(device_id)
        if title is not None:
            device = replace(device, title=_checked_title(title))
        if auth_info is not None and auth_info != device.auth_info:
            self._check_new(_checked_auth_info(auth_info))
            device = replace(device, auth_info=auth_info)
        described = {**self.store.about(device_id), **(about or {})}
        self.store.edit_device(device.id, device.title, device.auth_info, described)
        self._known[device_id] = device
        self.tell(DeviceChanged(device_id))
        return device

    def remove_device(self, device_id: str) -> None:
        """Removes it with all its data, and drops its connection. Raises UnknownDevice."""
        self.device(device_id)
        self.store.remove_device(device_id)
        self._forget(device_id)
        self._purge()

    def knows(self, device_id: str) -> bool:
        """Whether there is such a device, be it that another program has added it just now."""
        device = self.store.device(device_id)
        if device:
            self._known.setdefault(device_id, device)
        return device is not None

    def credentials_fit(self, device_id: str, password: bytes) -> bool:
        """Whether the device of that id may log in so: with its auth-info, its api-key or the product's."""
        credentials = self.store.credentials(device_id)
        if credentials is None:
            return False
        accepted = (credentials.auth_info, credentials.api_key, self.master_key)
        fits = [hmac.compare_digest(password, each.encode()) for each in accepted]
        return any(fits)

    def _added(self, device: Device) -> Device:
        self._known[device.id] = device
        self.tell(DeviceChanged(device.id))
        return device

    def _check_new(self, auth_info: str) -> None:
        if self.store.device_with(auth_info=auth_info):
            raise AlreadyExists("auth_info: another device of the product has the same")

    def _now(self, device: Device) -> Device:
        """The device as it is at this moment."""
        link = self._links.get(device.id)
        since = self._since.get(device.id, device.since)
        return replace(device, online=link is not None, address=link.address if link else "", since=since)

    def _forget(self, device_id: str) -> None:
        self._known.pop(device_id, None)
        self._log.forget(device_id)
        self._since.pop(device_id, None)
        for stream in self._streams.pop(device_id, ()):
            self._latest.pop((device_id, stream), None)
        link = self._links.get(device_id)
        if link:
            link.close("the device has been removed")
        self.tell(DeviceChanged(device_id))

    def _purge(self) -> None:
        task = asyncio.create_task(self.store.purge_later())
        self._purging.add(task)
        task.add_done_callback(self._purging.discard)

    async def _watch(self) -> None:
        """Notices devices that another program has added, edited or removed."""
        while True:
            await asyncio.sleep(_WATCH)
            try:
                found = self.store.devices()
            except StoreError:
                continue  # who asks for something is told
            before, self._known = self._known, {device.id: device for device in found}
            for device_id in before.keys() - self._known.keys():
                self._forget(device_id)
            for device in self._known.values():
                old = before.get(device.id)
                if old is None or (old.title, old.auth_info) != (device.title, device.auth_info):
                    self.tell(DeviceChanged(device.id))

    # Online and offline: called by the broker

    def came_online(self, device_id: str, link: Link) -> None:
        """The device has been let in; sends what waits for it."""
        self._links[device_id] = link
        self._changed(device_id, f"online from {link.address}")
        for command in self.store.waiting(device_id, microseconds(_utc_now())):
            _unwatched(self._send(command, link))

    def went_offline(self, device_id: str, link: Link, reason: str) -> None:
        if self._links.get(device_id) is link:
            del self._links[device_id]
            self._changed(device_id, f"offline: {reason}")

    def _changed(self, device_id: str, words: str) -> None:
        since = _utc_now()
        self._since[device_id] = since
        _unwatched(self.store.set_since(device_id, since))
        self.tell(DeviceChanged(device_id, words))

    # Data points

    def streams(self, device_id: str) -> list[Stream]:
        """By id. Raises UnknownDevice."""
        self.device(device_id)
        return self.store.streams(device_id)

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
        return self.store.points(device_id, stream_id, limit, first, last)

    def all_points(self, device_id: str, stream_id: str) -> Iterator[Point]:
        """All of a stream, oldest first, read as they are asked for. Raises UnknownDevice."""
        self.device(device_id)
        after: tuple[int, int] | None = None
        while rows := self.store.rows(device_id, [stream_id], None, None, after, _PAGE):
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
        return self.store.rows(device_id, streams, first, last, after, limit, newest_first)

    def latest_rows(self, device_id: str, streams: Sequence[str] | None, limit: int) -> list[Row]:
        """The latest so many of each stream, newest first, stream by stream."""
        ids = [stream.id for stream in self.store.streams(device_id)]
        wanted = ids if streams is None else [stream for stream in streams if stream in ids]
        return [
            row
            for stream in wanted
            for row in self.store.rows(device_id, [stream], None, None, None, limit, newest_first=True)
        ]

    def store_points(self, device_id: str, points: Sequence[DataPoint]) -> "asyncio.Future[Any]":
        """Takes in what a device has sent. The future is done once it is on the disk; StoreError if it can't be.

        Raises SystemLimit where the device would have too many streams; then none is stored.
        """
        known = self._streams.get(device_id)
        if known is None:
            known = self._streams[device_id] = self.store.stream_ids(device_id)
        named = {point.stream for point in points}
        if not named <= known:
            if len(known | named) > STREAMS_KEPT:
                raise SystemLimit(f"more than {STREAMS_KEPT} data streams")
            known |= named
        values = [(point.stream, _json_value(point), self._time_of(device_id, point)) for point in points]
        stored = self.store.add_points([NewPoint(device_id, id, at, json.dumps(value)) for id, value, at in values])

        def tell(done: "asyncio.Future[Any]") -> None:
            if self._listeners and not done.cancelled() and done.exception() is None:
                told = [(id, Point(value, utc(at))) for id, value, at in values]
                self.tell(PointsStored(device_id, told))

        stored.add_done_callback(tell)
        return stored

    def _time_of(self, device_id: str, point: DataPoint) -> int:
        """When it was measured: if it does not say so, now, but after the one before, whose place it would take."""
        if point.at is not None:
            return microseconds(parse_time(point.at))
        name = (device_id, point.stream)
        at = self._latest[name] = max(microseconds(_utc_now()), self._latest.get(name, 0) + 1)
        return at

    # Commands

    async def send_command(self, device_id: str, payload: bytes, seconds: int = 0, qos: int = 0) -> Command:
        """Sends a command; to a device that is offline, at its next login within so many seconds.

        With QoS 1 it is sent at each login within them, until it is answered. Raises PlatformError: DeviceOffline where
        the device is offline and seconds is 0.
        """
        self.device(device_id)
        if not payload:
            raise EntityMissing("command: is empty")
        if len(payload) > MOST_PAYLOAD:
            raise EntityTooLarge(f"command: has {len(payload)} bytes, at most {MOST_PAYLOAD} are possible")
        if not 0 <= seconds <= LONGEST_VALIDITY:
            raise InvalidParameter(f"timeout: must be 0 to {LONGEST_VALIDITY} s")
        if qos not in (0, 1):
            raise InvalidParameter("qos: must be 0 or 1")
        if device_id not in self._links and not seconds:
            raise DeviceOffline(device_id)
        now = _utc_now()
        command = Command(new_uuid(), device_id, payload, CommandStatus.CREATED, now)
        expires = microseconds(now + timedelta(seconds=seconds))
        await self.store.add_command(command, bool(qos) and seconds > 0, expires)
        link = self._links.get(device_id)
        if link is None:
            self.tell(CommandChanged(command))
            return command
        await self._send(command, link)
        return replace(command, status=CommandStatus.SENT)

    def command(self, uuid: str) -> Command:
        """Raises UnknownCommand."""
        command = self.store.command(uuid)
        if command is None:
            raise UnknownCommand(uuid)
        return command

    def commands(self, device_id: str, limit: int = 20) -> list[Command]:
        """The latest so many, newest first. Raises UnknownDevice."""
        self.device(device_id)
        return self.store.commands(device_id, limit)

    async def take_reply(self, device_id: str, uuid: str, reply: bytes) -> str:
        """What a device has published to $crsp/{uuid}; returns why it is not taken, empty if it is.

        Of several replies the first is the one.
        """
        command = self.store.command(uuid)
        if command is None or command.device_id != device_id:
            return "no command of this uuid was sent to this device"
        sent_at = self._sent_at.pop(uuid, None)
        seconds = None if sent_at is None else time.monotonic() - sent_at
        if not await self.store.set_reply(uuid, reply, seconds):
            return "the command has been answered before"
        self.tell(CommandChanged(replace(command, status=CommandStatus.REPLIED, reply=reply, seconds=seconds)))
        return ""

    def _send(self, command: Command, link: Link) -> "asyncio.Future[Any]":
        """The future is done when that it was sent is on the disk."""
        while len(self._sent_at) >= _MOST_UNANSWERED:
            self._sent_at.pop(next(iter(self._sent_at)))
        self._sent_at[command.uuid] = time.monotonic()
        link.send(f"$creq/{command.uuid}", command.payload)
        self.tell(CommandChanged(replace(command, status=CommandStatus.SENT)))
        return self.store.set_sent(command.uuid)

    # Messages between devices

    def publish_message(self, topic: str, payload: bytes) -> int:
        """Sends it to the devices that have subscribed to this topic and are online; returns to how many.

        Raises InvalidParameter for what is no topic name of a device's.
        """
        if not TOPIC.fullmatch(topic):
            raise InvalidParameter("topic: must be 1 to 1024 of A-Z a-z 0-9 / _ -")
        return self.publish(topic, payload)

    # Packets and listeners

    def packets(self, device_id: str = "") -> list[LoggedPacket]:
        """The last few hundred packets of a device, or of all connections; oldest first."""
        return self._log.packets(device_id)

    def log_packet(self, device_id: str, from_device: bool, data: bytes, error: str = "", note: str = "") -> None:
        """Keeps a packet for packets(): see PacketLog.add(). device_id may be one that does not exist."""
        packet = self._log.add(device_id if device_id in self._known else "", from_device, data, error, note)
        self.tell(PacketLogged(packet))

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Calls it with everything that happens, soon after it has; returns the function that ends that."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def tell(self, event: Event) -> None:
        """Tells the listeners. For the broker, too."""
        if not self._listeners:
            return
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.call_soon(listener, event)  # what goes wrong there does not go wrong here


def open_platform(data: Path, product_id: str = "") -> Platform:
    """The platform of a data file, made if missing: then with the device of config.json.example, so that the first
    board comes online. product_id is in place of the file's, for good. Raises StoreError and InvalidParameter."""
    if product_id and not _is_id(product_id):
        raise InvalidParameter(f"product id {product_id!r}: must be 1 to {_LONGEST_ID} digits, and not begin with 0")
    new = not data.exists()
    store = Store(data, product_id or PRODUCT_ID)
    if product_id and product_id != store.product().id:
        store.set_product_id(product_id)
    if new:
        config = json.loads((board_directory() / "config.json.example").read_text())
        store.add_device(config["device_id"], "config.json.example", config["auth_info"])
    return Platform(store)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID and text[0] != "0"


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


def _json_value(point: DataPoint) -> Any:
    """Its value as JSON can say it. What the platform makes of type 2 is not documented."""
    if not isinstance(point.value, bytes):
        return point.value
    value = {"length": len(point.value), "base64": b64encode(point.value).decode()}
    return value if point.description is None else {"desc": point.description, **value}


def _checked_title(title: str) -> str:
    title = title.strip()
    if not 1 <= len(title) <= _LONGEST_TITLE or not title.isprintable():
        raise InvalidParameter(f"title: must be 1 to {_LONGEST_TITLE} printable characters")
    return title


def _checked_auth_info(auth_info: str) -> str:
    if not 1 <= len(auth_info) <= _LONGEST_AUTH_INFO or not auth_info.isprintable():
        raise InvalidParameter(f"auth_info: must be 1 to {_LONGEST_AUTH_INFO} printable characters")
    return auth_info


def _unwatched(done: "asyncio.Future[Any]") -> None:
    """For what is written to be told later, and not waited for: a full disk shows elsewhere."""
    done.add_done_callback(lambda it: it.cancelled() or it.exception())
