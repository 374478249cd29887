"""A Device at a product with data streams; and at one of the other kind than its configuration says."""

import fakes  # noqa: F401  # the way to firmware
from current_device_bench import KEY, Streams, Studio, light
from device_bench import obeying
from mqtt.client import OFFLINE, ONLINE


def test_log_in_and_subscriptions():
    with Streams(online=False) as bench:
        packet = bench.go_online()
        assert b"\0\6board1\0\x0aaBcDeF1234" in packet
        assert b"res=products%2FaBcDeF1234%2Fdevices%2Fboard1&et=4102444800&method=sha256&sign=nikPkAUJ" in packet
        assert "mqtt: online as device board1" in bench.log
        assert not any(KEY in line or "nikPk" in line for line in bench.log.lines)


def test_points_go_when_the_platform_has_accepted_them():
    with Streams() as bench:
        for name, value in (("temp", 1), ("hum", 40), ("temp", 2)):
            bench.device.put(name, value)
        assert bench.upload() == {"temp": [1], "hum": [40]}
        assert bench.upload() == {"temp": [2]}
        assert not len(bench.device.outbox)
        bench.turns()
        assert bench.silent()


def test_nothing_is_posted_before_the_platform_grants_the_replies():
    with Streams(online=False) as bench:
        bench.device.put("temp", 1)
        bench.accept()
        bench.packet()
        bench.send(b"\x20\2\0\0")
        subscribe = bench.packet()
        bench.ticks.go_on(5000)
        bench.turns()
        assert bench.silent()
        bench.send(b"\x90\4" + subscribe[2:4] + b"\0\0")
        assert bench.upload() == {"temp": [1]}


def test_what_the_platform_rejects_is_found_among_the_others_and_named():
    with Streams() as bench:
        for name in ("a", "b", "b-ad", "c"):
            bench.device.put(name, 1)
        seen = []
        while len(bench.device.outbox):
            outbox = bench.device.outbox
            outbox.rewind()
            names = []
            for _ in range(bench.device._most or 4):
                if outbox.next():
                    names.append(bytes(outbox.buf[outbox.id_at : outbox.id_at + outbox.id_len]).decode())
            seen.append(sorted(bench.upload(accepted="b-ad" not in names)))
            assert seen[-1] == sorted(names)
        assert seen[0] == ["a", "b", "b-ad", "c"] and ["b-ad"] in seen
        assert "stream: b-ad: refused by the platform: Illegal Data (code 98)" in bench.log
        assert "1 to 30 of A-Z a-z 0-9 _ . $" in bench.log
        assert bench.device.outbox.dropped == 1


def test_a_command_is_obeyed():
    with Streams(obeying(lambda payload: b"obeyed " + payload)) as bench:
        assert bench.command(b"led=on") == b"obeyed led=on"
    with Streams() as bench:
        assert bench.command(b"led=on") == b"error: this device takes no commands"


def test_the_wrong_kind_of_product_is_said_and_tried_again_slowly():
    for kind, granted, words in (
        (Studio, b"\x80", 'this product takes data streams, for it refuses thing/#: write "platform": "dp"'),
        (Streams, b"\x80\x80", 'has a thing model, for it refuses cmd/request/+: write "platform": "studio"'),
        (Streams, b"\0\x80", 'has a thing model, for it refuses cmd/request/+: write "platform": "studio"'),
    ):
        with kind(light, online=False) as bench:
            bench.device.put("temp", 1)
            bench.go_online(granted=granted)
            bench.until(lambda: "next attempt in" in bench.log, "the words")
            assert words in bench.log and bench.client.state == OFFLINE
            assert bench.device._delay >= bench.device._backoff._most * 3 // 4  # as where a key is wrong
            assert len(bench.device.outbox) and not bench.device.outbox.dropped
            bench.receive()
            assert not bench.received  # at a topic of the other kind the platform would close


def test_a_connection_that_the_platform_closes_names_what_was_sent_last():
    for kind, below, first in ((Studio, "thing/property/post", "thing/#"), (Streams, "dp/post/json", "dp/post/json/+")):
        with kind() as bench:
            bench.device.put("temp", 1)
            bench.sent(below[6:] if kind is Studio else below)
            bench.turns()
            bench.close()
            bench.until(lambda: bench.client.state != ONLINE, "the end")
            assert "the last packet sent was PUBLISH to $sys/aBcDeF1234/board1/%s)" % below in bench.log
        with kind() as bench:  # right after CONNACK
            bench.close()
            bench.until(lambda: bench.client.state != ONLINE, "the end")
            assert "closed, as the platform does" in bench.log
            assert "the last packet sent was SUBSCRIBE of $sys/aBcDeF1234/board1/%s)" % first in bench.log
