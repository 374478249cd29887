"""A Device at any broker: values, commands, properties, hosts, and what Home Assistant is told."""

import builtins
import json

import fakes
from device_bench import NAMES, Bench, device_at, write
from flash_folder import Flash
from mqtt.client import OFFLINE, ONLINE
from support import ACCEPTED, field, puback, publish_of, replaced

from firmware import discovery, faults, requests


def device_of(**config):
    given = {
        "wifi": [{"ssid": "home", "password": "12345678"}],
        "platform": "mqtt",
        "host": "192.0.2.1",
        "device_name": "b1",
        "ntp_host": "",
    }
    given.update(config)
    return device_at(write(json.dumps(given)))


class AnyBroker(Bench):
    """A Device at a scripted broker, as Bench is one on OneNET's older platform. `status` is what it said of itself,
    `subscribed` its SUBSCRIBE."""

    def __init__(self, before=None, **config):
        self.more = fakes.Log(requests, discovery)
        self.more.__enter__()
        super().__init__(before, **config)
        self.log.lines += self.more.lines
        self.more.lines = self.log.lines
        self.more.kept = self.log.kept

    def __exit__(self, *args):
        super().__exit__(*args)
        self.more.__exit__()

    def _make(self, client_id, host, port):
        self.device = device_of(**dict({"host": host, "port": port}, **self.config))
        client = self.device._client
        self._callbacks = [(name, getattr(client, name)) for name in NAMES]
        return client

    def go_online(self):
        connect = super().go_online()
        self.status, self.subscribed = self.packet(), self.packet()
        codes = b"\1" * (3 if b"/status\1" in self.subscribed else 2)
        self.send(bytes([0x90, 2 + len(codes)]) + self.subscribed[2:4] + codes)
        self.turns()
        return connect

    def message(self):
        """(topic, payload) of the device's next message, which is acknowledged; `first` is its first byte."""
        self.ticks.go_on(1000)
        packet = self.packet()
        self.first = packet[0]
        assert packet[0] & 0xF0 == 0x30, packet
        at = 2
        while packet[at - 1] & 0x80:
            at += 1
        end = at + 2 + packet[at + 1]
        topic = packet[at + 2 : end].decode()
        if packet[0] & 6:
            self.send(puback(packet[end] << 8 | packet[end + 1]))
            end += 2
        self.turns(1)
        return topic, packet[end:].decode()

    def upload(self):
        topic, payload = self.message()
        return topic, json.loads(payload)

    def says(self, topic, payload, retain=False):
        self.send(publish_of(topic, payload, retain=retain))


def light(device):
    """A property of each kind, and a stream; returns their values."""
    values = {"light": False, "level": 5, "ratio": 0.5, "words": "hello", "fixed": 7}

    def add(name, settable):
        @device.property(name, every=None)
        def get():
            return values[name]

        if settable:

            @get.setter
            def set_it(value):
                if name == "level" and not isinstance(value, int):
                    raise ValueError("must be a number")
                values[name] = value

    for name in ("light", "level", "ratio", "words", "fixed"):
        add(name, name != "fixed")

    @device.stream("temp", every=3600)
    def temp():
        return 21.5

    return values


# Values


def test_values_go_to_their_topics_and_stay_until_they_are_acknowledged():
    with AnyBroker(retain=True) as bench:
        assert bench.status == publish_of("b1/status", b"online", retain=True)
        bench.device.put("temp", 21.5)
        bench.device.put("hum", 40)
        bench.ticks.go_on(1000)
        bench.turns()
        assert bench.device._batch and len(bench.device.outbox)
        assert bench.upload() == ("b1/data/temp", {"value": 21.5}) and bench.first == 0x33
        assert bench.upload() == ("b1/data/hum", {"value": 40})
        bench.until(lambda: not len(bench.device.outbox), "the end of the batch")
        assert bench.client.state == ONLINE and "online as device b1" in bench.log


