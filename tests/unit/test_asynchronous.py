"""Device.start(): the main loop beside other tasks of asyncio."""

import asyncio

from device_bench import Bench, Keys, device_of, write
from mqtt.client import ONLINE
from support import ACCEPTED, publish_of, raises, replaced

from firmware import asynchronous, connect, watchdog
from firmware.device import Device


async def until(condition, what="it"):
    for _ in range(3000):
        result = condition()
        if result:
            return result
        await asyncio.sleep_ms(5)
    raise AssertionError("waited in vain for " + what)


class Beside(Bench):
    """A Bench whose device is a task, beside `story`, which is given the bench."""

    def __init__(self, before, story, **config):
        super().__init__(before, online=False, **config)
        with self:
            with replaced(asynchronous, "poll", Keys()), replaced(asynchronous, "stdin", None):
                watchdog._state.clear()
                asyncio.run(self._play(story))

    async def _play(self, story):
        task = asyncio.create_task(self.device.start())
        await until(lambda: self.client._sock, "the connection")
        self.accept()
        await self.arrived(lambda: self.received[:1] == b"\x10", "CONNECT")
        self.received = b""
        self.send(ACCEPTED)
        await until(lambda: self.client.state == ONLINE, "CONNACK")
        await story(self)
        assert not task.done()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        assert self.client.state == 0

    async def arrived(self, condition, what):
        def look():
            self.ticks.go_on(20)
            self.receive()
            return condition()

        await until(look, what)

    async def replied(self, payload, reply, command_id="c1"):
        self.send(publish_of("$creq/" + command_id, payload))
        await self.arrived(lambda: b"$crsp/" + command_id.encode() in self.received, "the reply")
        await self.arrived(lambda: reply in self.received, "the reply %r in %r" % (reply, self.received))


def test_streams_and_commands_that_await():
    log = []

    def before(device):
        @device.stream("slow", every=0.1)
        async def slow():
            log.append("begun")
            await asyncio.sleep_ms(300)
            log.append("done")
            return 7

        @device.stream("quick", every=0.1)
        def quick():
            return 5

        @device.command
        async def obey(payload):
            await asyncio.sleep_ms(50)
            return payload.upper()

    async def story(it):
        await until(lambda: "done" in log)
        assert log[:2] == ["begun", "done"], "one measurement at a time"
        await it.arrived(lambda: b"$dp" in it.received, "an upload")
        assert b"slow" in bytes(it.device.outbox.buf) and b"quick" in bytes(it.device.outbox.buf)
        await it.replied(b"now", b"NOW")
        await it.replied(b"later", b"LATER", "c2")

    Beside(before, story, upload_interval=1)
    assert log.count("begun") >= 1


def test_commands_wait_for_each_other():
    order = []

    def before(device):
        @device.command("slow")
        async def slow(value):
            await asyncio.sleep_ms(100)
            order.append("slow")

        @device.command("quick")
        def quick(value):
            order.append("quick")
            return {"a": 1}

    async def story(it):
        it.send(publish_of("$creq/c1", b"slow") + publish_of("$creq/c2", b"quick"))
        await it.arrived(lambda: b"$crsp/c2" in it.received and b'{"a": 1}' in it.received, "both replies")
        assert order == ["slow", "quick"]

    Beside(before, story)


def test_a_reply_that_can_not_be_sent_ends_nothing():
    """To an id that has no room in tx_size."""

    def before(device):
        @device.command
        async def obey(payload):
            await asyncio.sleep_ms(1)
            return payload

    async def story(it):
        it.send(publish_of("$creq/" + "c" * 300, b"x"))
        await it.arrived(lambda: "command: not answered" in it.log, "the log")
        await it.replied(b"y", b"y")

    Beside(before, story, tx_size=256)


def test_what_fails_is_told_and_the_device_stays_online():
    calls = []

    def before(device):
        @device.stream("broken", every=0.1)
        async def broken():
            calls.append(1)
            await asyncio.sleep_ms(1)
            raise OSError(19)

        @device.command
        async def obey(payload):
            await asyncio.sleep_ms(1)
            if payload == b"none":
                return None
            if payload == b"odd":
                return object()
            raise ValueError("no such thing")

    async def story(it):
        await until(lambda: it.ticks.go_on(20) or len(calls) >= 3, "three calls")
        assert told[:2] == [("stream broken", 0), ("stream broken", 1)], told
        await it.replied(b"x", b"error: no such thing")
        await it.replied(b"none", b"ok", "c2")
        await it.replied(b"odd", b"error: the reply is no text", "c3")

    told = []
    with replaced(asynchronous, "keep", lambda subject, error, kept: told.append((subject, kept))):
        Beside(before, story)


def test_a_stream_without_a_value_is_told_once():
    def before(device):
        @device.stream("nothing", every=0.1)
        async def nothing():
            await asyncio.sleep_ms(1)

        @device.stream("something", every=0.1)
        async def something():
            return 1

    async def story(it):
        await until(lambda: it.ticks.go_on(20) or "nothing: nothing was ever sent" in it.log, "the advice")
        for _ in range(50):
            it.ticks.go_on(20)
            await asyncio.sleep_ms(1)
        assert len([line for line in it.log.lines if "nothing was ever sent" in line]) == 1

    Beside(before, story)


def test_it_ends_as_it_began():
    def before(device):
        device.measured = device.stream("n", every=60)(lambda: 1)
        device.command(lambda payload: "plain")

    async def story(it):
        await it.replied(b"x", b"plain")

    device = Beside(before, story).device
    assert device._streams[0][2] is device.measured
    assert device._reply_to(b"x") == "plain" and device._measure() > 0


def test_a_wrong_configuration_is_told_and_other_tasks_go_on():
    async def story():
        with replaced(connect, "log", lambda subject, text: told.append(text)):
            task = asyncio.create_task(device.start())
            await until(lambda: told)
            assert not task.done()
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass

    told = []
    device = Device(write("{}"))
    asyncio.run(story())


def test_run_refuses_what_is_async_in_words():
    async def coroutine(payload=None):
        return 1

    def before(device):
        device.stream("t", every=60)(coroutine)
        device.command(coroutine)
        device.property("p", every=None)(lambda: 1).setter(coroutine)
        device.service("s")(coroutine)

    with Bench(before) as it:
        it.device._measure()
        cure = "take async away, or await device.start() in place of run()"
        assert "stream: t: is a generator, as async def gives one: " + cure in it.log
        assert it.command(b"x").endswith(cure.encode())
        for command in (b"p=3", b"s"):
            assert b"only streams and commands may be; take async away" in it.command(command)


def test_a_board_that_sleeps_has_no_start():
    raises(RuntimeError, device_of(sleep=600).start, match='"sleep" in config.json')
