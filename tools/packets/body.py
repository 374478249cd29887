"""The packets of MQTT 3.1.1, type by type: what follows what, what it means, and what is wrong with it."""

from collections.abc import Callable

from mqtt.packet import topic_filter, topic_name
from mqtt.server import NAMES, AnyParser
from mqtt.wire import bad_utf8

from .cursor import PASSWORD, Cursor, Fault, NotKept, count, in_words
from .points import explain_points

RETURN_CODES = (
    "accepted",
    "refused: unacceptable protocol level",
    "refused: client identifier not allowed",
    "refused: server unavailable",
    "refused: bad user name or password",
    "refused: not authorized",
)  # [3.2.2.3]

_PROTOCOLS = {b"MQIsdp": ", that of MQTT 3.1,", b"EDP": ", another of OneNET's protocols,"}
_LEVELS = {3: "MQTT 3.1", 4: "MQTT 3.1.1", 5: "MQTT 5, which orders the rest differently"}
_QOS = ("at most once", "at least once", "exactly once", "reserved")
_PURPOSE = {
    4: "answers a PUBLISH of QoS 1",
    5: "answers a PUBLISH of QoS 2: received",
    6: "answers a PUBREC: to be released",
    7: "answers a PUBREL: complete",
    11: "answers an UNSUBSCRIBE",
    12: "is the server there?",
    13: "answers a PINGREQ",
    14: "the client leaves; its will is not published",
}
_PUBLISH = 3
_WITHOUT_FLAGS = {(8, 0): "MQTT-3.8.1-1", (10, 0): "MQTT-3.10.1-1"}
"""Types and flags as the vendor's SDK for the older platform sends them, and firmware made from it."""
_ANY = 0xFF  # of AnyParser._LENGTHS: the remaining length is not fixed
_SUMMARY = 160  # characters of a payload in a summary
_OTHERS = (
    (b"\x16\x03", "a TLS handshake"),
    (b"\x15\x03", "a TLS alert: the peer wants TLS"),
    (b"HTTP/", "an HTTP response"),
    (b"GET ", "an HTTP request"),
    (b"POST ", "an HTTP request"),
    (b"PUT ", "an HTTP request"),
)


def walk_packet(cursor: Cursor) -> str:
    """Makes the fields of a packet and returns its summary. Raises Fault, NotKept."""
    kind = _packet_type(cursor)
    _remaining_length(cursor, kind)
    summary = _BODIES[kind](cursor, kind)
    assert cursor.end is not None
    if cursor.left:
        raise Fault(cursor.at, f"{count(cursor.left, 'byte')} after the last field", "the end of the packet")
    if cursor.end < len(cursor.data):
        raise Fault(cursor.end, f"{count(len(cursor.data) - cursor.end, 'byte')} after the packet", "its end")
    return summary


# Fixed header


def _packet_type(cursor: Cursor) -> int:
    first = cursor.byte("packet type")
    kind, flags = first >> 4, first & 0x0F
    name = NAMES[kind] if kind < len(NAMES) else None
    cursor.hide_rest = kind == 1
    bits = [("7-4", f"{kind:04b}", f"packet type {kind}: {name or 'reserved'}")]
    if kind == _PUBLISH:
        qos = flags >> 1 & 3
        bits += [
            ("3", f"{flags >> 3}", "DUP: sent again" if flags & 8 else "DUP: sent for the first time"),
            ("2-1", f"{qos:02b}", f"QoS {qos}: {_QOS[qos]}"),
            ("0", f"{flags & 1}", "RETAIN: kept for later subscribers" if flags & 1 else "RETAIN: not kept"),
        ]
    else:
        bits.append(("3-0", f"{flags:04b}", "flags, fixed"))
    if (kind, flags) in _WITHOUT_FLAGS:
        bits[-1] = ("3-0", "0000", "flags, must be 0010; OneNET's older SDK sends 0000")
    cursor.note("packet type", name or "reserved", _PURPOSE.get(kind, ""), "2.2.1", tuple(bits))
    other = next((what for start, what in _OTHERS if cursor.data.startswith(start)), "")
    looks = f" (this looks like {other})" if other else ""
    if name is None:
        raise Fault(0, f"packet type {kind} is reserved{looks}", "1 to 14 [MQTT 2.2.1]")
    expected = AnyParser._FIRSTS[kind] & 0x0F
    if kind == _PUBLISH:
        if flags & 6 == 6:
            raise Fault(0, f"QoS 3{looks}", "0, 1 or 2 [MQTT-3.3.1-4]")
        if flags & 14 == 8:
            raise Fault(0, f"DUP with QoS 0{looks}", "DUP 0 [MQTT-3.3.1-2]")
    elif (kind, flags) in _WITHOUT_FLAGS:
        # It is known what is meant, and where the packet ends: the older platform takes it.
        clause = _WITHOUT_FLAGS[kind, flags]
        cursor.header_fault = Fault(0, f"{name} with flags 0000, which only some servers take", f"0010 [{clause}]")
    elif flags != expected:
        raise Fault(0, f"{name} with flags {flags:04b}{looks}", f"{expected:04b} [MQTT-2.2.2-1]")
    cursor.type = name
    return kind


