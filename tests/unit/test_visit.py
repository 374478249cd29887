"""Device.run_once(): what it waits for, what it tells, and that it ends in time."""

import json
import time

from current_device_bench import BASE, Studio, light
from device_bench import Bench, counter, device_at, device_of, write
from fakes import machine
from mqtt.client import OFFLINE
from support import ACCEPTED, publish_of, raises

from firmware import across_resets
from firmware import visit as module
from firmware.notes import Notes, load


class Platform:
    """The other end of a Bench, which answers each packet at once, with the real clock. `uploads` and `replies` are
    what came; commands: what it sends as soon as the device is online."""

    def __init__(self, it, commands=(), accepts=ACCEPTED, acknowledges=True, desired=None):
        self.it = it
        self.accepts = accepts
        self.acknowledges = acknowledges
        self.commands = list(commands)
        self.desired = desired or {}
        self.uploads = []
        self.replies = []
        self.connections = self.turns = 0
        self._turn = it.device._turn
        it.device._turn = self.turn
        if not it.device._things:  # which count in whole milliseconds
            it.device.config["upload_interval"] = 0.05

    def turn(self):
        self._turn()
        self.turns += 1
        it = self.it
        try:
            it.take(it.listener.accept())
            self.connections += 1
        except OSError:
            pass
        while it.sock:
            try:
                packet = it.complete()
            except OSError:
                return
            if not packet:
                return
            self.answer(packet, packet[0] & 0xF0)

    def answer(self, packet, kind):
        if kind == 0x10 and self.accepts:
            self.it.sock.send(self.accepts)
            for n in range(len(self.commands)):
                self.it.sock.send(publish_of("$creq/c%d" % n, self.commands[n]))
            self.commands = []
        elif kind == 0x80:
            self.it.sock.send(b"\x90\3" + packet[2:4] + b"\0")
        elif kind == 0x30:
            at = 2 if packet[1] < 128 else 3
            end = at + 2 + packet[at + 1]
            topic = packet[at + 2 : end].decode()
            if self.acknowledges:
                self.it.sock.send(b"\x40\2" + packet[end : end + 2])
                self.published(topic, packet[end + 2 :])

    def published(self, topic, payload):
        if topic == "$dp":
            self.uploads += [each["datapoints"][0]["value"] for each in json.loads(payload[3:])["datastreams"]]
        elif topic[:6] == "$crsp/":
            self.replies.append(payload)
        elif topic.startswith(BASE):
            self.of_studio(topic[len(BASE) + 6 :], json.loads(payload))

    def of_studio(self, what, message):
        data = {}
        if what == "property/post":
            self.uploads.append(message["params"])
        elif what == "property/desired/get":
            data = self.desired
        elif what == "property/desired/delete":
            self.replies.append(message["params"])
        else:
            return
        reply = {"id": message["id"], "code": 200, "msg": "success", "data": data}
        self.it.sock.send(publish_of(BASE + "thing/" + what + "/reply", json.dumps(reply).encode()))


class at_once:
    """A bench that is not online yet, with the real clock, and a platform at its other end."""

    def __init__(self, before=None, kind=Bench, cause=machine.PWRON_RESET, memory=b"", config=None, **platform):
        machine.cause = cause
        machine.rtc_memory = memory
        self._bench = kind(before, online=False, **(config or {}))
        self._bench.ticks.__exit__()
        if kind is Studio:
            self._bench.same_ticks.__exit__()
        self.platform = Platform(self._bench, **platform)

    def __enter__(self):
        return self._bench.device, self.platform

    def __exit__(self, *args):
        self._bench.__exit__(*args)
        machine.cause = machine.PWRON_RESET
        machine.rtc_memory = b""


def test_everything_due_is_delivered_and_the_connection_closed():
    with at_once(counter) as (device, platform):
        for n in range(30):
            device.put("more", n)
        told = device.run_once(20)
        assert told == {"online": True, "why": "", "delivered": 31, "waiting": 0, "commands": 0}
        assert sorted(platform.uploads) == sorted([1] + list(range(30))) and platform.connections == 1
        assert device._client.state == OFFLINE and device.config["upload_interval"] == 0.05
        told = device.run_once(20)  # nothing is due
        assert told["online"] and told["delivered"] == 0 and platform.connections == 2


def test_what_waits_for_the_board_is_obeyed():
    obeyed = []
    with at_once(lambda device: device.command(obeyed.append), commands=[b"on", b"off"]) as (device, platform):
        told = device.run_once(20)
        assert told["commands"] == 2 and obeyed == [b"on", b"off"] and platform.replies == [b"ok", b"ok"]


