"""Device: streams, commands, uploads and faults, with a scripted broker at the other end of a real socket."""

import json
import os
import random
import sys

import fakes
from fakes import machine, network, ntptime
from mqtt.backoff import Backoff
from mqtt.client import OFFLINE, ONLINE
from mqtt.errors import ConnectionClosed
from scripted import Broker, sleep_ms
from support import ACCEPTED, MICROPYTHON, publish_of, raises, replaced

from firmware import device as module
from firmware import refusal, seldom, watchdog
from firmware.device import Device
from firmware.log import rare

NAMES = ("on_connect", "on_disconnect", "on_publish", "on_message", "on_oversize", "on_subscribe", "on_unsubscribe")


def write_config(changes):
    """Writes a configuration file; returns its path."""
    config = {
        "wifi": [{"ssid": "home", "password": "12345678"}],
        "device_id": "27654321",
        "product_id": "68790",
        "auth_info": "sn001",
        "ntp_host": "",
    }
    config.update(changes)
    return write(json.dumps(config))


def write(text):
    path = (os.getenv("TMPDIR") or "/tmp") + "/config-%d.json" % random.getrandbits(30)
    with open(path, "w") as file:
        file.write(text)
    return path


class Crash:
    """Stands for firmware/crash.py, with what refusal writes down in `notes`."""

    notes = []

    def note(self, error, cause):
        self.notes.append("%s: %s" % (cause, error))


crash = Crash()
refusal.rare = lambda name: crash


def device_of(**config):
    path = write_config(config)
    try:
        return Device(path)
    finally:
        os.remove(path)


class Bench(Broker):
    """A Device on a board with Wi-Fi, and the broker it is led to. The device's ticks go on when it sleeps and when the
    test says so; its log is in `log`. before: called with the Device before anything runs."""

    def __init__(self, before=None, online=True, **config):
        self.air = network.new_air({"home": "12345678"})
        self.air.join("home", "12345678")
        self.ticks = fakes.Ticks(module, start=5000)
        self.log = fakes.Log(module, seldom, refusal)
        self.ticks.__enter__()
        self.log.__enter__()
        self.config = config
        try:
            super().__init__(kind=self._make)
            for name, callback in self._callbacks:
                setattr(self.client, name, callback)
            self.device._backoff = Backoff(100, 1000)
            self.step = self.device._turn
            self._loop = self.client.loop
            self.client.loop = lambda timeout_ms: self._loop(min(timeout_ms, 5))
            if before:
                before(self.device)
            if online:
                self.go_online()
        except BaseException:
            self.ticks.__exit__()
            self.log.__exit__()
            raise

    def _make(self, client_id, host, port):
        self.device = device_of(host=host, port=port, **self.config)
        client = self.device._client
        self._callbacks = [(name, getattr(client, name)) for name in NAMES]
        return client

    def __exit__(self, *args):
        super().__exit__(*args)
        self.ticks.__exit__()
        self.log.__exit__()

    def until(self, condition, what="it"):
        for _ in range(1000):
            result = condition()
            if result:
                return result
            self.device._turn()
            if self.client.state == OFFLINE:
                sleep_ms(1)
        raise AssertionError("waited in vain for %s; the log: %s" % (what, self.log.lines))

    def turns(self, count=3):
        for _ in range(count):
            self.device._turn()

    def go_online(self):
        """The device connects and is accepted; what it asks to subscribe to is granted. Returns its CONNECT."""
        self.accept()
        packet = self.packet()
        self.send(ACCEPTED)
        self.until(lambda: self.client.state == ONLINE, "CONNACK")
        return packet

    def upload(self, acknowledge=True):
        """The next data points that come: [(stream id, value)]. Time goes on as long as upload_interval wants it."""
        self.ticks.go_on(1000)
        packet = self.packet()
        assert packet[0] & 0xF6 == 0x32, "no PUBLISH but %r" % packet
        head = packet.index(b"\0\3$dp") + 5
        self.last_id = packet[head : head + 2]
        payload = packet[head + 2 :]
        assert payload[0] == 1 and payload[1] << 8 | payload[2] == len(payload) - 3
        if acknowledge:
            self.acknowledge()
        return [(s["id"], s["datapoints"][0]["value"]) for s in json.loads(payload[3:])["datastreams"]]

    def acknowledge(self):
        self.send(b"\x40\2" + self.last_id)
        sent = self.last_id[0] << 8 | self.last_id[1]
        self.until(lambda: self.device._batch != sent, "PUBACK to be taken in")

    def command(self, payload, command_id="c1"):
        """Sends a command; returns the reply, which is acknowledged."""
        self.send(publish_of("$creq/" + command_id, payload))
        return self.reply(command_id)

    def reply(self, command_id="c1"):
        packet = self.packet()
        topic = b"$crsp/" + command_id.encode()
        assert packet[0] == 0x32 and topic in packet, packet
        head = packet.index(topic) + len(topic)
        self.send(b"\x40\2" + packet[head : head + 2])
        return packet[head + 2 :]


