"""The dialect of any broker: payloads, topics, status, commands, and a batch that goes on after an outage."""

import json

import fakes  # noqa: F401  # the way to firmware
from mqtt import Client
from mqtt.client import ONLINE
from mqtt.errors import ConnectionClosed, ProtocolError, SubscribeError
from onenet import documents, messages
from onenet.mqtt import Broker as Dialect
from scripted import Broker
from support import ACCEPTED, ACCEPTED_SESSION, field, puback, publish_of, raises

from firmware.outbox import Outbox

T0 = 840000000  # 2026-08-14 05:20:00 UTC, in seconds since 2000


class Clock:
    """A clock that is set, or not."""

    def __init__(self, is_set=True):
        self.seconds = T0
        self.is_set = is_set

    def now(self):
        return self.seconds

    def true_time(self, seconds):
        return seconds if self.is_set else 0


def filled(records, size=4096):
    """An outbox with these records (stream id, JSON, age in seconds)."""
    outbox = Outbox(size)
    for stream_id, value, age in records:
        assert outbox.put(stream_id.encode(), value.encode(), T0 - age)
    return outbox


def by_stream(*records, clock=None, room=400, taken=()):
    return messages.Points(filled(records), clock or Clock(), room, b"b1/data/", b"/now", taken)


def by_document(*records, clock=None, room=400):
    return documents.Points(filled(records), clock or Clock(), room, b"b1/data")


def payloads(points, most=0):
    """(topic, what the payload says) of each message that is made of what is gathered."""
    points.gather(most)
    found = []
    while points.go_on():
        buf = bytearray(b"\xee" * (len(points) + 20))
        assert points.write(buf, 10) == 10 + len(points)
        assert buf[:10] == buf[-10:] == b"\xee" * 10
        again = bytearray(len(points) + 20)
        points.write(again, 10)
        assert again[10:-10] == buf[10:-10]  # the same packet can be sent again
        found.append((points.topic.decode(), json.loads(bytes(buf[10:-10]))))
    assert not points.go_on()
    return found


# A message for each point


def test_each_point_goes_to_its_streams_topic():
    points = by_stream(("temp", "22.5", 0), ("温度", '"高"', 0), ("temp", '{"lon":106}', 1))
    assert payloads(points) == [
        ("b1/data/temp/now", {"value": 22.5}),
        ("b1/data/温度/now", {"value": "高"}),
        ("b1/data/temp/now", {"value": {"lon": 106}}),
    ]


def test_a_point_that_has_waited_has_its_time():
    points = by_stream(("x", "1", 6), ("x", "2", 5), ("y", "3", 4000))
    assert [said for _, said in payloads(points)] == [
        {"value": 1, "time": "2026-08-14T05:19:54Z"},
        {"value": 2},
        {"value": 3, "time": "2026-08-14T04:13:20Z"},
    ]
    assert payloads(by_stream(("x", "1", 100), clock=Clock(False))) == [("b1/data/x/now", {"value": 1})]


def test_an_id_is_one_level_of_its_topic():
    topics = [topic for topic, _ in payloads(by_stream(("a/b", "1", 0), ("a+b#", "2", 0), ("a-b", "3", 0)))]
    assert topics == ["b1/data/a-b/now", "b1/data/a-b-/now", "b1/data/a-b/now"]


def test_a_topic_that_is_taken_gets_another_name():
    points = messages.Points(
        filled([("status", "1", 0), ("state", "2", 0)]), Clock(), 400, b"b1/", b"", (b"b1/status",)
    )
    assert [topic for topic, _ in payloads(points)] == ["b1/status-", "b1/state"]


def test_topics_are_made_once_and_the_oldest_forgotten():
    points = by_stream(*[("s%d" % (i % 20), "1", 0) for i in range(30)])
    assert [topic for topic, _ in payloads(points)] == ["b1/data/s%d/now" % (i % 20) for i in range(30)]
    assert len(points._topics) <= 16
    points = by_stream(("x", "1", 0), ("y", "1", 0), ("x", "2", 0))
    points.gather()
    seen = []
    while points.go_on():
        seen.append(points.topic)
    assert seen[0] is seen[2]


def test_not_more_than_asked_for_nor_than_32_are_taken():
    points = by_stream(*[("x", str(i), 0) for i in range(40)])
    assert points.gather() == 32
    assert points.gather(3) == 3
    assert [said["value"] for _, said in payloads(points, 3)] == [0, 1, 2]
    assert by_stream().gather() == 0


