"""What a platform, or whoever is in its place, may send to a Device: topics and payloads of any kind, at any time. The
main loop goes on, no secret is logged, each request gets the one reply that belongs to it, and in the end the device is
online, and obeys an honest command."""

import json

import fakes  # noqa: F401  # the way to firmware
from device_bench import device_at, write
from fakes import network
from memory_net import Net
from mqtt.client import ONLINE
from mqtt.server import ServerParser
from quick import Quick
from support import ACCEPTED, PINGRESP, ack_of, packet_of, publish_of
from taken import Taken

_SECRET = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
_HONEST = "4711"  # the id of an honest command
_STEPS = 12


def check_creq(data):
    """The older platform's commands."""
    config = {"device_id": "27654321", "product_id": "68790", "auth_info": _SECRET}
    _Run(config, _creq, "$creq/%s" % _HONEST, b"echo", "$crsp/%s" % _HONEST).go(Taken(data))


def check_studio(data):
    """What a thing model's product is asked for, and what it replies to posts."""
    config = {"platform": "studio", "device_name": "d", "product_id": "p1", "device_key": _SECRET}
    topic = "$sys/p1/d/thing/service/echo/invoke"
    payload = b'{"id":"%s","version":"1.0","params":{}}' % _HONEST.encode()
    _Run(config, _studio, topic, payload, topic + "_reply").go(Taken(data))


def check_dp(data):
    """The same of a product with data streams."""
    config = {"platform": "dp", "device_name": "d", "product_id": "p1", "device_key": _SECRET}
    topic = "$sys/p1/d/cmd/re%s/" + _HONEST
    _Run(config, _dp, topic % "quest", b"echo", topic % "sponse").go(Taken(data))


def check_broker(data):
    """Commands and settings by way of any broker."""
    config = {"platform": "mqtt", "host": "broker", "device_name": "d", "username": "u", "password": _SECRET}
    config["discovery_prefix"] = "ha"
    _Run(config, _broker, "d/command/" + _HONEST, b"echo", "d/reply/" + _HONEST).go(Taken(data))


# Topics: beginnings, of which the rest is the fuzzer's


def _creq(taken):
    return taken.one_of(("$creq/", "$creq/1", "$creq", "$cr", "$crsp/", "", "$creq/x/"))


def _studio(taken):
    ends = (
        "property/set property/get service/echo/invoke service/add/invoke property/desired/get/reply "
        "property/post/reply event/post/reply history/post/reply property/desired/delete/reply property/ service/ "
        "property/desired sub/"
    ).split(" ")
    return taken.one_of(("$sys/p1/d/thing/", "$sys/p1/d/thing/", "$sys/p1/d/thing/", "$sys/p1/")) + taken.one_of(ends)


def _dp(taken):
    return "$sys/p1/d/" + taken.one_of(
        ("cmd/request/", "cmd/request/7", "dp/post/json/accepted", "dp/post/json/rejected", "dp/post/json/", "")
    )


def _broker(taken):
    return taken.one_of(("d/command", "d/command/", "d/set/led", "d/set/", "d/set/level", "ha/status", "d/", ""))


def _program(device):
    """What a user writes, of each kind one; what fails does so by exceptions of several kinds."""

    @device.stream("t", every=1)
    def t():
        return 21.5

    @device.property("led", every=None)
    def led():
        return state[0]

    @led.setter
    def set_led(value):
        state[0] = value["x"] if isinstance(value, dict) else value

    @device.property("level", every=None)
    def level():
        return None

    @level.setter
    def set_level(value):
        int(value)

    @device.property("fixed")
    def fixed():
        return "fixed"

    @device.service("echo")
    def echo(inputs):
        return inputs

    @device.service("add")
    def add(inputs):
        return {"sum": inputs["a"] + inputs["b"]}

    @device.command
    def obey(payload):
        if payload == b"echo" or not payload:
            return payload
        kind = payload[0] % 6
        if kind == 0:
            return payload.decode()
        if kind == 1:
            return {"got": len(payload)}
        if kind == 2:
            return json.loads(payload)
        if kind == 3:
            raise RuntimeError(payload)
        return None if kind == 4 else object()

    state = [False]