# Streams


def counter(device, every=60, stream_id="n"):
    """A stream that counts its calls; returns the list of them."""
    calls = []

    @device.stream(stream_id, every=every)
    def count():
        calls.append(1)
        return len(calls)

    return calls


def test_a_stream_is_measured_at_once_and_then_at_its_interval():
    with Bench(online=False) as it:
        calls = counter(it.device, 30)
        it.device._measure()
        assert len(calls) == 1
        it.ticks.go_on(29999)
        it.device._measure()
        assert len(calls) == 1
        it.ticks.go_on(1)
        it.device._measure()
        it.device._measure()
        assert len(calls) == 2


def test_intervals_do_not_drift():
    with Bench(online=False) as it:
        calls = counter(it.device, 10)
        for _ in range(100 * 4):
            it.device._measure()
            it.ticks.go_on(2500 + random.getrandbits(3))
        assert 99 <= len(calls) <= 102


def test_a_long_pause_is_not_made_up_for():
    with Bench(online=False) as it:
        calls = counter(it.device, 10)
        it.device._measure()
        it.ticks.go_on(95000)
        it.device._measure()
        it.device._measure()
        assert len(calls) == 2
        it.ticks.go_on(9999)
        it.device._measure()
        assert len(calls) == 2
        it.ticks.go_on(1)
        it.device._measure()
        assert len(calls) == 3


def test_intervals_are_right_when_ticks_wrap():
    with Bench(online=False) as it:
        it.ticks.now = 0x3FFFFFFF - 15000
        calls = counter(it.device, 10)
        for _ in range(60):
            it.device._measure()
            it.ticks.go_on(1000)
        assert len(calls) == 6


def test_the_configuration_comes_before_the_program():
    with Bench(online=False, intervals={"a": 5, "b": 86400}) as it:
        a, b, c = [counter(it.device, 10, name) for name in "abc"]
        for _ in range(21):
            it.device._measure()
            it.ticks.go_on(1000)
        assert (len(a), len(b), len(c)) == (5, 1, 3)


def test_intervals_and_ids_that_cannot_be():
    device = device_of()
    for every in (0, 0.09, -1, 86401, float("nan"), float("inf")):
        raises(ValueError, device.stream, "a", every, match="every")
    for stream_id in ("", 'a"b', "a\\b", "a\nb", "x" * 65, "温" * 22):
        raises(ValueError, device.stream, stream_id, 60, match="stream id")
    for stream_id, every in (("x" * 64, 0.1), ("温" * 21, 86400), ("a b%/", 1)):
        device.stream(stream_id, every)


def test_the_decorators_give_the_function_back():
    device = device_of()

    def function(payload=None):
        return 7

    assert device.stream("a", 60)(function) is function
    assert device.command(function) is function


def test_the_last_of_two_streams_with_one_name_counts():
    with Bench(online=False) as it:
        first = counter(it.device, 10, "same")
        second = counter(it.device, 20, "same")
        it.device._measure()
        assert (len(first), len(second)) == (0, 1)


def test_a_stream_that_fails_does_not_stop_the_others():
    with Bench() as it:

        @it.device.stream("broken", every=1)
        def broken():
            raise OSError(5)

        calls = counter(it.device, 1, "good")
        assert it.upload() == [("good", 1)]
        it.ticks.go_on(1000)
        assert it.upload() == [("good", 2)]
        assert len(calls) >= 2 and "broken: failed" in it.log
        assert it.client.state == ONLINE