def test_what_fits_can_be_sent_and_what_does_not_cannot():
    for make in (by_stream, by_document):
        room = 100
        most = 0
        while make(room=room).fits(4, most + 1):
            most += 1
        value = '"%s"' % ("x" * (most - 2))
        points = make(("abcd", value, 100), room=room)
        ((topic, _),) = payloads(points)
        overhead = len(topic) - (4 if make is by_stream else 0)
        used = len(topic) + len(points)
        assert used <= room and used >= room - 1, (overhead, used)


# A document of several


def test_points_of_now_are_one_document():
    points = by_document(("temp", "22.5", 0), ("温度", '"高"', 3), ("on", "true", 5))
    assert payloads(points) == [("b1/data", {"temp": 22.5, "温度": "高", "on": True})]


def test_a_stream_comes_once_in_a_document():
    points = by_document(("a", "1", 0), ("ab", "2", 0), ("a", "3", 0), ("b", "4", 0), ("b", "5", 0))
    assert [said for _, said in payloads(points)] == [{"a": 1, "ab": 2}, {"a": 3, "b": 4}, {"b": 5}]


def test_what_has_waited_is_a_document_for_each_second():
    points = by_document(("a", "1", 60), ("b", "2", 60), ("a", "3", 50), ("b", "4", 49), ("a", "5", 0), ("b", "6", 0))
    assert [said for _, said in payloads(points)] == [
        {"time": "2026-08-14T05:19:00Z", "a": 1, "b": 2},
        {"time": "2026-08-14T05:19:10Z", "a": 3},
        {"time": "2026-08-14T05:19:11Z", "b": 4},
        {"a": 5, "b": 6},
    ]


def test_a_document_has_no_more_than_there_is_room_for():
    points = by_document(*[("s%d" % i, "12345", 0) for i in range(20)], room=100)
    found = payloads(points)
    assert sorted([int(name[1:]) for _, said in found for name in said]) == list(range(20))
    for _, said in found:
        assert len(json.dumps(said).replace(" ", "")) + len("b1/data") <= 100
    assert len(found) == 3


# Online


class Bench(Broker):
    """The dialect and a scripted broker; `sent` is what on_sent was told, `commands` and `others` likewise."""

    def __init__(self, qos=1, retain=False, filters=(), **options):
        def kind(client_id, host, port):
            will = (b"b1/status", b"offline", 1, True)
            client = Client("b1", host, port, keepalive=60, will=will, **options)
            self.dialect = Dialect(client, b"b1/status", b"b1/command", b"b1/reply", b"b1/set/+", qos, retain)
            self.dialect.filters.extend(filters)
            self.callbacks = client.on_connect, client.on_message, client.on_publish
            return client

        super().__init__(kind=kind)
        self.client.on_connect, self.client.on_message, self.client.on_publish = self.callbacks
        self.sent = []
        self.commands = []
        self.others = []
        self.dialect.on_sent = self.sent.append
        self.dialect.on_command = lambda *given: self.commands.append(given)
        self.dialect.on_other = lambda *given: self.others.append(given)

    def come_in(self):
        """Returns CONNECT, and what follows CONNACK: the status, and the subscriptions, which nobody has answered."""
        if self.client.state == 0:
            self.client.start()
        self.accept()
        connect = self.packet()
        self.send(ACCEPTED)
        return connect, self.packet(), self.packet()

    def go_online(self):
        """The same, and the subscriptions are granted."""
        connect, status, subscribe = self.come_in()
        self.send(b"\x90\4" + subscribe[2:4] + b"\1\1")
        self.settle()
        return connect, status, subscribe

    def message(self, acknowledge=True):
        """(topic, what the payload says, first byte) of the device's next message, and its packet identifier."""
        packet = self.packet()
        assert packet[0] & 0xF0 == 0x30 and packet[1] < 128, packet
        end = 4 + packet[3]
        topic = packet[4:end].decode()
        if packet[0] & 6:
            packet_id = packet[end] << 8 | packet[end + 1]
            end += 2
            if acknowledge:
                self.send(puback(packet_id))
        return topic, json.loads(packet[end:]), packet[0]


def test_the_status_is_said_at_once_and_the_will_takes_it_back():
    with Bench() as bench:
        connect, status, subscribe = bench.go_online()
        assert connect[9] == 0x02 | 0x04 | 1 << 3 | 0x20  # clean session; the will with QoS 1, retained
        assert field("b1/status") + field("offline") in connect
        assert status == publish_of("b1/status", b"online", retain=True)
        assert subscribe[4:] == field("b1/command/#") + b"\1" + field("b1/set/+") + b"\1"


