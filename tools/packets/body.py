"""The packets of MQTT 3.1.1, type by type: what follows what, what it means, and what is wrong with it."""

from collections.abc import Callable

from mqtt.packet import topic_filter, topic_name
from mqtt.server import NAMES, AnyParser
from mqtt.wire import bad_utf8

from ..language import N_, _, listed, named
from ..words.said import BOARD, rendered
from .cursor import PASSWORD, Cursor, Fault, NotKept, count, in_words
from .points import explain_points

RETURN_CODES = (
    N_("accepted"),
    N_("refused: unacceptable protocol level"),
    N_("refused: client identifier not allowed"),
    N_("refused: server unavailable"),
    N_("refused: bad user name or password"),
    N_("refused: not authorized"),
)  # [3.2.2.3]

_PROTOCOLS = {b"MQIsdp": N_(", that of MQTT 3.1,"), b"EDP": N_(", another of OneNET's protocols,")}
_LEVELS = {3: "MQTT 3.1", 4: "MQTT 3.1.1", 5: N_("MQTT 5, which orders the rest differently")}
_QOS = (N_("at most once"), N_("at least once"), N_("exactly once"), N_("reserved"))
_PURPOSE = {
    4: N_("answers a PUBLISH of QoS 1"),
    5: N_("answers a PUBLISH of QoS 2: received"),
    6: N_("answers a PUBREC: to be released"),
    7: N_("answers a PUBREL: complete"),
    11: N_("answers an UNSUBSCRIBE"),
    12: N_("is the server there?"),
    13: N_("answers a PINGREQ"),
    14: N_("the client leaves; its will is not published"),
}
_PUBLISH = 3
_WITHOUT_FLAGS = {(8, 0): "MQTT-3.8.1-1", (10, 0): "MQTT-3.10.1-1"}
"""Types and flags as the vendor's SDK for the older platform sends them, and firmware made from it."""
_ANY = 0xFF  # of AnyParser._LENGTHS: the remaining length is not fixed
_SUMMARY = 160  # characters of a payload in a summary
_OTHERS = (
    (b"\x16\x03", N_("a TLS handshake")),
    (b"\x15\x03", N_("a TLS alert: the peer wants TLS")),
    (b"HTTP/", N_("an HTTP response")),
    (b"GET ", N_("an HTTP request")),
    (b"POST ", N_("an HTTP request")),
    (b"PUT ", N_("an HTTP request")),
)


def walk_packet(cursor: Cursor) -> str:
    """Makes the fields of a packet and returns its summary. Raises Fault, NotKept."""
    kind = _packet_type(cursor)
    _remaining_length(cursor, kind)
    summary = _BODIES[kind](cursor, kind)
    assert cursor.end is not None
    if cursor.left:
        raise Fault(
            cursor.at,
            _("{left} after the last field").format(left=count(cursor.left, "byte")),
            _("the end of the packet"),
        )
    if cursor.end < len(cursor.data):
        raise Fault(
            cursor.end,
            _("{len} after the packet").format(len=count(len(cursor.data) - cursor.end, "byte")),
            _("its end"),
        )
    return summary


# Fixed header


def _packet_type(cursor: Cursor) -> int:
    first = cursor.byte(N_("packet type"))
    kind, flags = first >> 4, first & 0x0F
    name = NAMES[kind] if kind < len(NAMES) else None
    cursor.hide_rest = kind == 1
    bits = [("7-4", f"{kind:04b}", _("packet type {kind}: {value}").format(kind=kind, value=name or _("reserved")))]
    if kind == _PUBLISH:
        qos = flags >> 1 & 3
        bits += [
            ("3", f"{flags >> 3}", _("DUP: sent again") if flags & 8 else _("DUP: sent for the first time")),
            ("2-1", f"{qos:02b}", _("QoS {qos}: {meaning}").format(qos=qos, meaning=_(_QOS[qos]))),
            ("0", f"{flags & 1}", _("RETAIN: kept for later subscribers") if flags & 1 else _("RETAIN: not kept")),
        ]
    else:
        bits.append(("3-0", f"{flags:04b}", _("flags, fixed")))
    if (kind, flags) in _WITHOUT_FLAGS:
        bits[-1] = ("3-0", "0000", _("flags, must be 0010; OneNET's older SDK sends 0000"))
    cursor.note(
        N_("packet type"), name or _("reserved"), _(_PURPOSE[kind]) if kind in _PURPOSE else "", "2.2.1", tuple(bits)
    )
    other = next((what for start, what in _OTHERS if cursor.data.startswith(start)), "")
    looks = _(" (this looks like {other})").format(other=_(other)) if other else ""
    if name is None:
        raise Fault(
            0, _("packet type {kind} is reserved{looks}").format(kind=kind, looks=looks), _("1 to 14 [MQTT 2.2.1]")
        )
    expected = AnyParser._FIRSTS[kind] & 0x0F
    if kind == _PUBLISH:
        if flags & 6 == 6:
            raise Fault(0, f"QoS 3{looks}", _("0, 1 or 2 [MQTT-3.3.1-4]"))
        if flags & 14 == 8:
            raise Fault(0, _("DUP with QoS 0{looks}").format(looks=looks), _("DUP 0 [MQTT-3.3.1-2]"))
    elif (kind, flags) in _WITHOUT_FLAGS:
        # It is known what is meant, and where the packet ends: the older platform takes it.
        clause = _WITHOUT_FLAGS[kind, flags]
        cursor.warning = Fault(
            0, _("{name} with flags 0000, which only some servers take").format(name=name), f"0010 [{clause}]"
        )
    elif flags != expected:
        raise Fault(
            0,
            _("{name} with flags {flags:04b}{looks}").format(name=name, flags=flags, looks=looks),
            _("{expected:04b} [MQTT-2.2.2-1]").format(expected=expected),
        )
    cursor.type = name
    return kind