def test_none_is_no_data_point():
    with Bench() as it:
        it.device.stream("nothing", every=1)(lambda: None)
        it.device.stream("something", every=1)(lambda: 0)
        assert it.upload() == [("something", 0)]


def test_the_board_s_health():
    machine.cause = machine.WDT_RESET
    with Bench(health_interval=60) as it:
        found = dict(it.upload())
        assert found["reset_cause"] == "watchdog" and found["free_heap"] > 0 and found["free_idf_heap"] == 70000
        assert sorted(found) == ["free_heap", "free_idf_heap", "reset_cause"]
    machine.cause = machine.PWRON_RESET


# put()


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
            (generator(), "is a generator, as async def gives one that is not awaited; await it"),
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
    device = device_of(tx_size=4096, outbox_size=256)
    assert device.put("x", "v" * 300) is False
    assert len(device.outbox) == 0


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


# Uploads


def test_connect_names_the_device():
    with Bench(online=False) as it:
        packet = it.go_online()
        for name in (b"\0\x0827654321", b"\0\x0568790", b"\0\5sn001"):
            assert name in packet
        assert "online as device 27654321" in it.log
        assert "sn001" not in it.log


def test_one_upload_at_a_time_and_none_before_its_interval():
    with Bench(upload_interval=10) as it:
        it.ticks.go_on(10000)
        it.device.put("n", 1)
        assert it.upload(acknowledge=False) == [("n", 1)]
        it.device.put("n", 2)
        it.ticks.go_on(20000)
        assert it.silent()
        it.acknowledge()
        assert it.upload() == [("n", 2)]
        it.device.put("n", 3)
        it.ticks.go_on(8000)
        assert it.silent()
        it.ticks.go_on(2000)
        assert it.upload() == [("n", 3)]


def test_points_leave_the_outbox_when_they_are_acknowledged():
    with Bench() as it:
        it.device.put("n", 1)
        it.upload(acknowledge=False)
        assert len(it.device.outbox)
        it.close()
        it.go_online()
        assert len(it.device.outbox)
        assert it.upload() == [("n", 1)]
        assert not len(it.device.outbox)


def test_points_measured_offline_come_in_order():
    with Bench(online=False) as it:
        for i in range(60):
            it.device.put("n", i)
        it.go_online()
        found = []
        while len(it.device.outbox):
            found += it.upload()
        assert found == [("n", i) for i in range(60)]


def test_an_upload_after_a_week_without_any():
    """Ticks are 30 bits on a board; half of that is six days."""
    for days in (5, 7, 11, 13):
        with Bench() as it:
            it.device.put("n", 1)
            assert it.upload() == [("n", 1)]
            for _ in range(days):
                it.ticks.go_on(86400000)
                it.turns(1)
            it.device.put("n", 2)
            for _ in range(5):
                it.ticks.go_on(1000)
                it.turns(1)
            assert it.device._batch, "not sent after %d days" % days


# A batch that the platform dislikes


def serve(it, dislikes, most=400):
    """The platform: takes what comes and closes the connection at a data point it dislikes, until all is uploaded.
    Returns the values it has taken, and how often it has closed."""
    taken, closed = [], 0
    for _ in range(most):
        if not len(it.device.outbox):
            return taken, closed
        values = it.upload(acknowledge=False)
        if any(dislikes(value) for value in values):
            closed += 1
            it.close()
            it.until(lambda: it.client.state == OFFLINE, "the end")
            it.go_online()
        else:
            taken += values
            it.acknowledge()
    raise AssertionError("no end: %s" % it.log.lines)


def test_one_data_point_the_platform_dislikes_does_not_block_the_rest():
    for bad in ([0], [4], [9], [3, 4], [0, 9], list(range(10))):
        with Bench() as it:
            for i in range(10):
                it.device.put("n%d" % i, i)
            taken, closed = serve(it, lambda value, bad=bad: value[1] in bad)
            assert sorted(taken) == [("n%d" % i, i) for i in range(10) if i not in bad]
            assert it.device.outbox.dropped == len(bad) and closed <= 12 * len(bad)
            for i in bad:
                assert "n%d: dropped, for the connection is lost each time after it: %d" % (i, i) in it.log


