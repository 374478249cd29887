"""OneNET's current dialect for products with a thing model: posts, their replies, and what the platform asks."""

import hashlib
import json

import fakes  # noqa: F401  # the way to firmware
from current_bench import BASE as DEVICE
from current_bench import Platform, Ticks
from mqtt.errors import SubscribeError
from onenet.studio import Points, Studio
from points_bench import SINCE_1970, T0, Clock, filled, written_by
from support import PINGRESP, publish_of, raises, unhex

MS = SINCE_1970 * 1000
PROPERTIES, EVENTS, HISTORY = 0, 1, 2  # the kind of a Points
THING = "thing/"
POSTS = "thing/property/post", "thing/event/post", "thing/history/post"  # by kind
REPLY = "thing/property/post/reply"


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


# Posts


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
    assert [when for _, when in written(points)[1]["x"]] == [MS - 50000, MS - 49000 + 1, MS - 48000 + 2]


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


# On the line


def online(**options):
    platform = Platform(Studio, **options)
    return platform, platform.device


def posted(platform, device, *records):
    """Posts these records; the packet is seen. Returns (id of the post, packet identifier in two bytes)."""
    points, _, _ = points_of(*(records or (("temp", "25.1", 0),)), room=device.points_room(512))
    points.gather()
    return points.id, platform.post(points, POSTS[points.kind])


def test_connect_and_subscribe_are_the_worked_examples():
    broker, _ = online(granted=None, keepalive=120)
    with broker:
        assert len(broker.connected_with) == 182
        assert hashlib.sha256(broker.connected_with).digest() == unhex(
            "52ba6bf3b6cfcbf8361bf683c43aa04095f851dc869eb9a49740340e14eca44a"
        )
        filter_of_all = b"$sys/aBcDeF1234/board1/thing/#"
        assert broker.subscribed_with == b"\x82\x23\0\1\0\x1e" + filter_of_all + b"\0"


def test_the_host_is_the_products_own_unless_said_otherwise():
    assert Studio("board1", "aBcDeF1234", "t").client.host == "aBcDeF1234.mqtts.acc.cmcconenet.cn"
    assert Studio("board1", "aBcDeF1234", "t", "192.0.2.1").client.host == "192.0.2.1"


def test_it_subscribes_again_on_every_connection():
    broker, _ = online()
    with broker:
        broker.client.close()
        broker.connect()
        assert broker.packet()[4:] == broker.subscribed_with[4:]
        assert broker.silent()


def test_it_asks_once_though_the_connection_was_lost_before_the_answer():
    broker, _ = online(granted=None)
    with broker:
        broker.client.close()
        broker.connect()
        assert broker.packet() == broker.subscribed_with
        assert broker.silent()
        broker.send(b"\x90\3\0\1\0")
        broker.settle()
        broker.client.close()
        broker.connect()
        assert broker.packet()[4:] == broker.subscribed_with[4:]


def test_a_subscription_refused_is_said():
    broker, _ = online(granted=None)
    with broker:
        broker.send(b"\x90\3\0\1\x80")
        raises(SubscribeError, broker.until, lambda: False, match="thing/#")


def test_a_post_has_arrived_with_puback_and_reply_whichever_comes_first():
    for order in ("ack reply", "reply ack"):
        broker, device = online()
        with broker:
            points_id, packet_id = posted(broker, device)
            for step in order.split():
                broker.settle()
                assert broker.calls["sent"] == [], order
                if step == "ack":
                    broker.send(b"\x40\2" + packet_id)
                else:
                    broker.says(REPLY, {"id": str(points_id), "code": 200, "msg": "success"})
            assert broker.call("sent") == {"sent": [points_id], "refused": [], "command": []}
            assert device.ignored == 0


def test_a_reply_is_read_however_it_is_written():
    for body in (
        '{"id":"%d","code":200}',
        '{"code":200,"msg":"success","id":"%d"}',
        '{ "id" : "%d" ,\n "code" : 200 , "msg" : "succ \\"id\\":1" }',
        '{"id":%d,"code":200,"data":{}}',
        '{"id":"%d","code":"200"}',
    ):
        broker, device = online()
        with broker:
            points_id, packet_id = posted(broker, device)
            broker.send(b"\x40\2" + packet_id)
            broker.says(REPLY, body % points_id)
            assert broker.call("sent")["sent"] == [points_id]


