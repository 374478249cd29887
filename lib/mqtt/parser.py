"""The parser: what a server sends, taken in as it arrives, one byte or one kilobyte at a time. No I/O.

A packet's body is gathered at the start of one buffer of fixed size; no length that came off the wire ever sizes
anything. A PUBLISH longer than the buffer is drained and reported without its payload. Whatever the standard forbids
is a ProtocolError that says what and where.
"""

from micropython import const

from .errors import borrowed
from .wire import bad_utf8, copy, glance

_CONNACK = const(2)
_PUBLISH = const(3)
_SUBACK = const(9)
_ANY = const(255)
_PORTION = const(256)  # bytes, at most


class Parser:
    """Takes bytes with feed(); when `type` is not 0 a packet is complete, its fields to be read before the next feed().

    type: packet type, 1 to 15 [2.2.1]. packet_id: of every packet that has one. For CONNACK: session_present, code.
    For PUBLISH: qos, retain, dup, topic, payload, size (bytes of the whole payload); oversize is True where it was
    longer than the buffer: then payload is as much as fitted of it, and topic is empty where not all of it did. For
    SUBACK: codes.
    topic, payload and codes are memoryviews into the buffer; the views are kept and used again while sizes repeat.

    portion: how many bytes are best read at once. A packet that comes in pieces takes four times as long, so after one
    that did it is its rest, and then as many bytes as whole packets of that size have.
    """

    # By packet type: the first byte a well-formed packet has, 0 for one a client must not get; the remaining length.
    _FIRSTS = b"\x00\x00\x20\x30\x40\x50\x62\x70\x00\x90\x00\xb0\x00\xd0\x00\x00"
    _LENGTHS = b"\x00\x00\x02\xff\x02\x02\x02\x02\x00\xff\x00\x02\x00\x00\x00\x00"

    def __init__(self, size):
        """size: bytes of the buffer, 16 or more; the longest packet body that is delivered whole."""
        if size < 16:
            raise ValueError("parser: needs a buffer of 16 bytes or more")
        self._buf = bytearray(size)
        self._all = memoryview(self._buf)
        self._views = [self._all[:0]] * 12
        self._starts = [0] * 12
        self._like = 0  # what glance() said of the last PUBLISH, whose fields are still here
        self.topic = self.payload = b""
        self.error = None  # the last ProtocolError
        self.reset()

    def reset(self):
        """Forgets a half-received packet: for a new connection."""
        self.type = 0
        self.first = 0  # first byte of the packet under way, 0 between packets
        self.oversize = False
        self._shift = 0  # bits of the remaining length seen so far, a multiple of 7
        self._length = 0
        self._missing = 0  # bytes of the body still to come, -1 while the remaining length is not known
        self.portion = min(len(self._buf), _PORTION)

    def feed(self, data, at, end):
        """Takes data[at:end] up to the end of the first packet; returns the index of the first byte not taken.

        Raises ProtocolError, `error`; the parser is of no use then until reset().

        Nearly all packets are taken at a glance, by one function of wire; and as long as each PUBLISH is like the one
        before, all that changes is what is in the buffer.
        """
        if not self.first:
            word = glance(self._buf, data, at, end)
            if word:
                self.type = word >> 20
                if word & 0x400000:  # PUBACK, PUBREC, PUBREL or PUBCOMP
                    self.packet_id = word & 0xFFFF
                    self.oversize = False
                    return at + 4
                if word != self._like:
                    self._like = word
                    self._lay_out(word >> 16, word & 0xFF, word >> 8 & 0xFF)
                self.packet_id = 0
                if word & 0x60000:
                    self._decode_id(word & 0xFF)
                return at + 2 + (word >> 8 & 0xFF)
        return self._look_closer(data, at, end)

    def _look_closer(self, data, at, end):
        self.type = 0
        if not self.first:
            if at == end:
                return at
            self._begin(data[at])
            at += 1
        while self._missing < 0:
            if at == end:
                return at
            self._more_length(data[at])
            at += 1
        n = end - at
        if n > self._missing:
            n = self._missing
        if self.oversize:
            self._drain(data, at, n)
        else:
            copy(self._buf, self._length - self._missing, data, at, n)
        self._missing -= n
        if not self._missing:
            self._decode()
        self._apportion()
        return at + n

    def _apportion(self):
        most = min(len(self._buf), _PORTION)
        if self._missing:
            self.portion = min(self._missing, most)
        else:
            size = 1 + self._shift // 7 + self._length
            self.portion = most // size * size or most

    def _begin(self, first):
        kind = first >> 4
        expected = self._FIRSTS[kind]
        if not expected:
            self._refuse(0 if 0 < kind < 15 else 1, 0, kind)
        if kind == _PUBLISH:
            if first & 6 == 6 or first & 0x0E == 8:  # [MQTT-3.3.1-4], [MQTT-3.3.1-2]
                self._refuse(2 if first & 6 else 3, 0)
        elif first != expected:  # [MQTT-2.2.2-2]
            self._refuse(4, 0, kind, first & 15)
        self.first = first
        self._shift = self._length = 0
        self._missing = -1

    def _more_length(self, byte):
        self._length |= (byte & 0x7F) << self._shift
        self._shift += 7
        if byte & 0x80:
            if self._shift == 28:
                self._refuse(5, 4)
            return
        length = self._length
        self.oversize = length > len(self._buf)
        self._check_length(self.first >> 4, length)
        self.packet_id = 0
        self._missing = length

    def _check_length(self, kind, length):
        expected = self._LENGTHS[kind]
        if expected != _ANY:
            bad = length != expected
        else:
            bad = length < (5 if kind == _PUBLISH and self.first & 6 else 3) or self.oversize and kind != _PUBLISH
        if bad:
            self._refuse(6, 1, kind, length)

    def _drain(self, data, at, n):
        """Keeps what the buffer has room for, the topic mostly, and the packet identifier wherever it comes by."""
        buf = self._buf
        got = self._length - self._missing
        room = len(buf) - got
        if room > 0:
            copy(buf, got, data, at, n if n < room else room)
        if self.first & 6:
            start = 2 + (buf[0] << 8 | buf[1]) - got
            for i in range(start, start + 2):
                if 0 <= i < n:
                    self.packet_id = self.packet_id << 8 & 0xFF00 | data[at + i]

    def _decode(self):
        kind = self.first >> 4
        buf = self._buf
        word = buf[0] << 8 | buf[1]
        if kind == _PUBLISH:
            self._decode_publish(2 + word, self._length)
        elif kind == _CONNACK:
            self.session_present = buf[0]
            self.code = buf[1]
            # Reserved bits, return codes above 5, and a session where the connection is refused [MQTT-3.2.2-4]
            if word & 0xFEF8 or word & 7 > 5 or word > 0x100:
                self._fail(7, 0, buf[0], buf[1])
        elif self._length:
            self._decode_rest(kind, self._length, word)
        self.first = 0
        self.type = kind

    def _decode_publish(self, end, length):
        """end: where the topic, an MQTT string [MQTT-3.3.2-1] with all its characters [MQTT-1.5.3-3], ends."""
        start = end + 2 if self.first & 6 else end  # of the payload
        if start > length:
            self._fail(8, 0)
        if end <= len(self._buf):
            bad = bad_utf8(self._buf, 2, end, 1) if end > 2 else 0
            if bad >= 0:
                self._fail(9, bad)
        word = self.first << 16 | length << 8 | start if length < 128 else 0  # as of glance()
        if not word or word != self._like:
            self._like = word
            self._lay_out(self.first, start, length)
        if self.first & 6:
            if not self.oversize:
                self._decode_id(start)
            if not self.packet_id:
                self._fail(10, end)

    def _lay_out(self, first, start, end):
        """The fields of a PUBLISH with its payload from start to end in the buffer, where it has room for it."""
        self.qos = first >> 1 & 3
        self.dup = first >> 3 & 1
        self.retain = first & 1
        self.size = end - start
        end_of_topic = start - 2 if first & 6 else start
        room = len(self._buf)
        self.oversize = end > room
        self.topic = self._view(2, end_of_topic) if end_of_topic <= room else self._view(0, 0)
        if self.oversize:
            end = room
        self.payload = self._view(start, end) if start <= room else self._view(0, 0)

    def _decode_id(self, start):
        """start: where the payload begins."""
        self.packet_id = self._buf[start - 2] << 8 | self._buf[start - 1]

    def _decode_rest(self, kind, length, packet_id):
        if not packet_id:
            self._fail(11, 0, kind)
        self.packet_id = packet_id
        if kind == _SUBACK:
            self.codes = self._view(2, length)
            self._check_codes()

    def _check_codes(self):
        for i in range(2, self._length):
            code = self._buf[i]
            if code > 2 and code != 0x80:  # [MQTT-3.9.3-2]
                self._fail(12, i, code)

    def _view(self, start, end):
        """memoryview of the buffer: one of the last few where its place is the same, for a new one is an allocation."""
        i = end & 3 if start == 2 else 4 + (end & 7)  # topics and payloads must not drive each other out
        view = self._views[i]
        if self._starts[i] != start or len(view) != end - start:
            self._starts[i] = start
            self._views[i] = view = self._all[start:end]
        return view

    def _fail(self, what, at, *values):
        self._refuse(what, 1 + self._shift // 7 + at, *values)

    def _refuse(self, what, at, *values):
        """what: a number in malformed.py, or words."""
        self.error = borrowed("mqtt.malformed").error(what, at, *values)
        raise self.error
