"""OneNET's older dialect: batches of data points, commands and their replies."""

import json
import time

import fakes  # noqa: F401  # the way to firmware
from onenet.legacy import Legacy, Points
from points_bench import T0, Clock, filled, written_by
from scripted import Broker
from support import PINGRESP, publish_of, unhex

# Batches of data points

T1 = unhex(
    "01 00 3D 7B 22 64 61 74 61 73 74 72 65 61 6D 73 22 3A 5B 7B 22 69 64 22 3A 22 74 65 6D 70 22 2C 22 64 61"
    "74 61 70 6F 69 6E 74 73 22 3A 5B 7B 22 76 61 6C 75 65 22 3A 32 32 2E 35 7D 5D 7D 5D 7D"
)


def points_of(*records, room=502, size=4096, **options):
    return filled(Points, records, room=room, size=size, **options)


def written(points):
    """The payload as it is written now, checked, and the data points in it: [(stream id, value, `at` or None)]."""
    payload = written_by(points)
    assert payload[0] == 1
    assert payload[1] << 8 | payload[2] == len(payload) - 3
    parsed = json.loads(payload[3:])
    assert list(parsed) == ["datastreams"]
    found = []
    for stream in parsed["datastreams"]:
        assert sorted(stream) == ["datapoints", "id"] and len(stream["datapoints"]) == 1
        point = stream["datapoints"][0]
        found.append((stream["id"], point.pop("value"), point.pop("at", None)))
        assert not point
    return payload, found


def test_one_fresh_point_is_the_plain_payload():
    points, _, _ = points_of(("temp", "22.5", 0))
    assert points.gather() == 1
    assert written(points) == (T1, [("temp", 22.5, None)])


def test_values_of_every_kind():
    values = (1, -2, 0.5, "text", "温度 is 二十", True, False, {"lon": 106, "lat": 29}, 'a "quote"')
    records = [("s%d" % i, json.dumps(value), 0) for i, value in enumerate(values)]
    points, _, _ = points_of(*records, room=2000)
    assert points.gather() == len(values)
    assert written(points)[1] == [("s%d" % i, value, None) for i, value in enumerate(values)]


def test_chinese_ids():
    points, _, _ = points_of(("温度", "22.5", 0), ("湿度%", '"九十"', 100))
    assert points.gather() == 2
    assert [point[:2] for point in written(points)[1]] == [("温度", 22.5), ("湿度%", "九十")]


def test_an_empty_outbox_gives_nothing():
    points, _, _ = points_of()
    assert points.gather() == 0


def test_at_is_beijing_time():
    clock = Clock(jump=None)
    offset = 0 if time.gmtime(0)[0] == 2000 else 946684800
    points, outbox, _ = points_of(clock=clock)
    for year, month, day, hour, at in (
        (2026, 1, 31, 15, "2026-01-31 23:05:09"),
        (2026, 1, 31, 16, "2026-02-01 00:05:09"),
        (2027, 12, 31, 23, "2028-01-01 07:05:09"),
        (2028, 2, 28, 20, "2028-02-29 04:05:09"),
    ):
        seconds = int(days_since_2000(year, month, day)) * 86400 + hour * 3600 + 5 * 60 + 9
        assert tuple(time.gmtime(seconds + offset)[:6]) == (year, month, day, hour, 5, 9)
        outbox.put(b"x", b"1", seconds)
        clock.seconds = seconds + 60
        assert points.gather() == 1
        assert written(points)[1] == [("x", 1, at)]
        outbox.send(1)
        outbox.done()


def days_since_2000(year, month, day):
    days = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)[month - 1] + day - 1
    if month > 2 and year % 4 == 0:
        days += 1
    return days + (year - 2000) * 365 + (year - 2000 + 3) // 4


def test_fresh_points_leave_their_time_to_the_platform():
    for age, timed in ((0, False), (5, False), (6, True), (3600, True)):
        points, _, _ = points_of(("x", "1", age))
        points.gather()
        assert (written(points)[1][0][2] is not None) == timed, "%d s" % age


def test_where_nobody_knows_the_time_none_is_sent():
    points, _, _ = points_of(("x", "1", 100), ("y", "2", 0), clock=Clock(1000, None))
    assert points.gather() == 2
    assert written(points)[1] == [("x", 1, None), ("y", 2, None)]