def _remaining_length(cursor: Cursor, kind: int) -> None:
    name = "remaining length"
    digits = cursor.data[1:5]
    size = next((i for i, digit in enumerate(digits, 1) if digit < 128), 0)
    part = cursor.take(size or len(digits), name)
    if not size:
        if part:
            cursor.note(name, "", "bit 7 of each byte: another one follows", "2.2.3")
        if len(part) == 4:
            raise Fault(4, "the fourth byte has bit 7 set", "the end of the remaining length [2.2.3]")
        raise Fault(cursor.at, "the bytes end here", f"{'more of ' if part else ''}the remaining length")
    length = sum((digit & 0x7F) << 7 * i for i, digit in enumerate(part))
    terms = " + ".join(f"{digit & 0x7F} * {128**i}" if i else f"{digit & 0x7F}" for i, digit in enumerate(part))
    cursor.note(name, f"{length}", f"bytes that follow{'' if size == 1 else ': ' + terms}", "2.2.3")
    expected = AnyParser._LENGTHS[kind]
    if expected not in (_ANY, length):
        raise Fault(1, f"remaining length {length}", f"{expected} in a {cursor.type}")
    cursor.end = cursor.at + length


# What several types have


def _packet_id(cursor: Cursor, kind: int) -> int:
    value = cursor.number("packet identifier", clause="3.3.2.2" if kind == _PUBLISH else f"3.{kind}.2")
    if not value:
        raise Fault(cursor.start, "packet identifier 0", "1 to 65535 [MQTT-2.3.1-1]")
    return value


def _string(cursor: Cursor, name: str, clause: str, meaning: str = "") -> bytes:
    """A UTF-8 string after its length."""
    value = cursor.prefixed(name)
    cursor.note(name, in_words(value) if value else "(empty)", meaning, clause)
    bad = bad_utf8(value, 0, len(value), 0)
    if bad >= 0:
        raise Fault(cursor.start + bad, f"U+0000 or invalid UTF-8 in {name}", "UTF-8 [MQTT-1.5.3-1, -2]")
    return value


def _topic(cursor: Cursor, name: str, clause: str) -> bytes:
    value = _string(cursor, name, clause)
    try:
        topic_name(value, name)
    except ValueError as error:
        raise Fault(cursor.start, str(error), "a topic name of at least one character [4.7]") from error
    return value


def _filter(cursor: Cursor) -> bytes:
    value = _string(cursor, "topic filter", "4.7")
    try:
        topic_filter(value)
    except ValueError as error:
        raise Fault(
            cursor.start, str(error), "# as the last level, + as a whole level, one character or more [4.7]"
        ) from error
    return value


def _yes(flag: int, name: str, there: str, missing: str) -> tuple[str, str]:
    """Setting and meaning of a bit."""
    return f"{1 if flag else 0}", f"{name}: {there if flag else missing}"


# The types


