"""wire for the ESP8266: function by function what lib/mqtt/wire.py has, without machine code.

That port copies the machine code of every module into what is left of its instruction RAM, 1,504 bytes in v1.25.0, and
such code may not read single bytes of what lies in flash: so it gets none (ports/esp8266/modesp.c). Short copies are
loops, which take nothing from the heap; a long one is a slice assignment, a memcpy that up to MicroPython 1.25 takes
one block of 16 bytes for as long as it lasts, and since then none.
"""

from micropython import const

_MAX = const(268435455)  # largest remaining length [2.2.3]
len = len  # a builtin is found only after all of a module's own names have been searched
_LONG = const(32)  # bytes from which on a slice assignment is worth its block


def copy(target, at, source, start, n):
    """Copies n bytes of source, from start on, to target at `at`; returns where they end. No bound is checked."""
    end = at + n
    while at < end:
        target[at] = source[start]
        at += 1
        start += 1
    return end


def append(target, at, source):
    """Copies the whole of source to target at `at`; returns where it ends. No bound is checked."""
    end = at + len(source)
    if len(source) >= _LONG:
        target[at:end] = source
    else:
        for byte in source:
            target[at] = byte
            at += 1
    return end


def header(buf, first, length):
    """Writes the fixed header: first byte and remaining length [2.2.3]; returns its size, 2 to 5."""
    buf[0] = first
    i = 1
    while length > 127:
        buf[i] = length & 0x7F | 0x80
        length >>= 7
        i += 1
    buf[i] = length
    return i + 1


def four_bytes(buf, first, word):
    """Writes a packet of one word after the fixed header, as CONNACK, UNSUBACK and PUBACK to PUBCOMP are; returns 4."""
    buf[0] = first
    buf[1] = 2
    buf[2] = word >> 8
    buf[3] = word & 0xFF
    return 4


def bad_utf8(text, start, end, name):
    """Index of the first byte of text[start:end] that no MQTT string may hold, or -1; see wire.py."""
    while start < end:
        c = text[start]
        if c < 0x80:
            if c == 0 or name and (c == 0x23 or c == 0x2B):
                return start
            start += 1
            continue
        if c < 0xC2 or c > 0xF4:
            return start
        more = 1 if c < 0xE0 else 2 if c < 0xF0 else 3
        if start + more >= end:
            return start
        second = text[start + 1]
        low = 0xA0 if c == 0xE0 else 0x90 if c == 0xF0 else 0x80
        high = 0x9F if c == 0xED else 0x8F if c == 0xF4 else 0xBF
        if second < low or second > high:
            return start
        for i in range(start + 2, start + more + 1):
            if text[i] & 0xC0 != 0x80:
                return start
        start += more + 1
    return -1


def publish_header(buf, head, topic, n):
    """The fixed and variable header of a PUBLISH [3.3] whose payload of n bytes the caller adds; see wire.py."""
    packet_id = head >> 8
    head &= 0xFF
    size = len(topic)
    length = 2 + size + n
    i = 4 + size
    if head & 6:
        if packet_id < 1 or packet_id > 65535 or head & 6 == 6:
            return -1
        length += 2
        i += 2
    if size == 0 or size > 65535 or n < 0 or length > _MAX or bad_utf8(topic, 0, size, 1) >= 0:
        return -1
    if length > 127:
        i += 1 if length < 16384 else 2 if length < 2097152 else 3
    if i > len(buf):
        return -1 if len(buf) else i
    i = header(buf, head, length)
    buf[i] = size >> 8
    buf[i + 1] = size & 0xFF
    i = append(buf, i + 2, topic)
    if head & 6:
        buf[i] = packet_id >> 8
        buf[i + 1] = packet_id & 0xFF
        i += 2
    return i


def publish(buf, head, topic, payload):
    """A whole PUBLISH, of the plain kind that most are; see wire.py."""
    n = len(payload)
    i = publish_header(buf, head, topic, n)
    if i < 0 or i + n > len(buf):
        return -1
    return append(buf, i, payload)


def glance(body, data, at, end):
    """Takes in a packet of those that come most, where it is whole, short and plain; see wire.py."""
    if at + 4 > end:
        return 0
    first = data[at]
    n = data[at + 1]
    at += 2
    start = data[at] << 8 | data[at + 1]
    if first >> 4 != 3:
        return first << 16 | start if first in b"\x40\x50\x62\x70" and n == 2 and start else 0
    start += 4 if first & 6 else 2
    if n > 127 or start > n or at + n > end or n > len(body) or first & 6 == 6 or first & 0x0E == 8:
        return 0
    copy(body, 0, data, at, n)
    end = start
    if first & 6:
        end -= 2
        if not body[end] and not body[end + 1]:
            return 0
    return first << 16 | n << 8 | start if end > 2 and bad_utf8(body, 2, end, 1) < 0 else 0