class _Run:
    def __init__(self, config, topic, command_topic, command, reply_topic):
        self.config = {"wifi": [{"ssid": "home", "password": "12345678"}], "ntp_host": "", "rx_size": 200}
        self.config.update(config)
        self.topic = topic
        self.command = publish_of(command_topic, command)
        self.reply_topic = reply_topic.encode()
        self.parser = ServerParser(2048)
        self.read = self.opened = 0
        self.asked = []  # ids of requests in JSON
        self.sent = 0  # messages to the device
        self.replies = []  # (topic, payload) of all but data points
        self.honest = True  # the server acknowledges

    def go(self, taken):
        with Net() as net, Quick() as quick:
            self.net, self.quick = net, quick
            self.air = network.new_air({"home": "12345678"})
            self.air.join("home", "12345678")
            self.device = device = device_at(write(json.dumps(self.config)))
            _program(device)
            self.turns(3)
            for _ in range(_STEPS):
                if not len(taken):
                    break
                self.step(taken)
            self.end()
            assert not any(_SECRET in line for line in quick.lines)

    def step(self, taken):
        what = taken.below(8)
        if what < 5:
            topic = self.topic(taken).encode() + taken.some(taken.below(12))
            payload = taken.until(0xFF) if what < 4 else taken.rest()
            self.note(payload)
            self.sent += 1
            self.net.coming += publish_of(topic, payload, taken.below(3), 1 + taken.below(9))
        elif what == 5:
            self.quick.ticks.go_on((500, 1000, 11000, 40000)[taken.below(4)])
        elif what == 6:
            self.honest = not self.honest
        else:
            self.net.ended = True
        self.turns(taken.below(4))

    def note(self, payload):
        """Notes the id that a request asks to be answered with."""
        try:
            message = json.loads(payload)
            self.asked.append(message["id"])
        except (ValueError, TypeError, KeyError, RuntimeError):
            pass

    def turns(self, n):
        for _ in range(n):
            self.device._turn()
            self.net.now = self.quick.ticks.now
            self.serve()

    def serve(self):
        """The other side: reads what came, which must be MQTT, and answers."""
        gone = bytes(self.net.gone)
        if self.opened != self.net.opened:
            self.opened = self.net.opened
            self.read = 0
            self.parser.reset()
        while self.read < len(gone):
            self.read = self.parser.feed(gone, self.read, len(gone))
            if self.parser.type:
                self.net.coming += self.answer(self.parser)

    def answer(self, packet):
        if packet.type == 1:
            return ACCEPTED
        if packet.type == 8:
            return packet_of(0x90, bytes([packet.packet_id >> 8, packet.packet_id & 255]) + bytes(len(packet.filters)))
        if packet.type == 6:
            return ack_of(0x70, packet.packet_id)
        if packet.type == 12:
            return PINGRESP
        if packet.type != 3:
            return b""
        topic, payload = bytes(packet.topic), bytes(packet.payload)
        self.replies.append((topic, payload))
        if not self.honest:
            return b""
        answer = ack_of(0x40, packet.packet_id) if packet.qos == 1 else b""
        if topic.endswith(b"/post") and b"/thing/" in topic:
            number = json.loads(payload)["id"].encode()
            answer += publish_of(topic + b"/reply", b'{"id":"%s","code":200,"msg":"success"}' % number)
        elif topic.endswith(b"dp/post/json"):
            answer += publish_of(topic + b"/accepted", b'{"id":%d}' % json.loads(payload)["id"])
        return answer

    def end(self):
        """The server is honest now, and sends a command until it is answered."""
        self.honest = True
        before = len(self.replies)
        if self.net.ended:
            self.turns(3)
        for _ in range(60):
            self.quick.ticks.go_on(10000)
            self.air.go_on(10000)
            self.turns(2)
            if self.device._client.state == ONLINE:
                self.net.coming += self.command
                self.turns(4)
            if any(topic == self.reply_topic for topic, _ in self.replies[before:]):
                break
        else:
            raise AssertionError("an honest command gets no answer: %s" % self.quick.lines[-9:])
        for topic, payload in self.replies:
            if b"_reply" in topic[-6:] and b"/thing/" in topic:
                reply = json.loads(payload)
                assert isinstance(reply["code"], int)
                assert reply["id"] == _HONEST or reply["id"] in self.asked or b"longer than rx_size" in payload
