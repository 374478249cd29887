"""The other side of MQTT 3.1.1, for brokers, tests and tools: the packets a server sends, and a parser of what it gets.

Boards do not load this module. The conventions are those of packet.py and parser.py; memory is of no concern here.
"""

from .packet import ack, bare, check_packet_id, packet_size, topic_filter, topic_name
from .parser import Parser
from .wire import bad_utf8, four_bytes, header

NAMES = (
    None, "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK",
    "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT",
)  # fmt: skip  # by packet type [2.2.1]


def connack(buf, session_present=False, code=0):
    """CONNACK [3.2]: 4 bytes. code: 0 accepted, 1 to 5 refused, and then no session is present [MQTT-3.2.2-4]."""
    if not 0 <= code <= 5:
        raise ValueError("return code: must be 0..5")
    if code and session_present:
        raise ValueError("session present: must be False where the connection is refused")
    size = packet_size(buf, 2)
    if buf is not None:
        four_bytes(buf, 0x20, 0x100 | code if session_present else code)
    return size


def suback(buf, packet_id, codes):
    """SUBACK [3.9] of a SUBSCRIBE with this identifier [MQTT-2.3.1-7]. codes: for each filter the granted QoS, or 0x80
    for failure [MQTT-3.8.4-5], [MQTT-3.9.3-2]."""
    check_packet_id(packet_id)
    if not codes:
        raise ValueError("return code: at least one is needed")
    for code in codes:
        if code not in (0, 1, 2, 0x80):
            raise ValueError("return code: must be 0, 1, 2 or 0x80")
    length = 2 + len(codes)
    size = packet_size(buf, length)
    if buf is not None:
        i = header(buf, 0x90, length)
        buf[i] = packet_id >> 8
        buf[i + 1] = packet_id & 0xFF
        i += 2
        for code in codes:
            buf[i] = code
            i += 1
    return size


def unsuback(buf, packet_id):
    """UNSUBACK [3.11] of an UNSUBSCRIBE with this identifier [MQTT-2.3.1-7]: 4 bytes."""
    return ack(buf, 0xB0, packet_id)


def pingresp(buf):
    """PINGRESP [3.13]: 2 bytes."""
    return bare(buf, 0xD0)


class ServerParser(Parser):
    """Parses what a client sends.

    For CONNECT: protocol_level, clean_session, keepalive (s), client_id, username, password, will_topic, will_payload
    (bytes, None where absent), will_qos, will_retain. For SUBSCRIBE: filters, a list of (bytes, QoS); for UNSUBSCRIBE
    a list of bytes. A protocol level other than 4 is no error: the server answers it with code 1 [MQTT-3.1.2-2].
    """

    # Other flags are refused [MQTT-3.6.1-1], [MQTT-3.8.1-1], [MQTT-3.10.1-1], [MQTT-3.14.1-1].
    _FIRSTS = b"\x00\x10\x00\x30\x40\x50\x62\x70\x82\x00\xa2\x00\xc0\x00\xe0\x00"
    _LENGTHS = b"\x00\xff\x00\xff\x02\x02\x02\x02\xff\x00\xff\x00\x00\x00\x00\x00"

    def _decode_rest(self, kind, length, word):
        if kind == 1:
            self._decode_connect(length)
        elif kind == 8 or kind == 10:
            self._decode_filters(kind, length, word)
        else:
            super()._decode_rest(kind, length, word)

    def _decode_connect(self, length):
        buf = self._buf
        if length < 10 or bytes(buf[:6]) != b"\0\4MQTT":
            self._fail("CONNECT: protocol name", 0)  # [MQTT-3.1.2-1]
        self.protocol_level = buf[6]
        flags = buf[7]
        will = flags & 0x04
        if flags & 0x01:
            self._fail("CONNECT: reserved flag", 7)  # [MQTT-3.1.2-3]
        if flags & 0x18 == 0x18 or not will and flags & 0x38:
            self._fail("CONNECT: will QoS or retain", 7)  # [MQTT-3.1.2-11, -13 to -15]
        if flags & 0xC0 == 0x40:
            self._fail("CONNECT: password without user name", 7)  # [MQTT-3.1.2-22]
        self.clean_session = bool(flags & 0x02)
        self.will_qos = flags >> 3 & 3
        self.will_retain = bool(flags & 0x20)
        self.keepalive = buf[8] << 8 | buf[9]
        self.client_id, i = self._string(10, length, "client id", True)
        self.will_topic = self.will_payload = self.username = self.password = None
        if will:
            at = i + 2
            self.will_topic, i = self._string(i, length, "will topic", True)
            self._check(topic_name, self.will_topic, at, "will topic")
            self.will_payload, i = self._string(i, length, "will payload", False)
        if flags & 0x80:
            self.username, i = self._string(i, length, "user name", True)
        if flags & 0x40:
            self.password, i = self._string(i, length, "password", False)
        if i != length:
            self._fail("CONNECT: bytes after the last field", i)

    def _decode_filters(self, kind, length, packet_id):
        if not packet_id:
            self._fail("packet type %d: packet id 0" % kind, 0)
        self.packet_id = packet_id
        self.filters = []
        i = 2
        while i < length:
            at = i + 2
            name, i = self._string(i, length, "topic filter", True)
            self._check(topic_filter, name, at)
            if kind == 10:
                self.filters.append(name)
                continue
            if i == length:
                self._fail("SUBSCRIBE: topic filter without QoS", i)
            if self._buf[i] > 2:
                self._fail("SUBSCRIBE: QoS %d" % self._buf[i], i)  # [MQTT-3.8.3-4]
            self.filters.append((name, self._buf[i]))
            i += 1

    def _string(self, i, length, what, is_text):
        """The length-prefixed string at i and where it ends."""
        start = i + 2
        end = start + (self._buf[i] << 8 | self._buf[i + 1]) if start <= length else length + 1
        if end > length:
            self._fail("%s: longer than the packet" % what, i)
        bad = bad_utf8(self._buf, start, end, 0) if is_text else -1
        if bad >= 0:
            self._fail("%s: U+0000 or invalid UTF-8" % what, bad)
        return bytes(self._buf[start:end]), end

    def _check(self, rule, value, at, *name):
        try:
            rule(value, *name)
        except ValueError as e:
            self._fail(str(e), at)


class AnyParser(ServerParser):
    """Parses all 14 packet types, whichever side they come from: for looking at recorded bytes."""

    _FIRSTS = b"\x00\x10\x20\x30\x40\x50\x62\x70\x82\x90\xa2\xb0\xc0\xd0\xe0\x00"
    _LENGTHS = b"\x00\xff\x02\xff\x02\x02\x02\x02\xff\xff\xff\x02\x00\x00\x00\x00"
