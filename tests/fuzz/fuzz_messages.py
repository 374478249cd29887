"""Data points in an outbox, and the messages that each dialect makes of them: JSON as long as it says, each point once,
in order, with its value, and with its time where it has waited."""

import json

import fakes  # noqa: F401  # the way to firmware
from onenet import documents, dp, legacy, messages, studio
from onenet.mqtt import stamp
from points_bench import Clock
from taken import Taken

from firmware.outbox import Outbox

_IDS = "t", "temperature", "t", "湿度", "a/b", "x" * 64, "$OneNET_LBS", "e", "é"
_VALUES = "1", "-2.5", '"on"', "true", '{"x": 1, "y": "\\u6e29"}', "1e-5", '"%s"' % ("x" * 90), "[1, 2]", "0"
_AGES = 0, 3, 5, 6, 60, 3600, 86400, 400 * 86400
_MOST = 20  # points
_EVENT = b"\1"


def check(data):
    taken = Taken(data)
    kind = taken.one_of((_legacy, _studio, _dp, _messages, _documents))
    room = 200 + taken.below(256)
    clock = Clock(jump=(0, 0, 1000000, None)[taken.below(4)])
    if clock.jump or clock.jump is None:
        clock.seconds = 1000  # not set yet
    outbox = Outbox(4096)
    points, read = kind(outbox, clock, room)
    expected = []
    age = len(_AGES) - 1
    while len(taken) and len(expected) < _MOST:
        name, value = taken.one_of(_IDS), taken.one_of(_VALUES)
        encoded = name.encode()
        if kind is _studio and taken.below(4) == 0:
            encoded, value = _EVENT + encoded, '{"x": 1}'
        age -= taken.below(2 * age + 1) if age else 0  # oldest first
        age = max(age, 0)
        when = max(0, clock.now() - _AGES[age]) if clock.jump == 0 else clock.seconds
        if points.fits(len(encoded), len(value)):
            outbox.put(encoded, value.encode(), when)
            true = clock.true_time(when)
            expected.append((name, json.loads(value), true if true and clock.now() - true > 5 else 0))
    found = []
    most = taken.below(5)
    while len(outbox):
        count = points.gather(most)
        assert 0 < count and (not most or count <= most)
        outbox.send(count)
        batch = []
        if hasattr(points, "go_on"):
            while points.go_on():
                assert len(points) + len(points.topic) <= room + 64
                batch += read(_written(points), points.topic)
        else:
            assert len(points) <= room
            batch += read(_written(points), None)
        assert _written(points) == _written(points)  # the same packet can be sent again
        assert len(batch) == count
        found += batch if kind in (_legacy, _messages) else _in_order(batch, expected[len(found) :][:count])
        outbox.done()
    assert len(found) == len(expected)
    for (name, value, when), (got_name, got_value, got_when) in zip(expected, found):  # noqa: B905 - MicroPython has no strict
        assert (got_name, got_value) == (name, value), "%s came for %s" % ((got_name, got_value), (name, value))
        # What has waited has its time; what goes with it may have.
        assert got_when == when or not when and (got_when is None or got_when), (when, got_when)


def _written(points):
    buf = bytearray(b"\xee" * (len(points) + 20))
    assert points.write(buf, 10) == 10 + len(points)
    assert buf[:10] == buf[-10:] == b"\xee" * 10
    return bytes(buf[10:-10])


def _in_order(batch, expected):
    """The same points in the order in which they were put: a message has those of a stream together."""
    batch = list(batch)
    found = []
    for name, value, _ in expected:
        for point in batch:
            if point[:2] == (name, value):
                found.append(point)
                batch.remove(point)
                break
    return found + batch


# Dialects: the Points, and what reads a message: [(stream, value, when, None where it has none)]


def _legacy(outbox, clock, room):
    def read(text, topic):
        assert text[0] == 1 and text[1] << 8 | text[2] == len(text) - 3
        found = []
        for stream in json.loads(text[3:])["datastreams"]:
            assert len(stream["datapoints"]) == 1
            point = stream["datapoints"][0]
            found.append((stream["id"], point["value"], _when(outbox, clock, "at" in point and point["at"], _beijing)))
        return found

    return legacy.Points(outbox, clock, room), read


def _beijing(seconds):
    return json.loads(b"{" + legacy._at(seconds)[:-1] + b"}")["at"]


def _utc(seconds):
    return json.loads(stamp(seconds))


def _when(outbox, clock, text, words):
    """The time of one of the outbox's records that these words are; None without words."""
    if not text:
        return None
    outbox.rewind()
    while outbox.next():
        when = clock.true_time(outbox.time)
        if when and words(when) == text:
            return when
    raise AssertionError("no record is of %s" % text)


def _ms(clock, stamp):
    """Seconds since 2000 of a number of ms since 1970."""
    assert isinstance(stamp, int) and 10**12 < stamp < 10**13
    return stamp // 1000 - 946684800


def _studio(outbox, clock, room):
    points = studio.Points(outbox, clock, room)

    def read(text, topic):
        message = json.loads(text)
        assert message["id"] == "%05d" % points.id and message["version"] == "1.0"
        params = message["params"]
        if isinstance(params, dict):
            return [(name, params[name]["value"], None) for name in params]
        assert len(params) == 1
        found = []
        stamps = []
        for section in params[0]:
            assert section in ("properties", "events")
            for name in params[0][section]:
                for point in params[0][section][name]:
                    stamps.append((name, point["time"]))
                    found.append((name, point["value"], _ms(clock, point["time"])))
        assert len(set(stamps)) == len(stamps) or len(stamps) > 900
        return found

    return points, read


def _dp(outbox, clock, room):
    points = dp.Points(outbox, clock, room)

    def read(text, topic):
        message = json.loads(text)
        assert message["id"] == points.id
        streams = message["dp"]
        return [
            (name, point["v"], point["t"] - 946684800 if "t" in point else None)
            for name in streams
            for point in streams[name]
        ]

    return points, read


def _messages(outbox, clock, room):
    taken = b"d/data/t", b"d/status"

    def read(text, topic):
        message = json.loads(text)
        outbox.rewind()
        names = set()
        while outbox.next():
            names.add(bytes(outbox.buf[outbox.id_at : outbox.id_at + outbox.id_len]).decode())
        name = topic.decode()[7:]
        if name[-1:] == "-" and name[:-1] == "t":
            name = "t"
        for other in names:
            if other.replace("/", "-") == name:
                name = other
        return [(name, message["value"], _when(outbox, clock, message.get("time"), _utc))]

    return messages.Points(outbox, clock, room, b"d/data/", b"", taken), read


def _documents(outbox, clock, room):
    def read(text, topic):
        message = json.loads(text)
        when = _when(outbox, clock, message.pop("time", None), _utc)
        return [(name, message[name], when) for name in message]

    return documents.Points(outbox, clock, room, b"d/data"), read
