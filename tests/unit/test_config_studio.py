"""config.json for products of OneNET's current platform."""

import json

import fakes  # noqa: F401  # the way to firmware
from support import raises

from firmware.config import ConfigError, check

KEY = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ="
TOKEN = "version=2018-10-31&res=products%2FaBcDeF1234%2Fdevices%2Fboard1&et=4102444800&method=sha256&sign=s3cret%3D"


def config(**changes):
    """A configuration with nothing but what must be there, and these changes; ... takes a key out."""
    least = {
        "wifi": [{"ssid": "home", "password": "12345678"}],
        "platform": "studio",
        "device_name": "board1",
        "product_id": "aBcDeF1234",
        "device_key": KEY,
    }
    least.update(changes)
    return {key: value for key, value in least.items() if value is not ...}


def problem(bad):
    """The one problem check() finds, having made sure that it tells no secret."""
    found = raises(ConfigError, check, bad).problems
    assert len(found) == 1, found
    assert "c2Vjc" not in found[0] and "s3cret" not in found[0]
    return found[0]


def test_the_least_there_can_be():
    checked = check(config())
    assert checked["device_key"] == KEY and checked["access_key"] == checked["token"] == ""
    assert checked["host"] == "" and checked["port"] == 1883 and checked["keep_alive"] == 120
    assert "device_id" not in checked and "auth_info" not in checked and "subscribe_commands" not in checked
    assert checked["outbox_size"] == 2048


def test_a_product_with_data_streams_has_the_same_keys():
    model, streams = check(config()), check(config(platform="dp"))
    assert streams == dict(model, platform="dp")
    for key in ("device_id", "auth_info"):
        assert problem(config(platform="dp", **{key: "1"})) == key + ': is a key for "platform": "legacy"'


def test_the_older_platforms_host_is_nobody_elses():
    for platform in ("studio", "dp"):
        text = problem(config(platform=platform, host="183.230.40.39", port=6002))
        assert text.startswith("host: is the older platform's; leave host and port out")


def test_the_products_key_or_a_token_in_place_of_the_devices_key():
    assert check(config(device_key=..., access_key=KEY))["access_key"] == KEY
    assert check(config(device_key=..., token=TOKEN))["token"] == TOKEN
    of_product = TOKEN.replace("%2Fdevices%2Fboard1", "")
    assert check(config(device_key=..., token=of_product))["token"] == of_product
    plain = TOKEN.replace("%2F", "/")
    assert check(config(device_key=..., token=plain))["token"] == plain


def test_one_of_the_three_must_be_there():
    text = problem(config(device_key=...))
    assert text.startswith("device_key: is missing") and "access_key" in text and "token" in text
    for others in ({"access_key": KEY}, {"token": TOKEN}, {"access_key": KEY, "token": TOKEN}):
        assert "one of them is enough" in problem(config(**others))


def test_keys_are_base64():
    for key in ("device_key", "access_key"):
        for value in ("AA==", "AAE=", "AAEC", "+/+/" * 22):
            assert check(config(**{"device_key": ..., key: value}))[key] == value
        for value in (KEY[:-1], KEY + "=", "c2Vjc!==", "s3cret s3cret s3", "s3cret密密", "=" * 4, 5, None, True, [KEY]):
            text = problem(config(**{"device_key": ..., key: value}))
            assert text.startswith(key + ": must be") and "base64" in text, text


def test_a_token_is_one_and_of_this_product():
    for value in ("s3cret", KEY, "version=2018-10-31&s3cret", TOKEN[1:], 5, None):
        text = problem(config(device_key=..., token=value))
        assert text.startswith("token: must be a token"), text
    for other in ("products%2FaBcDeF9999%2Fdevices%2Fboard1", "userid%2F1"):
        text = problem(config(device_key=..., token=TOKEN.replace("products%2FaBcDeF1234%2Fdevices%2Fboard1", other)))
        assert text.startswith("token: must be of this product"), text


def test_names_and_ids():
    for value in ("board1", "a-b_c.d~e", "温度1", "x" * 64, "1"):
        assert check(config(device_name=value))["device_name"] == value
    for value in ("", "x" * 65, "温" * 22, "a b", "a/b", "a+", "#", 'a"', "a\\b", "a\n", "\x7f", 5, None, ["a"]):
        text = problem(config(device_name=value))
        assert text.startswith("device_name: must be the device's name"), text
    for value in ("aBcDeF1234", "238322", "Z" * 32):
        assert check(config(product_id=value))["product_id"] == value
    for value in ("", "x" * 33, "a-b", "a b", "产品", "a@", "[a]", 458945, None):
        text = problem(config(product_id=value))
        assert text.startswith("product_id: must be the product's ID, letters and digits"), text
    for key in ("device_name", "product_id"):
        assert "missing" in problem(config(**{key: ...}))


def test_hosts():
    for value in ("", "192.0.2.1", ["a.cn", "b.cn"], ["a"]):
        assert check(config(host=value))["host"] == value
    for value in ([], ["a"] * 5, ["a:1883"], [""], "mqtt://a", None, 5, [["a"]]):
        assert problem(config(host=value)).startswith("host: must be an address or name alone, or a list")


def test_the_platforms_bounds():
    for key, least, most in (("keep_alive", 10, 1800), ("tx_size", 256, 16384)):
        for value in (least, most):
            assert check(config(**{key: value}))[key] == value
        for value in (least - 1, most + 1, str(least), True, None):
            text = problem(config(**{key: value}))
            assert text.startswith(key + ":") and str(most) in text


def test_keys_of_the_other_platform_are_said_to_be_that():
    for key in ("device_id", "auth_info", "subscribe_commands"):
        assert problem(config(**{key: "1"})) == key + ': is a key for "platform": "legacy"'
    legacy = {"wifi": [{"ssid": "home"}], "device_id": "1", "product_id": "2", "auth_info": "3"}
    for key in ("device_name", "device_key", "access_key", "token"):
        others = ' or "mqtt"' if key == "device_name" else ""
        assert problem(dict(legacy, **{key: KEY})) == key + ': is a key for "platform": "studio" or "dp"' + others


def test_a_platform_there_is_not():
    for value in ("", "Studio", "onenet", 0, None, True, ["studio"], {}):
        found = raises(ConfigError, check, config(platform=value)).problems
        assert any(text.startswith('platform: must be "legacy", "studio", "dp" or "mqtt"') for text in found)


def test_it_can_be_written_as_json():
    given = config(intervals={"temp": 5})
    assert check(json.loads(json.dumps(given)))["intervals"] == {"temp": 5}
