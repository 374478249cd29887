"""Properties, services and events: on a platform that has thing models, and as commands and data points on one that
has none."""

import json
import os

import fakes
import onenet.current as dialect
from current_device_bench import KEY, Streams, Studio, device_of, light, settled
from device_bench import Bench, write
from mqtt.client import ONLINE

from firmware import faults
from firmware.device import Device

# On the current platform


def test_log_in_by_the_devices_key():
    with Studio(online=False) as bench:
        packet = bench.go_online()
        assert b"\0\6board1\0\x0aaBcDeF1234" in packet
        assert b"res=products%2FaBcDeF1234%2Fdevices%2Fboard1&et=4102444800&method=sha256&sign=nikPkAUJ" in packet
        assert "mqtt: online as device board1" in bench.log
        assert not any(KEY in line or "nikPk" in line for line in bench.log.lines)


def test_log_in_by_the_products_key_or_a_token():
    with Studio(online=False, device_key="", access_key=KEY) as bench:
        assert b"res=products%2FaBcDeF1234&et=4102444800&method=sha256&sign=3SOaO09l" in bench.go_online()
    token = "version=2018-10-31&res=products%2FaBcDeF1234&et=1&method=sha1&sign=x"
    with Studio(online=False, device_key="", token=token) as bench:
        assert token.encode() in bench.go_online()


def test_the_products_own_host_first_and_then_the_one_for_all():
    device = device_of()
    assert device._client.host == "aBcDeF1234.mqtts.acc.cmcconenet.cn"
    seen = []
    with fakes.Log(faults) as log:
        for _ in range(3):
            faults.failed(device, OSError(-2))
            seen.append(device._client.host)
        assert seen == ["mqtts.heclouds.com", "aBcDeF1234.mqtts.acc.cmcconenet.cn", "mqtts.heclouds.com"]
        device._online_at = 1
        faults.failed(device, OSError(104))
        assert device._client.host == "mqtts.heclouds.com"
        assert len(log.lines) == 4


def test_a_stream_is_a_property():
    with Studio(light) as bench:
        settled(bench)
        now = bench.device.clock.now()
        bench.device.clock.now = lambda: now  # of two seconds they would be two posts
        bench.device.put("temp", 22)
        bench.device.put("hum", 40)
        assert bench.upload() == {"temp": 22, "hum": 40}
        assert not len(bench.device.outbox)


def test_nothing_that_can_be_set_nothing_desired():
    with Studio() as bench:
        bench.turns()
        assert bench.silent()


def test_a_property_is_set_and_its_new_value_reported():
    called = []
    with Studio(lambda device: called.append(light(device))) as bench:
        settled(bench)
        assert bench.asks("property/set", {"light": True}) == {"code": 200, "msg": "success"}
        assert called == [[True]]
        assert bench.upload() == {"light": True}


def test_a_set_that_fails_is_answered_with_the_reason():
    with Studio(light) as bench:
        settled(bench)
        for params, words in (
            ({"light": 5}, "light: must be true or false"),
            ({"level": 5}, "level can only be read"),
            ({"colour": 5}, "no property colour"),
            (None, "params must be an object"),
            ([1], "params must be an object"),
        ):
            assert bench.asks("property/set", params) == {"code": 100, "msg": words}
        both = bench.asks("property/set", {"light": True, "colour": 5})
        assert both == {"code": 100, "msg": "no property colour"}
        assert bench.upload() == {"light": True}


def test_what_no_property_takes_is_a_command():
    def program(device):
        @device.command
        def obey(payload):
            if payload == b"bad=1":
                raise ValueError("never")
            return payload

    with Studio(program) as bench:
        assert bench.asks("property/set", {"led": "on"}) == {"code": 200, "msg": "success"}
        assert bench.asks("property/set", {"led": True}) == {"code": 200, "msg": "success"}
        assert bench.asks("property/set", {"bad": 1}) == {"code": 100, "msg": "error: never"}
        assert bench.asks("service/beep/invoke", {}) == {"code": 200, "msg": "beep", "data": {}}
        assert bench.asks("service/beep/invoke", {"n": 1})["msg"] in ('beep={"n": 1}', 'beep={"n":1}')


def test_properties_are_asked_for():
    with Studio(light) as bench:
        settled(bench)
        data = {"light": False, "level": 5, "temp": 21.5}
        assert bench.asks("property/get", ["light", "level", "temp"]) == {"code": 200, "msg": "success", "data": data}
        assert bench.asks("property/get", ["light", "x"]) == {"code": 100, "msg": "no value of x"}
        for params in ({"light": 1}, [["light"]], ["light", 5], [{"light": 1}]):
            assert bench.asks("property/get", params) == {"code": 100, "msg": "params must be a list of names"}


def test_a_service_is_called():
    with Studio(light) as bench:
        settled(bench)
        assert bench.asks("service/blink/invoke", {"times": 3}) == {
            "code": 200,
            "msg": "success",
            "data": {"blinked": 3},
        }
        assert bench.asks("service/blink/invoke", None)["data"] == {"blinked": 1}
        assert bench.asks("service/jump/invoke", {}) == {"code": 100, "msg": "no service jump"}


def test_a_service_that_fails_or_returns_what_is_no_json():
    def program(device):
        @device.service("fail")
        def fail(inputs):
            raise KeyError("x")

        @device.service("odd")
        def odd(inputs):
            return {"x": object()}

    with Studio(program) as bench:
        reply = bench.asks("service/fail/invoke", {})
        assert reply["code"] == 100 and "x" in reply["msg"]
        assert bench.asks("service/odd/invoke", {}) == {"code": 100, "msg": "the result is no JSON"}
        assert bench.client.state == ONLINE


