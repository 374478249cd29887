"""The packet builder: the MQTT 3.1.1 packets a client sends, written into a buffer the caller owns.

Every function returns the packet's size in bytes; called with None for the buffer it only says the size and writes
nothing. Whatever the standard forbids is refused with a ValueError that names the field, before the first byte is
written. Nothing is allocated where topics and payloads come as bytes, bytearray or memoryview; a str is encoded.
The packets only a server sends are in server.py.
"""

from micropython import const

from .wire import append, bad_utf8, four_bytes, header, publish_header

_MAX = const(268435455)  # largest remaining length [2.2.3]
_TEXT = (bytes, bytearray, memoryview)  # a tuple display would be built anew at each isinstance()


def octets(name, value):
    """value as bytes-like, a str as its UTF-8 bytes, all of them [MQTT-1.5.3-3]; at most 65535 [1.5.3], [MQTT-4.7.3-3].
    `name` is for the error."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")  # a lone surrogate is for bad_utf8() to refuse
    elif not isinstance(value, _TEXT):
        raise TypeError("%s: must be str or bytes" % name)
    if len(value) > 65535:
        raise ValueError("%s: over 65535 bytes" % name)
    return value


def text(name, value):
    """value as the bytes of an MQTT string; ValueError where it can't be one [MQTT-1.5.3-1, -2]."""
    value = octets(name, value)
    at = bad_utf8(value, 0, len(value), 0)
    if at >= 0:
        raise ValueError("%s: U+0000 or invalid UTF-8 at byte %d" % (name, at))
    return value


def topic_name(value, name="topic"):
    """value as the bytes of a topic name: not empty [MQTT-4.7.3-1], no U+0000 [MQTT-4.7.3-2], no wildcards
    [MQTT-4.7.1-1], [MQTT-3.3.2-2]."""
    value = octets(name, value)
    at = bad_utf8(value, 0, len(value), 1)
    if at >= 0:
        raise ValueError("%s: wildcard, U+0000 or invalid UTF-8 at byte %d" % (name, at))
    if not len(value):
        raise ValueError("%s: must not be empty" % name)
    return value


def topic_filter(value):
    """value as the bytes of a topic filter: not empty, no U+0000 [MQTT-4.7.3-1, -2], # only as the last level, + only
    as a whole level [MQTT-4.7.1-2, -3]."""
    value = text("topic filter", value)
    last = len(value) - 1
    if last < 0:
        raise ValueError("topic filter: must not be empty")
    for i in range(last + 1):
        c = value[i]
        if c == 0x23 or c == 0x2B:
            if (i and value[i - 1] != 0x2F) or (i < last and (c == 0x23 or value[i + 1] != 0x2F)):
                raise ValueError("topic filter: misplaced wildcard at byte %d" % i)
    return value


def check_qos(qos, name="qos"):  # [MQTT-3.3.1-4], [MQTT-3.1.2-14]
    if not 0 <= qos <= 2:
        raise ValueError("%s: must be 0, 1 or 2" % name)


def packet_size(buf, length):
    """Size of a packet of this remaining length; ValueError where the standard or buf has no room for it."""
    if length > _MAX:
        raise ValueError("packet: remaining length %d is over 268435455" % length)
    size = length + (2 if length < 128 else 3 if length < 16384 else 4 if length < 2097152 else 5)
    if buf is not None and size > len(buf):
        raise ValueError("buffer: packet of %d bytes, buffer of %d" % (size, len(buf)))
    return size


def string(buf, at, value):
    """Writes the length of value in two bytes and value; returns where it ends [1.5.3]."""
    n = len(value)
    buf[at] = n >> 8
    buf[at + 1] = n & 0xFF
    return append(buf, at + 2, value)


def connect(
    buf, client_id, username=None, password=None, keepalive=0, clean_session=True,
    will_topic=None, will_payload=b"", will_qos=0, will_retain=False,
):  # fmt: skip
    """CONNECT [3.1]. keepalive: seconds of silence the server allows, 0..65535, 0 for any [3.1.2.10].

    client_id, username and password are str or bytes; password may hold any bytes [MQTT-3.1.3-4, -10, -11]. None leaves
    username, password or will out, field and flags [MQTT-3.1.2-9, -11, -13 to -15, -18 to -21]; what is there comes in
    the standard's order [MQTT-3.1.3-1, -3]. An empty client_id needs clean_session [MQTT-3.1.3-7], a password a
    username [MQTT-3.1.2-22].
    """
    client_id = text("client id", client_id)
    flags = 0
    length = 12 + len(client_id)
    if clean_session:
        flags = 0x02
    elif not len(client_id):
        raise ValueError("client id: empty, which needs clean session")
    if not 0 <= keepalive <= 65535:
        raise ValueError("keep alive: must be 0..65535 s")
    check_qos(will_qos, "will qos")
    if will_topic is not None:
        will_topic = topic_name(will_topic, "will topic")
        will_payload = octets("will payload", will_payload)
        flags |= 0x24 if will_retain else 0x04
        flags |= will_qos << 3
        length += 4 + len(will_topic) + len(will_payload)
    elif will_qos or will_retain or len(will_payload):
        raise ValueError("will topic: missing, but will payload, qos or retain given")
    if username is not None:
        username = text("user name", username)
        flags |= 0x80
        length += 2 + len(username)
    if password is not None:
        if username is None:
            raise ValueError("password: needs a user name")
        password = octets("password", password)
        flags |= 0x40
        length += 2 + len(password)
    size = packet_size(buf, length)
    if buf is not None:
        i = append(buf, header(buf, 0x10, length), b"\0\4MQTT\4")
        buf[i] = flags
        buf[i + 1] = keepalive >> 8
        buf[i + 2] = keepalive & 0xFF
        i = string(buf, i + 3, client_id)
        if flags & 0x04:
            i = string(buf, string(buf, i, will_topic), will_payload)
        if flags & 0x80:
            i = string(buf, i, username)
        if flags & 0x40:
            string(buf, i, password)
    return size


