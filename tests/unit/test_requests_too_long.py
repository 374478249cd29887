"""Requests longer than rx_size: answered in words where what fits of them tells the id, else told in the log."""

import json

import fakes  # noqa: F401  # the way to firmware
from current_device_bench import Streams, Studio
from device_bench import Bench, obeying

LONG = "x" * 1000


def test_a_set_a_get_and_a_call_are_answered():
    with Studio() as bench:
        for topic in ("property/set", "property/get", "service/blink/invoke"):
            for head in (b'{"id":"1234567890123",', b'{ "version" : "1.0" , "id" : "1234567890123" ,'):
                message = head + b'"params":{"text":"%s"}}' % LONG.encode()
                bench.says(topic, message)
                reply = bench.sent(topic + "_reply")
                words = "%d bytes are longer than rx_size" % len(message)
                assert reply == {"id": "1234567890123", "code": 100, "msg": words}
        assert "is longer than rx_size" in bench.log and "lost" not in bench.log


def test_what_has_no_id_at_its_beginning_is_told_with_the_cure():
    for message in (
        json.dumps({"params": {"id": "1", "text": LONG}}),
        '{"params":["id","%s"]}' % LONG,
        '{"id":5,"params":"%s"}' % LONG,
        '{"id":"%s"}' % LONG,
        '"id":"1" %s' % LONG,
        LONG,
    ):
        with Studio() as bench:
            bench.says("property/set", message.encode())
            topic = "$sys/aBcDeF1234/board1/thing/property/set"
            size = len(message) + len(topic) + 4
            words = 'and is lost; give "rx_size": %d for such ones to %s' % (size, topic)
            bench.until(lambda: "rx_size" in bench.log, "the line")
            assert words in bench.log and bench.silent()


def test_a_message_as_long_as_the_log_says_comes_through():
    with Studio() as bench:
        bench.says("property/desired/get/reply", LONG.encode())
        bench.until(lambda: '"rx_size": ' in bench.log, "the line")
        (line,) = [line for line in bench.log.lines if "rx_size" in line]
    size = int(line.split('"rx_size": ')[1].split(" ")[0])
    with Studio(rx_size=size) as bench:
        bench.says("property/desired/get/reply", LONG.encode())
        bench.until(lambda: "is no JSON with an id" in bench.log, "it")


def test_other_messages_are_told_alone():
    with Studio() as bench:
        for topic in ("property/post/reply", "service", "sub/topo/change"):
            bench.says(topic, b'{"id":"1","text":"%s"}' % LONG.encode())
        bench.until(lambda: len([line for line in bench.log.lines if "and is lost" in line]) == 3, "the lines")
        assert bench.silent()


def test_a_command_is_answered_on_each_platform_that_has_commands():
    for kind in (Bench, Streams):
        with kind(obeying(lambda payload: "never")) as bench:
            assert bench.command(b"x" * 1000) == b"error: 1000 bytes are longer than rx_size"
            assert "lost" not in bench.log