def test_one_document_an_upload():
    with AnyBroker(topic="{device}/data") as bench:
        bench.device.put("temp", 21.5)
        bench.device.put("hum", 40)
        assert bench.upload() == ("b1/data", {"temp": 21.5, "hum": 40})
        bench.until(lambda: not len(bench.device.outbox), "the end of the batch")


def test_with_qos_0_what_is_sent_is_done():
    with AnyBroker(qos=0) as bench:
        for i in range(3):
            bench.device.put("x", i)
        assert [bench.upload() for _ in range(3)] == [("b1/data/x", {"value": i}) for i in range(3)]
        assert bench.first == 0x30 and not len(bench.device.outbox) and not bench.device._batch


def test_an_event_is_a_data_point():
    with AnyBroker() as bench:
        assert bench.device.event("alarm", {"level": 2})
        assert bench.upload() == ("b1/data/alarm", {"value": {"level": 2}})


def test_a_batch_that_ends_the_connection_is_halved_and_the_culprit_named():
    with AnyBroker() as bench:
        for name in ("a", "bad", "c"):
            bench.device.put(name, 1)
        arrived = []
        while len(bench.device.outbox):
            bench.ticks.go_on(2000)
            if bench.client.state == OFFLINE:
                bench.accept()
                bench.packet()
                bench.send(ACCEPTED)
            bench.turns(1)
            packet = bench.complete() or b"\0"
            if b"/data/bad" in packet:
                bench.close()
                bench.received = b""
                bench.until(lambda: bench.client.state != ONLINE, "the end")
            elif packet[0] == 0x82:
                bench.send(b"\x90\4" + packet[2:4] + b"\1\1")
            elif packet[0] & 0xF6 == 0x32:
                end = 4 + packet[3]
                arrived.append(packet[4:end])
                bench.send(puback(packet[end] << 8 | packet[end + 1]))
        assert set(arrived) == {b"b1/data/a", b"b1/data/c"}
        assert any("bad" in line and line.startswith("stream: ") for line in bench.log.lines)


# Who it is


def test_what_it_says_of_itself():
    with AnyBroker(online=False, client_id="c1", username="u", password="p", keep_alive=30) as bench:
        packet = bench.go_online()
        assert packet[9:12] == bytes([0xC0 | 0x20 | 0x08 | 0x04 | 0x02, 0, 30])
        fields = field("c1") + field("b1/status") + field("offline") + field("u") + field("p")
        assert packet.endswith(fields)
    with AnyBroker(online=False, clean_session=False) as bench:
        packet = bench.go_online()
        assert packet[9] == 0x20 | 0x08 | 0x04 and packet.endswith(field("b1/status") + field("offline"))


def test_when_one_host_fails_the_next_is_tried():
    device = device_of(host=["a.cn", "b.cn", "c.cn"])
    seen = [device._client.host]
    with fakes.Log(faults) as log:
        for _ in range(3):
            faults.failed(device, OSError(111))
            seen.append(device._client.host)
        assert seen == ["a.cn", "b.cn", "c.cn", "a.cn"]
        device._online_at = 1
        faults.failed(device, OSError(104))
        assert device._client.host == "a.cn"  # it let us in, so it is tried once more
    assert len(log.lines) == 4
    alone = device_of(host="a.cn")
    with fakes.Log(faults):
        faults.failed(alone, OSError(111))
    assert alone._client.host == "a.cn"


# Commands and properties


def test_commands_are_answered_where_they_were_asked():
    with AnyBroker(lambda device: device.command(lambda payload: b"obeyed " + payload)) as bench:
        assert field("b1/command/#") + b"\1" in bench.subscribed
        bench.says("b1/command", b"led=on")
        assert bench.message() == ("b1/reply", "obeyed led=on")
        bench.says("b1/command/17", b"led?")
        assert bench.message() == ("b1/reply/17", "obeyed led?")


def test_a_command_that_is_too_long_is_answered():
    with AnyBroker(lambda device: device.command(lambda payload: "ok")) as bench:
        bench.says("b1/command/9", b"x" * 600)
        assert bench.message() == ("b1/reply/9", "error: 600 bytes are longer than rx_size")


