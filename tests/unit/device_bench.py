"""A Device on a bench: with a scripted broker at the other end of a real socket, and time that goes on when told to."""

import json
import os
import random

import fakes
from fakes import network
from mqtt.backoff import Backoff
from mqtt.client import OFFLINE, ONLINE
from scripted import Broker, sleep_ms
from support import ACCEPTED, publish_of, replaced

from firmware import connect, faults, refusal, seldom, silent, watchdog
from firmware import device as module
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
    return device_at(write_config(config))


def device_at(path):
    """The Device of a configuration file, which is removed."""
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
        self.log = fakes.Log(module, seldom, connect, faults, refusal, silent)
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


def counter(device, every=60, stream_id="n"):
    """A stream that counts its calls; returns the list of them."""
    calls = []

    @device.stream(stream_id, every=every)
    def count():
        calls.append(1)
        return len(calls)

    return calls


def obeying(obey):
    return lambda device: device.command(obey)


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


# run()


class Stop(BaseException):
    """Ends run()."""


class Keys:
    """A keyboard: sys.stdin, its buffer, select.poll and the poll object in one; typed: a byte for each turn, b"" where
    nobody is there, None where nothing is typed."""

    def __init__(self, typed=()):
        self.typed = list(typed)
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
        if self.registered and self.typed:
            if self.typed[0] is not None:
                return [(self, 1)]
            self.typed.pop(0)
        return []

    def read(self, n):
        return self.typed.pop(0)


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
    with fakes.Log(module, seldom, connect, silent) as log, fakes.Ticks(module) as ticks:
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