def test_afterwards_batches_are_as_large_as_before():
    with Bench() as it:
        for i in range(10):
            it.device.put("n", i)
        serve(it, lambda value: value[1] == 5)
        for round in range(9):
            it.device.put("n", round)
            it.upload()
        for i in range(10):
            it.device.put("n", i)
        assert len(it.upload()) == 10


def test_the_culprit_is_looked_for_without_the_long_waits_of_a_server_that_is_down():
    """Each time fewer go, something new is tried. Not where one was dropped: the server may dislike them all."""
    waits = []
    with Bench() as it:
        fault = seldom.fault

        def noting(device, reason):
            fault(device, reason)
            waits.append(("fewer" in " ".join(it.log.lines[-2:]), device._delay))

        with replaced(seldom, "fault", noting):
            for i in range(10):
                it.device.put("n", i)
            serve(it, lambda value: value[1] == 3)
    halved = [wait for fewer, wait in waits if fewer]
    assert len(halved) >= 3 and max(halved) <= 250, waits


def test_a_connection_that_is_lost_for_other_reasons_costs_no_data_point():
    with Bench() as it:
        it.device.put("n", 1)
        for _ in range(5):  # Wi-Fi
            it.upload(acknowledge=False)
            it.air.lose()
            it.turns(3)
            it.air.settle()
            it.go_online()
        for _ in range(5):  # before the upload
            it.close()
            it.device._online_at = None
            it.until(lambda: it.client.state == OFFLINE, "the end")
            it.go_online()
        assert it.upload() == [("n", 1)] and it.device.outbox.dropped == 0


# Commands


def obeying(obey):
    return lambda device: device.command(obey)


def test_a_command_and_what_becomes_of_its_result():
    for result, expected in (
        ("done", b"done"),
        ("好", "好".encode()),
        (b"\0\xff", b"\0\xff"),
        (bytearray(b"x"), b"x"),
        (None, b"ok"),
        ("", b""),
        (b"", b""),
        (7, b"7"),
        (0, b"0"),
        (False, b"false"),
        ([1, 2], b"[1, 2]"),
        ((1, None), b"[1, null]"),
        ({"v": [1, 2.5, None, True]}, b'{"v": [1, 2.5, null, true]}'),
    ):
        payloads = []

        def obey(payload, result=result, payloads=payloads):
            payloads.append(payload)
            return result

        with Bench(obeying(obey)) as it:
            assert it.command(b"led=on \xff") == expected
            assert payloads == [b"led=on \xff"] and type(payloads[0]) is bytes


def test_an_exception_is_the_reply_and_the_device_stays_online():
    for error, expected in (
        (ValueError("no such thing"), b"error: no such thing"),
        (ValueError, b"error: ValueError"),
        (ZeroDivisionError(), b"error: ZeroDivisionError"),
    ):

        def obey(payload, error=error):
            raise error

        with Bench(obeying(obey)) as it:
            assert it.command(b"x") == expected
            assert it.client.state == ONLINE
            assert it.command(b"y", "c2") == expected


def test_a_result_that_is_not_json_does_no_harm():
    loop = []
    loop.append(loop)
    for result in (object(), {"a": object()}, loop):
        with Bench(obeying(lambda payload, result=result: result)) as it:
            reply = it.command(b"x")
            if not MICROPYTHON or result is loop:
                assert reply.startswith(b"error"), reply
            assert it.command(b"y", "c2") == reply
            assert it.client.state == ONLINE


def test_without_a_command_function_the_reply_says_so():
    with Bench() as it:
        assert it.command(b"x").startswith(b"error: ")


def test_several_commands_at_once_are_all_answered_in_turn():
    with Bench(obeying(lambda payload: payload)) as it:
        it.send(b"".join([publish_of("$creq/c%d" % i, b"p%d" % i) for i in range(4)]))
        for i in range(4):
            assert it.reply("c%d" % i) == b"p%d" % i


def test_too_many_commands_at_once_are_dropped_and_told():
    with Bench(obeying(lambda payload: payload)) as it:
        it.send(b"".join([publish_of("$creq/c%d" % i, b"x") for i in range(20)]))
        replies = 0
        for _ in range(30):
            replies += b"$crsp/" in answered(it)
        assert 4 <= replies <= 20
        assert replies == 20 or "dropped" in it.log
        assert it.command(b"later") == b"later"


