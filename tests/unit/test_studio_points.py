"""Data points and events as messages to a thing model: posts of what is fresh, and histories of what has waited."""

import json

import fakes  # noqa: F401  # the way to firmware
from onenet.studio import Points
from points_bench import SINCE_1970, T0, Clock, filled, written_by

MS = SINCE_1970 * 1000
PROPERTIES, EVENTS, HISTORY = 0, 1, 2  # the kind of a Points


def points_of(*records, **options):
    return filled(Points, records, **options)


def written(points):
    """The payload as it is written now, and what it says: {id: [(value, time or None)]} of properties and of events."""
    payload = written_by(points)
    message = json.loads(payload)
    assert sorted(message) == ["id", "params", "version"]
    assert message["id"] == str(points.id) and message["version"] == "1.0"
    params = message["params"]
    if points.kind == HISTORY:
        assert len(params) == 1 and "identity" not in params[0]
        found = [params[0].pop(key, {}) for key in ("properties", "events")]
        assert not params[0]
        shown = [{name: [(v["value"], v.get("time")) for v in values] for name, values in f.items()} for f in found]
    else:
        shown = [{}, {}]
        shown[points.kind] = {name: [(v["value"], v.get("time"))] for name, v in params.items()}
    return payload, shown[0], shown[1]


def test_one_fresh_point():
    points, _, _ = points_of(("temp", "25.1", 0))
    assert points.gather() == 1
    assert points.kind == PROPERTIES
    assert written(points)[0] == b'{"id":"%d","version":"1.0","params":{"temp":{"value":25.1}}}' % points.id


def test_values_of_every_kind():
    values = (1, -2, 0.5, "text", "温度 is 二十", True, False, {"lon": 106, "lat": 29}, 'a "quote"', [1, 2])
    points, _, _ = points_of(*[("s%d" % i, json.dumps(value), 0) for i, value in enumerate(values)], room=2000)
    assert points.gather() == len(values)
    found = written(points)[1]
    assert [found["s%d" % i] for i in range(len(values))] == [[(value, None)] for value in values]


def test_an_empty_outbox_gives_nothing():
    points, _, _ = points_of()
    assert points.gather() == 0


def test_each_message_has_an_id_of_its_own_of_five_digits():
    points, _, _ = points_of(("x", "1", 0))
    seen = []
    for _ in range(5):
        points.gather()
        seen.append(points.id)
    assert len(set(seen)) == 5
    points.id = 99999
    points.gather()
    assert points.id == 10000
    written(points)


def test_of_a_property_a_post_has_one_value():
    points, outbox, _ = points_of(("a", "1", 0), ("b", "2", 0), ("a", "3", 0), ("c", "4", 0))
    assert points.gather() == 2
    assert written(points)[1] == {"a": [(1, None)], "b": [(2, None)]}
    outbox.send(2)
    outbox.done()
    assert points.gather() == 2
    assert written(points)[1] == {"a": [(3, None)], "c": [(4, None)]}


def test_an_event_is_posted_as_one():
    points, _, _ = points_of(("\1alarm", '{"level":2}', 0), ("\1door", "{}", 0))
    assert points.gather() == 2
    assert points.kind == EVENTS
    assert written(points)[2] == {"alarm": [({"level": 2}, None)], "door": [({}, None)]}


def test_properties_and_events_of_now_go_apart_and_in_order():
    points, outbox, _ = points_of(("a", "1", 0), ("\1a", "{}", 0), ("b", "2", 0))
    seen = []
    while points.gather():
        seen.append((points.kind, written(points)[1:]))
        outbox.send(1)
        outbox.done()
    assert seen == [
        (PROPERTIES, ({"a": [(1, None)]}, {})),
        (EVENTS, ({}, {"a": [({}, None)]})),
        (PROPERTIES, ({"b": [(2, None)]}, {})),
    ]


def test_what_has_waited_goes_with_its_times_many_values_of_one_property_together():
    points, _, _ = points_of(
        ("temp", "1", 90),
        ("\1alarm", '{"level":2}', 80),
        ("hum", "40", 70),
        ("temp", "2", 60),
        ("\1alarm", "{}", 50),
        ("temp", '"x"', 40),
        room=1000,
    )
    assert points.gather() == 6
    assert points.kind == HISTORY
    _, properties, events = written(points)
    assert properties == {
        "temp": [(1, MS - 90000), (2, MS - 60000 + 3), ("x", MS - 40000 + 5)],
        "hum": [(40, MS - 70000 + 2)],
    }
    assert events == {"alarm": [({"level": 2}, MS - 80000 + 1), ({}, MS - 50000 + 4)]}


def test_a_history_of_events_alone_and_one_that_begins_with_an_event():
    points, outbox, _ = points_of(("\1e", "{}", 60), ("\1e", "{}", 50))
    assert points.gather() == 2
    assert written(points)[1:] == ({}, {"e": [({}, MS - 60000), ({}, MS - 50000 + 1)]})
    points, _, _ = points_of(("\1e", "{}", 60), ("p", "1", 50))
    assert points.gather() == 2
    assert written(points)[1:] == ({"p": [(1, MS - 50000 + 1)]}, {"e": [({}, MS - 60000)]})


def test_what_is_fresh_goes_with_what_has_waited_before_it():
    for age, kind in ((0, PROPERTIES), (5, PROPERTIES), (6, HISTORY), (3600, HISTORY)):
        points, _, _ = points_of(("x", "1", age), ("y", "2", 0))
        assert points.gather() == 2, "%d s" % age
        assert points.kind == kind
    points, _, _ = points_of(("x", "1", 0), ("y", "2", 60))
    assert points.gather() == 1 and points.kind == PROPERTIES


