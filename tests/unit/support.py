"""What the unit tests share. Like them it runs on CPython, under pytest or without, and on MicroPython, on a computer
or a board. What needs a client or a socket is in scripted.py: a board has no room for what it does not need."""

import sys

try:
    from os import getenv
except ImportError:  # on a board, where on_board.py has left it
    from surroundings import getenv  # noqa: F401

from running import SkipTest  # noqa: F401

MICROPYTHON = sys.implementation.name == "micropython"


def raises(exception, function, *args, match="", **kwargs):
    """Calls function, which must raise exception with a text that contains match; returns what was raised."""
    try:
        function(*args, **kwargs)
    except exception as e:
        assert match in str(e), "%r is not in %r" % (match, str(e))
        return e
    raise AssertionError("%s not raised" % exception)


def unhex(text):
    """The bytes that hexadecimal digits, with spaces anywhere, stand for."""
    return bytes.fromhex(text.replace(" ", ""))


def pattern(n):
    """n bytes, none like its neighbours."""
    data = bytearray(n)
    for i in range(n):
        data[i] = i * 7 & 255
    return bytes(data)


def remaining_length(n):
    """The plain reading of [2.2.3], to check the library's with."""
    out = bytearray()
    while True:
        n, digit = divmod(n, 128)
        out.append(digit | 128 if n else digit)
        if not n:
            return bytes(out)


def field(value):
    """A string or binary field: two bytes of length, then the bytes [1.5.3]."""
    value = value.encode() if isinstance(value, str) else bytes(value)
    return bytes([len(value) >> 8, len(value) & 255]) + value


def packet_of(first, body):
    """A packet: first byte, remaining length, body."""
    return bytes([first]) + remaining_length(len(body)) + body


def publish_of(topic, payload=b"", qos=0, packet_id=0, dup=False, retain=False):
    """A PUBLISH, encoded independently of the library."""
    body = field(topic)
    if qos:
        body += bytes([packet_id >> 8, packet_id & 255])
    return packet_of(0x30 | dup << 3 | qos << 1 | retain, body + payload)


# Byte sequences that are no MQTT string: the sequence, and where in it the first bad character begins
BAD_UTF8 = (
    ("00", 0),  # U+0000 [MQTT-1.5.3-2]
    ("80", 0),  # continuation without a beginning
    ("bf", 0),
    ("c0 80", 0),  # overlong U+0000
    ("c1 bf", 0),
    ("e0 80 80", 0),
    ("e0 9f bf", 0),
    ("f0 80 80 80", 0),
    ("f0 8f bf bf", 0),
    ("ed a0 80", 0),  # surrogates [MQTT-1.5.3-1]
    ("ed bf bf", 0),
    ("f4 90 80 80", 0),  # beyond U+10FFFF
    ("f5 80 80 80", 0),
    ("f8 88 80 80 80", 0),
    ("ff", 0),
    ("c3", 0),  # cut short
    ("e4 bd", 0),
    ("f0 9f 98", 0),
    ("c3 28", 0),  # continuation missing
    ("e4 28 a0", 0),
    ("e4 bd 28", 0),
    ("f0 28 98 80", 0),
    ("f0 9f 28 80", 0),
    ("f0 9f 98 28", 0),
    ("61 c3 a9 ff", 3),
    ("e6 b8 a9 00 61", 3),
)


def built(function, *args, **kwargs):
    """The packet a builder makes. Holds for every packet: None only says the size, the size said is what is written,
    it fits a buffer of its size, a byte less is refused before anything is written, and no byte after it is touched."""
    size = function(None, *args, **kwargs)
    fitting = bytearray(size)
    assert function(fitting, *args, **kwargs) == size
    larger = bytearray(b"\xaa" * (size + 3))
    assert function(larger, *args, **kwargs) == size
    assert larger == fitting + b"\xaa\xaa\xaa"
    smaller = bytearray(b"\xaa" * (size - 1))
    raises(ValueError, function, smaller, *args, match="buffer", **kwargs)
    assert smaller == b"\xaa" * (size - 1)
    return bytes(fitting)


def refused(name, function, *args, kind=ValueError, **kwargs):
    """The builder refuses these arguments, naming the field, with a buffer or without, and writes nothing."""
    buf = bytearray(b"\xaa" * 100)
    raises(kind, function, buf, *args, match=name, **kwargs)
    assert buf == b"\xaa" * 100, "the buffer was touched"
    raises(kind, function, None, *args, match=name, **kwargs)


ACCEPTED = b"\x20\2\0\0"
ACCEPTED_SESSION = b"\x20\2\1\0"
DISCONNECT = b"\xe0\0"
PINGREQ = b"\xc0\0"
PINGRESP = b"\xd0\0"


def connect_of(client_id, keepalive=60, clean_session=True):
    """A CONNECT with nothing but a client id."""
    flags = 2 if clean_session else 0
    return packet_of(0x10, b"\0\4MQTT\4" + bytes([flags, keepalive >> 8, keepalive & 255]) + field(client_id))


class replaced:  # noqa: N801
    """with replaced(module, "name", value): puts another value in place for as long as that lasts."""

    def __init__(self, owner, name, value):
        self.owner, self.name, self.value = owner, name, value

    def swap(self):
        previous = getattr(self.owner, self.name)
        setattr(self.owner, self.name, self.value)
        self.value = previous

    def __enter__(self):
        self.swap()

    def __exit__(self, *args):
        self.swap()


def ack_of(first, packet_id):
    return bytes([first, 2, packet_id >> 8, packet_id & 255])


def puback(packet_id):
    return ack_of(0x40, packet_id)


def subscribe_of(packet_id, *filters):
    body = b"".join([field(name) + bytes([qos]) for name, qos in filters])
    return packet_of(0x82, bytes([packet_id >> 8, packet_id & 255]) + body)