def test_a_command_longer_than_the_buffer_is_told_and_the_next_one_obeyed():
    with Bench(obeying(lambda payload: payload), rx_size=256) as it:
        it.send(publish_of("$creq/c0", b"x" * 1000))
        assert it.reply("c0") == b"error: 1000 bytes are longer than rx_size"
        assert it.command(b"y") == b"y"
        assert "longer than rx_size" in it.log


def test_a_long_reply_goes_out_whole():
    with Bench(obeying(lambda payload: "r" * 5000), tx_size=128) as it:
        assert it.command(b"x") == b"r" * 5000


def test_a_command_id_too_long_to_answer_does_not_end_the_program():
    with Bench(obeying(lambda payload: "r"), tx_size=128, rx_size=1024) as it:
        for length in (100, 110, 118, 119, 120, 200, 500):
            it.send(publish_of("$creq/" + "i" * length, b"x"))
            it.turns(3)
            it.receive()
            for packet_id in range(1, 20):
                it.send(b"\x40\2\0" + bytes([packet_id]))
            it.turns(1)
        it.receive()
        it.received = b""
        assert it.command(b"y") == b"r"


def test_a_payload_that_is_not_text_is_an_error_not_a_crash():
    def obey(payload):
        return payload.decode()

    with Bench(obeying(obey)) as it:
        assert it.command(b"\xff\xfe").startswith(b"error: ")
        assert it.command("好".encode()) == "好".encode()


# Faults


def test_a_refusal_is_told_in_words_and_tried_again_slowly():
    with Bench(online=False) as it:
        for code in (4, 5, 2):
            it.accept()
            it.packet()
            it.send(b"\x20\2\0" + bytes([code]))
            it.until(lambda: it.client.state == OFFLINE, "the refusal")
            assert "device id, product id or auth-info refused (code %d)" % code in it.log
            assert 750 <= it.device._delay <= 1250
        it.go_online()


def test_server_unavailable_is_no_slower_than_any_other_fault():
    with Bench(online=False) as it:
        it.accept()
        it.packet()
        it.send(b"\x20\2\0\3")
        it.until(lambda: it.client.state == OFFLINE)
        assert it.device._delay < 200


def test_losing_wifi_closes_the_connection_and_finding_it_opens_one():
    with Bench() as it:
        it.device.put("n", 1)
        it.air.lose()
        it.turns(3)
        assert it.client.state == OFFLINE and "Wi-Fi lost" in it.log
        it.air.settle()
        it.go_online()
        assert it.upload() == [("n", 1)]


def test_wifi_is_told_what_comes_through_it():
    with Bench(online=False) as it:
        told = []
        it.device.wifi.doubt = told.append
        it.device.wifi.proven = lambda: told.append("proven")
        it.accept()
        it.packet()
        it.close()
        it.until(lambda: it.client.state == OFFLINE, "the end")
        assert len(told) == 1 and isinstance(told[0], ConnectionClosed)
        it.go_online()
        it.turns(1)
        assert told[1:] and set(told[1:]) == {"proven"}


def test_one_call_that_may_block_a_turn():
    """A lookup of half a minute by NTP, and another for the server, are two turns: the watchdog is fed between."""
    with Bench(ntp_host="ntp.example", online=False) as it:
        ntptime.asked.clear()
        it.turns(1)
        assert ntptime.asked == ["ntp.example"] and "connecting" not in it.log
        it.turns(1)
        assert len(ntptime.asked) == 1 and "connecting" in it.log


def test_uploads_go_on_at_once_after_days_offline():
    """Ticks are wrong about what is more than six days ago."""
    for days in (3, 6, 7, 13, 25):
        with Bench(upload_interval=4) as it:
            it.device.put("n", 1)
            assert it.upload() == [("n", 1)]
            it.air.lose()
            it.turns(2)
            for _ in range(days * 4):
                it.ticks.go_on(6 * 3600 * 1000)
                it.turns(1)
            it.device.put("n", 2)
            it.air.settle()
            it.go_online()
            it.turns(3)
            assert it.upload() == [("n", 2)], days