def _connect(cursor: Cursor, _kind: int) -> str:
    protocol = cursor.prefixed("protocol name")
    cursor.note("protocol name", in_words(protocol), "", "3.1.2.1")
    if protocol != b"MQTT":
        note = _PROTOCOLS.get(protocol, "")
        raise Fault(cursor.start, f"protocol name {in_words(protocol, 20)!r}{note}", "MQTT [3.1.2.1]")
    level = cursor.byte("protocol level")
    meaning = _LEVELS.get(level, "unknown")
    if level != 4:
        meaning += "; a server of 3.1.1 answers CONNACK 1"
    cursor.note("protocol level", f"{level}", meaning, "3.1.2.2")
    flags = _connect_flags(cursor)
    keepalive = int.from_bytes(cursor.take(2, "keep alive"), "big")
    limit = f"closed after {1.5 * keepalive:g} s of silence" if keepalive else "off: silence may last"
    cursor.note("keep alive", f"{keepalive} s", limit, "3.1.2.10")
    said = [f"client {_client_id(cursor, flags)}"]
    if flags & 0x04:
        topic = _topic(cursor, "will topic", "3.1.3.2")
        message = cursor.prefixed("will message")
        cursor.note("will message", in_words(message), "published if the client is lost", "3.1.3.3")
        said.append(f"will on {in_words(topic, 40)}")
    if flags & 0x80:
        user = _string(cursor, "user name", "3.1.3.4", "OneNET: product ID")
        said.append(f"user {in_words(user, 40)}")
    if flags & 0x40:
        password = cursor.prefixed(PASSWORD)
        cursor.note_password(password, "OneNET: auth-info or token", "3.1.3.5")
        said.append(f"password of {count(len(password), 'byte')}")
    said.append(f"keep alive {keepalive} s")
    said.append("clean session" if flags & 0x02 else "session kept")
    return ", ".join(said)


def _connect_flags(cursor: Cursor) -> int:
    flags = cursor.byte("connect flags")
    cursor.hide_rest = bool(flags & 0x40)
    will, qos = flags & 0x04, flags >> 3 & 3
    cursor.note(
        "connect flags",
        f"{flags:08b}",
        "",
        "3.1.2.3",
        (
            ("7", *_yes(flags & 0x80, "user name", "there is one", "none")),
            ("6", *_yes(flags & 0x40, "password", "there is one", "none")),
            ("5", *_yes(flags & 0x20, "will retain", "the will is kept for later subscribers", "not kept")),
            ("4-3", f"{qos:02b}", f"will QoS {qos}: {_QOS[qos]}"),
            ("2", *_yes(will, "will", "there is one", "none")),
            ("1", *_yes(flags & 0x02, "clean session", "begin anew, keep nothing", "go on with what was kept")),
            ("0", *_yes(flags & 0x01, "reserved", "must be 0", "0")),
        ),
    )
    if flags & 0x01:
        raise Fault(cursor.start, "bit 0 of the connect flags is 1", "0 [MQTT-3.1.2-3]")
    if qos == 3:
        raise Fault(cursor.start, "will QoS 3", "0, 1 or 2 [MQTT-3.1.2-14]")
    if not will and flags & 0x38:
        raise Fault(cursor.start, "will QoS or retain without a will", "00 and 0 [MQTT-3.1.2-13, -15]")
    if flags & 0xC0 == 0x40:
        raise Fault(cursor.start, "a password without a user name", "bit 6 = 0 or bit 7 = 1 [MQTT-3.1.2-22]")
    return flags


def _client_id(cursor: Cursor, flags: int) -> str:
    value = _string(cursor, "client identifier", "3.1.3.1", "OneNET: device ID")
    if value:
        return in_words(value, 40)
    return "without identifier" if flags & 0x02 else "without identifier, which needs a clean session"


def _connack(cursor: Cursor, _kind: int) -> str:
    flags = cursor.byte("acknowledge flags")
    bits = (
        ("7-1", f"{flags >> 1:07b}", "reserved"),
        ("0", *_yes(flags & 1, "session present", "the server goes on with one it kept", "a new session")),
    )
    cursor.note("acknowledge flags", f"{flags:08b}", "", "3.2.2.1", bits)
    if flags > 1:
        raise Fault(cursor.start, f"acknowledge flags {flags:08b}", "bits 7 to 1 to be 0 [3.2.2.1]")
    code = cursor.byte("return code")
    words = RETURN_CODES[code] if code < len(RETURN_CODES) else "reserved"
    cursor.note("return code", f"{code}", words, "3.2.2.3")
    if code >= len(RETURN_CODES):
        raise Fault(cursor.start, f"return code {code}", "0 to 5 [3.2.2.3]")
    if code and flags:
        raise Fault(cursor.start, "a session where the connection is refused", "session present 0 [MQTT-3.2.2-4]")
    return f"{words}, session present" if flags else words if not code else f"{words} (code {code})"