def test_a_clock_set_later_corrects_what_was_measured_before():
    clock = Clock(1000, None)
    points, outbox, _ = points_of(("x", "1", 600), clock=clock)
    clock.jump = T0 - 1000
    assert points.gather() == 1
    ((_, _, at),) = written(points)[1]
    offset = 0 if time.gmtime(0)[0] == 2000 else 946684800
    assert at == "%04d-%02d-%02d %02d:%02d:%02d" % tuple(time.gmtime(T0 - 600 + 8 * 3600 + offset)[:6])


def test_an_old_point_of_known_time_keeps_it_behind_one_of_unknown_time():
    points, outbox, clock = points_of()
    outbox.put(b"unknown", b"1", 50)
    outbox.put(b"known", b"2", T0 - 3600)
    assert points.gather() >= 1
    found = written(points)[1]
    if len(found) == 1:  # in a batch of its own
        assert found == [("unknown", 1, None)]
        outbox.send(1)
        outbox.done()
        points.gather()
        found += written(points)[1]
    assert found[0] == ("unknown", 1, None)
    assert found[1][:2] == ("known", 2) and found[1][2]


def test_a_batch_takes_as_many_as_fit_and_no_more():
    for age in (0, 100):
        sizes = [len(payload_of(n, age)) for n in range(1, 21)]
        for room in range(sizes[0], 900, 7):
            points, _, _ = points_of(*[("temp", "22.5", age)] * 20, room=room)
            assert points.gather() == len([size for size in sizes if size <= room])
            assert len(written(points)[0]) == len(points) <= room


def payload_of(count, age):
    """The payload with so many data points of that age."""
    points, _, _ = points_of(*[("temp", "22.5", age)] * count, room=9999)
    assert points.gather() == count
    return written(points)[0]


def test_batches_follow_each_other_in_order():
    records = [("s%d" % i, str(i), 0) for i in range(50)]
    points, outbox, _ = points_of(*records)
    seen = []
    while points.gather():
        found = written(points)[1]
        seen += found
        outbox.send(len(found))
        outbox.done()
    assert seen == [("s%d" % i, i, None) for i in range(50)]
    assert len(outbox) == 0


def test_whatever_fits_says_can_be_sent_whatever_its_age():
    for age in (0, 100):
        for room in (128, 200, 502):
            n = 0
            points, outbox, clock = points_of(room=room)
            while points.fits(4, n + 1):
                n += 1
            assert n > 20
            outbox.put(b"temp", b"1" * n, clock.now() - age)
            assert points.gather() == 1
            assert len(written(points)[0]) <= room
    points, _, _ = points_of(room=128)
    assert not points.fits(4, 128) and not points.fits(128, 1)


def test_a_retransmission_is_the_same_bytes_though_records_came_and_went():
    clock = Clock(1000, None)
    points, outbox, _ = points_of(*[("s%d" % i, str(i), 10) for i in range(6)], clock=clock, room=250, size=256)
    count = points.gather()
    outbox.send(count)
    first, found = written(points)
    assert 0 < count < 6
    for i in range(100):
        outbox.put(b"new", str(i).encode(), clock.now())
        assert written(points)[0] == first
    assert outbox.dropped
    clock.jump = T0 - 1000  # somebody sets the clock
    assert written(points)[0] == first
    clock.seconds += 100000
    assert written(points)[0] == first
    assert found == [("s%d" % i, i, None) for i in range(count)]
    outbox.done()
    points.gather()
    assert written(points)[1][-1][0] == "new"


def test_a_retransmission_keeps_its_times():
    points, outbox, clock = points_of(*[("s%d" % i, str(i), 10 - i) for i in range(9)], room=400)
    outbox.send(points.gather())
    first, found = written(points)
    assert all(at for _, _, at in found)
    clock.seconds += 5000
    outbox.put(b"new", b"1", clock.now())
    assert written(points)[0] == first


# Commands


def legacy(**options):
    """(scripted broker, Legacy) online, the callbacks of its client as Legacy has set them."""
    made = []

    def client(client_id, host, port, **options):
        device = Legacy("27654321", "68790", "sn001", host, port, **options)
        made.append((device, device.client.on_message, device.client.on_publish))
        return device.client

    broker = Broker(kind=client, **options)
    device, broker.client.on_message, broker.client.on_publish = made[0]
    broker.connected_with = broker.connect()
    return broker, device