def test_the_points_of_a_batch_go_one_after_the_other_and_are_reported_together():
    with Bench(retain=True) as bench:
        bench.go_online()
        points = by_stream(("a", "1", 0), ("b", "2", 0), ("a", "3", 0))
        assert points.gather() == 3
        assert bench.dialect.publish_points(points) == 1
        assert bench.message(acknowledge=False) == ("b1/data/a/now", {"value": 1}, 0x33)
        assert bench.silent() and bench.sent == []
        bench.send(puback(2))  # SUBSCRIBE had 1
        assert bench.message() == ("b1/data/b/now", {"value": 2}, 0x33)
        assert bench.sent == []
        assert bench.message()[1] == {"value": 3}
        bench.until(lambda: bench.sent == [1], "the end of the batch")
        assert bench.silent()


def test_with_qos_0_a_batch_is_sent_when_it_is_published():
    with Bench(qos=0) as bench:
        bench.go_online()
        points = by_stream(("a", "1", 0), ("b", "2", 0))
        points.gather()
        assert bench.dialect.publish_points(points) == 0
        assert bench.sent == [0]
        assert [bench.message() for _ in range(2)] == [
            ("b1/data/a/now", {"value": 1}, 0x30),
            ("b1/data/b/now", {"value": 2}, 0x30),
        ]


def test_with_qos_2_a_point_is_there_when_pubcomp_says_so():
    with Bench(qos=2, clean_session=False) as bench:
        bench.go_online()
        points = by_stream(("a", "1", 0), ("b", "2", 0))
        points.gather()
        bench.dialect.publish_points(points)
        for packet_id in (2, 3):
            assert bench.message(acknowledge=False)[2] == 0x34
            bench.send(b"\x50\2\0" + bytes([packet_id]))
            assert bench.packet() == b"\x62\2\0" + bytes([packet_id])
            assert bench.sent == []
            bench.send(b"\x70\2\0" + bytes([packet_id]))
        bench.until(lambda: bench.sent == [1], "the end of the batch")


def test_a_batch_goes_on_after_an_outage_where_it_was():
    with Bench() as bench:
        bench.go_online()
        points = by_stream(("a", "1", 0), ("b", "2", 0), ("c", "3", 0))
        points.gather()
        bench.dialect.publish_points(points)
        bench.message()
        assert bench.message(acknowledge=False)[1] == {"value": 2}
        bench.close()
        bench.fails((ConnectionClosed, OSError))
        bench.client.start()
        bench.accept()
        bench.packet()
        bench.send(ACCEPTED)
        assert bench.packet() == publish_of("b1/status", b"online", retain=True)
        assert bench.message()[1] == {"value": 2}
        assert bench.packet()[0] == 0x82
        assert bench.message()[1] == {"value": 3}
        bench.until(lambda: bench.sent == [1], "the end of the batch")


def test_a_batch_waits_for_a_slot_where_all_are_taken():
    with Bench() as bench:
        bench.go_online()
        points = by_stream(("a", "1", 0), ("b", "2", 0))
        points.gather()
        bench.dialect.publish_points(points)
        bench.message(acknowledge=False)
        for i in range(3):
            bench.dialect.reply(b"/%d" % i, b"{}")
        bench.client.on_publish = lambda packet_id: [bench.dialect.reply(b"/4", b"{}"), bench.callbacks[2](packet_id)]
        replies = [bench.message(acknowledge=False) for _ in range(3)]
        bench.send(puback(2))
        assert bench.message(acknowledge=False)[0] == "b1/reply/4"  # it has taken the slot
        bench.client.on_publish = bench.callbacks[2]
        assert bench.silent() and bench.sent == []
        bench.send(puback(3))
        assert bench.message() == ("b1/data/b/now", {"value": 2}, 0x32)
        assert [topic for topic, _, _ in replies] == ["b1/reply/%d" % i for i in range(3)]
        bench.until(lambda: bench.sent == [1], "the end of the batch")


def test_a_batch_that_is_given_up_is_not_sent_again():
    with Bench() as bench:
        bench.go_online()
        points = by_stream(("a", "1", 0), ("b", "2", 0))
        points.gather()
        bench.dialect.publish_points(points)
        bench.message(acknowledge=False)
        bench.close()
        bench.fails((ConnectionClosed, OSError))
        bench.dialect.forget(1)
        bench.go_online()
        assert bench.silent() and bench.sent == []


def test_commands_come_with_the_end_of_their_topic_and_are_answered_there():
    with Bench() as bench:
        bench.go_online()
        for end in ("", "/17", "/a/b"):
            bench.send(publish_of("b1/command" + end, b"led=on", 1, 9))
            assert bench.packet() == puback(9)
            assert bench.commands.pop() == (end.encode(), b"led=on")
            bench.dialect.reply(end.encode(), b'"ok"')
            assert bench.message() == ("b1/reply" + end, "ok", 0x32)


