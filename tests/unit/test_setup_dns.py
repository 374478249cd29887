"""Every name is the board's, for whoever asks as RFC 1035 says; nobody else gets an answer."""

import random

import fakes  # noqa: F401  # the way to firmware

from firmware.setup_dns import answer

ADDRESS = bytes((192, 168, 4, 1))
NAME = b"\7captive\5apple\3com\0"


def query(name=NAME, kind=1, network=1, flags=0x0100, counts=(1, 0, 0, 0), more=b""):
    head = b"\x12\x34" + b"".join(number.to_bytes(2, "big") for number in (flags,) + counts)
    return head + name + kind.to_bytes(2, "big") + network.to_bytes(2, "big") + more


def test_an_address():
    found = answer(query(), ADDRESS)
    question = NAME + b"\0\1\0\1"
    assert found[:12] == b"\x12\x34\x85\x80\0\1\0\1\0\0\0\0"
    assert found[12:] == question + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + ADDRESS


def test_nothing_else_of_a_name():
    for kind in (28, 65, 15):  # AAAA, HTTPS, MX: there is none, and no phone waits for one
        found = answer(query(kind=kind), ADDRESS)
        assert found[3] & 15 == 0 and found[6:8] == b"\0\0" and len(found) == 12 + len(NAME) + 4
    assert answer(query(network=3), ADDRESS)[6:8] == b"\0\0"


def test_what_an_extended_query_adds_is_left_out():
    """An OPT record [RFC 6891 6.1.1], as most resolvers send it."""
    found = answer(query(counts=(1, 0, 0, 1), more=b"\0\0\x29\x04\xd0\0\0\0\0\0\0"), ADDRESS)
    assert found[6:12] == b"\0\1\0\0\0\0" and found[-4:] == ADDRESS


def test_no_recursion_is_not_said_to_be_wanted():
    assert answer(query(flags=0), ADDRESS)[2:4] == b"\x84\x80"


def test_what_is_no_query():
    for bad in (
        b"",
        query()[:12],
        query(flags=0x8180),  # an answer, of another one of these, say
        query(flags=0x2800),  # an update
        query(counts=(0, 0, 0, 0)),
        query(counts=(2, 0, 0, 0)),
        query(counts=(1, 1, 0, 0)),
        query(name=b"\xc0\x0c"),  # a pointer to itself
        query(name=b"\x40" + b"x" * 64 + b"\0"),
        query(name=(b"\x3f" + b"x" * 63) * 4 + b"\0"),  # 257 bytes
        query(name=b"\7captiv"),
        query(name=b"\7captive"),
        query(more=b"x" * 512),
    ):
        assert answer(bad, ADDRESS) is None, bad
    for n in range(len(query())):
        assert answer(query()[:n], ADDRESS) is None
    assert answer(query(name=b"\0"), ADDRESS)  # the root


def test_noise():
    """None of it raises, and no answer is longer than what was asked, but for the address."""
    random.seed(5)
    for _ in range(3000):
        noise = bytearray(query())
        for _ in range(random.randrange(1, 6)):
            noise[random.randrange(len(noise))] = random.getrandbits(8)
        noise = bytes(noise[: random.randrange(len(noise) + 1)])
        found = answer(noise, ADDRESS)
        assert found is None or len(found) <= len(noise) + 16