def test_a_property_is_set_by_its_topic_and_its_value_told():
    values = []
    with AnyBroker(lambda device: values.append(light(device))) as bench:
        assert bench.upload() == ("b1/data/temp", {"value": 21.5})
        for text, value in ((b"true", True), (b"OFF", False), (b"ON", True)):
            bench.says("b1/set/light", text)
            assert bench.message() == ("b1/reply/light", "ok")
            assert values[0]["light"] is value
            assert bench.upload() == ("b1/data/light", {"value": value})
        bench.says("b1/set/words", b'"5"')
        assert bench.message() == ("b1/reply/words", "ok") and values[0]["words"] == "5"
        assert bench.upload() == ("b1/data/words", {"value": "5"})
        bench.says("b1/set/level", b"high")
        assert bench.message() == ("b1/reply/level", "error: level: must be a number")
        bench.says("b1/set/nothing", b"1")
        assert bench.message() == ("b1/reply/nothing", "error: this device takes no commands")


def test_a_service_is_a_command():
    def program(device):
        @device.service("blink")
        def blink(inputs):
            return {"blinked": inputs.get("times", 1)}

    with AnyBroker(program) as bench:
        bench.says("b1/command", b'blink={"times": 3}')
        topic, reply = bench.message()
        assert topic == "b1/reply" and json.loads(reply) == {"blinked": 3}


# Home Assistant. What a message may have is in its documents, single component discovery payload of
# https://www.home-assistant.io/integrations/mqtt/#single-component-discovery-payload, and the tables "Configuration
# variables" of https://www.home-assistant.io/integrations/sensor.mqtt/ and switch.mqtt, number.mqtt, text.mqtt beside.

TEXT, NUMBER, FLAG, ANY = (str,), (int, float), (bool,), (str, int, float, bool, list, dict)
ALL = {
    "name": TEXT,
    "unique_id": TEXT,
    "state_topic": TEXT,
    "value_template": TEXT,
    "availability_topic": TEXT,
    "payload_available": TEXT,
    "payload_not_available": TEXT,
    "device": (dict,),
    "origin": (dict,),
    "entity_category": TEXT,
    "icon": TEXT,
    "qos": NUMBER,
    "enabled_by_default": FLAG,
}
COMMANDS = {"command_topic": TEXT, "optimistic": FLAG, "retain": FLAG}
SCHEMA = {
    "sensor": {
        "device_class": TEXT,
        "unit_of_measurement": TEXT,
        "state_class": TEXT,
        "expire_after": NUMBER,
        "force_update": FLAG,
        "suggested_display_precision": NUMBER,
        "options": (list,),
    },
    "switch": dict(COMMANDS, device_class=TEXT, payload_on=TEXT, payload_off=TEXT, state_on=TEXT, state_off=TEXT),
    "number": dict(
        COMMANDS,
        command_template=TEXT,
        device_class=TEXT,
        unit_of_measurement=TEXT,
        min=NUMBER,
        max=NUMBER,
        step=NUMBER,
        mode=TEXT,
        payload_reset=TEXT,
    ),
    "text": dict(COMMANDS, command_template=TEXT, min=NUMBER, max=NUMBER, mode=TEXT, pattern=TEXT),
    "binary_sensor": {"device_class": TEXT, "payload_on": TEXT, "payload_off": TEXT, "expire_after": NUMBER},
}
REQUIRED = {"sensor": ("state_topic",), "binary_sensor": ("state_topic",)}
DEVICE = {"identifiers": (list, str), "name": TEXT, "model": TEXT, "manufacturer": TEXT, "sw_version": TEXT}
ORIGIN = {"name": TEXT, "sw_version": TEXT, "support_url": TEXT}
ENTITY_CATEGORIES = ("config", "diagnostic")
STATE_CLASSES = ("measurement", "total", "total_increasing")


