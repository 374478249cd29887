"""One connection, before and beside the broker: bytes become packets, and its dialect says what OneNET makes of them.

The broker is given whole, legal packets of devices that have been let in, and no messages that the platform takes in
itself. All packets of both directions go to the packet log, and to the recorder if there is one.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from functools import partial
from typing import Any, Protocol

from amqtt.adapters import ReaderAdapter, WriterAdapter

from ..files import use_board_libraries
from ..language import _, ngettext
from .database import StoreError
from .dialect import Connect, Dialect, Ended, Refused, Will, built, topic_of
from .failures import PlatformError
from .model import LoginRefused
from .pipe import BrokerWriter, Pipe
from .platform import Platform

use_board_libraries()

from mqtt import packet as packets  # noqa: E402
from mqtt import server  # noqa: E402
from mqtt.errors import ProtocolError  # noqa: E402

_MOST_BYTES = 270_336  # remaining length of a packet in any dialect
_MOST_CONNECT = 4096  # remaining length of the first packet
_CONNECT_TIME = 10.0  # seconds until it has to be there
_MOST_UNSENT = 262_144  # bytes that wait for a device that does not read
_MOST_AT_WORK = 256  # packets of a device that are being stored, or that the broker is busy with
_PATIENCE = 5.0  # seconds the broker has to end a session, and a device to take what was sent last
_DEAD_AFTER = 60  # seconds of silence until the system asks whether the peer is still there

_CONNECT, _CONNACK, _PUBLISH, _PUBACK, _PUBREC, _PUBREL, _PUBCOMP = range(1, 8)
_SUBSCRIBE, _SUBACK, _UNSUBSCRIBE, _UNSUBACK, _PINGREQ, _PINGRESP, _DISCONNECT = range(8, 15)
_PROTOCOL_VERSION = 1  # return code of CONNACK
_MOST_UNRELEASED = 1000  # messages of QoS 2 of a device that wait for their PUBREL

_WITHOUT_FLAGS = {_SUBSCRIBE << 4: 0x82, _UNSUBSCRIBE << 4: 0xA2}
"""First bytes as the vendor's SDK and firmware made from it send them, though [MQTT-3.8.1-1] and [MQTT-3.10.1-1] want
flags 0010. The platform takes them, and so does the console; the packet log says what would be right."""

_OTHERS = {b"GE": "HTTP", b"PO": "HTTP", b"PU": "HTTP", b"DE": "HTTP", b"HE": "HTTP", b"OP": "HTTP", b"\x16\x03": "TLS"}
"""What a connection is that begins so, and no MQTT."""

_parser = server.ServerParser(_MOST_BYTES)  # one for all, who give it whole packets


class Broker(Protocol):
    """What of the broker a connection needs."""

    async def external_connected(self, reader: ReaderAdapter, writer: WriterAdapter, listener_name: str) -> None: ...
    def is_subscribed(self, device_id: str, topic: str) -> bool: ...
    async def forget(self, device_id: str) -> None: ...


class Recorder(Protocol):
    """Takes down what goes over each connection."""

    def opened(self, connection: Hashable, client: tuple[str, int], server: tuple[str, int]) -> None: ...
    def record(self, connection: Hashable, from_client: bool, data: bytes) -> None: ...
    def closed(self, connection: Hashable) -> None: ...


class Gate(Protocol):
    """What of the gate a connection needs; gate.py has it."""

    platform: Platform
    recorder: Recorder | None
    broker: Broker | None

    def has_spoken(self, connection: "Connection") -> None: ...
    def welcome(self, connect: Connect, connection: "Connection") -> tuple[str, Dialect]: ...
    async def enter(self, connection: "Connection") -> None: ...
    def unreleased(self, device_id: str, clean: bool) -> set[int]: ...
    def leave(self, connection: "Connection") -> None: ...


class Connection:
    """A connection, from accept to close."""

    def __init__(self, gate: Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
        self._ending: asyncio.Future[Ended] = self._loop.create_future()
        self._pipe = Pipe()
        self._session: asyncio.Task[None] | None = None
        self._at_work = asyncio.Semaphore(_MOST_AT_WORK)
        self._subscribing = 0  # packets about subscriptions that the broker has not answered
        self._subscribed = asyncio.Event()  # it has answered all
        self._subscribed.set()
        self._will: Will | None = None
        self._unreleased: set[int] = set()
        self._works: set[asyncio.Task[None]] = set()
        self._accepted = asyncio.Event()
        self.gone = asyncio.Event()
        """run() has ended, and so has the broker's session."""
        self.dialect: Dialect
        """Once it has logged in."""
        self.device_id = ""
        """Once a CONNECT has named one that exists, whether or not it is let in."""
        self.peer: tuple[str, int] = writer.get_extra_info("peername")[:2]
        self.address = f"[{self.peer[0]}]:{self.peer[1]}" if ":" in self.peer[0] else f"{self.peer[0]}:{self.peer[1]}"
        self.here = str(writer.get_extra_info("sockname")[0]).removeprefix("::ffff:")
        _look_for_dead_peers(writer.get_extra_info("socket"))
        if gate.recorder:
            gate.recorder.opened(self, self.peer, writer.get_extra_info("sockname")[:2])

    @property
    def online(self) -> bool:
        """It has been accepted, and not been closed since."""
        return self._accepted.is_set() and not self._ending.done()

    def close(self, reason: str) -> None:
        """Ends it soon."""
        self._end(Ended(reason, wrong=False))

    def _end(self, reason: Ended) -> None:
        if not self._ending.done():
            self._ending.set_result(reason)

    # Sending

    def send(self, topic: str, payload: bytes) -> None:
        """Publishes to this device with QoS 0, which is all the platform has in this direction; DUP and RETAIN are 0
        [MQTT-3.3.1-3, -9]."""
        self.write(built(partial(packets.publish, topic=topic, payload=payload)))

    def deliver(self, topic: str, payload: bytes) -> bool:
        """send(), if it has subscribed to that; returns whether it has."""
        assert self._gate.broker is not None
        wanted = self._gate.broker.is_subscribed(self.device_id, topic)
        if wanted:
            self.send(topic, payload)
        return wanted

    def write(self, data: bytes) -> None:
        """Sends one packet, ours or the broker's."""
        transport = self._writer.transport
        if transport.is_closing():
            self.close(_("it has closed the connection"))
        if self._ending.done():
            return
        self._log(False, data)
        self._writer.write(data)
        kind = data[0] >> 4
        if transport.get_write_buffer_size() > _MOST_UNSENT:
            self.close(
                _("it does not read: more than {most_unsent} bytes wait for it").format(most_unsent=_MOST_UNSENT)
            )
        elif kind == _CONNACK and data[3] == 0:
            self._accepted.set()
            self._platform.came_online(self.device_id, self)
        elif kind in (_SUBACK, _UNSUBACK, _PINGRESP):
            self.dealt_with()
            if kind != _PINGRESP:
                self._subscribing -= 1
                if not self._subscribing:
                    self._subscribed.set()

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
        talking.add_done_callback(
            lambda task: self.close(_("the console has failed"))
        )  # has no effect if there is a reason
        self._allow_silence(
            _CONNECT_TIME, _("no CONNECT within {connect_time:.0f} s").format(connect_time=_CONNECT_TIME)
        )
        reason = await self._ending
        self._allow_silence(0, "")
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        if not talking.cancelled() and (failure := talking.exception()):
            self._loop.call_exception_handler({"message": _("a connection has failed"), "exception": failure})
        await self._end_session()
        await self._publish_will(reason)
        self._writer.close()
        self._loop.call_later(_PATIENCE, self._writer.transport.abort)
        self._tell_end(reason)
        self._gate.leave(self)
        self.gone.set()

    async def _talk(self) -> None:
        try:
            await self._log_in(await self._read_packet(_MOST_CONNECT))
            while True:
                await self._take(await self._read_packet(self.dialect.longest_packet))
                await asyncio.sleep(0)  # everybody's turn, even if this device has sent a thousand packets at once
        except Ended as reason:
            self._end(reason)
        except (EOFError, OSError):
            self.close(_("it has closed the connection{missing}").format(missing=self._missing()))

    def _missing(self) -> str:
        """What of the packet under way has not come."""
        packet = self._packet
        if not packet or self._whole:
            return ""
        length, shift = 0, 0
        for byte in packet[1:5]:
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                name = server.NAMES[packet[0] >> 4] if packet[0] >> 4 < len(server.NAMES) else None
                size = 1 + shift // 7 + length
                return _(": {count} of the {size} bytes of {name} are missing").format(
                    count=size - len(packet), size=size, name=name or _("a packet")
                )
        words = ngettext(": only {count} byte of a packet came", ": only {count} bytes of a packet came", len(packet))
        return words.format(count=len(packet))

    async def _end_session(self) -> None:
        session = self._session
        if session is None:
            return
        # amqtt never ends a session whose end comes before it listens.
        listening = asyncio.create_task(self._pipe.is_read.wait())
        await asyncio.wait([session, listening], timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        self._pipe.put(b"")
        _done, late = await asyncio.wait([session], timeout=_PATIENCE)
        if late:
            session.cancel()
        await asyncio.gather(session, return_exceptions=True)
        assert self._gate.broker is not None
        await self._gate.broker.forget(self.device_id)

    async def _publish_will(self, reason: Ended) -> None:
        """[MQTT-3.1.2-8, -10]: not after DISCONNECT."""
        will = self._will
        if will is None or not self._accepted.is_set():
            return
        try:
            taking = self.dialect.take(will.topic, will.payload, will.retain)
            if taking is None:
                self._platform.publish_message(will.topic, will.payload)
            else:
                await taking
            note = _("will published to {topic}").format(topic=will.topic)
        except (Ended, PlatformError, StoreError) as error:
            note = _("will not published: {error}").format(error=error)
        self._platform.log_packet(self.device_id, False, b"", note=note)

    def _tell_end(self, reason: Ended) -> None:
        spoken = bool(self._packet) or self._whole
        if self._packet:
            self._log(True, bytes(self._packet), "" if self._whole and not reason.wrong else str(reason))
        self._platform.log_packet(self.device_id, False, b"", note=_("closed: {reason}").format(reason=reason))
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
            self.close(reason + self._missing())

    # Receiving

    async def _read_packet(self, most: int) -> bytes:
        """The next one, whole, with a header that is legal. What has come of it so far is in self._packet."""
        packet = self._packet
        self._whole = False
        await self._read_into(packet, 2)
        if not self.device_id and (other := _OTHERS.get(bytes(packet))):
            raise Ended(
                _("this is {other}, and here is MQTT: the web page and the HTTP API are on another port").format(
                    other=other
                )
            )
        length, shift = packet[1] & 0x7F, 7
        while packet[-1] & 0x80 and shift < 28:
            await self._read_into(packet, 1)
            length |= (packet[-1] & 0x7F) << shift
            shift += 7
        _parse(_with_flags(packet))
        if length > most:
            raise Ended(_("remaining length {length}: at most {most} are taken").format(length=length, most=most))
        await self._read_into(packet, length)
        self._heard = self._loop.time()
        self._whole = True
        return _with_flags(packet)

    async def _read_into(self, packet: bytearray, n: int) -> None:
        """n more bytes, each as soon as it is there, so that it can be told what is missing."""
        end = len(packet) + n
        while len(packet) < end:
            more = await self._reader.read(end - len(packet))
            if not more:
                raise EOFError
            packet += more

    def _judged(self, error: str = "") -> None:
        """The packet is legal, or has just this fault; on to the next."""
        self._log(True, bytes(self._packet), error)
        self._packet.clear()

    async def _log_in(self, packet: bytes) -> None:
        """Lets the device in, or raises Ended."""
        self._gate.has_spoken(self)
        try:
            connect = self._check_connect(packet)
            self.device_id, self.dialect = self._gate.welcome(connect, self)
        except Refused as refusal:
            raise self._refuse(refusal) from None
        self._judged()
        await self._gate.enter(self)
        self._will = connect.will
        self._unreleased = self._gate.unreleased(self.device_id, connect.clean_session)
        assert self._gate.broker is not None
        self._session = asyncio.create_task(
            self._gate.broker.external_connected(self._pipe, BrokerWriter(self), "default")
        )
        self._session.add_done_callback(lambda task: self.close(_("the broker has ended the session")))
        # The broker knows devices by our ids, whatever their client ids are.
        self._pipe.put(built(partial(packets.connect, client_id=self.device_id, clean_session=connect.clean_session)))
        await self._accepted.wait()
        seconds = 1.5 * connect.keep_alive  # [MQTT-3.1.2-24]
        self._allow_silence(
            seconds, _("nothing came for {seconds:g} s, 1.5 times its keep alive").format(seconds=seconds)
        )

    def _check_connect(self, packet: bytes) -> Connect:
        """What CONNECT says. What breaks the format ends the connection without CONNACK [MQTT-3.1.4-1], and so does
        what there is no code for [MQTT-3.2.2-6]."""
        if packet[0] >> 4 != _CONNECT:
            raise Ended(_("the first packet must be CONNECT"))  # [MQTT-3.1.0-1]
        body = packet[_body(packet) :]
        if body.startswith(b"\0\3EDP"):
            raise Ended(_("this is EDP, another of OneNET's protocols, and here is MQTT"))
        if body.startswith(b"\0\6MQIsdp") or (body.startswith(b"\0\4MQTT") and body[6:7] != b"\4"):
            level = body[8:9] if body[1] == 6 else body[6:7]  # [MQTT-3.1.2-2]
            raise Refused(
                _PROTOCOL_VERSION,
                _("protocol level {value}: must be 4, MQTT 3.1.1").format(value=level.hex() or _("missing")),
            )
        _parse(packet)
        username, password = _parser.username, _parser.password
        if username is None or password is None:
            raise Ended(_("CONNECT must have a user name, the product id, and a password"))
        will = None
        if _parser.will_topic is not None:
            will = Will(_parser.will_topic.decode(), _parser.will_payload or b"", _parser.will_retain)
        client_id, user = _parser.client_id.decode(), username.decode()
        return Connect(client_id, user, password, _parser.keepalive, _parser.clean_session, will)

    def _refuse(self, refusal: Refused) -> Ended:
        """Says so, looks at nothing that comes after CONNECT [MQTT-3.1.4-5]; returns why to close [MQTT-3.2.2-5]."""
        self.device_id = refusal.device_id
        self._judged(str(refusal))
        self.write(built(partial(server.connack, code=refusal.code)))
        return Ended(_("{refusal} (code {code})").format(refusal=refusal, code=refusal.code))

    async def _take(self, packet: bytes) -> None:
        """Does what a packet of a device that is online asks for."""
        self._busy = True
        kind = packet[0] >> 4
        await self.dialect.pace(kind, len(packet), topic_of(packet) if kind == _PUBLISH else b"")
        if kind == _PUBLISH:
            await self._subscribed.wait()  # else the answer to this message could find no subscription yet
        self._busy = False
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
        """What is to be done about it; raises Ended if it is not to be."""
        _parse(packet)
        kind = packet[0] >> 4
        if kind == _PUBLISH:
            return self._judge_publish(packet)
        if kind in (_SUBSCRIBE, _UNSUBSCRIBE, _PINGREQ):
            if kind != _PINGREQ and len(_parser.filters) > self.dialect.most_filters:
                most = self.dialect.most_filters
                raise Ended(
                    _("{count} topics in one packet: at most {most} are possible").format(
                        count=len(_parser.filters), most=most
                    )
                )
            if kind == _SUBSCRIBE:
                self.dialect.judge_filters([topic.decode() for topic, _qos in _parser.filters])
            elif kind == _UNSUBSCRIBE:
                self.dialect.unsubscribing(len(_parser.filters))
            if kind != _PINGREQ:
                self._subscribing += 1
                self._subscribed.clear()
            return partial(self._hand_over, packet)
        if kind == _PUBREL and self.dialect.qos_2:
            return partial(self._complete, _parser.packet_id)
        if kind in (_PUBACK, _PUBREC, _PUBCOMP) and (kind == _PUBACK or self.dialect.qos_2):
            return None  # of nothing, for all we send is of QoS 0
        if kind == _DISCONNECT:
            self._will = None
            raise Ended(_("it has said DISCONNECT"), wrong=False)
        if kind == _CONNECT:
            raise Ended(_("a second CONNECT"))  # [MQTT-3.1.0-2]
        raise Ended(_("OneNET has no QoS 2"))

    def _judge_publish(self, packet: bytes) -> "Callable[[], Coroutine[Any, Any, None]]":
        """The same of a PUBLISH; what is not allowed ends the connection [MQTT-3.3.5-2]."""
        qos, packet_id = _parser.qos, _parser.packet_id
        if qos == 2 and not self.dialect.qos_2:
            raise Ended(_("QoS 2: OneNET has only 0 and 1"))
        if qos == 2 and packet_id in self._unreleased:  # it has been taken before [MQTT-4.3.3-2]
            return partial(self._acknowledge, None, qos, packet_id)
        if qos == 2:
            if len(self._unreleased) >= _MOST_UNRELEASED:
                raise Ended(
                    _("more than {most_unreleased} messages of QoS 2 wait for PUBREL").format(
                        most_unreleased=_MOST_UNRELEASED
                    )
                )
            self._unreleased.add(packet_id)
        if note := self.dialect.drops(qos):
            return partial(self._acknowledge, None, qos, packet_id, note)
        topic, payload = bytes(_parser.topic).decode(), bytes(_parser.payload)
        taking = self.dialect.take(topic, payload, _parser.retain)
        if taking is None and qos == 2:
            self._platform.publish(topic, payload)  # the broker would acknowledge it in its own way
        elif taking is None:
            return partial(self._hand_over, bytes([packet[0] & 0xFE]) + packet[1:])  # the platform retains nothing
        return partial(self._acknowledge, taking, qos, packet_id)

    async def _hand_over(self, packet: bytes) -> None:
        self._pipe.put(packet)

    async def _acknowledge(self, taking: Awaitable[str] | None, qos: int, packet_id: int, note: str = "") -> None:
        """PUBACK or PUBREC only once that is on the disk: what has been acknowledged is not sent again."""
        try:
            note = note if taking is None else await taking
        except StoreError as error:
            self._unreleased.discard(packet_id)
            self.close(_("the console can't store what it sends: {error}").format(error=error))
        else:
            if qos:
                first = _PUBACK << 4 if qos == 1 else _PUBREC << 4
                self.write(built(partial(packets.ack, first=first, packet_id=packet_id)))
            if note:
                self._platform.log_packet(self.device_id, False, b"", note=note)
        self.dealt_with()

    async def _complete(self, packet_id: int) -> None:
        """Answers a PUBREL [MQTT-4.3.3-2]."""
        self._unreleased.discard(packet_id)
        self.write(built(partial(packets.ack, first=_PUBCOMP << 4, packet_id=packet_id)))
        self.dealt_with()


def _with_flags(packet: bytes | bytearray) -> bytes:
    """With the flags that its type must have, where they were left out."""
    return bytes([_WITHOUT_FLAGS.get(packet[0], packet[0])]) + bytes(packet[1:])


def _parse(packet: bytes | bytearray) -> None:
    """Leaves the fields in _parser, until the next packet of whomsoever. Takes the head of one, too."""
    _parser.reset()
    try:
        _parser.feed(packet, 0, len(packet))
    except ProtocolError as error:
        raise Ended(str(error)) from error


def _body(packet: bytes) -> int:
    """Where the fixed header ends."""
    return next(i for i in range(1, 5) if packet[i] < 0x80) + 1


def _look_for_dead_peers(sock: socket.socket) -> None:
    """For those without keep alive: a board that lost its power says nothing."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))  # Linux, macOS
    if idle is not None:
        sock.setsockopt(socket.IPPROTO_TCP, idle, _DEAD_AFTER)