def test_what_is_retained_for_the_command_topic_was_obeyed_long_ago():
    with Bench() as bench:
        bench.go_online()
        bench.send(publish_of("b1/command", b"reset", retain=True))
        bench.send(publish_of("b1/set/light", b"ON", retain=True))  # which is a state that is wished for
        bench.until(lambda: bench.commands, "the set")
        assert bench.commands == [(b"/light", b"light=ON")]
        assert bench.dialect.ignored == 1


def test_messages_that_are_none_of_these():
    with Bench() as bench:
        bench.go_online()
        topics = ("b1/commands", "b1/set/", "b1/set", "b1/sets/x", "b1", "homeassistant/status")
        for topic in topics:
            bench.send(publish_of(topic, b"x"))
        bench.until(lambda: len(bench.others) == len(topics), "all of them")
        assert bench.others == [(topic.encode(), b"x") for topic in topics] and bench.commands == []
        bench.dialect.on_other = None
        bench.send(publish_of("b2", b"x"))
        bench.until(lambda: bench.dialect.ignored == 1, "it to be counted")


def test_a_program_that_listens_to_nothing_loses_nothing_else():
    for qos in (0, 1):
        with Bench(qos=qos) as bench:
            bench.dialect.on_sent = bench.dialect.on_command = bench.dialect.on_other = None
            bench.go_online()
            for topic in ("b1/command/1", "b1/set/light", "b2"):
                bench.send(publish_of(topic, b"x"))
            for _ in range(6):  # more than the session's window
                points = by_stream(("a", "1", 0))
                points.gather()
                bench.dialect.publish_points(points)
                assert bench.message()[0] == "b1/data/a/now"
                bench.settle()
            bench.dialect.reply(b"/1", b'"ok"')
            assert bench.message() == ("b1/reply/1", "ok", 0x32)


def test_where_nothing_is_under_way_giving_up_is_nothing():
    with Bench() as bench:
        bench.dialect.forget(1)
        bench.go_online()
        points = by_stream(("a", "1", 0))
        points.gather()
        bench.dialect.publish_points(points)
        bench.message()
        bench.until(lambda: bench.sent == [1], "the end of the batch")


def test_an_answer_to_what_was_not_asked_is_none():
    with Bench() as bench:
        *_, subscribe = bench.come_in()
        bench.send(b"\x90\3\0\x63\x80")  # a refusal of one filter, for another packet
        bench.settle()
        assert bench.client.state == ONLINE
        bench.send(b"\x90\4" + subscribe[2:4] + b"\1\x80")
        raises(SubscribeError, bench.until, lambda: False, match="b1/set/+")


def test_what_was_too_long_comes_as_its_size():
    with Bench() as bench:
        bench.dialect.oversize(b"b1/command/9", 700)
        bench.dialect.oversize(b"b1/set/light", 600)
        assert bench.commands == [(b"/9", 700), (b"/light", 600)]


def test_subscriptions_are_made_again_where_the_broker_has_no_session():
    with Bench(filters=[b"homeassistant/status"]) as bench:
        *_, subscribe = bench.come_in()
        assert subscribe.endswith(field("homeassistant/status") + b"\1")
        bench.send(b"\x90\5" + subscribe[2:4] + b"\1\1\1")
        bench.settle()
        bench.close()
        bench.fails((ConnectionClosed, OSError))
        assert bench.come_in()[2][4:] == subscribe[4:]


def test_a_session_that_the_broker_has_kept_is_subscribed_in_once():
    """By each program, for the session of an earlier one may have other topics."""
    with Bench(clean_session=False) as bench:
        for first in (True, False):
            bench.client.start()
            bench.accept()
            bench.packet()
            bench.send(ACCEPTED_SESSION)
            assert bench.packet() == publish_of("b1/status", b"online", retain=True)
            if first:
                subscribe = bench.packet()
                assert subscribe[0] == 0x82
                bench.send(b"\x90\4" + subscribe[2:4] + b"\1\1")
            assert bench.silent()
            bench.close()
            bench.fails((ConnectionClosed, OSError))


def test_a_subscription_refused_is_named():
    with Bench() as bench:
        *_, subscribe = bench.come_in()
        bench.send(b"\x90\4" + subscribe[2:4] + b"\1\x80")
        raises(SubscribeError, bench.until, lambda: False, match="refused: b1/set/+")
        assert bench.client.connected()


def test_return_codes_that_do_not_fit_the_filters_end_the_connection():  # [MQTT-3.8.4-5]
    with Bench() as bench:
        *_, subscribe = bench.come_in()
        bench.send(b"\x90\3" + subscribe[2:4] + b"\1")
        raises(ProtocolError, bench.until, lambda: False, match="1 return codes for 2 filters")


# Reasons
