"""One connection: what OneNET asks of a device beyond MQTT 3.1.1, before and beside the broker.

The broker is given whole, legal packets of devices that have been let in, and none of those to $dp and $crsp, which the
platform takes in itself. All packets of both directions go to the packet log, and to the recorder if there is one.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from amqtt.adapters import ReaderAdapter, WriterAdapter

from .. import datapoints
from ..files import use_board_libraries
from .failures import PlatformError
from .model import LoginRefused
from .platform import MOST_PAYLOAD
from .store import StoreError

use_board_libraries()

from mqtt import packet as packets  # noqa: E402
from mqtt import server  # noqa: E402
from mqtt.errors import ProtocolError  # noqa: E402

if TYPE_CHECKING:
    from .gate import Gate

MOST_BYTES = 131_072
"""Remaining length of a packet. The platform's own bound is not documented."""

MOST_TOPICS = 100
"""Subscriptions of a device [V2.3]."""

_MOST_CONNECT = 4096  # remaining length of the first packet
_CONNECT_TIME = 10.0  # seconds until it has to be there
_MOST_UNSENT = 262_144  # bytes that wait for a device that does not read
_MOST_AT_WORK = 256  # packets of a device that are being stored, or that the broker is busy with
_PATIENCE = 5.0  # seconds the broker has to end a session, and a device to take what was sent last
_DEAD_AFTER = 60  # seconds of silence until the system asks whether the peer is still there

_CONNECT, _CONNACK, _PUBLISH, _PUBACK = 1, 2, 3, 4
_SUBSCRIBE, _SUBACK, _UNSUBSCRIBE, _UNSUBACK, _PINGREQ, _PINGRESP, _DISCONNECT = range(8, 15)
_PROTOCOL_VERSION, _CLIENT_ID, _USER_OR_PASSWORD = 1, 2, 4  # return codes of CONNACK

_parser = server.ServerParser(MOST_BYTES)  # one for all, who give it whole packets


class _Ended(Exception):
    """The connection is to be closed; says why. wrong: because of the packet that came last."""

    def __init__(self, reason: str, wrong: bool = True) -> None:
        super().__init__(reason)
        self.wrong = wrong


