"""config.json for any MQTT broker."""

import fakes  # noqa: F401  # the way to firmware
from support import raises

from firmware.config import ConfigError, check


def config(**changes):
    """A configuration with nothing but what must be there, and these changes; ... takes a key out."""
    least = {
        "wifi": [{"ssid": "home", "password": "12345678"}],
        "platform": "mqtt",
        "host": "192.0.2.1",
        "device_name": "board1",
    }
    least.update(changes)
    return {key: value for key, value in least.items() if value is not ...}


def problems(**changes):
    """What check() finds, having made sure that it tells no secret."""
    found = raises(ConfigError, check, config(**changes)).problems
    assert "s3cret" not in str(found)
    return found


def problem(**changes):
    found = problems(**changes)
    assert len(found) == 1, found
    return found[0]


def test_the_least_there_can_be():
    checked = check(config())
    assert checked["port"] == 1883 and checked["keep_alive"] == 60 and checked["qos"] == 1
    assert checked["username"] == checked["password"] == checked["client_id"] == checked["discovery_prefix"] == ""
    assert checked["clean_session"] is True and checked["retain"] is False and checked["entities"] == {}
    assert checked["topic"] == "{device}/data/{stream}" and checked["set_topic"] == "{device}/set/{stream}"
    assert [checked[name + "_topic"] for name in ("status", "command", "reply")] == [
        "{device}/status",
        "{device}/command",
        "{device}/reply",
    ]
    for key in ("device_id", "product_id", "auth_info", "subscribe_commands"):
        assert key not in checked


def test_host_and_name_must_be_there():
    assert problem(host=...).startswith("host: is missing; must be the broker's address")
    assert problem(device_name=...).startswith("device_name: is missing; must be a name")


def test_hosts():
    for value in ("192.0.2.1", "broker.local", ["a.cn", "b.cn"], ["a"] * 8):
        assert check(config(host=value))["host"] == value
    for value in ("", [], ["a"] * 9, ["a:1883"], [""], "mqtt://a", None, 5, [["a"]]):
        assert problem(host=value).startswith("host: must be the broker's address or name alone, or a list")


def test_a_websocket():
    checked = check(config())
    assert checked["transport"] == "tcp" and checked["path"] == "/mqtt"
    for value in ("/", "/ws?token=a%20b", "/a/b"):
        assert check(config(transport="websocket", path=value))["path"] == value
    for value in ("", "mqtt", "/a b", "/a#b", "/温", "/" + "x" * 128, 5):
        assert problem(path=value).startswith("path: must be what the broker calls its WebSocket")
    for value in ("ws", "", True, None, 5):
        assert problem(transport=value).startswith('transport: must be "tcp" or "websocket"')


def test_names_users_and_passwords():
    for value in ("", "x" * 65, "a b", "a/b", "a+", "#", 5, None):
        assert problem(device_name=value).startswith("device_name: must be a name")
    assert check(config(username="u", password="s3cret 密"))["password"] == "s3cret 密"
    assert check(config(username="u"))["password"] == ""
    assert problem(password="s3cret").startswith("username: must be there")
    assert problem(username="u", password=["s3cret"]).startswith("password: must be up to 255 bytes")
    assert problem(username="u", password="s3cret" * 50).startswith("password: must be up to 255 bytes")
    assert problem(client_id="x" * 65).startswith("client_id: must be up to 64 bytes")


def test_qos_and_sessions():
    for value in (0, 1):
        assert check(config(qos=value))["qos"] == value
    assert check(config(qos=2, clean_session=False))["qos"] == 2
    assert problem(qos=2).startswith('qos: 2 needs "clean_session": false')
    for value in (-1, 3, "1", True, None):
        assert problem(qos=value).startswith("qos: must be 0, 1")
    for key in ("clean_session", "retain"):
        assert problem(**{key: 1}).startswith(key + ": must be true")
    for value in (9, 65536, 0):
        assert problem(keep_alive=value).startswith("keep_alive: must be seconds, a whole number from 10 to 65535")


def test_topics():
    for value in ("{device}/{stream}", "home/{device}/data", "x/{stream}/state", "data", "{stream}-{device}", "温度"):
        assert check(config(topic=value))["topic"] == value
    for value in ("", "a/#", "+/a", "$SYS/a", "{stream}/{stream}", "{streams}", "a/{device", "x" * 129, "a\0", 5, None):
        assert problem(topic=value).startswith("topic: must be a topic with {stream}"), value
    for key in ("status_topic", "command_topic", "reply_topic"):
        assert check(config(**{key: "my/own/{device}/x"}))[key] == "my/own/{device}/x"
        for value in ("", "{device}/{stream}", "a/+", "#", 5):
            assert problem(**{key: value}).startswith(key + ": must be a topic without + and #")
    for value in ("{device}/x-{stream}/set", "a/b", "+/{stream}", "$a/{stream}", "", 5):
        assert problem(set_topic=value).startswith("set_topic: must be a topic with {stream}")


def test_topics_that_would_be_mixed_up_are_refused():
    for changes, words in (
        ({"topic": "{device}/command/{stream}"}, "topic: must not be command_topic, or below it"),
        ({"topic": "{device}/command"}, "topic: must not be command_topic, or below it"),
        ({"reply_topic": "{device}/command/reply"}, "reply_topic: must not be command_topic, or below it"),
        ({"topic": "board1/status"}, "topic: must not be status_topic"),
        ({"reply_topic": "{device}/status"}, "reply_topic: must not be status_topic"),
        ({"topic": "{device}/set/{stream}"}, "topic: must not be what set_topic may be"),
        ({"topic": "{device}/{stream}/now"}, None),
        (
            {"topic": "{device}/{stream}", "set_topic": "{device}/{stream}"},
            "reply_topic: must not be what set_topic may be",
        ),
        ({"topic": "a/data", "set_topic": "a/{stream}"}, "topic: must not be what set_topic may be"),
        ({"status_topic": "{device}/set/x"}, "status_topic: must not be what set_topic may be"),
        ({"topic": "{device}/commands"}, None),
        ({"topic": "{device}/{stream}"}, None),
        ({"topic": "{device}/{stream}", "set_topic": "{device}/{stream}/set"}, None),
    ):
        if words:
            assert problems(**changes)[0].startswith(words), changes
        else:
            check(config(**changes))


def test_room_for_the_subscriptions():
    long = "x" * 60 + "/{device}"
    assert problem(tx_size=128, command_topic=long, discovery_prefix="y" * 60).startswith("tx_size: has no room")
    check(config(tx_size=256, command_topic=long, discovery_prefix="y" * 60))


def test_home_assistant():
    fields = {"temp": {"unit_of_measurement": "°C", "device_class": "temperature"}}
    checked = check(config(discovery_prefix="homeassistant", entities=fields))
    assert checked["discovery_prefix"] == "homeassistant" and checked["entities"] == fields
    for value in ("a/#", 5, None, "{x}"):
        assert problem(discovery_prefix=value).startswith("discovery_prefix: must be Home Assistant's")
    for value in ([], {"temp": "°C"}, {"temp": []}, "x", None):
        assert problem(entities=value).startswith("entities: must be fields")


def test_keys_of_other_platforms_are_said_to_be_that():
    assert problem(auth_info="s3cret") == 'auth_info: is a key for "platform": "legacy"'
    assert '"studio"' in problem(device_key="s3cret")
    legacy = {"wifi": [{"ssid": "home"}], "device_id": "1", "product_id": "2", "auth_info": "3", "qos": 1}
    (found,) = raises(ConfigError, check, legacy).problems
    assert found == 'qos: is a key for "platform": "mqtt"'