def _remaining_length(cursor: Cursor, kind: int) -> None:
    name = N_("remaining length")
    digits = cursor.data[1:5]
    size = next((i for i, digit in enumerate(digits, 1) if digit < 128), 0)
    part = cursor.take(size or len(digits), name)
    if not size:
        if part:
            cursor.note(name, "", _("bit 7 of each byte: another one follows"), "2.2.3")
        if len(part) == 4:
            raise Fault(4, _("the fourth byte has bit 7 set"), _("the end of the remaining length [2.2.3]"))
        raise Fault(
            cursor.at, _("the bytes end here"), _("more of the remaining length") if part else _("the remaining length")
        )
    length = sum((digit & 0x7F) << 7 * i for i, digit in enumerate(part))
    terms = " + ".join(f"{digit & 0x7F} * {128**i}" if i else f"{digit & 0x7F}" for i, digit in enumerate(part))
    cursor.note(
        name, f"{length}", _("bytes that follow{words}").format(words="" if size == 1 else named("", terms)), "2.2.3"
    )
    expected = AnyParser._LENGTHS[kind]
    if expected not in (_ANY, length):
        raise Fault(
            1,
            _("remaining length {length}").format(length=length),
            _("{expected} in a {type}").format(expected=expected, type=cursor.type),
        )
    cursor.end = cursor.at + length


# What several types have


def _packet_id(cursor: Cursor, kind: int) -> int:
    value = cursor.number(N_("packet identifier"), clause="3.3.2.2" if kind == _PUBLISH else f"3.{kind}.2")
    if not value:
        raise Fault(cursor.start, _("packet identifier 0"), _("1 to 65535 [MQTT-2.3.1-1]"))
    return value


def _string(cursor: Cursor, name: str, clause: str, meaning: str = "") -> bytes:
    """A UTF-8 string after its length."""
    value = cursor.prefixed(name)
    cursor.note(name, in_words(value) if value else _("(empty)"), meaning, clause)
    bad = bad_utf8(value, 0, len(value), 0)
    if bad >= 0:
        raise Fault(
            cursor.start + bad,
            _("U+0000 or invalid UTF-8 in {name}").format(name=_(name)),
            _("UTF-8 [MQTT-1.5.3-1, -2]"),
        )
    return value


def _topic(cursor: Cursor, name: str, clause: str) -> bytes:
    value = _string(cursor, name, clause)
    try:
        topic_name(value, _(name))
    except ValueError as error:
        raise Fault(
            cursor.start, rendered(str(error), BOARD), _("a topic name of at least one character [4.7]")
        ) from error
    return value


def _filter(cursor: Cursor) -> bytes:
    value = _string(cursor, N_("topic filter"), "4.7")
    try:
        topic_filter(value)
    except ValueError as error:
        raise Fault(
            cursor.start,
            rendered(str(error), BOARD),
            _("# as the last level, + as a whole level, one character or more [4.7]"),
        ) from error
    return value


def _yes(flag: int, name: str, there: str, missing: str) -> tuple[str, str]:
    """Setting and meaning of a bit."""
    return f"{1 if flag else 0}", named(name, there if flag else missing)


# The types


