"""The bytes of every message: what packet.py and parser.py share, and all that a connected client needs to send.

These are the hot loops, compiled to machine code. They check what they are told to and trust the rest: packet.py is for
the careful.
"""

import micropython
from micropython import const

_MAX = const(268435455)  # largest remaining length [2.2.3]

len = len  # a builtin is found only after all of a module's own names have been searched


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
    only says the size. Returns -1 and leaves buf alone where anything is wrong; connect.check_publish() then says what.
    Every message takes this path, hence the one pass.
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
    """A whole PUBLISH, of the plain kind that most are; returns its size, or -1 where publish_header() is to look
    closer: something is wrong, buf has no room, or the topic is not all ASCII.

    head: as for publish_header(). topic and payload: bytes.
    """
    size = int(len(topic))
    n = int(len(payload))
    q = ptr8(topic)
    length = size + n + 2
    i = size + 4
    if head & 6:
        if head & 6 == 6 or head < 0x100 or head > 0xFFFFFF:
            return -1
        length += 2
        i += 2
    if length > 127:
        i += 1
    if size == 0 or length > 16383 or i + n > int(len(buf)):
        return -1
    p = ptr8(buf)
    p[0] = head & 0xFF
    if length > 127:
        p[1] = length & 0x7F | 0x80
        p[2] = length >> 7
        at = 3
    else:
        p[1] = length
        at = 2
    p[at] = size >> 8
    p[at + 1] = size & 0xFF
    if head & 6:
        p[i - 2] = head >> 16
        p[i - 1] = head >> 8 & 0xFF
    at += 2
    # Arguments are kept in registers, so an argument counts in the loops.
    head = size
    while head > 0:
        head -= 1
        c = q[head]
        if c < 0x2C:
            if c == 0x23 or c == 0x2B or c == 0:
                return -1
        elif c > 0x7F:
            return -1
        p[at + head] = c
    q = ptr8(payload)
    head = n
    while head > 0:
        head -= 1
        p[i + head] = q[head]
    return i + n


@micropython.viper
def glance(body, data, at: int, end: int) -> int:
    """Takes in a packet of those that come most, PUBLISH and PUBACK to PUBCOMP, where it is whole in data[at:end],
    short and plain. Returns, for a PUBLISH, whose body it copies to the start of `body`, its first byte << 16 |
    remaining length << 8 | where its payload begins; for the others, first byte << 16 | packet identifier; and 0 where
    the parser is to look closer: at a packet that is none of these, or one that is long, in pieces or wrong.
    """
    if at + 4 > end:
        return 0
    q = ptr8(data)
    first = q[at]
    n = q[at + 1]
    at += 2
    size = q[at] << 8 | q[at + 1]
    if first >> 4 != 3:
        if (first == 0x40 or first == 0x50 or first == 0x62 or first == 0x70) and n == 2 and size != 0:
            return first << 16 | size
        return 0
    start = size + 2
    if first & 6:
        start += 2
        if first & 6 == 6:
            return 0
    elif first & 8:
        return 0
    if size == 0 or start > n or n > 127 or at + n > end or n > int(len(body)):
        return 0
    p = ptr8(body)
    # Arguments are kept in registers, so an argument counts in the loop.
    end = n
    while end > 0:
        end -= 1
        p[end] = q[at + end]
    end = size + 2
    if start > end and p[end] == 0 and p[end + 1] == 0:
        return 0
    while end > 2:
        end -= 1
        c = p[end]
        if c < 0x2C:
            if c == 0x23 or c == 0x2B or c == 0:
                return 0
        elif c > 0x7F:
            return 0
    return first << 16 | n << 8 | start