def plain(text):
    return text and all(c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-" for c in text)


def valid(topic, payload):
    """(component, object id, message) of a discovery message, having checked each of its fields."""
    prefix, component, node, object_id, last = topic.split("/")
    assert (prefix, last) == ("homeassistant", "config") and plain(node) and plain(object_id)
    message = json.loads(payload)
    known = dict(ALL, **SCHEMA[component])
    for key, value in message.items():
        assert key in known and type(value) in known[key], (component, key, value)
    for key in REQUIRED.get(component, ("command_topic",)):
        assert key in message
    # "At least one of identifiers or connections must be present", and the device needs unique_id.
    assert message["device"]["identifiers"] and message["unique_id"]
    for part, fields in (("device", DEVICE), ("origin", ORIGIN)):
        for key, value in message[part].items():
            assert key in fields and type(value) in fields[key], (part, key)
    assert "name" in message["origin"]  # required there
    assert message.get("entity_category", "config") in ENTITY_CATEGORIES
    assert message.get("state_class", "total") in STATE_CLASSES
    if component == "number":
        assert message["min"] < message["max"] and message["step"] >= 0.001 and message["mode"] in ("auto", "box")
    return component, object_id, message


def told_of(bench, count):
    """{object id: (component, message)} of so many discovery messages, each retained, and the values told besides."""
    found = {}
    values = {}
    while len(found) < count:
        topic, payload = bench.message()
        if topic.startswith("homeassistant/"):
            assert bench.first == 0x33, "QoS 1, retained"
            component, object_id, message = valid(topic, payload)
            found[object_id] = component, message
        else:
            values[topic] = json.loads(payload)["value"]
    return found, values


def test_home_assistant_is_told_the_version_of_what_was_deployed():
    opened = builtins.open

    def at_root(path, *mode):
        return opened("deployed.json" if path == "/deployed.json" else path, *mode)

    with Flash({"deployed.json": '{"version": "1.4", "files": {}}'}), replaced(builtins, "open", at_root):
        with AnyBroker(lambda device: device.stream("t", every=60)(lambda: 1), discovery_prefix="homeassistant") as it:
            assert told_of(it, 1)[0]["t"][1]["device"]["sw_version"] == "1.4"


def test_home_assistant_is_told_of_every_stream_and_property():
    entities = {"temp": {"unit_of_measurement": "°C", "device_class": "temperature", "state_class": "measurement"}}

    def program(device):
        light(device)
        device.stream("rssi", every=86400)(lambda: None)
        device.stream("温度", every=86400)(lambda: None)

    with AnyBroker(program, discovery_prefix="homeassistant", entities=entities) as bench:
        assert field("homeassistant/status") + b"\1" in bench.subscribed
        found, values = told_of(bench, 7)
        while len(values) < 5:
            topic, payload = bench.message()
            values[topic] = json.loads(payload)["value"]
        assert sorted(found) == ["e6b8a9e5baa6", "level", "light", "ratio", "rssi", "temp", "words"]
        component, temp = found["temp"]
        device = temp.pop("device")
        assert component == "sensor" and temp == {
            "name": "temp",
            "unique_id": "b1_temp",
            "state_topic": "b1/data/temp",
            "value_template": "{{ value_json.value }}",
            "availability_topic": "b1/status",
            "unit_of_measurement": "°C",
            "device_class": "temperature",
            "state_class": "measurement",
            "origin": {"name": "onenet-esp"},
        }
        assert device["identifiers"] == ["b1"] and device["name"] == "b1" and device["model"]
        assert "sw_version" not in device  # nothing was deployed
        assert found["rssi"][1]["unit_of_measurement"] == "dBm" and found["rssi"][1]["entity_category"] == "diagnostic"
        assert found["e6b8a9e5baa6"][1]["state_topic"] == "b1/data/温度"
        component, message = found["light"]
        assert component == "switch" and message["command_topic"] == "b1/set/light"
        assert message["value_template"] == "{{ value_json.value | tojson }}"
        assert (message["payload_on"], message["payload_off"]) == ("true", "false")
        assert found["level"][0] == "number" and found["level"][1]["step"] == 1
        assert found["ratio"][0] == "number" and found["ratio"][1]["step"] == 0.001
        assert found["words"][0] == "text" and found["words"][1]["command_template"] == "{{ value | tojson }}"
        assert values == {
            "b1/data/temp": 21.5,
            "b1/data/light": False,
            "b1/data/level": 5,
            "b1/data/ratio": 0.5,
            "b1/data/words": "hello",
        }


def test_home_assistant_is_told_again_when_it_comes_online_and_on_each_connection():
    def program(device):
        device.stream("a", every=86400)(lambda: None)
        device.stream("b", every=86400)(lambda: None)

    with AnyBroker(program, discovery_prefix="homeassistant") as bench:
        first, _ = told_of(bench, 2)
        bench.turns()
        assert bench.silent()
        bench.says("homeassistant/status", b"offline")
        assert bench.silent()
        bench.says("homeassistant/status", b"online")
        assert told_of(bench, 2)[0] == first
        bench.turns()
        bench.close()
        bench.until(lambda: bench.client.state != ONLINE, "the end")
        bench.ticks.go_on(5000)
        bench.go_online()
        assert told_of(bench, 2)[0] == first


def test_fields_of_ones_own_and_another_component():
    def program(device):
        device.stream("door", every=86400)(lambda: None)

    entities = {"door": {"component": "binary_sensor", "device_class": "door", "name": "Front door"}}
    with AnyBroker(program, discovery_prefix="homeassistant", entities=entities) as bench:
        component, message = told_of(bench, 1)[0]["door"]
        assert component == "binary_sensor" and message["device_class"] == "door" and message["name"] == "Front door"


def test_where_all_streams_are_one_document_a_template_takes_each_out():
    with AnyBroker(light, discovery_prefix="homeassistant", topic="{device}/data") as bench:
        found = {}
        while len(found) < 5:
            topic, payload = bench.message()
            if topic.startswith("homeassistant/"):
                _, object_id, found[object_id] = valid(topic, payload)
        for message in found.values():
            assert message["state_topic"] == "b1/data"
        assert found["temp"]["value_template"] == ("{{ value_json['temp'] if 'temp' in value_json else this.state }}")
        assert found["light"]["value_template"] == (
            "{{ value_json['light'] | tojson if 'light' in value_json else this.state }}"
        )


def test_a_property_whose_value_cannot_be_had_is_a_text():
    def program(device):
        @device.property("x", every=None)
        def x():
            raise OSError(5)

        @x.setter
        def set_x(value):
            pass

    with AnyBroker(program, discovery_prefix="homeassistant") as bench:
        assert told_of(bench, 1)[0]["x"][0] == "text"
        assert bench.client.state == ONLINE


def test_what_cannot_be_told_does_not_keep_the_rest():
    long = "温" * 21

    def program(device):
        device.stream(long, every=86400)(lambda: None)
        device.stream("b", every=86400)(lambda: None)

    with AnyBroker(program, discovery_prefix="homeassistant", tx_size=160) as bench:
        assert list(told_of(bench, 1)[0]) == ["b"]
        assert "discovery: entity 0: buffer: needs" in bench.log

        class NoMemory:
            def entity(self, device, n):
                raise MemoryError

        with replaced(discovery, "rare", lambda name: NoMemory()):
            bench.says("homeassistant/status", b"online")
            bench.until(lambda: "discovery: entity 1: no memory for it" in bench.log, "the lines")
            bench.turns()
            assert len([line for line in bench.log.lines if "no memory" in line]) == 2
        bench.device.put("b", 1)
        assert bench.upload() == ("b1/data/b", {"value": 1})
        assert bench.client.state == ONLINE


def test_without_the_prefix_nobody_is_told():
    with AnyBroker(light) as bench:
        assert bench.upload()[0] == "b1/data/temp"
        assert bench.silent()
        assert b"homeassistant" not in bench.subscribed