def test_replies_of_events_and_of_history():
    for record, topic in ((("\1e", "{}", 0), "thing/event/post/reply"), (("x", "1", 60), "thing/history/post/reply")):
        broker, device = online()
        with broker:
            points_id, packet_id = posted(broker, device, record)
            broker.send(b"\x40\2" + packet_id)
            broker.says(topic, {"id": str(points_id), "code": 200})
            assert broker.call("sent")["sent"] == [points_id]


def test_each_kind_goes_to_its_topic_whatever_went_before():
    broker, device = online()
    with broker:
        kinds = (("x", "1", 60), "history"), (("x", "1", 0), "property"), (("\1e", "{}", 0), "event")
        for record, kind in kinds + (kinds[1], kinds[0], kinds[0]):
            broker.calls["sent"].clear()
            points_id, packet_id = posted(broker, device, record)
            broker.send(b"\x40\2" + packet_id)
            broker.says(THING + kind + "/post/reply", {"id": str(points_id), "code": 200})
            assert broker.call("sent")["sent"] == [points_id]


def test_a_refusal_comes_with_its_words():
    for body, words in (
        ('{"id":"%d","code":2403,"msg":"required msg id"}', (2403, "required msg id")),
        ('{"id":"%d","code":100}', (100, None)),
        ('{"id":"%d","code":10411,"message":"identifier: x"}', (10411, "identifier: x")),
    ):
        for order in ("ack reply", "reply ack"):
            broker, device = online()
            with broker:
                points_id, packet_id = posted(broker, device)
                for step in order.split():
                    if step == "ack":
                        broker.send(b"\x40\2" + packet_id)
                    else:
                        broker.says(REPLY, body % points_id)
                assert broker.call("refused") == {"sent": [], "refused": [(points_id,) + words], "command": []}


def test_replies_that_belong_to_nothing_are_counted():
    broker, device = online()
    with broker:
        points_id, packet_id = posted(broker, device)
        broker.send(b"\x40\2" + packet_id)
        bodies = (
            '{"id":"1","code":200}',
            '{"id":"%d1","code":200}' % points_id,
            "",
            "{}",
            "[]",
            "null",
            b"\xff",
            '{"id":',
            '{"id":"x","code":200}',
            '{"code":200}',
            '{"id":"%d"}' % points_id,
            '{"id":null,"code":null}',
        )
        for body in bodies:
            broker.says(REPLY, body)
        broker.until(lambda: device.ignored == len(bodies), "all of them")
        assert broker.calls == {"sent": [], "refused": [], "command": []}
        broker.says(REPLY, {"id": str(points_id), "code": 200})
        broker.until(lambda: broker.calls["sent"], "the right one")


def test_a_reply_twice_is_one():
    broker, device = online()
    with broker:
        points_id, packet_id = posted(broker, device)
        broker.says(REPLY, {"id": str(points_id), "code": 200})
        broker.says(REPLY, {"id": str(points_id), "code": 200})
        broker.send(b"\x40\2" + packet_id)
        broker.until(lambda: broker.calls["sent"], "the reply")
        broker.says(REPLY, {"id": str(points_id), "code": 200})
        broker.until(lambda: device.ignored, "it once more")
        assert broker.calls["sent"] == [points_id]


def test_without_a_reply_a_post_is_sent_again_three_times_in_all():
    broker, device = online()
    with broker, Ticks() as ticks:
        points, _, _ = points_of(("temp", "25.1", 0))
        points.gather()
        device.publish_points(points)
        for _ in range(3):
            broker.acknowledge(broker.seen(points, POSTS[0]))
            ticks.now += 9999
            device.turn()
            assert broker.silent()
            ticks.now += 1
            assert broker.calls["sent"] == []
            device.turn()
        assert broker.silent()
        assert broker.calls["sent"] == [points.id]


def test_a_post_whose_reply_was_lost_with_the_connection_is_sent_again_on_the_next():
    broker, device = online()
    with broker:
        points, _, _ = points_of(("temp", "25.1", 0))
        points.gather()
        device.publish_points(points)
        broker.acknowledge(broker.seen(points, POSTS[0]))
        broker.reconnect()
        device.turn()
        packet_id = broker.seen(points, POSTS[0])
        broker.says(REPLY, {"id": str(points.id), "code": 200})
        broker.send(b"\x40\2" + packet_id)
        broker.until(lambda: broker.calls["sent"], "the reply")


