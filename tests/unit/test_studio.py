"""OneNET's current dialect for products with a thing model: posts, their replies, and what the platform asks."""

import hashlib

import fakes  # noqa: F401  # the way to firmware
from current_bench import BASE as DEVICE
from current_bench import Platform, Ticks
from mqtt.errors import SubscribeError
from onenet.studio import Points, Studio
from points_bench import filled
from support import PINGRESP, publish_of, raises, unhex

THING = "thing/"
POSTS = "thing/property/post", "thing/event/post", "thing/history/post"  # by kind
REPLY = "thing/property/post/reply"


def points_of(*records, **options):
    return filled(Points, records, **options)


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
            '{"id":"%d","code":1e999}' % points_id,
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


def test_a_post_that_is_to_be_sent_again_waits_for_room():
    broker, device = online()
    with broker, Ticks() as ticks:
        points_id, packet_id = posted(broker, device)
        broker.acknowledge(packet_id)
        ids = [broker.client.publish("t", b"x", 1) for _ in range(4)]
        for _ in ids:
            broker.packet()
        for _ in range(3):
            ticks.now += 60000
            assert device.turn()
        assert broker.silent()
        broker.send(bytes([0x40, 2, ids[0] >> 8, ids[0] & 255]))
        broker.settle()
        assert device.turn() and broker.packet()[0] == 0x32
        broker.says(REPLY, {"id": str(points_id), "code": 200})
        broker.settle()
        assert broker.calls["sent"] == [], "not before PUBACK"


def test_a_program_that_listens_to_nothing_may_post_on():
    broker, device = online()
    with broker:
        device.on_sent = device.on_refused = None
        for code in (200, 2403, 200):
            points_id, packet_id = posted(broker, device)
            broker.acknowledge(packet_id)
            broker.says(REPLY, {"id": str(points_id), "code": code})
            broker.until(lambda: not device._points, "the reply")


def test_an_answer_to_what_was_not_asked_grants_nothing():
    broker, device = online(granted=None)
    with broker:
        broker.send(b"\x90\3\0\x63\0")
        broker.settle()
        assert not device.turn()
        broker.grant(b"\0")
        broker.until(device.turn, "what was granted")