def _connect(cursor: Cursor, _kind: int) -> str:
    protocol = cursor.prefixed(N_("protocol name"))
    cursor.note(N_("protocol name"), in_words(protocol), "", "3.1.2.1")
    if protocol != b"MQTT":
        note = _PROTOCOLS.get(protocol, "")
        raise Fault(
            cursor.start,
            _("protocol name {protocol!r}{note}").format(protocol=in_words(protocol, 20), note=_(note) if note else ""),
            "MQTT [3.1.2.1]",
        )
    level = cursor.byte(N_("protocol level"))
    meaning = _(_LEVELS[level]) if level in _LEVELS else _("unknown")
    if level != 4:
        meaning += _("; a server of 3.1.1 answers CONNACK 1")
    cursor.note(N_("protocol level"), f"{level}", meaning, "3.1.2.2")
    flags = _connect_flags(cursor)
    keepalive = int.from_bytes(cursor.take(2, N_("keep alive")), "big")
    limit = (
        _("closed after {keepalive:g} s of silence").format(keepalive=1.5 * keepalive)
        if keepalive
        else _("off: silence may last")
    )
    cursor.note(N_("keep alive"), _("{seconds} s").format(seconds=keepalive), limit, "3.1.2.10")
    said = [_("client {client_id}").format(client_id=_client_id(cursor, flags))]
    if flags & 0x04:
        topic = _topic(cursor, N_("will topic"), "3.1.3.2")
        message = cursor.prefixed(N_("will message"))
        cursor.note(N_("will message"), in_words(message), _("published if the client is lost"), "3.1.3.3")
        said.append(_("will on {topic}").format(topic=in_words(topic, 40)))
    if flags & 0x80:
        user = _string(cursor, N_("user name"), "3.1.3.4", _("OneNET: product ID"))
        said.append(_("user {user}").format(user=in_words(user, 40)))
    if flags & 0x40:
        password = cursor.prefixed(PASSWORD)
        cursor.note_password(password, _("OneNET: auth-info or token"), "3.1.3.5")
        said.append(_("password of {count}").format(count=count(len(password), "byte")))
    said.append(_("keep alive {keepalive} s").format(keepalive=keepalive))
    said.append(_("clean session") if flags & 0x02 else _("session kept"))
    return listed(said)


def _connect_flags(cursor: Cursor) -> int:
    flags = cursor.byte(N_("connect flags"))
    cursor.hide_rest = bool(flags & 0x40)
    will, qos = flags & 0x04, flags >> 3 & 3
    cursor.note(
        N_("connect flags"),
        f"{flags:08b}",
        "",
        "3.1.2.3",
        (
            ("7", *_yes(flags & 0x80, _("user name"), _("there is one"), _("none"))),
            ("6", *_yes(flags & 0x40, _("password"), _("there is one"), _("none"))),
            ("5", *_yes(flags & 0x20, _("will retain"), _("the will is kept for later subscribers"), _("not kept"))),
            ("4-3", f"{qos:02b}", _("will QoS {qos}: {meaning}").format(qos=qos, meaning=_(_QOS[qos]))),
            ("2", *_yes(will, _("will"), _("there is one"), _("none"))),
            (
                "1",
                *_yes(flags & 0x02, _("clean session"), _("begin anew, keep nothing"), _("go on with what was kept")),
            ),
            ("0", *_yes(flags & 0x01, _("reserved"), _("must be 0"), "0")),
        ),
    )
    if flags & 0x01:
        raise Fault(cursor.start, _("bit 0 of the connect flags is 1"), _("0 [MQTT-3.1.2-3]"))
    if qos == 3:
        raise Fault(cursor.start, _("will QoS 3"), _("0, 1 or 2 [MQTT-3.1.2-14]"))
    if not will and flags & 0x38:
        raise Fault(cursor.start, _("will QoS or retain without a will"), _("00 and 0 [MQTT-3.1.2-13, -15]"))
    if flags & 0xC0 == 0x40:
        raise Fault(cursor.start, _("a password without a user name"), _("bit 6 = 0 or bit 7 = 1 [MQTT-3.1.2-22]"))
    return flags


def _client_id(cursor: Cursor, flags: int) -> str:
    value = _string(cursor, N_("client identifier"), "3.1.3.1", _("OneNET: device ID"))
    if value:
        return in_words(value, 40)
    return _("without identifier") if flags & 0x02 else _("without identifier, which needs a clean session")


