"""Device.put(): what it takes, what it refuses, and what it says then."""

import json

from device_bench import Bench, crash, device_of
from support import MICROPYTHON, replaced

from firmware.device import Device


def test_put_takes_values_of_every_kind():
    values = [1, -2, 0.5, "text", '温度 "高" \\ \n', True, {"lon": 106.5, "lat": {"deep": [1, True]}}, 0, ""]
    with Bench(tx_size=2048) as it:
        for i, value in enumerate(values):
            assert it.device.put("s%d" % i if i % 2 else b"s%d" % i, value) is True
        assert it.upload() == [("s%d" % i, value) for i, value in enumerate(values)]


def test_put_refuses_what_is_not_finite():
    device = device_of()
    for value in (float("nan"), float("inf"), -float("inf"), {"a": float("nan")}, {"a": {"b": float("inf")}}):
        assert device.put("x", value) is False
        assert len(device.outbox) == 0


def test_put_refuses_what_is_not_json():
    """MicroPython's json.dumps() writes something for every object."""
    device = device_of(outbox_size=4096, tx_size=4096)

    def function():
        pass

    for value in (object(), function, {1, 2}, Device, [float("nan")], {"a": [float("inf")]}, {"a": object()}, [[{3}]]):
        assert device.put("x", value) is False, "taken: %r" % value
        assert len(device.outbox) == 0
    device.put("x", b"\xff")  # taken or not,
    device.put("x", (1, 2))
    device.put("x", {1: 2})
    outbox = device.outbox
    outbox.rewind()
    while outbox.next():  # but what is taken is JSON
        json.loads(bytes(outbox.buf[outbox.value_at : outbox.value_at + outbox.value_len]).decode())


def cyclic():
    it = {}
    it["it"] = it
    return it


def generator():
    yield 1


def deep(n):
    it = 1
    for _ in range(n):
        it = {"d": it}
    return it


class Thing:
    pass


def test_what_put_refuses_is_said_with_its_cure():
    with Bench(online=False) as it:
        crash.notes.clear()
        for value, words in (
            (None, "is None; to send nothing, do not call put()"),
            (b"26", "is bytes; make it text: value.decode()"),
            (bytearray(b"26"), "is bytes; make it text: value.decode()"),
            (
                generator(),
                "is a generator, as async def gives one: take async away, or await device.start() in place of run()",
            ),
            (cyclic, "is a function; call it: name()"),
            (it.turns, "is a function; call it: name()"),
            (Thing, "is a class, not a value"),
            (Thing(), "is a Thing; must be a number, text, bool or a dict of them"),
            ((1, 2), 'is a tuple; make it a dict: {"x": 1, "y": 2}'),
            ({1, 2}, 'is a set; make it a dict: {"x": 1, "y": 2}'),
            (float("nan"), "is nan; a number must be finite"),
            (-float("inf"), "is -inf; a number must be finite"),
            (1 << 63, "is an integer of more than 64 bits; make it a float or text"),
            (-(1 << 63) - 1, "is an integer of more than 64 bits; make it a float or text"),
            (10**300, "is an integer of more than 64 bits; make it a float or text"),
            (cyclic(), "has dicts in dicts too deep, or in a circle"),
            (deep(7), "has dicts in dicts too deep, or in a circle"),
            ({1: 2}, "has the key 1; keys must be text, and not empty"),
            ({"": 2}, "has the key ''; keys must be text, and not empty"),
            ({"a": {"b": b"c"}}, "has a value that is bytes; make it text: value.decode()"),
            ({"a": None}, "has a value that is None; to send nothing, do not call put()"),
            ([1, float("nan")], "has a value that is nan; a number must be finite"),
            ("x" * 1000, "1002 bytes, too long for tx_size"),
        ):
            it.log.lines.clear()
            assert it.device.put("t", value) is False, words
            assert it.log.lines == ["stream: t: " + words], it.log.lines
        # The first only: the flash is not to be written each second.
        assert crash.notes == ["put(): t: is None; to send nothing, do not call put()"]
        for value in (deep(6), (1 << 63) - 1, -(1 << 63), [], {}, 3.4e38, "\0\x7f\u2028"):
            assert it.device.put("t", value) is True, repr(value)


