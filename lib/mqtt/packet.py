"""The packet builder: the MQTT 3.1.1 packets a client sends, written into a buffer the caller owns.

Every function returns the packet's size in bytes; called with None for the buffer it only says the size and writes
nothing. Whatever the standard forbids is refused with a ValueError that names the field, before the first byte is
written. Nothing is allocated where topics and payloads come as bytes, bytearray or memoryview; a str is encoded.
The packets only a server sends are in server.py.
"""

from .connect import (
    TEXT,
    check_packet_id,
    check_publish,
    check_qos,
    connect,  # noqa: F401  # one of the packets
    octets,
    packet_size,
    string,
    text,
    topic_name,  # noqa: F401
)
from .wire import append, four_bytes, header, publish_header


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


def publish(buf, topic, payload=b"", qos=0, retain=False, dup=False, packet_id=0):
    """PUBLISH [3.3]. topic and payload are str or bytes-like; packet_id, 1..65535, is for QoS 1 and 2 alone
    [MQTT-2.3.1-5]; the topic comes first [MQTT-3.3.2-1]."""
    if isinstance(topic, str):
        topic = octets("topic", topic)
    if isinstance(payload, str):
        payload = payload.encode()
    elif not isinstance(payload, TEXT):
        raise TypeError("payload: must be str or bytes")
    n = len(payload)
    size = check_publish(buf, topic, n, qos, packet_id)
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
