"""OneNET's current dialect for products with data streams: posts, accepted and rejected, and commands."""

import json

import fakes  # noqa: F401  # the way to firmware
from current_bench import BASE, Platform, Ticks
from mqtt.errors import SubscribeError
from onenet.dp import Points, Streams
from points_bench import SINCE_1970, T0, Clock, filled, written_by
from support import publish_of, raises

POST = "dp/post/json"


def points_of(*records, **options):
    return filled(Points, records, **options)


def written(points):
    """The payload as it is written now, and what it says: {stream: [(value, time or None)]}."""
    payload = written_by(points)
    message = json.loads(payload)
    assert sorted(message) == ["dp", "id"]
    assert message["id"] == points.id
    for values in message["dp"].values():
        assert all(set(value) in ({"v"}, {"v", "t"}) for value in values)
    return payload, {name: [(v["v"], v.get("t")) for v in values] for name, values in message["dp"].items()}


# Posts


def test_one_fresh_point():
    points, _, _ = points_of(("temp", "25.1", 0))
    assert points.gather() == 1
    assert written(points)[0] == b'{"id":%d,"dp":{"temp":[{"v":25.1}]}}' % points.id


def test_values_of_every_kind():
    values = (1, -2, 0.5, "text", "温度 is 二十", True, False, {"lon": 106, "lat": 29}, 'a "quote"', [1, 2])
    points, _, _ = points_of(*[("s%d" % i, json.dumps(value), 0) for i, value in enumerate(values)], room=2000)
    assert points.gather() == len(values)
    assert written(points)[1] == {"s%d" % i: [(value, None)] for i, value in enumerate(values)}


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


def test_what_has_waited_goes_with_its_times_many_points_of_one_stream_together():
    points, _, _ = points_of(("a", "1", 60), ("b", "2", 40), ("a", "3", 20), ("b", '"x"', 0), ("c", "5", 0))
    assert points.gather() == 5
    assert written(points)[1] == {
        "a": [(1, SINCE_1970 - 60), (3, SINCE_1970 - 20)],
        "b": [(2, SINCE_1970 - 40), ("x", SINCE_1970)],
        "c": [(5, SINCE_1970)],
    }


def test_of_what_is_fresh_a_stream_is_there_once():
    for clock in (Clock(), Clock(1000, None)):
        points, outbox, _ = points_of(("a", "1", 1), ("b", "2", 1), ("a", "3", 0), ("c", "4", 0), clock=clock)
        assert points.gather() == 2
        assert written(points)[1] == {"a": [(1, None)], "b": [(2, None)]}
        outbox.send(2)
        outbox.done()
        assert points.gather() == 2
        assert written(points)[1] == {"a": [(3, None)], "c": [(4, None)]}


def test_what_has_waited_goes_with_its_time_and_what_is_fresh_without():
    for age, timed in ((0, False), (5, False), (6, True), (3600, True)):
        points, _, _ = points_of(("x", "1", age), ("y", "2", 0))
        assert points.gather() == 2
        times = (SINCE_1970 - age, SINCE_1970) if timed else (None, None)
        assert written(points)[1] == {"x": [(1, times[0])], "y": [(2, times[1])]}


def test_what_has_waited_keeps_its_time_behind_what_nobody_knows_the_time_of():
    points, outbox, _ = points_of(("x", "1", 60), ("x", "2", 50), clock=Clock(1000, None))
    outbox.put(b"y", b"3", T0 - 100)
    points._clock.jump = 0
    points._clock.seconds = T0
    assert points.gather() == 1 and written(points)[1] == {"x": [(1, None)]}
    outbox.send(1)
    outbox.done()
    assert points.gather() == 1 and written(points)[1] == {"x": [(2, None)]}
    outbox.send(1)
    outbox.done()
    assert points.gather() == 1 and written(points)[1] == {"y": [(3, SINCE_1970 - 100)]}


def test_times_are_right_wherever_the_digits_turn():
    for seconds in (820000001, 840000000, 859995199, 859995200, 899999999, 1000000000, 1073741823):
        points, outbox, _ = points_of(clock=Clock(seconds + 60))
        outbox.put(b"x", b"1", seconds)
        points.gather()
        assert written(points)[1] == {"x": [(1, seconds + 946684800)]}


def test_where_nobody_knows_the_time_none_is_sent():
    points, _, _ = points_of(("x", "1", 100), ("y", "2", 0), ("z", "3", 50), clock=Clock(1000, None))
    assert points.gather() == 3
    assert written(points)[1] == {"x": [(1, None)], "y": [(2, None)], "z": [(3, None)]}


def test_a_clock_set_later_corrects_what_was_measured_before():
    clock = Clock(1000, None)
    points, _, _ = points_of(("x", "1", 600), ("x", "2", 300), clock=clock)
    clock.jump = T0 - 1000
    assert points.gather() == 2
    assert written(points)[1] == {"x": [(1, SINCE_1970 - 600), (2, SINCE_1970 - 300)]}


