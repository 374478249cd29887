"""Device.start(): the main loop beside other tasks of asyncio."""

import asyncio

import fakes
from current_device_bench import Studio
from device_bench import Bench, Keys, device_of, rarely, write
from fakes import machine
from mqtt.client import ONLINE
from support import ACCEPTED, publish_of, raises, replaced

from firmware import asynchronous, connect, seldom, watchdog
from firmware import device as module
from firmware.device import Device
from firmware.log import rare


async def until(condition, what="it"):
    for _ in range(3000):
        result = condition()
        if result:
            return result
        await asyncio.sleep_ms(5)
    raise AssertionError("waited in vain for " + what)


class Beside(Bench):
    """A Bench whose device is a task, beside `story`, which is given the bench; `keys` is its keyboard."""

    def __init__(self, before, story, **config):
        super().__init__(before, online=False, **config)
        with self:
            self.keys = Keys()
            with replaced(asynchronous, "poll", self.keys), replaced(module, "stdin", self.keys):
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


def test_with_a_thing_model_commands_are_answered_at_once_and_async_is_refused_in_words():
    def before(device):
        @device.command("slow")
        async def slow(inputs):
            return "never"

        @device.command("quick")
        def quick(inputs):
            return "done"

    async def asks(it, name):
        topic = "service/%s/invoke" % name
        it.says(topic, {"id": "77", "version": "1.0", "params": {}})
        await until(lambda: it.receive() or it.received, "the reply")
        return it.sent(topic + "_reply")

    async def story(it):
        task = asyncio.create_task(it.device.start())
        await until(lambda: it.client._sock, "the connection")
        it.go_online()
        assert await asks(it, "quick") == {"id": "77", "code": 200, "msg": "done", "data": {}}
        answer = await asks(it, "slow")
        assert answer["code"] != 200 and "async is for platforms without a thing model" in answer["msg"], answer
        assert (await asks(it, "quick"))["msg"] == "done", "the device has stayed online"
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass

    with Studio(before, online=False) as it, replaced(asynchronous, "poll", Keys()):
        watchdog._state.clear()
        asyncio.run(story(it))


def test_a_board_that_sleeps_has_no_start():
    raises(RuntimeError, device_of(sleep=600).start, match='"sleep" in config.json')


def test_enter_at_the_console_tells_how_things_are():
    async def story(it):
        it.keys.typed += [b"x", b"\r", b""]
        online = "mqtt: online as device 27654321"
        await until(lambda: len([line for line in it.log.lines if line.startswith(online)]) == 2, "what is told")
        assert "device: version ?, MicroPython " in it.log

    Beside(None, story)


def test_a_minute_without_a_crash_is_none():
    machine.rtc_memory = b"crashes \4"

    async def story(it):
        ticks.go_on(59000)
        await asyncio.sleep_ms(100)
        assert machine.rtc_memory == b"crashes \4"
        ticks.go_on(2000)
        await until(lambda: machine.rtc_memory == b"", "the count to be set back")

    try:
        with fakes.Ticks(asynchronous) as ticks:
            Beside(None, story)
    finally:
        machine.rtc_memory = b""


class Interrupted:
    """Ctrl-C in the next turn of a device."""

    def __init__(self, device):
        self._device, self._turn = device, device._turn
        device._turn = self

    def __call__(self):
        self._device._turn = self._turn
        raise KeyboardInterrupt


def _rare(name):
    return seldom if name == "seldom" else rare(name)


def test_noise_on_the_line_costs_the_connection_alone():
    async def story(it):
        it.device._turn = Interrupted(it.device)
        await until(lambda: it.client.state != ONLINE, "the end of the connection")
        it.accept()
        await it.arrived(lambda: it.received[:1] == b"\x10", "CONNECT")
        it.received = b""
        it.send(ACCEPTED)
        await until(lambda: it.client.state == ONLINE, "CONNACK")

    with replaced(seldom, "rare", rarely(False)), replaced(asynchronous, "rare", _rare):
        Beside(None, story)


def test_ctrl_c_of_somebody_ends_it_and_all_is_as_before():
    async def story(it):
        it.device._turn = Interrupted(it.device)
        while True:
            await asyncio.sleep_ms(5)

    devices = []
    with replaced(seldom, "rare", rarely(True)), replaced(asynchronous, "rare", _rare):
        raises(KeyboardInterrupt, Beside, devices.append, story, match="answered")
    asyncio.new_event_loop()
    assert devices[0]._client.state == 0 and devices[0]._measure() > 0


def test_what_is_under_way_at_the_end_is_cancelled():
    begun, ended = [], []

    def before(device):
        @device.command
        async def obey(payload):
            begun.append("command")
            try:
                await asyncio.sleep_ms(3600000)
            finally:
                ended.append("command")

        @device.stream("slow", every=0.1)
        async def slow():
            begun.append("stream")
            try:
                await asyncio.sleep_ms(3600000)
            finally:
                ended.append("stream")

    def late():
        return 1

    async def story(it):
        it.send(publish_of("$creq/c1", b"x"))
        await until(lambda: it.ticks.go_on(20) or len(begun) == 2, "both to be under way")
        it.device.stream("late", every=60)(late)

    device = Beside(before, story).device
    assert sorted(ended) == ["command", "stream"]
    assert device._streams[-1][2] is late


def test_a_wrong_configuration_is_told_again_for_who_connects_later():
    async def story():
        with replaced(connect, "log", lambda subject, text: told.append(text)):
            task = asyncio.create_task(Device(write("{}")).start())
            await until(lambda: len(told) == 2)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
        assert told[0] == told[1] and 400 < len(pauses) < 3000

    told, pauses = [], []
    sleep_ms = asyncio.sleep_ms

    def quickly(ms):
        pauses.append(ms)
        return sleep_ms(0)

    with replaced(asyncio, "sleep_ms", quickly):
        asyncio.run(story())