def test_connect_is_the_worked_example():
    broker, _ = legacy()
    with broker:
        assert broker.connected_with == unhex(
            "10 22 00 04 4D 51 54 54 04 C2 00 78 00 08 32 37 36 35 34 33 32 3100 05 36 38 37 39 30 00 05 73 6E 30 30 31"
        )


def test_a_command_and_its_reply():
    broker, device = legacy()
    with broker:
        came = []
        device.on_command = lambda command_id, payload: came.append((command_id, payload))
        uuid = "81572aae-fc34-5deb-8f06-ab45d73cb12b"
        broker.send(publish_of("$creq/" + uuid, b"led=on \xff\0"))
        broker.until(lambda: came, "the command")
        assert came == [(uuid.encode(), b"led=on \xff\0")]
        assert type(came[0][0]) is type(came[0][1]) is bytes
        packet_id = device.reply(came[0][0], "好")
        assert broker.packet() == publish_of("$crsp/" + uuid, "好".encode(), 1, packet_id)


def test_the_reply_may_be_bytes_and_empty():
    broker, device = legacy()
    with broker:
        for payload in (b"\0\xff", b"", bytearray(b"x")):
            packet_id = device.reply(b"1", payload)
            assert broker.packet() == publish_of("$crsp/1", bytes(payload), 1, packet_id)


def test_other_topics_are_not_commands():
    broker, device = legacy()
    with broker:
        came = []
        device.on_command = lambda *args: came.append(args)
        for topic in (
            "$creq/",
            "$creq",
            "creq/1",
            "$crsp/1",
            "$dp",
            "x",
            "/$creq/1",
            "$creqs/1",
            "$cmd/a/b",
            "xcreq/1",
        ):
            broker.send(publish_of(topic, b"x"))
        broker.send(publish_of("$creq/last", b"y"))
        broker.until(lambda: came, "the command")
        assert came == [(b"last", b"y")]


def test_a_command_nobody_asked_for_does_no_harm():
    broker, _ = legacy()
    with broker:
        broker.send(publish_of("$creq/1", b"x") + PINGRESP)
        broker.settle()
        assert broker.client.state


def test_points_go_out_with_qos_1_and_the_acknowledgement_is_told():
    broker, device = legacy()
    with broker:
        sent = []
        device.on_sent = sent.append
        points, outbox, _ = points_of(("temp", "22.5", 0), room=device.points_room(512))
        points.gather()
        packet_id = device.publish_points(points)
        assert broker.packet() == publish_of("$dp", T1, 1, packet_id)
        broker.settle()
        assert sent == []
        broker.send(b"\x40\2" + bytes([packet_id >> 8, packet_id & 255]))
        broker.until(lambda: sent, "on_sent")
        assert sent == [packet_id]


def test_a_program_that_listens_to_nothing_may_send_on():
    broker, device = legacy()
    with broker:
        device.on_sent = None
        for _ in range(6):  # more than the session's window
            points, _, _ = points_of(("temp", "22.5", 0), room=device.points_room(512))
            points.gather()
            packet_id = device.publish_points(points)
            assert broker.packet() == publish_of("$dp", T1, 1, packet_id)
            broker.send(b"\x40\2" + bytes([packet_id >> 8, packet_id & 255]))
            broker.settle()


def test_the_room_for_points_is_what_the_buffer_leaves():
    for tx_size in (128, 512, 4096):
        broker, device = legacy(tx_size=tx_size, keepalive=120)
        with broker:
            room = device.points_room(tx_size)
            points, outbox, clock = points_of(room=room, size=8192)
            n = 1
            while points.fits(1, n + 1):
                n += 1
            outbox.put(b"x", b"1" * n, clock.now() - 100)
            assert points.gather() == 1 and len(points) == room
            device.publish_points(points)
            assert len(broker.packet()) <= tx_size


def test_subscribing_to_commands_is_for_plain_brokers():
    broker, device = legacy()
    with broker:
        assert broker.silent()
        packet_id = device.subscribe_commands()
        assert broker.packet() == b"\x82\x0c" + bytes([packet_id >> 8, packet_id & 255]) + b"\0\7$creq/#\0"