def _connack(cursor: Cursor, _kind: int) -> str:
    flags = cursor.byte(N_("acknowledge flags"))
    bits = (
        ("7-1", f"{flags >> 1:07b}", _("reserved")),
        ("0", *_yes(flags & 1, _("session present"), _("the server goes on with one it kept"), _("a new session"))),
    )
    cursor.note(N_("acknowledge flags"), f"{flags:08b}", "", "3.2.2.1", bits)
    if flags > 1:
        raise Fault(
            cursor.start, _("acknowledge flags {flags:08b}").format(flags=flags), _("bits 7 to 1 to be 0 [3.2.2.1]")
        )
    code = cursor.byte(N_("return code"))
    words = _(RETURN_CODES[code] if code < len(RETURN_CODES) else "reserved")
    cursor.note(N_("return code"), f"{code}", words, "3.2.2.3")
    if code >= len(RETURN_CODES):
        raise Fault(cursor.start, _("return code {code}").format(code=code), _("0 to 5 [3.2.2.3]"))
    if code and flags:
        raise Fault(cursor.start, _("a session where the connection is refused"), _("session present 0 [MQTT-3.2.2-4]"))
    return (
        _("{words}, session present").format(words=words)
        if flags
        else words
        if not code
        else _("{words} (code {code})").format(words=words, code=code)
    )


def _publish(cursor: Cursor, kind: int) -> str:
    first = cursor.data[0]
    topic = in_words(_topic(cursor, N_("topic name"), "3.3.2.1"))
    said = [_purpose(cursor, topic), _("QoS {first}").format(first=first >> 1 & 3)]
    if first & 0x06:
        said.append(_("id {packet_id}").format(packet_id=_packet_id(cursor, kind)))
    said += [word for flag, word in ((0x08, "DUP"), (0x01, "RETAIN")) if first & flag]
    return named(listed(said), _payload(cursor, topic))


def _purpose(cursor: Cursor, topic: str) -> str:
    """What OneNET takes the topic for, the topic itself where it is nothing special."""
    if topic == "$dp":
        cursor.say(_("OneNET: data points"))
        return topic
    start, slash, uuid = topic.partition("/")
    if not slash or start not in ("$creq", "$crsp"):
        return topic
    what = (_("command {uuid}") if start == "$creq" else _("reply to command {uuid}")).format(uuid=uuid)
    cursor.say(_("OneNET: {what}").format(what=what))
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
            return _("bad data points")
    try:
        payload = cursor.take(size, N_("payload"))
    except NotKept:
        cursor.at += cursor.left
        return count(size, "byte")
    if payload:
        cursor.note(N_("payload"), in_words(payload), "", "3.3.3")
    return in_words(payload, _SUMMARY) or _("(empty)")


def _with_packet_id(cursor: Cursor, kind: int) -> str:
    return _("id {packet_id}").format(packet_id=_packet_id(cursor, kind))


def _bare(_cursor: Cursor, kind: int) -> str:
    return _(_PURPOSE[kind])


def _subscribe(cursor: Cursor, kind: int) -> str:
    said = [_("id {packet_id}").format(packet_id=_packet_id(cursor, kind))]
    while cursor.left or len(said) == 1:
        topic = _filter(cursor)
        qos = cursor.byte(N_("requested QoS"))
        bits = (
            ("7-2", f"{qos >> 2:06b}", _("reserved")),
            ("1-0", f"{qos & 3:02b}", _("QoS {qos}: {meaning}").format(qos=qos & 3, meaning=_(_QOS[qos & 3]))),
        )
        cursor.note(N_("requested QoS"), f"{qos}", "", "3.8.3", bits)
        if qos > 2:
            raise Fault(cursor.start, _("requested QoS {qos}").format(qos=qos), _("0, 1 or 2 [MQTT-3.8.3-4]"))
        said.append(_("{topic} QoS {qos}").format(topic=in_words(topic, 60), qos=qos))
    return listed(said)


def _suback(cursor: Cursor, kind: int) -> str:
    said = [_("id {packet_id}").format(packet_id=_packet_id(cursor, kind))]
    while cursor.left or len(said) == 1:
        code = cursor.byte(N_("return code"))
        words = (
            _("granted QoS {code}").format(code=code) if code < 3 else _("refused") if code == 0x80 else _("reserved")
        )
        cursor.note(N_("return code"), f"{code:02X}" if code == 0x80 else f"{code}", words, "3.9.3")
        if code not in (0, 1, 2, 0x80):
            raise Fault(
                cursor.start, _("return code {code:02X}").format(code=code), _("00, 01, 02 or 80 [MQTT-3.9.3-2]")
            )
        said.append(words)
    return listed(said)


def _unsubscribe(cursor: Cursor, kind: int) -> str:
    said = [_("id {packet_id}").format(packet_id=_packet_id(cursor, kind))]
    while cursor.left or len(said) == 1:
        said.append(in_words(_filter(cursor), 60))
    return listed(said)


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