def test_a_stream_keeps_its_interval_whatever_the_ticks():
    for start in (0, 0x1FFFFF00, 0x3FFFFF00):
        with Bench(online=False) as it:
            it.air.lose()
            it.ticks.now = start
            calls = counter(it.device, 86400)
            for n in range(1, 20):
                it.turns(1)
                assert len(calls) == n
                for _ in range(4):
                    it.ticks.go_on(6 * 3600 * 1000)
                    it.turns(1)
                assert len(calls) == n + 1


def test_a_loop_that_did_not_come_round_for_a_week_goes_on_at_once():
    with Bench(upload_interval=4) as it:
        calls = counter(it.device, 10)
        it.turns(1)
        it.upload()
        it.air.lose()
        it.turns(1)
        it.ticks.go_on(7 * 86400 * 1000)
        it.turns(1)
        assert len(calls) == 2
        it.air.settle()
        it.go_online()
        it.turns(3)
        assert it.upload() == [("n", 2)]


def test_streams_are_measured_while_offline():
    with Bench(online=False) as it:
        it.air.lose()
        counter(it.device, 10)
        for _ in range(31):
            it.turns(1)
            it.ticks.go_on(1000)
        it.air.settle()
        it.go_online()
        assert it.upload()[:4] == [("n", 1), ("n", 2), ("n", 3), ("n", 4)]


def test_nonsense_from_the_server_is_a_reconnect():
    for nonsense in (b"\0\0", b"\xff" * 10, b"\x20\2\0\0", b"\x30\2\0\5", b"\x36\5\0\1a\0\1", b"\x32\4\0\1a\0"):
        with Bench() as it:
            it.send(nonsense)
            it.until(lambda: it.client.state == OFFLINE, "the end after %r" % nonsense)
            it.go_online()


def test_a_board_with_everything_unacknowledged_comes_back():
    """An upload and replies fill the window; the subscription must not stand in their way."""
    with Bench(obeying(lambda payload: payload), online=False, subscribe_commands=True) as it:
        for i in range(3):
            it.go_online()
            it.device.put("n", i)
            it.send(b"".join([publish_of("$creq/c%d" % j, b"x") for j in range(4)]))
            it.ticks.go_on(2000)
            it.turns(8)
            it.close()
            it.until(lambda: it.client.state == OFFLINE, "the end")
        it.go_online()
        it.turns(3)
        assert it.client.state == ONLINE, it.log.lines
        replies = b""
        for _ in range(20):
            packet = answered(it)
            replies += packet
            if b"c3" in replies and b"$dp" in replies and b"$creq/#" in replies:
                return
        raise AssertionError("not everything came: %r" % replies)


def answered(it):
    """The device's next packet, which is acknowledged; nothing if none comes."""
    it.turns(1)
    it.receive()
    if not it.received:
        return b""
    packet = it.packet()
    if packet[0] & 0xF0 == 0x30:
        at = 2 + 2 + (packet[2] << 8 | packet[3]) if packet[1] < 128 else 3 + 2 + (packet[3] << 8 | packet[4])
        it.send(b"\x40\2" + packet[at : at + 2])
    elif packet[0] == 0x82:
        it.send(b"\x90\3" + packet[2:4] + b"\0")
    return packet


def test_commands_are_subscribed_to_once_on_each_connection():
    with Bench(subscribe_commands=True) as it:
        for _ in range(3):
            it.turns(3)
            found = []
            for _ in range(6):
                packet = answered(it)
                if packet:
                    found.append(packet)
            assert len(found) == 1 and found[0][0] == 0x82 and b"\0\7$creq/#\0" in found[0], found
            it.close()
            it.go_online()


def test_a_refused_subscription_is_told_and_the_device_stays_online():
    """The platform refuses $creq/#, and delivers commands without it."""
    with Bench(obeying(lambda payload: payload), subscribe_commands=True) as it:
        packet = it.packet()
        assert packet[0] == 0x82
        it.send(b"\x90\3" + packet[2:4] + b"\x80")
        it.turns(3)
        assert it.client.state == ONLINE and "$creq/#" in it.log
        assert it.command(b"x") == b"x"