def _check_publish(buf, topic, n, qos, packet_id):
    """The size of a PUBLISH with n bytes of payload; ValueError for what publish_header() would not write."""
    check_qos(qos)
    topic = topic_name(topic)
    if qos:
        check_packet_id(packet_id)
    return packet_size(buf, len(topic) + n + (4 if qos else 2))


def publish(buf, topic, payload=b"", qos=0, retain=False, dup=False, packet_id=0):
    """PUBLISH [3.3]. topic and payload are str or bytes-like; packet_id, 1..65535, is for QoS 1 and 2 alone
    [MQTT-2.3.1-5]; the topic comes first [MQTT-3.3.2-1]."""
    if isinstance(topic, str):
        topic = octets("topic", topic)
    if isinstance(payload, str):
        payload = payload.encode()
    elif not isinstance(payload, _TEXT):
        raise TypeError("payload: must be str or bytes")
    n = len(payload)
    size = _check_publish(buf, topic, n, qos, packet_id)
    if dup and not qos:
        raise ValueError("dup: needs qos 1 or 2")  # [MQTT-3.3.1-2]
    if buf is not None:
        first = 0x30 | qos << 1
        if dup:
            first |= 0x08
        if retain:
            first |= 0x01
        append(buf, publish_header(buf, packet_id << 8 | first, topic, n), payload)
    return size


def check_packet_id(packet_id):  # [MQTT-2.3.1-1]
    if not 1 <= packet_id <= 65535:
        raise ValueError("packet id: must be 1..65535")


def ack(buf, first, packet_id):
    """PUBACK, PUBREC, PUBREL or PUBCOMP, by their first byte 0x40, 0x50, 0x62 or 0x70 [3.4 to 3.7]: 4 bytes. The lower
    half are flags [MQTT-2.2.2-1], [MQTT-3.6.1-1]."""
    check_packet_id(packet_id)
    size = packet_size(buf, 2)
    if buf is not None:
        four_bytes(buf, first, packet_id)
    return size


def subscribe(buf, packet_id, filters):
    """SUBSCRIBE [3.8]. filters: list of (topic filter, QoS asked for), not empty [MQTT-3.8.3-3], [MQTT-3.8.3-1],
    [MQTT-3.8.1-1]."""
    for _, qos in filters:
        check_qos(qos)
    return _filters(buf, 0x82, packet_id, [(topic_filter(name), qos) for name, qos in filters], 3)


def unsubscribe(buf, packet_id, filters):
    """UNSUBSCRIBE [3.10]. filters: list of topic filters, not empty [MQTT-3.10.3-1, -2], [MQTT-3.10.1-1]."""
    return _filters(buf, 0xA2, packet_id, [(topic_filter(name), 0) for name in filters], 2)


def _filters(buf, first, packet_id, filters, extra):
    check_packet_id(packet_id)
    if not filters:
        raise ValueError("topic filter: at least one is needed")
    length = 2
    for name, _ in filters:
        length += len(name) + extra
    size = packet_size(buf, length)
    if buf is not None:
        i = header(buf, first, length)
        buf[i] = packet_id >> 8
        buf[i + 1] = packet_id & 0xFF
        i += 2
        for name, qos in filters:
            i = string(buf, i, name)
            if extra == 3:
                buf[i] = qos
                i += 1
    return size


def pingreq(buf):
    """PINGREQ [3.12]: 2 bytes."""
    return bare(buf, 0xC0)


def disconnect(buf):
    """DISCONNECT [3.14]: 2 bytes."""
    return bare(buf, 0xE0)


def bare(buf, first):
    """A packet that is nothing but a fixed header."""
    size = packet_size(buf, 0)
    if buf is not None:
        header(buf, first, 0)
    return size
