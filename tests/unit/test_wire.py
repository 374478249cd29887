"""Both forms of wire: machine code, and the plain one that an ESP8266 gets under the same name."""

import sys
from random import getrandbits

from mqtt import wire
from support import BAD_UTF8, unhex

LIB = __file__.rpartition("/")[0] + "/../../lib"

sys.path.insert(0, LIB + "/plain/mqtt")
import wire as plain  # noqa: E402

del sys.path[0], sys.modules["wire"]

ALPHABET = b"ab/$\x00#+\x7f\x80\xbf\xc2\xc3\xa9\xe0\xa0\xe6\xb8\xed\x9f\xf0\x90\xf4\x8f\xff"


def random_bytes(n):
    return bytes([ALPHABET[getrandbits(16) % len(ALPHABET)] for _ in range(n)])


def names_of(module):
    return {name for name in dir(module) if not name.startswith("_") and name not in ("const", "micropython")}


def same(name, size, *args):
    """Both functions of this name return the same and write the same; returns what they return."""
    results = []
    for module in (wire, plain):
        buf = bytearray(b"\xaa" * size)
        results.append((getattr(module, name)(buf, *args), bytes(buf)))
    assert results[0] == results[1], "%s%r: %r" % (name, args, results)
    return results[0][0]


def test_they_have_the_same_functions():
    assert names_of(wire) == names_of(plain)


def test_copies_are_the_same():
    source = bytes(range(200))
    for n in (0, 1, 31, 32, 33, 100):
        for start in (0, 1, 50):
            assert same("copy", 210, 7, source, start, n) == 7 + n
        for kind in (bytes, bytearray, memoryview):
            assert same("append", 210, 3, kind(source[:n])) == 3 + n


def test_headers_are_the_same():
    for length in (0, 1, 127, 128, 16383, 16384, 2097151, 2097152, 268435455):
        same("header", 5, 0xC0, length)
    for word in (0, 1, 255, 256, 65535):
        same("four_bytes", 4, 0x40, word)


def test_text_is_judged_the_same():
    texts = [random_bytes(getrandbits(3)) for _ in range(2000)] + [unhex(text) for text, _ in BAD_UTF8]
    for text in texts:
        for name in (0, 1):
            for start in (0, len(text) // 2):
                judged = [module.bad_utf8(text, start, len(text), name) for module in (wire, plain)]
                assert judged[0] == judged[1], repr((text, start, name, judged))


def test_publish_headers_are_the_same():
    for _ in range(1000):
        topic = random_bytes(getrandbits(4))
        head = (0x30 | getrandbits(4)) | [0, 1, 65535, 65536][getrandbits(2)] << 8
        n = [0, 1, 100, 127, 16384, 268435455][getrandbits(8) % 6]
        same("publish_header", getrandbits(5), head, topic, n)
        same("publish_header", 40, head, b"a/b", n)
    for size in (65535, 65536):
        assert (same("publish_header", 70000, 0x30, b"t" * size, 0) > 0) == (size == 65535)


def test_a_publish_is_what_its_header_and_payload_are():
    taken = 0
    for n in range(3000):
        topic = random_bytes(getrandbits(4)) if n % 2 else b"dev/ice/%d" % n
        payload = bytes(getrandbits(8)) if n % 10 else bytes(16000 + getrandbits(9))
        head = (0x30 | getrandbits(4)) | [0, 1, 300, 65535, 65536][getrandbits(6) % 5] << 8
        size = len(topic) + len(payload) + getrandbits(4)
        buf = bytearray(size)
        at = wire.publish_header(buf, head, topic, len(payload))
        expected = bytes(buf[:at]) + payload if 0 < at <= size - len(payload) else None
        for module in (wire, plain):
            buf = bytearray(b"\xaa" * (size + 4))
            end = module.publish(memoryview(buf)[:size], head, topic, payload)
            assert buf[size:] == b"\xaa" * 4
            if end >= 0:
                taken += 1
                assert bytes(buf[:end]) == expected, repr((module, head, topic, payload))
            else:
                assert expected is None or max(topic) > 127 or len(payload) > 16000
    assert taken > 500


def test_a_glance_sees_what_is_there():
    for _ in range(3000):
        topic = random_bytes(getrandbits(3))
        payload = bytes(getrandbits(7))
        packet_id = [0, 1, 258, 65535][getrandbits(2)]
        first = [0x30 | getrandbits(4), 0x40, 0x50, 0x62, 0x70, 0x60, 0x90, 0xB0][getrandbits(3)]
        body = bytes([len(topic) >> 8, len(topic) & 255]) + topic + payload if first >> 4 == 3 else b""
        if first & 0xF6 != 0x30:
            body = body[: 2 + len(topic)] + bytes([packet_id >> 8, packet_id & 255]) + body[2 + len(topic) :]
        data = b"\xff" * 3 + bytes([first, len(body)]) + body
        end = len(data) - getrandbits(2) % 3
        words = []
        for module in (wire, plain):
            room = bytearray(b"\xaa" * 144)
            words.append(module.glance(memoryview(room)[:128], data, 3, end))
            assert room[128:] == b"\xaa" * 16
            if words[-1] and first >> 4 == 3:
                assert room[: len(body)] == body and words[-1] & 0xFF == len(body) - len(payload)
                assert end == len(data)
        assert words[0] == words[1] or words[0] == 0 and max(topic) > 127, repr((data, end, words))
        if end == len(data) and first in (0x40, 0x50, 0x62, 0x70) and packet_id:
            assert words[0] == first << 16 | packet_id