def test_put_refuses_half_a_character():
    """CPython's json.dumps() makes an escape of it, which is not the board's."""
    if MICROPYTHON:
        with Bench(online=False) as it:
            assert it.device.put("t", "a" + chr(0xD800)) is False
            assert it.device.put("t", {"a": chr(0xDFFF)}) is False
            assert "lone surrogate" in it.log


def test_put_refuses_ids_of_another_kind():
    with Bench(online=False) as it:
        for stream_id in (None, 7, b"\xff\xfe", "温".encode()[:2], ("a",)):
            it.log.lines.clear()
            assert it.device.put(stream_id, 1) is False
            assert "stream id: must be text, or UTF-8 in bytes" in it.log


def test_put_without_memory_is_told():
    with Bench(online=False) as it:

        def no_memory(*args):
            raise MemoryError

        with replaced(it.device.outbox, "put", no_memory):
            assert it.device.put("t", 1) is False
        assert "no memory" in it.log


def test_put_refuses_an_id_that_would_not_be_json():
    device = device_of(tx_size=2048)
    for stream_id in ("", 'say "x"', "back\\slash", "line\n", b'"', b"\0", "x" * 256, "x" * 300, "温" * 86):
        assert device.put(stream_id, 1) is False, "taken: %r" % stream_id
        assert len(device.outbox) == 0


def test_put_refuses_what_can_never_be_sent():
    with Bench(tx_size=256, outbox_size=1024) as it:
        assert it.device.put("x", "v" * 250) is False
        assert it.device.put("x" * 250, 1) is False
        assert "tx_size" in it.log and len(it.device.outbox) == 0
        n = 250
        while not it.device.put("x", "v" * n):
            n -= 1
        assert n > 100
        it.device.put("y", 2)
        assert it.upload() == [("x", "v" * n)]
        assert it.upload() == [("y", 2)]


def test_every_length_that_put_takes_can_be_sent():
    """Data points and batches of them that fill the buffer to the last byte and nearly so."""
    for tx_size in (128, 129, 256):
        with Bench(tx_size=tx_size, outbox_size=1024) as it:
            longest = 0
            while it.device._points.fits(1, longest + 3):  # two are the quotes
                longest += 1
            assert not it.device.put("x", "v" * (longest + 1))
            for n in range(longest - 3, longest + 1):
                assert it.device.put("x", "v" * n)
                assert it.upload() == [("x", "v" * n)]
            for n in range(20):
                expected = [("x", "v" * n), ("y", n), ("z", True)]
                for point in expected:
                    assert it.device.put(*point)
                found = []
                while len(it.device.outbox):
                    found += it.upload()
                assert found == expected


def test_put_refuses_what_is_longer_than_the_outbox():
    with Bench(tx_size=4096, outbox_size=256) as it:
        assert it.device.put("x", "v" * 300) is False
        assert len(it.device.outbox) == 0
        assert "stream: x: data point of 310 bytes, outbox of 256" in it.log


def test_put_tells_when_the_outbox_is_full():
    device = device_of(outbox_size=256, outbox_full="drop_newest")
    while device.put("x", "v" * 20):
        pass
    assert device.outbox.dropped == 1
    device = device_of(outbox_size=256)
    for i in range(100):
        assert device.put("x", i)
    assert device.outbox.dropped > 50


def test_put_never_changes_what_is_on_its_way():
    with Bench(outbox_size=256) as it:
        for i in range(5):
            it.device.put("n", i)
        assert it.upload(acknowledge=False) == [("n", i) for i in range(5)]
        for i in range(100, 150):
            it.device.put("n", i)
        it.close()
        it.go_online()
        assert it.upload() == [("n", i) for i in range(5)]
        last = []
        while len(it.device.outbox):
            last += it.upload()
        assert last == [("n", i) for i in range(150 - len(last), 150)]