def test_a_batch_takes_as_many_as_fit_and_no_more():
    for records in (
        [("s%d" % i, str(i), 0) for i in range(30)],
        [("temp", "22.5", 60)] * 30,
        [("s%d" % (i % 3), str(i), 60) for i in range(30)],
        [("s%d" % i, str(i), 60) for i in range(30)],
    ):
        sizes = []
        for n in range(1, 31):
            points, _, _ = points_of(*records[:n], room=9999)
            assert points.gather() == n
            sizes.append(len(written(points)[0]))
        for room in range(sizes[0], 900, 7):
            points, _, _ = points_of(*records, room=room)
            assert points.gather() == len([size for size in sizes if size <= room])
            assert len(written(points)[0]) == len(points) <= room


def test_no_more_than_it_is_told():
    points, _, _ = points_of(*[("x", "1", 60)] * 9)
    assert points.gather(3) == 3
    assert points.gather() == 9
    points, _, _ = points_of(*[("x", "1", 60)] * 150, room=16000)
    assert points.gather() == 100


def test_a_long_batch_takes_a_time_that_grows_with_it_and_not_with_its_square():
    """The main loop stands still meanwhile: with 100 points of three streams a step for each pair of them would be a
    second on a board."""
    points, outbox, _ = points_of(*[("xyz"[i % 3], "1", 60) for i in range(100)], room=16000)
    steps = []
    step = outbox.next

    def counted():
        steps.append(1)
        return step()

    outbox.next = counted
    assert points.gather() == 100
    written(points)
    assert len(steps) < 100 * 3 * 4, len(steps)


def test_whatever_fits_says_can_be_sent_whatever_its_age():
    for age in (0, 100):
        for room in (120, 200, 447):
            n = 0
            points, outbox, clock = points_of(room=room)
            while points.fits(4, n + 1):
                n += 1
            assert n > 10
            outbox.put(b"temp", b"1" * n, clock.now() - age)
            assert points.gather() == 1
            assert len(written(points)[0]) <= room


def test_a_retransmission_is_the_same_bytes_though_records_came_and_went():
    for age, jump in ((10, None), (60, 0)):
        clock = Clock(1000 if jump is None else T0, jump)
        points, outbox, _ = points_of(*[("s%d" % i, str(i), age) for i in range(6)], clock=clock, room=100, size=256)
        count = points.gather()
        outbox.send(count)
        first = written(points)[0]
        assert 0 < count < 6
        for i in range(100):
            outbox.put(b"new", str(i).encode(), clock.now())
            assert written(points)[0] == first
        assert outbox.dropped
        if jump is None:
            clock.jump = T0 - 1000
        assert written(points)[0] == first
        clock.seconds += 100000
        assert written(points)[0] == first


# On the line


def online(**options):
    platform = Platform(Streams, **options)
    return platform, platform.device


def posted(platform, device, *records):
    """Posts these records; the packet is seen. Returns (id of the post, packet identifier in two bytes)."""
    points, _, _ = points_of(*(records or (("temp", "25.1", 0),)), room=device.points_room(512))
    points.gather()
    return points.id, platform.post(points, POST)


def test_one_packet_subscribes_to_replies_and_commands():
    platform, _ = online()
    with platform:
        filters = [(BASE + name).encode() for name in ("dp/post/json/+", "cmd/request/+")]
        body = b"\0\1" + b"".join([b"\0" + bytes([len(name)]) + name + b"\0" for name in filters])
        assert platform.subscribed_with == b"\x82" + bytes([len(body)]) + body
        platform.reconnect()
        assert platform.subscribed_with[4:] == body[2:]


def test_a_subscription_refused_is_said():
    for codes in (b"\x80\x80", b"\0\x80", b"\x80\0", b"\0", b"\0\0\0", b"\1\0"):
        platform, device = online(granted=None)
        with platform:
            platform.grant(codes)
            raises(SubscribeError, platform.until, lambda: False, match="cmd/request")
            assert not device.turn()


def test_a_post_has_arrived_with_puback_and_accepted_whichever_comes_first():
    for order in ("ack reply", "reply ack"):
        platform, device = online()
        with platform:
            points_id, packet_id = posted(platform, device)
            for step in order.split():
                platform.settle()
                assert platform.calls["sent"] == [], order
                if step == "ack":
                    platform.send(b"\x40\2" + packet_id)
                else:
                    platform.says(POST + "/accepted", {"id": points_id})
            assert platform.call("sent") == {"sent": [points_id], "refused": [], "command": []}
            assert device.ignored == 0