def _publish(cursor: Cursor, kind: int) -> str:
    first = cursor.data[0]
    topic = in_words(_topic(cursor, "topic name", "3.3.2.1"))
    said = [_purpose(cursor, topic), f"QoS {first >> 1 & 3}"]
    if first & 0x06:
        said.append(f"id {_packet_id(cursor, kind)}")
    said += [word for flag, word in ((0x08, "DUP"), (0x01, "RETAIN")) if first & flag]
    return f"{', '.join(said)}: {_payload(cursor, topic)}"


def _purpose(cursor: Cursor, topic: str) -> str:
    """What OneNET takes the topic for, the topic itself where it is nothing special."""
    if topic == "$dp":
        cursor.say("OneNET: data points")
        return topic
    start, slash, uuid = topic.partition("/")
    if not slash or start not in ("$creq", "$crsp"):
        return topic
    what = f"{'command' if start == '$creq' else 'reply to command'} {uuid}"
    cursor.say(f"OneNET: {what}")
    return what


def _payload(cursor: Cursor, topic: str) -> str:
    size = cursor.left
    if topic == "$dp" and len(cursor.data) - cursor.at >= size:
        end = cursor.at + size
        try:
            return explain_points(cursor)
        except Fault as fault:
            cursor.payload_fault = fault
            cursor.note_rest(end)
            return "bad data points"
    try:
        payload = cursor.take(size, "payload")
    except NotKept:
        cursor.at += cursor.left
        return count(size, "byte")
    if payload:
        cursor.note("payload", in_words(payload), "", "3.3.3")
    return in_words(payload, _SUMMARY) or "(empty)"


def _with_packet_id(cursor: Cursor, kind: int) -> str:
    return f"id {_packet_id(cursor, kind)}"


def _bare(_cursor: Cursor, kind: int) -> str:
    return _PURPOSE[kind]


def _subscribe(cursor: Cursor, kind: int) -> str:
    said = [f"id {_packet_id(cursor, kind)}"]
    while cursor.left or len(said) == 1:
        topic = _filter(cursor)
        qos = cursor.byte("requested QoS")
        bits = (("7-2", f"{qos >> 2:06b}", "reserved"), ("1-0", f"{qos & 3:02b}", f"QoS {qos & 3}: {_QOS[qos & 3]}"))
        cursor.note("requested QoS", f"{qos}", "", "3.8.3", bits)
        if qos > 2:
            raise Fault(cursor.start, f"requested QoS {qos}", "0, 1 or 2 [MQTT-3.8.3-4]")
        said.append(f"{in_words(topic, 60)} QoS {qos}")
    return ", ".join(said)


def _suback(cursor: Cursor, kind: int) -> str:
    said = [f"id {_packet_id(cursor, kind)}"]
    while cursor.left or len(said) == 1:
        code = cursor.byte("return code")
        words = "refused" if code == 0x80 else f"granted QoS {code}" if code < 3 else "reserved"
        cursor.note("return code", f"{code:02X}" if code == 0x80 else f"{code}", words, "3.9.3")
        if words == "reserved":
            raise Fault(cursor.start, f"return code {code:02X}", "00, 01, 02 or 80 [MQTT-3.9.3-2]")
        said.append(words)
    return ", ".join(said)


def _unsubscribe(cursor: Cursor, kind: int) -> str:
    said = [f"id {_packet_id(cursor, kind)}"]
    while cursor.left or len(said) == 1:
        said.append(in_words(_filter(cursor), 60))
    return ", ".join(said)


_BODIES: dict[int, Callable[[Cursor, int], str]] = {
    1: _connect,
    2: _connack,
    3: _publish,
    4: _with_packet_id,
    5: _with_packet_id,
    6: _with_packet_id,
    7: _with_packet_id,
    8: _subscribe,
    9: _suback,
    10: _unsubscribe,
    11: _with_packet_id,
    12: _bare,
    13: _bare,
    14: _bare,
}