def test_desired_values_are_obeyed_before_it_leaves():
    called = []
    desired = {"light": {"value": True, "version": 3}}
    with at_once(lambda device: called.append(light(device)), Studio, desired=desired) as (device, platform):
        told = device.run_once(20)
        assert told["online"] and called == [[True]] and platform.replies == [{"light": {"version": 3}}]
        assert told["commands"] == 1 and told["delivered"] == 2 and told["waiting"] == 0
        assert any(upload.get("light") == {"value": True} for upload in platform.uploads)
        assert "post" not in device._platform.__dict__


def test_it_ends_in_time_whatever_does_not_come():
    for platform, online in (({"accepts": None}, False), ({"acknowledges": False}, True)):
        with at_once(counter, **platform) as (device, _):
            start = time.time()
            told = device.run_once(1)
            assert 0.9 < time.time() - start < 30
            assert told["online"] == online and told["delivered"] == 0 and told["waiting"] == 1
            assert bool(told["why"]) != online
            assert device._client.state == OFFLINE


def test_why_it_was_not_online():
    for timeout in (1, 20):  # a busy computer may not come so far in one
        with at_once(accepts=b"\x20\2\0\4") as (device, _):
            why = device.run_once(timeout)["why"]
        if "refused" in why:
            break
    assert "refused" in why
    with at_once() as (device, _):
        device.wifi.connected = lambda: False
        assert device.run_once(1) == {
            "online": False, "why": "no network", "delivered": 0, "waiting": 0, "commands": 0,
        }  # fmt: skip
    device = device_at(write("{}"))
    assert not device.run_once(1)["online"] and "problem" in device.run_once(1)["why"]


def test_what_is_wrong_with_timeout():
    device = device_of()
    for timeout in (0, -1, 0.9, 3601, "30", None):
        raises(ValueError, device.run_once, timeout, match="timeout: must be 1 to 3600 s")


def test_attempts_grow_apart_over_wakes():
    memory = b""
    tried = []
    for n in range(40):
        with at_once(cause=machine.DEEPSLEEP_RESET, memory=memory) as (device, platform):
            device.wifi.connected = lambda: False
            told = device.run_once(1)
            if platform.turns:
                tried.append(n)
            else:
                assert "not tried" in told["why"], told
            memory = machine.rtc_memory
    assert tried == [0, 1, 3, 7, 15, 31]
    machine.woken_by = 2  # a pin: somebody wants something
    try:
        with at_once(cause=machine.DEEPSLEEP_RESET, memory=memory) as (device, platform):
            assert device.run_once(20)["online"] and load().failed == load().skip == 0
    finally:
        machine.woken_by = 4
    for cause in (machine.PWRON_RESET, machine.HARD_RESET):
        with at_once(cause=cause, memory=memory) as (device, platform):
            assert device.run_once(20)["online"]


def test_what_was_measured_is_safe_before_it_returns():
    """Whatever resets the board then."""
    with at_once(counter, accepts=None) as (device, _):
        device.run_once(1)
        assert len(across_resets.read()) > len(Notes(b"").packed()) + 7
    with at_once(counter) as (device, _):
        device.run_once(20)
        assert len(across_resets.read()) == len(Notes(b"").packed()) + 7


def test_what_the_platform_calls_is_as_before_afterwards():
    with at_once() as (device, _):
        device.run_once(20)
        assert device._platform.on_sent.__name__ == "_sent"
        assert "reply" not in device._platform.__dict__


def test_whoever_is_at_the_keyboard_stays_in_touch():
    class Keys:
        def ipoll(self, ms):
            pressed.append(1)
            return [1] if len(pressed) == 1 else []

    pressed = []
    with at_once() as (device, platform):
        device._key_pressed = pressed.append
        start = time.time()
        assert module.run_once(device, 20, Keys(), 1)["online"]
        assert time.time() - start > 0.9 and len(pressed) > 3


def test_an_update_that_gets_on_has_it_stay():
    class Update:
        """One that is over, or stuck, after many turns."""

        _delay = 0

        def __init__(self, platform, stuck):
            self.platform = platform
            self.stuck = stuck
            self.turns = 0

        def __call__(self):
            self.platform.turn()
            self.turns += 1
            if self.turns == 300:
                if self.stuck:
                    self._delay = 8000
                else:
                    self.platform.it.device._turn = self.platform.turn

    for stuck in (False, True):
        with at_once() as (device, platform):
            device._turn = update = Update(platform, stuck)
            assert device.run_once(1)["online"] and update.turns >= 300


def test_ctrl_c_leaves_it_as_it_was():
    with at_once() as (device, platform):

        def interrupt():
            raise KeyboardInterrupt

        device._turn = interrupt
        raises(KeyboardInterrupt, device.run_once, 20)
        assert "reply" not in device._platform.__dict__ and device.config["upload_interval"] == 0.05
