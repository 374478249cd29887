"""The bytes of every message: what packet.py and parser.py share, and all that a connected client needs to send.

These are the hot loops, compiled to machine code. They check what they are told to and trust the rest: packet.py is for
the careful.
"""

import micropython
from micropython import const

_MAX = const(268435455)  # largest remaining length [2.2.3]


@micropython.viper
def copy(target, at: int, source, start: int, n: int) -> int:
    """Copies n bytes of source, from start on, to target at `at`; returns where they end. No bound is checked."""
    p = ptr8(target)
    q = ptr8(source)
    end = at + n
    while at < end:
        p[at] = q[start]
        at += 1
        start += 1
    return end


@micropython.viper
def append(target, at: int, source) -> int:
    """Copies the whole of source to target at `at`; returns where it ends. No bound is checked. copy() could do it too,
    but five arguments are more than the state of a hot caller has room for."""
    p = ptr8(target)
    q = ptr8(source)
    n = int(len(source))
    i = 0
    while i < n:
        p[at] = q[i]
        at += 1
        i += 1
    return at


@micropython.viper
def header(buf, first: int, length: int) -> int:
    """Writes the fixed header: first byte and remaining length [2.2.3]; returns its size, 2 to 5."""
    p = ptr8(buf)
    p[0] = first
    i = 1
    while length > 127:
        p[i] = length & 0x7F | 0x80
        length >>= 7
        i += 1
    p[i] = length
    return i + 1


@micropython.viper
def four_bytes(buf, first: int, word: int) -> int:
    """Writes a packet of one word after the fixed header, as CONNACK, UNSUBACK and PUBACK to PUBCOMP are; returns 4."""
    p = ptr8(buf)
    p[0] = first
    p[1] = 2
    p[2] = word >> 8
    p[3] = word & 0xFF
    return 4


@micropython.viper
def bad_utf8(text, start: int, end: int, name: int) -> int:
    """Index of the first byte of text[start:end] that no MQTT string may hold, or -1.

    Refused are what is not well-formed UTF-8, surrogates [MQTT-1.5.3-1], U+0000 [MQTT-1.5.3-2] and, where `name` is 1
    for a topic name, the wildcards [MQTT-3.3.2-2].
    """
    p = ptr8(text)
    i = start
    while i < end:
        c = p[i]
        if c < 0x80:
            if c == 0:
                return i
            if name != 0:
                if c == 0x23 or c == 0x2B:
                    return i
            i += 1
            continue
        low = 0x80  # bounds of the second byte
        high = 0xBF
        more = 1
        if c < 0xC2 or c > 0xF4:
            return i
        if c >= 0xF0:
            more = 3
            if c == 0xF0:
                low = 0x90
            elif c == 0xF4:
                high = 0x8F
        elif c >= 0xE0:
            more = 2
            if c == 0xE0:
                low = 0xA0
            elif c == 0xED:
                high = 0x9F
        if i + more >= end:
            return i
        c = p[i + 1]
        if c < low or c > high:
            return i
        j = 2
        while j <= more:
            if p[i + j] & 0xC0 != 0x80:
                return i
            j += 1
        i += more + 1
    return -1


@micropython.viper
def publish_header(buf, head: int, topic, n: int) -> int:
    """The fixed and variable header of a PUBLISH [3.3] whose payload of n bytes the caller adds; returns their size.

    head: 0x30 with DUP, QoS and RETAIN [2.2.2] | packet identifier << 8; topic: bytes-like. With an empty buffer it
    only says the size. Returns -1 and leaves buf alone where anything is wrong; _check_publish() then says what. Every
    message takes this path, hence the one pass.
    """
    first = head & 0xFF
    packet_id = head >> 8
    size = int(len(topic))
    q = ptr8(topic)
    i = 0
    while i < size:
        c = q[i]
        if c == 0x23 or c == 0x2B or c == 0:
            return -1
        if c >= 0x80:
            if int(bad_utf8(topic, i, size, 1)) >= 0:
                return -1
            break
        i += 1
    length = 2 + size + n
    i = 4 + size
    if first & 6:
        if packet_id < 1 or packet_id > 65535 or first & 6 == 6:
            return -1
        length += 2
        i += 2
    if size == 0 or size > 65535 or n < 0 or length > _MAX:
        return -1
    if length > 127:
        i += 1 if length < 16384 else 2 if length < 2097152 else 3
    if i > int(len(buf)):
        return i if int(len(buf)) == 0 else -1
    p = ptr8(buf)
    p[0] = first
    i = 1
    while length > 127:
        p[i] = length & 0x7F | 0x80
        length >>= 7
        i += 1
    p[i] = length
    p[i + 1] = size >> 8
    p[i + 2] = size & 0xFF
    i += 3
    j = 0
    while j < size:
        p[i] = q[j]
        i += 1
        j += 1
    if first & 6:
        p[i] = packet_id >> 8
        p[i + 1] = packet_id & 0xFF
        i += 2
    return i


@micropython.viper
def publish(buf, head: int, topic, payload) -> int:
    """A whole PUBLISH whose payload is bytes; returns its size, or -1 where anything is wrong or buf has no room. head
    and topic: as for publish_header()."""
    n = int(len(payload))
    i = int(publish_header(buf, head, topic, n))
    if i < 0 or i + n > int(len(buf)):
        return -1
    p = ptr8(buf)
    q = ptr8(payload)
    j = 0
    while j < n:
        p[i] = q[j]
        i += 1
        j += 1
    return i
