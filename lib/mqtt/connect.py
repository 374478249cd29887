"""The packet CONNECT, and what is checked of the packets a client sends; mqtt.packet has the others. A client loads it
when it is made, and where a topic cannot be.
"""

from micropython import const

from .wire import append, bad_utf8, header

_MAX = const(268435455)  # largest remaining length [2.2.3]
TEXT = (bytes, bytearray, memoryview)  # a tuple display would be built anew at each isinstance()


def octets(name, value):
    """value as bytes-like, a str as its UTF-8 bytes, all of them [MQTT-1.5.3-3]; at most 65535 [1.5.3], [MQTT-4.7.3-3].
    `name` is for the error."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")  # a lone surrogate is for bad_utf8() to refuse
    elif not isinstance(value, TEXT):
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


def check_publish(buf, topic, n, qos, packet_id):
    """The size of a PUBLISH with n bytes of payload; ValueError for what publish_header() would not write."""
    check_qos(qos)
    topic = topic_name(topic)
    if qos:
        check_packet_id(packet_id)
    return packet_size(buf, len(topic) + n + (4 if qos else 2))


def check_packet_id(packet_id):  # [MQTT-2.3.1-1]
    if not 1 <= packet_id <= 65535:
        raise ValueError("packet id: must be 1..65535")