def test_what_waits_behind_a_history_keeps_its_time_until_all_has_gone():
    """Or else one that is fresh by then gets the platform's time, and those after it, which are not by their turn,
    their own: earlier ones."""
    points, outbox, clock = points_of(*[("x", str(i), 30 - i) for i in range(30)], room=200)
    seen = []
    while points.gather():
        assert points.kind == HISTORY, seen
        seen += written(points)[1]["x"]
        outbox.send(points._count)
        outbox.done()
    assert [(value, when // 1000) for value, when in seen] == [(i, MS // 1000 - 30 + i) for i in range(30)]
    outbox.put(b"x", b"30", clock.seconds - 4)
    assert points.gather() == 1 and points.kind == PROPERTIES, "as ever, once all has gone"


def test_values_of_the_same_second_have_times_of_their_own_and_in_order():
    points, outbox, _ = points_of(*[("x", str(i), 60) for i in range(30)])
    seen = []
    while points.gather():
        seen += written(points)[1]["x"]
        outbox.send(points._count)
        outbox.done()
    assert seen == [(i, MS - 60000 + i) for i in range(30)]
    for i in range(3):
        outbox.put(b"x", b"1", T0 - 50 + i)
    points.gather()
    assert [when // 1000 for _, when in written(points)[1]["x"]] == [MS // 1000 - 50 + i for i in range(3)]


def test_values_of_the_same_second_have_times_of_their_own_with_others_in_between():
    """As where live values go on while older ones come out of flash: a value of the same time would take another's
    place on the platform."""
    points, outbox, _ = points_of()
    seen = set()
    for n in range(20):
        for _ in range(30):
            outbox.put(b"x", b"1", T0 - 60 + n % 2)
        count = 0
        while count < 30 and points.gather():
            seen |= {when for _, when in written(points)[1]["x"]}
            count += points._count
            outbox.send(points._count)
            outbox.done()
        assert count == 30
    assert len(seen) == 20 * 30 and len({when // 1000 for when in seen}) == 2


def test_times_are_right_to_the_second_wherever_the_digits_turn():
    for seconds in (820000001, 840000000, 859995199, 859995200, 899999999, 1000000000, 1073741823):
        points, _, _ = points_of(clock=Clock(seconds + 60))
        points._outbox.put(b"x", b"1", seconds)
        points.gather()
        assert str((seconds + 946684800) * 1000).encode() in written(points)[0]


def test_where_nobody_knows_the_time_none_is_sent():
    points, _, _ = points_of(("x", "1", 100), ("y", "2", 0), ("x", "3", 0), clock=Clock(1000, None))
    assert points.gather() == 2
    assert points.kind == PROPERTIES
    assert written(points)[1] == {"x": [(1, None)], "y": [(2, None)]}


def test_a_clock_set_later_corrects_what_was_measured_before():
    clock = Clock(1000, None)
    points, _, _ = points_of(("x", "1", 600), ("x", "2", 300), clock=clock)
    clock.jump = T0 - 1000
    assert points.gather() == 2
    assert written(points)[1] == {"x": [(1, MS - 600000), (2, MS - 300000 + 1)]}


def test_a_batch_takes_as_many_as_fit_and_no_more():
    for records in (
        [("s%d" % i, str(i), 0) for i in range(30)],
        [("temp", "22.5", 60)] * 30,
        [("s%d" % (i % 3), str(i), 60) for i in range(30)],
        [("\1s%d" % i if i & 1 else "s%d" % (i // 4), "{}", 60) for i in range(30)],
        [("\1s%d" % i, "{}", 0) for i in range(30)],
    ):
        sizes = []
        for n in range(1, 31):
            points, _, _ = points_of(*records[:n], room=9999)
            assert points.gather() == n
            sizes.append(len(written(points)[0]))
        for room in range(sizes[0], 900, 13):
            points, _, _ = points_of(*records, room=room)
            assert points.gather() == len([size for size in sizes if size <= room])
            assert len(written(points)[0]) == len(points) <= room


def test_no_more_than_it_is_told_and_no_more_than_the_platform_takes():
    points, _, _ = points_of(*[("x", "1", 60)] * 150, room=16000)
    assert points.gather(3) == 3
    assert points.gather() == 100


def test_whatever_fits_says_can_be_sent_whatever_its_age():
    for name in ("temp", "\1temp"):
        for age in (0, 100):
            for room in (120, 200, 447):
                n = 0
                points, outbox, clock = points_of(room=room)
                while points.fits(len(name), n + 1):
                    n += 1
                assert n > 10
                outbox.put(name.encode(), b"1" * n, clock.now() - age)
                assert points.gather() == 1
                assert len(written(points)[0]) <= room


def test_a_retransmission_is_the_same_bytes_though_records_came_and_went():
    for age, jump in ((10, None), (60, 0)):
        clock = Clock(1000 if jump is None else T0, jump)
        points, outbox, _ = points_of(*[("s%d" % i, str(i), age) for i in range(6)], clock=clock, room=300, size=256)
        count = points.gather()
        outbox.send(count)
        first = written(points)[0]
        assert 0 < count < 7
        for i in range(100):
            outbox.put(b"new", str(i).encode(), clock.now())
            assert written(points)[0] == first
        assert outbox.dropped
        if jump is None:
            clock.jump = T0 - 1000
        assert written(points)[0] == first
        clock.seconds += 100000
        assert written(points)[0] == first
