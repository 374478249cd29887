"""A Device on OneNET's current platform, at a product with a thing model or with data streams."""

import json

import fakes
from device_bench import NAMES, Bench, device_at, write
from support import publish_of

from firmware import answers, declared, not_taken, requests, seldom, things, wished

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
BASE = "$sys/aBcDeF1234/board1/"


def device_of(**config):
    given = {
        "wifi": [{"ssid": "home", "password": "12345678"}],
        "platform": "studio",
        "device_name": "board1",
        "product_id": "aBcDeF1234",
        "device_key": KEY,
        "ntp_host": "",
    }
    given.update(config)
    return device_at(write(json.dumps(given)))


class Current(Bench):
    """A Device on the current platform, as Bench is one on the older."""

    PLATFORM = ""
    FILTERS = ()

    def __init__(self, before=None, **config):
        self.more = fakes.Log(answers, declared, not_taken, requests, seldom, wished)
        self.more.__enter__()
        super().__init__(before, platform=self.PLATFORM, **config)
        self.more.lines = self.log.lines
        self.more.kept = self.log.kept

    def __exit__(self, *args):
        super().__exit__(*args)
        self.same_ticks.__exit__()
        self.more.__exit__()

    def _make(self, client_id, host, port):
        self.same_ticks = fakes.Ticks(things, requests)
        self.same_ticks.ticks_ms = self.ticks.ticks_ms
        self.same_ticks.__enter__()
        config = dict(self.config)
        self.device = device_of(host=config.pop("host", host), port=port, **config)
        client = self.device._client
        self._callbacks = [(name, getattr(client, name)) for name in NAMES]
        return client

    def go_online(self, granted=None):
        """granted: the codes of SUBACK, all that was asked for if not given."""
        connect = super().go_online()
        packet = self.packet()
        assert packet[0] == 0x82 and all(name in packet for name in self.FILTERS), packet
        granted = bytes(len(self.FILTERS)) if granted is None else granted
        self.send(bytes([0x90, 2 + len(granted)]) + packet[2:4] + granted)
        if not any(granted):
            self.until(lambda: self.device._platform.turn(), "SUBACK")
            self.turns()
        return connect

    def reconnect(self, **options):
        self.close()
        self.until(lambda: self.client.state == 0, "the end")
        self.ticks.go_on(5000)
        return self.go_online(**options)

    def sent(self, topic):
        """What the device publishes next, which must be to this topic: it is acknowledged."""
        self.ticks.go_on(1000)
        packet = self.packet()
        at = 2 if packet[1] < 128 else 3
        name = packet[at + 2 : at + 2 + packet[at + 1]].decode()
        assert name == BASE + topic, name
        body = at + 2 + len(name)
        self.send(b"\x40\2" + packet[body : body + 2])
        return packet[body + 2 :]

    def says(self, topic, message):
        self.send(publish_of(BASE + topic, message if isinstance(message, bytes) else json.dumps(message).encode()))


class Studio(Current):
    """At a product with a thing model; topics lack what all have in common."""

    PLATFORM = "studio"
    FILTERS = (b"thing/#",)

    def sent(self, topic):
        return json.loads(super().sent("thing/" + topic))

    def says(self, topic, message):
        super().says("thing/" + topic, message)

    def asks(self, topic, params):
        """Asks the device for something; returns its answer."""
        self.says(topic, {"id": "77", "version": "1.0", "params": params})
        reply = self.sent(topic + "_reply")
        assert reply.pop("id") == "77"
        return reply

    def upload(self, code=200, words=None):
        """The next post of properties: {id: value}. The platform answers with this code."""
        message = self.sent("property/post")
        self.says("property/post/reply", {"id": message["id"], "code": code, "msg": words or "success"})
        self.until(lambda: not self.device._batch, "the reply")
        return {name: value["value"] for name, value in message["params"].items()}


class Streams(Current):
    """At a product with data streams."""

    PLATFORM = "dp"
    FILTERS = (b"dp/post/json/+", b"cmd/request/+")

    def upload(self, accepted=True):
        """The next post: {stream: [value, …]}. The platform takes it, or not."""
        message = json.loads(self.sent("dp/post/json"))
        if accepted:
            self.says("dp/post/json/accepted", {"id": message["id"]})
        else:
            reply = {"id": message["id"], "err_code": 98, "err_msg": "Illegal Data"}
            self.says("dp/post/json/rejected", reply)
        self.until(lambda: not self.device._batch, "the reply")
        return {name: [value["v"] for value in values] for name, values in message["dp"].items()}

    def command(self, payload, command_id="c1"):
        """Sends a command; returns the reply."""
        self.says("cmd/request/" + command_id, payload)
        return self.sent("cmd/response/" + command_id)


def light(device):
    """A property that can be set, a service and a stream; returns what was called."""
    called = []
    state = [False]

    @device.property("light", every=None)
    def get():
        return state[0]

    @get.setter
    def set_light(value):
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        called.append(value)
        state[0] = value

    @device.property("level", every=None)
    def level():
        return 5

    @device.service("blink")
    def blink(inputs):
        called.append(inputs)
        return {"blinked": inputs.get("times", 1)}

    @device.stream("temp", every=3600)
    def temp():
        return 21.5

    return called


def settled(bench, desired=None):
    """What is asked for and sent right after coming online is over."""
    assert bench.sent("property/desired/get")["params"] == ["light"]
    bench.says("property/desired/get/reply", {"id": "1", "code": 200, "msg": "success", "data": desired or {}})
    assert bench.upload() == {"temp": 21.5}