def test_a_post_that_is_rejected_and_why():
    for body, told in (
        ('{"id":%d,"err_code":98,"err_msg":"Illegal Data"}', (98, "Illegal Data")),
        ('{"id":-1,"err_code":98,"err_msg":"Illegal Data"}', (98, "Illegal Data")),
        ('{"err_code":"97","id":%d}', (97, None)),
    ):
        for order in ("ack reply", "reply ack"):
            platform, device = online()
            with platform:
                points_id, packet_id = posted(platform, device)
                for step in order.split():
                    if step == "ack":
                        platform.send(b"\x40\2" + packet_id)
                    else:
                        platform.says(POST + "/rejected", body.replace("%d", str(points_id)))
                assert platform.call("refused") == {"sent": [], "refused": [(points_id,) + told], "command": []}


def test_replies_that_belong_to_nothing_are_counted():
    platform, device = online()
    with platform:
        points_id, packet_id = posted(platform, device)
        platform.send(b"\x40\2" + packet_id)
        accepted = ('{"id":1}', '{"id":%d1}' % points_id, "", "{}", "[]", b"\xff", '{"id":-1}')
        rejected = (
            '{"id":1,"err_code":98}', "", "{}", "[]", "5", "null", b"\xff", '{"id":%d}' % points_id,
            '{"id":%d,"err_code":null}' % points_id, '{"id":%d,"err_code":1e999}' % points_id,
        )  # fmt: skip
        for word, bodies in (("/accepted", accepted), ("/rejected", rejected)):
            for body in bodies:
                platform.says(POST + word, body)
        platform.until(lambda: device.ignored == len(accepted) + len(rejected), "all of them")
        assert platform.calls == {"sent": [], "refused": [], "command": []}
        platform.says(POST + "/accepted", {"id": points_id})
        assert platform.call("sent")["sent"] == [points_id]
        platform.says(POST + "/accepted", {"id": points_id})
        platform.says(POST + "/rejected", {"id": -1, "err_code": 98})
        platform.until(lambda: device.ignored == len(accepted) + len(rejected) + 2, "what comes when all is done")
        assert platform.calls == {"sent": [points_id], "refused": [], "command": []}


def test_without_a_reply_a_post_is_sent_again_three_times_in_all():
    platform, device = online()
    with platform, Ticks() as ticks:
        points, _, _ = points_of(("temp", "25.1", 0))
        points.gather()
        device.publish_points(points)
        for _ in range(3):
            platform.acknowledge(platform.seen(points, POST))
            ticks.now += 9999
            device.turn()
            assert platform.silent()
            ticks.now += 1
            assert platform.calls["sent"] == []
            device.turn()
        assert platform.silent()
        assert platform.calls["sent"] == [points.id]


def test_a_post_whose_reply_was_lost_with_the_connection_is_sent_again_on_the_next():
    platform, device = online()
    with platform:
        points, _, _ = points_of(("temp", "25.1", 0))
        points.gather()
        platform.acknowledge(platform.post(points, POST))
        platform.reconnect()
        device.turn()
        packet_id = platform.seen(points, POST)
        platform.says(POST + "/accepted", {"id": points.id})
        platform.send(b"\x40\2" + packet_id)
        platform.call("sent")


def test_a_command_and_its_answer():
    platform, device = online()
    with platform:
        platform.says("cmd/request/b8-89_a.D", b"led=on")
        assert platform.call("command")["command"] == [(b"b8-89_a.D", b"led=on")]
        assert type(platform.calls["command"][0][0]) is type(platform.calls["command"][0][1]) is bytes
        for text, sent in (
            ("ok", b"ok"),
            (b"\0\xff", b"\0\xff"),
            ("温" * 341, "温".encode() * 341),
            ("温" * 342, b"error: the reply has 1026 bytes; up to 1023 are possible"),
        ):
            packet_id = device.reply(b"b8-89_a.D", text)
            assert platform.packet() == publish_of(BASE + "cmd/response/b8-89_a.D", sent, 1, packet_id)
            platform.send(b"\x40\2" + bytes([packet_id >> 8, packet_id & 255]))
            platform.settle()


def test_other_topics_are_counted_and_do_no_harm():
    platform, device = online()
    with platform:
        topics = ("cmd/response/1/accepted", "dp/post/json", "dp/post/jsonx", "", "ota/inform", "thing/property/set")
        for topic in topics:
            platform.says(topic, b"{}")
        platform.send(publish_of("$sys/aBcDeF1234/board2/cmd/request/1", b"x") + publish_of("x", b"x"))
        platform.until(lambda: device.ignored == len(topics) + 2, "all of them")
        assert platform.calls["command"] == []
        device.on_command = None
        platform.says("cmd/request/1", b"x")
        platform.until(lambda: device.ignored == len(topics) + 3, "one that nobody wants")


def test_the_room_for_points_is_what_the_buffer_leaves():
    for tx_size in (256, 512, 4096):
        for age in (0, 60):
            platform, device = online(tx_size=tx_size)
            with platform:
                points, outbox, clock = points_of(room=device.points_room(tx_size))
                n = 1
                while points.fits(1, n + 1):
                    n += 1
                outbox.put(b"x", b"1" * n, clock.now() - age)
                assert points.gather() == 1
                device.publish_points(points)
                assert len(platform.packet()) <= tx_size