def test_without_being_told_to_nothing_is_subscribed_to():
    with Bench() as it:
        assert it.silent()


def test_the_clock_is_set_when_the_network_is_there():
    ntptime.up = True
    ntptime.set_clock = lambda: None
    ntptime.asked.clear()
    with Bench(ntp_host="ntp.example"):
        assert ntptime.asked == ["ntp.example"]


# The board


def test_the_led_is_off_at_first_and_knows_its_polarity():
    for active_low in (False, True):
        device = device_of(led_pin=5, led_active_low=active_low)
        assert machine.levels[5] == int(active_low) and not device.led.value()
        device.led.on()
        assert machine.levels[5] == int(not active_low)
    assert device_of().led is None


class Stop(BaseException):
    """Ends run()."""


class Keys:
    """A keyboard: sys.stdin, its buffer, select.poll and the poll object in one; typed: a byte for each turn, b"" where
    nobody is there, None where nothing is typed."""

    def __init__(self, typed=()):
        self._typed = list(typed)
        self.registered = []
        self.buffer = self

    def __call__(self):
        return self

    def register(self, stream, events):
        self.registered.append(stream)

    def unregister(self, stream):
        self.registered.remove(stream)

    def ipoll(self, ms):
        assert ms == 0, "the main loop does not wait for keys"
        if self.registered and self._typed:
            if self._typed[0] is not None:
                return [(self, 1)]
            self._typed.pop(0)
        return []

    def read(self, n):
        return self._typed.pop(0)


def run(device, turns=3, ms=0, end=Stop, keys=(), somebody=True):
    """run(), until it returns or that many turns are done, each of which takes ms; returns the log. somebody: is there
    at Ctrl-C."""
    done = []
    keyboard = keys if isinstance(keys, Keys) else Keys(keys)

    def turn():
        done.append(1)
        ticks.go_on(ms)
        if len(done) == turns:
            raise end

    device._turn = turn
    watchdog._state.clear()
    with fakes.Log(module, seldom) as log, fakes.Ticks(module) as ticks:
        with replaced(module, "poll", keyboard), replaced(module, "stdin", keyboard):
            with replaced(seldom, "rare", rarely(somebody)):
                try:
                    device.run()
                except Stop:
                    pass
    return log, len(done)


def rarely(somebody):
    """firmware.log.rare(), with a keyboard where somebody is there at Ctrl-C, or nobody."""

    class Keyboard:
        def somebody(self, feed):
            feed()
            return there

    there = somebody
    keyboard = Keyboard()
    return lambda name: keyboard if name == "keyboard" else rare(name)


def test_the_watchdog_is_fed_once_a_turn():
    run(device_of(watchdog=30), 5)
    assert machine.WDT.made.timeout == 30000 and machine.WDT.made.fed == 5


def test_no_watchdog_where_none_is_wanted():
    machine.WDT.made = None
    assert run(device_of(watchdog=0))[1] == 3
    assert machine.WDT.made is None


def test_crashes_are_forgotten_after_a_minute_or_at_ctrl_c():
    for turns, ms, end, forgotten in ((3, 15000, Stop, False), (3, 31000, Stop, True), (1, 0, KeyboardInterrupt, True)):
        machine.rtc_memory = b"crashes \4"
        run(device_of(), turns, ms, end)
        assert machine.rtc_memory == (b"" if forgotten else b"crashes \4"), (turns, ms)


def test_enter_is_answered_with_how_things_are():
    for key, answered in ((b"\r", True), (b"\n", True), (b"x", False), (b"\xe4", False), (b"\0", False), (None, False)):
        log, _ = run(device_of(), 3, keys=[None, key])
        assert len(log.lines) == 2 * answered, key
        if answered:
            assert log.lines[0] == "mqtt: not online yet"
            assert log.lines[1].startswith("device: version ?, MicroPython ")
            assert log.lines[1].endswith(", 24:0a:c4:00:00:01")
            assert not MICROPYTHON or "firmware.about" not in sys.modules
    with Bench() as it:
        it.log.lines.clear()
        it.device._tell()
        assert it.log.lines[0].startswith("mqtt: online as device 27654321, ")
        it.close()
        it.until(lambda: it.client.state == OFFLINE)
        it.log.lines.clear()
        it.device._tell()
        assert "next attempt in" in it.log.lines[0]