def test_a_post_that_was_not_acknowledged_is_sent_again_by_the_session_alone():
    broker, device = online()
    with broker:
        points, _, _ = points_of(("temp", "25.1", 0))
        points.gather()
        device.publish_points(points)
        broker.seen(points, POSTS[0])
        broker.client.close()
        broker.connect()
        assert not device.turn()
        packets = [broker.packet(), broker.packet()]
        assert len([packet for packet in packets if b"property/post" in packet]) == 1
        assert broker.silent()


def test_nothing_is_to_be_posted_until_the_subscription_is_granted():
    broker, device = online(granted=None)
    with broker:
        assert not device.turn()
        broker.grant(b"\0")
        broker.until(device.turn, "it")
        broker.reconnect()
        assert device.turn()


def test_a_post_given_up_is_not_sent_again():
    for acknowledged in (False, True):
        broker, device = online()
        with broker:
            points, _, _ = points_of(("temp", "25.1", 0))
            points.gather()
            device.publish_points(points)
            packet_id = broker.seen(points, POSTS[0])
            if acknowledged:
                broker.acknowledge(packet_id)
            broker.client.close()
            device.forget(points.id)
            broker.reconnect()
            device.turn()
            assert broker.silent()


def test_what_the_platform_asks_and_the_answer():
    broker, device = online()
    with broker:
        asked = (
            ("property/set", b'{"id":"1","version":"1.0","params":{"door_status":true}}'),
            ("property/get", b'{"id":"3","version":"1.0","params":["temp"]}'),
            ("service/reboot/invoke", b'{"id":"4","version":"1.0","params":{"n":1}}'),
            ("property/desired/get/reply", b'{"id":"5","code":200,"data":{"sw":{"value":true,"version":3}}}'),
        )
        for topic, body in asked:
            broker.says(THING + topic, body)
        broker.until(lambda: len(broker.calls["command"]) == 4, "all of them")
        assert broker.calls["command"] == [(topic.encode(), body) for topic, body in asked]
        assert type(broker.calls["command"][0][0]) is type(broker.calls["command"][0][1]) is bytes
        packet_id = device.reply(b"property/set", '{"id":"1","code":200,"msg":"success"}')
        assert broker.packet() == publish_of(
            DEVICE + "thing/property/set_reply", b'{"id":"1","code":200,"msg":"success"}', 1, packet_id
        )
        packet_id = device.post(b"property/desired/get", '{"id":"5","version":"1.0","params":["sw"]}')
        body = b'{"id":"5","version":"1.0","params":["sw"]}'
        assert broker.packet() == publish_of(DEVICE + "thing/property/desired/get", body, 1, packet_id)


def test_other_topics_are_counted_and_do_no_harm():
    broker, device = online()
    with broker:
        topics = (
            DEVICE + "thing/property/set_reply",
            DEVICE + "thing/sub/topo/change",
            DEVICE + "thing/pack/post_reply",
            DEVICE + "thing/",
            DEVICE,
            (DEVICE + "thing"),
            "$sys/aBcDeF1234/board2/thing/property/set",
            "$creq/1",
            "x",
        )
        for topic in topics:
            broker.send(publish_of(topic, b"{}"))
        broker.until(lambda: device.ignored == len(topics), "all of them")
        assert broker.calls["command"] == []
        device.on_command = None
        broker.send(publish_of(DEVICE + "thing/property/set", b"{}") + PINGRESP)
        broker.until(lambda: device.ignored > len(topics), "one that nobody wants")


def test_the_room_for_points_is_what_the_buffer_leaves():
    for tx_size in (256, 512, 4096):
        for name, age in (("x", 0), ("\1x", 0), ("x", 60)):
            broker, device = online(tx_size=tx_size)
            with broker:
                room = device.points_room(tx_size)
                points, outbox, clock = points_of(room=room)
                n = 1
                while points.fits(len(name), n + 1):
                    n += 1
                outbox.put(name.encode(), b"1" * n, clock.now() - age)
                assert points.gather() == 1 and len(points) <= room
                device.publish_points(points)
                assert len(broker.packet()) <= tx_size