class Connection:
    """A connection, from accept to close."""

    def __init__(self, gate: "Gate", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._gate = gate
        self._platform = gate.platform
        self._reader = reader
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._packet = bytearray()  # the one under way, or being looked at
        self._whole = False
        self._heard = self._loop.time()  # when the last whole one came
        self._silence: asyncio.TimerHandle | None = None
        self._busy = False  # we do not listen
        self._ending: asyncio.Future[_Ended] = self._loop.create_future()
        self._pipe = _Pipe()
        self._session: asyncio.Task[None] | None = None
        self._at_work = asyncio.Semaphore(_MOST_AT_WORK)
        self._works: set[asyncio.Task[None]] = set()
        self._accepted = asyncio.Event()
        self.gone = asyncio.Event()
        """run() has ended, and so has the broker's session."""
        self.device_id = ""
        """Once a CONNECT has named one that exists, whether or not it is let in."""
        self.peer: tuple[str, int] = writer.get_extra_info("peername")[:2]
        self.address = f"[{self.peer[0]}]:{self.peer[1]}" if ":" in self.peer[0] else f"{self.peer[0]}:{self.peer[1]}"
        _look_for_dead_peers(writer.get_extra_info("socket"))
        if gate.recorder:
            gate.recorder.opened(self, self.peer, writer.get_extra_info("sockname")[:2])

    @property
    def online(self) -> bool:
        """It has been accepted, and not been closed since."""
        return self._accepted.is_set() and not self._ending.done()

    def close(self, reason: str) -> None:
        """Ends it soon."""
        self._end(_Ended(reason, wrong=False))

    def _end(self, reason: _Ended) -> None:
        if not self._ending.done():
            self._ending.set_result(reason)

    # Sending

    def send(self, topic: str, payload: bytes) -> None:
        """Publishes to this device with QoS 0, which is all the platform has in this direction; DUP and RETAIN are 0
        [MQTT-3.3.1-3, -9]."""
        self.write(_built(partial(packets.publish, topic=topic, payload=payload)))

    def write(self, data: bytes) -> None:
        """Sends one packet, ours or the broker's."""
        transport = self._writer.transport
        if transport.is_closing():
            self.close("it has closed the connection")
        if self._ending.done():
            return
        self._log(False, data)
        self._writer.write(data)
        kind = data[0] >> 4
        if transport.get_write_buffer_size() > _MOST_UNSENT:
            self.close(f"it does not read: more than {_MOST_UNSENT} bytes wait for it")
        elif kind == _CONNACK and data[3] == 0:
            self._accepted.set()
            self._platform.came_online(self.device_id, self)
        elif kind in (_SUBACK, _UNSUBACK, _PINGRESP):
            self.dealt_with()

    def dealt_with(self) -> None:
        """The broker has done with one of the packets it was given."""
        self._at_work.release()

    def _log(self, from_device: bool, data: bytes, error: str = "") -> None:
        if self._gate.recorder:
            self._gate.recorder.record(self, from_device, data)
        self._platform.log_packet(self.device_id, from_device, data, error)

    # From the first byte to the last

    async def run(self) -> None:
        """Talks with the device until one of the two has had enough."""
        talking = asyncio.create_task(self._talk())
        talking.add_done_callback(lambda _: self.close("the console has failed"))  # has no effect if there is a reason
        self._allow_silence(_CONNECT_TIME, f"no CONNECT within {_CONNECT_TIME:.0f} s")
        reason = await self._ending
        self._allow_silence(0, "")
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        if not talking.cancelled() and (failure := talking.exception()):
            self._loop.call_exception_handler({"message": "a connection has failed", "exception": failure})
        await self._end_session()
        self._writer.close()
        self._loop.call_later(_PATIENCE, self._writer.transport.abort)
        self._tell_end(reason)
        self._gate.leave(self)
        self.gone.set()

    async def _talk(self) -> None:
        try:
            await self._log_in(await self._read_packet(_MOST_CONNECT))
            while True:
                await self._take(await self._read_packet(MOST_BYTES))
                await asyncio.sleep(0)  # everybody's turn, even if this device has sent a thousand packets at once
        except _Ended as reason:
            self._end(reason)
        except (asyncio.IncompleteReadError, OSError):
            self.close("it has closed the connection")

    async def _end_session(self) -> None:
        session = self._session
        if session is None:
            return
        # amqtt never ends a session whose end comes before it listens.
        listening = asyncio.create_task(self._pipe.is_read.wait())
        await asyncio.wait([session, listening], timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        self._pipe.put(b"")
        _, late = await asyncio.wait([session], timeout=_PATIENCE)
        if late:
            session.cancel()
        await asyncio.gather(session, return_exceptions=True)

    def _tell_end(self, reason: _Ended) -> None:
        spoken = bool(self._packet) or self._whole
        if self._packet:
            self._log(True, bytes(self._packet), "" if self._whole and not reason.wrong else str(reason))
        self._platform.log_packet(self.device_id, False, b"", note=f"closed: {reason}")
        if self._gate.recorder:
            self._gate.recorder.closed(self)
        if self._accepted.is_set():
            self._platform.went_offline(self.device_id, self, str(reason))
        elif spoken:
            self._platform.tell(LoginRefused(self.address, self.device_id, str(reason)))

    def _allow_silence(self, seconds: float, reason: str) -> None:
        """From now on, ends the connection after so many seconds without a whole packet; 0 for never."""
        if self._silence:
            self._silence.cancel()
        self._silence = self._loop.call_later(seconds, self._check_silence, seconds, reason) if seconds else None

    def _check_silence(self, seconds: float, reason: str) -> None:
        left = seconds if self._busy else self._heard + seconds - self._loop.time()
        if left > 0:
            self._silence = self._loop.call_later(left, self._check_silence, seconds, reason)
        else:
            self.close(reason)

    # Receiving

    async def _read_packet(self, most: int) -> bytes:
        """The next one, whole, with a header that is legal. What has come of it so far is in self._packet."""
        packet = self._packet
        self._whole = False
        await self._read_into(packet, 2)
        length, shift = packet[1] & 0x7F, 7
        while packet[-1] & 0x80 and shift < 28:
            await self._read_into(packet, 1)
            length |= (packet[-1] & 0x7F) << shift
            shift += 7
        _parse(packet)
        if length > most:
            raise _Ended(f"remaining length {length}: at most {most} are taken")
        await self._read_into(packet, length)
        self._heard = self._loop.time()
        self._whole = True
        return bytes(packet)

    async def _read_into(self, packet: bytearray, n: int) -> None:
        try:
            packet += await self._reader.readexactly(n)
        except asyncio.IncompleteReadError as error:
            packet += error.partial
            raise

    def _judged(self, error: str = "") -> None:
        """The packet is legal, or has just this fault; on to the next."""
        self._log(True, bytes(self._packet), error)
        self._packet.clear()

    async def _log_in(self, packet: bytes) -> None:
        """Lets the device in, or raises _Ended."""
        self._gate.has_spoken(self)
        keep_alive = self._check_connect(packet)
        self._judged()
        await self._gate.enter(self)
        assert self._gate.broker is not None
        self._session = asyncio.create_task(
            self._gate.broker.external_connected(self._pipe, _BrokerWriter(self), "default")
        )
        self._session.add_done_callback(lambda _: self.close("the broker has ended the session"))
        self._pipe.put(packet)
        await self._accepted.wait()
        seconds = 1.5 * keep_alive  # [MQTT-3.1.2-24]
        self._allow_silence(seconds, f"nothing came for {seconds:g} s, 1.5 times its keep alive")

    def _check_connect(self, packet: bytes) -> int:
        """Returns the keep alive in seconds. What breaks the format ends the connection without CONNACK [MQTT-3.1.4-1],
        and so does what there is no code for [MQTT-3.2.2-6]."""
        if packet[0] >> 4 != _CONNECT:
            raise _Ended("the first packet must be CONNECT")  # [MQTT-3.1.0-1]
        body = packet[_body(packet) :]
        if body.startswith(b"\0\6MQIsdp") or (body.startswith(b"\0\4MQTT") and body[6:7] != b"\4"):
            level = body[8:9] if body[1] == 6 else body[6:7]  # [MQTT-3.1.2-2]
            self._refuse(_PROTOCOL_VERSION, f"protocol level {level.hex() or 'missing'}: must be 4, MQTT 3.1.1")
        _parse(packet)
        device_id = _parser.client_id.decode()
        username, password = _parser.username, _parser.password
        if username is None or password is None:
            raise _Ended("CONNECT must have a user name, the product id, and a password, the auth-info")
        if _parser.will_topic is not None:
            raise _Ended("OneNET has no will: the will flags of CONNECT must be 0")
        keep_alive: int = _parser.keepalive
        if not self._platform.knows(device_id):
            # [MQTT-3.1.3-8, -9]
            self._refuse(_CLIENT_ID, f"client id {_shown(device_id)}: no device of this id is registered")
        self.device_id = device_id
        if username.decode() != self._platform.product_id:
            words = f"user name {_shown(username.decode())}: must be the product id, {self._platform.product_id}"
            self._refuse(_USER_OR_PASSWORD, words)
        if not self._platform.credentials_fit(device_id, password):
            self._refuse(_USER_OR_PASSWORD, "password: is not the auth-info of this device")
        return keep_alive

    def _refuse(self, code: int, reason: str) -> None:
        """Says so, looks at nothing that comes after CONNECT [MQTT-3.1.4-5], and closes [MQTT-3.2.2-5]."""
        self._judged(reason)
        self.write(_built(partial(server.connack, code=code)))
        raise _Ended(f"{reason} (code {code})")

    async def _take(self, packet: bytes) -> None:
        """Does what a packet of a device that is online asks for."""
        work = self._judge(packet)
        self._judged()
        if work:
            self._busy = True
            await self._at_work.acquire()
            self._busy = False
            task = asyncio.create_task(work())
            self._works.add(task)
            task.add_done_callback(self._works.discard)

    def _judge(self, packet: bytes) -> "Callable[[], Coroutine[Any, Any, None]] | None":
        """What is to be done about it; raises _Ended if it is not to be."""
        _parse(packet)
        kind = packet[0] >> 4
        if kind == _PUBLISH:
            return self._judge_publish(packet)
        if kind in (_SUBSCRIBE, _UNSUBSCRIBE, _PINGREQ):
            if kind != _PINGREQ and len(_parser.filters) > MOST_TOPICS:
                raise _Ended(f"{len(_parser.filters)} topics in one packet: at most {MOST_TOPICS} are possible")
            return partial(self._hand_over, packet)
        if kind == _PUBACK:
            return None  # of nothing, for all we send is of QoS 0
        if kind == _DISCONNECT:
            raise _Ended("it has said DISCONNECT", wrong=False)
        if kind == _CONNECT:
            raise _Ended("a second CONNECT")  # [MQTT-3.1.0-2]
        raise _Ended("OneNET has no QoS 2")

    def _judge_publish(self, packet: bytes) -> "Callable[[], Coroutine[Any, Any, None]]":
        """The same of a PUBLISH; what is not allowed ends the connection [MQTT-3.3.5-2]."""
        topic, payload = bytes(_parser.topic).decode(), bytes(_parser.payload)
        packet_id = _parser.packet_id
        if _parser.qos == 2:
            raise _Ended("QoS 2: OneNET has only 0 and 1")
        if topic == "$dp":
            try:
                stored = self._platform.store_points(self.device_id, datapoints.decode(payload))
            except (PlatformError, ValueError) as error:
                raise _Ended(f"bad $dp payload: {error}") from error
            return partial(self._acknowledge, stored, packet_id)
        if topic.startswith("$crsp/"):
            if len(payload) > MOST_PAYLOAD:
                raise _Ended(f"reply of {len(payload)} bytes: at most {MOST_PAYLOAD} are possible")
            return partial(self._take_reply, topic[6:], payload, packet_id)
        if topic.startswith("$"):
            raise _Ended(f"topic {_shown(topic)}: of those with $, a device publishes to $dp and $crsp/{{uuid}} alone")
        return partial(self._hand_over, bytes([packet[0] & 0xFE]) + packet[1:])  # the platform retains nothing

    async def _hand_over(self, packet: bytes) -> None:
        self._pipe.put(packet)

    async def _take_reply(self, uuid: str, payload: bytes, packet_id: int) -> None:
        taking = asyncio.ensure_future(self._platform.take_reply(self.device_id, uuid, payload))
        await self._acknowledge(taking, packet_id)
        if taking.done() and not taking.cancelled() and not taking.exception() and (words := taking.result()):
            self._platform.log_packet(self.device_id, False, b"", note=f"reply ignored: {words}")

    async def _acknowledge(self, work: "asyncio.Future[Any]", packet_id: int) -> None:
        """PUBACK only once that is on the disk: what has been acknowledged is not sent again."""
        try:
            await work
        except StoreError as error:
            self.close(f"the console can't store what it sends: {error}")
        else:
            if packet_id:
                self.write(_built(partial(packets.ack, first=0x40, packet_id=packet_id)))
        self.dealt_with()


class _Pipe(ReaderAdapter):
    """How the broker reads what it is to have."""

    def __init__(self) -> None:
        self._packets: asyncio.Queue[bytes] = asyncio.Queue()
        self._packet = b""
        self._at = 0
        self.is_read = asyncio.Event()
        """The broker has read the first packet, and waits for the next."""

    def put(self, packet: bytes) -> None:
        """Empty bytes are the end."""
        self._packets.put_nowait(packet)

    async def read(self, n: int = -1) -> bytes:
        if self._at == len(self._packet):
            if self._packet:
                self.is_read.set()
            self._packet, self._at = await self._packets.get(), 0
            if not self._packet:
                self.feed_eof()
        start = self._at
        self._at = len(self._packet) if n < 0 else min(start + n, len(self._packet))
        return self._packet[start : self._at]

    def feed_eof(self) -> None:
        self.put(b"")


class _BrokerWriter(WriterAdapter):
    """How the broker writes. It never waits: who does not read is dropped."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.write(bytes(data))

    async def drain(self) -> None:
        pass

    def get_peer_info(self) -> tuple[str, int]:
        return self._connection.peer

    def get_ssl_info(self) -> ssl.SSLObject | None:
        return None

    async def close(self) -> None:
        self._connection.close("the broker has closed it")


def _parse(packet: bytes | bytearray) -> None:
    """Leaves the fields in _parser, until the next packet of whomsoever. Takes the head of one, too."""
    _parser.reset()
    try:
        _parser.feed(packet, 0, len(packet))
    except ProtocolError as error:
        raise _Ended(str(error)) from error


def _body(packet: bytes) -> int:
    """Where the fixed header ends."""
    return next(i for i in range(1, 5) if packet[i] < 0x80) + 1


def _built(build: Callable[[bytearray | None], int]) -> bytes:
    buffer = bytearray(build(None))
    build(buffer)
    return bytes(buffer)


def _shown(text: str) -> str:
    """Somebody else's text in one line of ours."""
    return ascii(text if len(text) <= 40 else text[:40] + "…")


def _look_for_dead_peers(sock: socket.socket) -> None:
    """For those without keep alive: a board that lost its power says nothing."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))  # Linux, macOS
    if idle is not None:
        sock.setsockopt(socket.IPPROTO_TCP, idle, _DEAD_AFTER)