def test_what_is_no_request_is_not_answered():
    with Studio(light) as bench:
        settled(bench)
        for body in (b"", b"{", b"[]", b"5", b"null", b"{}", b"\xff"):
            bench.says("property/set", body)
            bench.until(lambda: "property/set is no JSON with an id" in bench.log, "the line")
            bench.log.lines.clear()
        bench.says("property/desired", b'{"id":"1","code":200}')
        assert bench.asks("property/get", ["level"])["data"] == {"level": 5}


def test_an_event_waits_as_data_points_do():
    with Studio() as bench:
        bench.client.close()
        assert bench.device.event("alarm", {"level": 2})
        bench.ticks.go_on(5000)
        bench.go_online()
        message = bench.sent("event/post")
        assert message["params"] == {"alarm": {"value": {"level": 2}}}
        bench.says("event/post/reply", {"id": message["id"], "code": 200})
        bench.until(lambda: not len(bench.device.outbox), "the reply")


def test_an_event_that_cannot_be_is_said():
    with Studio() as bench:
        for name, value in (("alarm", 5), ("alarm", {"x": object()}), ('a"b', {}), ("alarm", {"x": "y" * 1000})):
            assert bench.device.event(name, value) is False
        assert len([line for line in bench.log.lines if line.startswith("event: ")]) == 4


def test_what_the_platform_refuses_is_found_among_the_others_and_named():
    with Studio() as bench:
        for name in ("a", "b", "bad", "c"):
            bench.device.put(name, 1)
        seen = []
        while len(bench.device.outbox):
            message = bench.sent("property/post")
            seen.append(sorted(message["params"]))
            ok = "bad" not in seen[-1]
            reply = {"id": message["id"], "code": 200 if ok else 2405}
            if not ok:
                reply["msg"] = "identifier: bad, error: identifier not exist"
            bench.says("property/post/reply", reply)
            bench.until(lambda: not bench.device._batch, "the reply")
        assert seen[0] == ["a", "b", "bad", "c"] and ["bad"] in seen
        assert sorted(name for names in seen[1:] if "bad" not in names for name in names) == ["a", "b", "c"]
        words = "identifier: bad, error: identifier not exist (code 2405)"
        assert "stream: bad: refused by the platform: " + words in bench.log
        assert bench.device.outbox.dropped == 1


def test_a_batch_lost_with_the_connection_is_kept():
    with Studio() as bench:
        bench.device.put("x", 1)
        bench.sent("property/post")
        bench.turns()
        bench.reconnect()
        assert bench.upload() == {"x": 1}
        assert not len(bench.device.outbox)


def test_a_reply_that_never_comes_does_not_hold_up_the_rest_for_ever():
    class Late:
        now = 1000

    swapped = dialect.ticks_ms
    dialect.ticks_ms = lambda: Late.now
    try:
        with Studio() as bench:
            bench.device.put("x", 1)
            for _ in range(3):
                assert bench.sent("property/post")["params"] == {"x": {"value": 1}}
                bench.turns()
                Late.now += 10000
            bench.until(lambda: not len(bench.device.outbox), "its end")
    finally:
        dialect.ticks_ms = swapped


# On the older platform


def test_a_property_is_a_stream_and_a_set_a_command():
    called = []

    def program(device):
        called.append(light(device))

    with Bench(program) as bench:
        assert bench.upload() == [("temp", 21.5)]
        for text, value in ((b"light=true", True), (b"light=on", True), (b"light=off", False)):
            assert bench.command(text) == b"ok"
            assert called[0].pop() is value
            assert bench.upload() == [("light", value)]
        assert bench.command(b"light=5") == b"error: light: must be true or false"
        assert json.loads(bench.command(b'blink={"times": 3}')) == {"blinked": 3}
        assert json.loads(bench.command(b"blink")) == {"blinked": 1}
        for text in (b"level=5", b"light", b"colour=1", b"\xff"):
            assert bench.command(text) == b"error: this device takes no commands"


def test_other_commands_go_where_they_always_went():
    def program(device):
        @device.command
        def obey(payload):
            return b"obeyed " + payload

        light(device)

    with Bench(program) as bench:
        bench.upload()
        assert bench.command(b"led=on") == b"obeyed led=on"
        assert bench.command(b"light=true") == b"ok"


def test_an_event_is_a_data_point():
    with Bench() as bench:
        assert bench.device.event("alarm", {"level": 2})
        assert bench.upload() == [("alarm", {"level": 2})]


def test_a_property_is_called_as_the_function_it_was():
    with Bench() as bench:

        @bench.device.property("x", every=30)
        def x():
            return 5

        assert x() == 5
        assert bench.upload() == [("x", 5)]


def test_with_a_wrong_configuration_a_program_gets_as_far_as_run():
    path = write("{")
    device = Device(path)
    os.remove(path)
    light(device)
    assert device.event("alarm", {}) is False


def test_a_product_with_data_streams_has_none_of_them_either():
    called = []
    with Streams(lambda device: called.append(light(device))) as bench:
        assert bench.upload() == {"temp": [21.5]}
        assert bench.command(b"light=true") == b"ok"
        assert called[0].pop() is True
        assert bench.upload() == {"light": [True]}
        assert json.loads(bench.command(b'blink={"times": 3}')) == {"blinked": 3}
        assert bench.command(b"level=5") == b"error: this device takes no commands"
        assert bench.device.event("alarm", {"level": 2})
        assert bench.upload() == {"alarm": [{"level": 2}]}