def test_where_nobody_can_type_nothing_is_asked_again():
    keys = Keys([b"", b"\r", b"\r"])
    log, turns = run(device_of(), 5, keys=keys)
    assert turns == 5 and not log.lines and not keys.registered


def test_what_a_program_keeps_in_rtc_memory_stays():
    machine.rtc_memory = b"my counter"
    run(device_of(), 3, 31000)
    assert machine.rtc_memory == b"my counter"
    machine.rtc_memory = b""


def test_ctrl_c_closes_the_connection_and_returns():
    with Bench() as it:

        def interrupt():
            raise KeyboardInterrupt

        it.device._turn = interrupt
        with replaced(module, "poll", Keys()), replaced(module, "stdin", None):
            with replaced(seldom, "rare", rarely(True)):
                it.device.run()
        assert it.client.state == OFFLINE and "stopped" in it.log


def test_ctrl_c_with_nobody_there_is_noise():
    """The program goes on: with a new connection, for who knows what was going on, and without losing a data point."""
    with Bench() as it:
        it.device.put("n", 1)
        turn = it.device._turn
        ends = [KeyboardInterrupt, KeyboardInterrupt, Stop]

        def interrupt():
            raise ends.pop(0)

        it.device._turn = interrupt
        with replaced(module, "poll", Keys()), replaced(module, "stdin", None):
            with replaced(seldom, "rare", rarely(False)):
                raises(Stop, it.device.run)
        assert not ends and it.client.state == OFFLINE and "stopped" not in it.log
        it.device._turn = turn
        it.go_online()
        assert it.upload() == [("n", 1)]


def test_ctrl_c_in_the_middle_of_put_starts_the_program_anew():
    with Bench() as it:

        def interrupt():
            it.device.outbox.locked = True
            raise KeyboardInterrupt

        it.device._turn = interrupt
        with replaced(module, "poll", Keys()), replaced(module, "stdin", None):
            with replaced(seldom, "rare", rarely(False)):
                raises(RuntimeError, it.device.run, match="interrupted")


# A wrong configuration


def broken(text):
    """A Device whose configuration is this text; (the device, its path)."""
    path = write(text)
    try:
        return Device(path), path
    finally:
        os.remove(path)


def messages(device, rounds=2):
    """What run() says of a wrong configuration until Ctrl-C."""
    watchdog._state.clear()
    with fakes.Log(module, seldom) as log, fakes.Ticks(module, seldom) as ticks:
        seldom.sleep_ms = sleeper(ticks, rounds * 10000)
        with replaced(module, "poll", Keys()), replaced(module, "stdin", None):
            with replaced(seldom, "rare", rarely(True)):
                device.run()
    return log


def sleeper(ticks, most):
    start = ticks.now

    def sleep(ms):
        ticks.go_on(ms)
        if ticks.now - start >= most:
            raise KeyboardInterrupt

    return sleep


def test_a_wrong_configuration_is_said_again_and_again():
    device, path = broken('{"port": 0, "wifi": []}')
    assert device.config is None
    log = messages(device, 3)
    said = [line for line in log.lines if path in line]
    assert len(said) == 3
    for key in ("port", "wifi", "device_id", "product_id", "auth_info"):
        assert key in said[0]


def test_a_program_with_a_wrong_configuration_gets_as_far_as_run():
    device, path = broken("{")
    assert device.led is None and device.wifi is None
    counter(device)
    device.command(lambda payload: None)
    assert device.put("boot", 1) is False
    assert path in messages(device)


def test_whatever_the_configuration_allows_can_be_built():
    """The longest credentials in the smallest buffer: a device, or words about it, but no traceback."""
    for changes in (
        {"auth_info": "x" * 512},
        {"auth_info": "x" * 512, "tx_size": 128, "rx_size": 128, "outbox_size": 256},
        {"auth_info": "x" * 100, "device_id": "1" * 32, "product_id": "1" * 32, "tx_size": 128},
        {"auth_info": "x" * 512, "tx_size": 16384},
    ):
        device = device_of(**changes)
        if device.config is None:
            assert "tx_size" in messages(device) and "xxx" not in messages(device)
