"""config.json: what is accepted, and one answer that says everything that is wrong."""

import json
import os
import sys

import fakes
from support import getenv, raises, replaced

from firmware import config as module
from firmware.config import ConfigError, check, load

SECRET = "s3cret-auth-info"
WIFI_SECRET = "s3cret-of-the-wifi"


def config(**changes):
    """A configuration with nothing but what must be there, and these changes; ... takes a key out."""
    least = {
        "wifi": [{"ssid": "home", "password": WIFI_SECRET}],
        "device_id": "27654321",
        "product_id": "68790",
        "auth_info": SECRET,
    }
    least.update(changes)
    return {key: value for key, value in least.items() if value is not ...}


def problems(bad):
    """The problems check() finds, having made sure that they tell no secret."""
    error = raises(ConfigError, check, bad)
    text = str(error)
    assert SECRET not in text and "s3cret" not in text
    for problem in error.problems:
        assert "- " + problem in text
    return error.problems


def problem(bad):
    """The one problem check() finds."""
    found = problems(bad)
    assert len(found) == 1, found
    return found[0]


def example():
    with open(fakes.ROOT + "/config.json.example") as file:
        return json.load(file)


def test_the_least_there_can_be():
    checked = check(config())
    assert checked["auth_info"] == SECRET
    assert checked["host"] == "183.230.40.39" and checked["port"] == 6002


def test_defaults_are_those_of_the_example():
    defaults = check(config())
    shown = example()
    assert sorted(defaults) == sorted(shown)
    for key in shown:
        if key not in config():
            assert shown[key] == defaults[key] and type(shown[key]) is type(defaults[key]), key


def test_the_example_is_fine_as_it_is():
    checked = check(example())
    assert checked["device_id"] == "789546805"
    assert checked["product_id"] == "458945"
    assert checked["auth_info"] == "136928831"


def test_what_is_given_counts_and_the_dict_itself_is_left_alone():
    given = config(port=1883, intervals={"temperature": 5})
    before = json.dumps(given)
    checked = check(given)
    assert checked["port"] == 1883 and checked["intervals"] == {"temperature": 5}
    assert checked is not given and json.dumps(given) == before


def test_what_must_be_there():
    for key, right in (
        ("wifi", "ssid"),
        ("device_id", "digits"),
        ("product_id", "digits"),
        ("auth_info", "auth-info"),
    ):
        text = problem(config(**{key: ...}))
        assert text.startswith(key) and "missing" in text and right in text


def test_unknown_keys():
    text = problem(config(keepalive=60))
    assert text.startswith("keepalive") and "unknown" in text
    text = problem(config(auth_inof=SECRET))
    assert text.startswith("auth_inof")


NUMBERS = (
    ("port", 1, 65535),
    ("keep_alive", 10, 65535),
    ("upload_interval", 1, 86400),
    ("health_interval", 0, 86400),
    ("tx_size", 128, 16384),
    ("rx_size", 128, 16384),
    ("outbox_size", 256, 65536),
    ("led_pin", -1, 48),
    ("watchdog", 10, 600),
    ("reset_after", 0, 1440),
)


def test_whole_numbers_and_their_bounds():
    for key, least, most in NUMBERS:
        for value in (least, most):
            assert check(config(**{key: value}))[key] == value
        for value in (least - 1, most + 1, 2**40, -(2**40)):
            if (key, value) != ("watchdog", 0):
                text = problem(config(**{key: value}))
                assert text.startswith(key + ":") and str(most) in text and str(value) in text, text


def test_nothing_else_is_a_whole_number():
    for key, least, _ in NUMBERS:
        for value in (True, False, None, str(least), float(least), [least], {}, ""):
            text = problem(config(**{key: value}))
            assert text.startswith(key + ": must be"), text


def test_deep_sleep():
    for value in (0, 10, 600, 604800, {"seconds": 600}, {"seconds": 10, "awake": 300}, {"awake": 5, "seconds": 604800}):
        assert check(config(sleep=value))["sleep"] == value
    wrong = [9, -1, 604801, 600.0, True, "600", [600], {}, {"awake": 30}, {"seconds": 0}, {"seconds": 9}]
    wrong += [{"seconds": 600, "awake": 4}, {"seconds": 600, "awake": 301}, {"seconds": 600, "every": 1}]
    for value in wrong:
        assert problem(config(sleep=value)).startswith("sleep: must be seconds of deep sleep"), value


def test_no_watchdog_and_no_led():
    assert check(config(watchdog=0, led_pin=-1))["watchdog"] == 0
    for value in (False, 0.0, -0.0):
        assert problem(config(watchdog=value)).startswith("watchdog:")
    for value in (-1.0, -2):
        assert problem(config(led_pin=value)).startswith("led_pin:")


def test_ids_are_digits_in_quotes():
    for key in ("device_id", "product_id"):
        for value in ("1", "0" * 32):
            assert check(config(**{key: value}))[key] == value
        for value in (27654321, "", "0" * 33, "12a", " 12", "12 ", "-1", "1.0", "１２", None, True, ["1"]):
            text = problem(config(**{key: value}))
            assert text.startswith(key + ":") and "digits" in text, text


def test_auth_info():
    for value in ("1", "x" * 256, "鉴权信息"):
        assert check(config(auth_info=value, tx_size=1024))["auth_info"] == value
    for value in ("", "s3cret" * 100, "鉴" * 171, 136928831, None, True, [SECRET], {"s3cret": 1}):
        text = problem(config(auth_info=value, tx_size=4096))
        assert text.startswith("auth_info:") and "auth-info" in text
        assert "136928831" not in text and "鉴" not in text


def test_texts():
    for key, empty in (("host", False), ("ntp_host", True)):
        for value in ("a", "183.230.40.39", "xn--fsqu00a.cn", "x" * 255):
            assert check(config(**{key: value}))[key] == value
        for value in ("x" * 256, "例" * 86, 5, None, True, [], [""], ["a", 5]) + (() if empty else ("", ["a"])):
            text = problem(config(**{key: value}))
            assert text.startswith(key + ":") and "address or name" in text, text


def test_an_address_is_no_url_and_has_no_port():
    for key in ("host", "ntp_host"):
        for value in (
            "mqtt://183.230.40.39:6002", "mqtt://183.230.40.39", "tcp://a", "183.230.40.39:6002", "a/", "a b", " a",
            "a\n", "user@a", "183.230.40.39：6002", "183。230。40。39", "例子.cn", '"a"', "::1", "a,b",
        ):  # fmt: skip
            text = problem(config(**{key: value}))
            assert text.startswith(key + ": must be an address or name"), text
    assert "without a port" in problem(config(host="a:6002"))


def test_ids_of_the_current_platform():
    text = problem(config(product_id="Ab3dE5fGhI"))
    assert text.startswith("product_id: must be the product's ID, digits in quotes") and '"platform": "studio"' in text
    for value in ("", "-1", 458945, "４５"):
        assert "studio" not in problem(config(product_id=value))


def test_time_servers():
    for value in ("", ["a"], ["ntp.aliyun.com", "203.107.6.88", "ntp.example"]):
        assert check(config(ntp_host=value))["ntp_host"] == value


def test_choices():
    for key, names in (("outbox_full", ("drop_oldest", "drop_newest")),):
        for name in names:
            assert check(config(**{key: name}))[key] == name
        for value in ("", "Legacy", "drop", 0, None, True, [names[0]], {}):
            text = problem(config(**{key: value}))
            assert text.startswith(key + ":") and '"%s"' % names[-1] in text, text


def test_yes_or_no():
    for key in ("led_active_low", "subscribe_commands"):
        for value in (True, False):
            assert check(config(**{key: value}))[key] is value
        for value in (0, 1, "true", "", None, []):
            text = problem(config(**{key: value}))
            assert text.startswith(key + ":") and "true" in text and "false" in text, text


def test_intervals():
    for value in ({}, {"a": 1}, {"温度": 86400, "b": 60}):
        assert check(config(intervals=value))["intervals"] == value
    for value in (
        {"a": 0},
        {"a": 86401},
        {"a": "60"},
        {"a": True},
        {"a": None},
        {"a": 60, "b": 1.5},
        [],
        60,
        None,
        "x",
    ):
        text = problem(config(intervals=value))
        assert text.startswith("intervals:") and "86400" in text, text


def test_networks():
    for networks in (
        [{"ssid": "open"}],
        [{"ssid": "open", "password": ""}],
        [{"ssid": "x" * 32, "password": "x" * 8}, {"ssid": "家", "password": "x" * 64}],
        [{"ssid": "n%d" % i} for i in range(10)],
        [{"ssid_hex": "bcd2", "password": "x" * 8}, {"ssid_hex": "0A" * 32}],
    ):
        assert check(config(wifi=networks))["wifi"] == networks
    for networks in ([], {}, None, "home", {"ssid": "home", "password": WIFI_SECRET}, 5):
        text = problem(config(wifi=networks))
        assert text.startswith("wifi:") and "ssid" in text and "password" in text
    for network, where in (
        ("home", "wifi[1]"),
        (None, "wifi[1]"),
        ({}, "wifi[1].ssid"),
        ({"password": WIFI_SECRET}, "wifi[1].ssid"),
        ({"ssid": "", "password": WIFI_SECRET}, "wifi[1].ssid"),
        ({"ssid": "x" * 33}, "wifi[1].ssid"),
        ({"ssid": "家" * 11}, "wifi[1].ssid"),
        ({"ssid": 5}, "wifi[1].ssid"),
        ({"ssid_hex": ""}, "wifi[1].ssid_hex"),
        ({"ssid_hex": "bcd"}, "wifi[1].ssid_hex"),
        ({"ssid_hex": "0xbc"}, "wifi[1].ssid_hex"),
        ({"ssid_hex": "00" * 33}, "wifi[1].ssid_hex"),
        ({"ssid_hex": 48}, "wifi[1].ssid_hex"),
        ({"ssid_hex": "bcd2", "ssid": "b"}, "wifi[1].ssid_hex"),
        ({"ssid": "b", "password": "s3cret!"}, "wifi[1].password"),
        ({"ssid": "b", "password": "s3cret" * 11}, "wifi[1].password"),
        ({"ssid": "b", "password": 12345678}, "wifi[1].password"),
        ({"ssid": "b", "password": None}, "wifi[1].password"),
        ({"ssid": "b", "pasword": WIFI_SECRET}, "wifi[1].pasword"),
    ):
        text = problem(config(wifi=[{"ssid": "a"}, network]))
        assert text.startswith(where + ":"), text
        assert "12345678" not in text


def test_everything_at_once_in_one_error():
    found = problems(
        config(
            wifi=[{"ssid": "", "password": "s3cret"}, 5],
            device_id=5,
            auth_info="s3cret" * 100,
            product_id=...,
            port="6002",
            colour="red",
            led_pin=True,
            watchdog=5,
        )
    )
    names = [text.split(":")[0] for text in found]
    assert sorted(names) == [
        "auth_info", "colour", "device_id", "led_pin", "port", "product_id", "watchdog",
        "wifi[0].password", "wifi[0].ssid", "wifi[1]",
    ]  # fmt: skip


def test_not_an_object():
    for bad in ([], "x", 5, None, True, [config()]):
        assert "object" in problem(bad)


# Files


def loaded(content, name="config-test.json"):
    """What load() makes of a file with this content; None for no file."""
    path = (getenv("TMPDIR") or "/tmp") + "/%s-%s" % (sys.implementation.name, name)
    if content is not None:
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
    try:
        return load(path)
    except ConfigError as e:
        assert str(e).startswith(path)
        return e.problems
    finally:
        if content is not None:
            os.remove(path)


def test_a_file():
    assert loaded(json.dumps(config(port=1883)))["port"] == 1883
    assert loaded(json.dumps(config(auth_info="鉴权")))["auth_info"] == "鉴权"
    (text,) = loaded(json.dumps(config(port=0)))
    assert text.startswith("port:")


def test_a_board_that_forgets_this_has_its_memory_back_whoever_still_knows_it():
    package, kept = sys.modules["firmware"], sys.modules.pop("firmware.config")
    try:
        __import__("firmware.config")
        forgotten = sys.modules["firmware.config"]
        assert "is missing" in forgotten.read("no-such-file")[1] and "check" in forgotten.__dict__
        del sys.modules["firmware.config"]
        text, trouble = forgotten.read(fakes.ROOT + "/config.json.example")
        assert trouble is None and json.loads(text)["port"] == 6002
        assert not forgotten.__dict__
    finally:
        sys.modules["firmware.config"] = package.config = kept


def test_no_file():
    (text,) = loaded(None, "no-such-file")
    assert "missing" in text and "config.json.example" in text


def test_not_json():
    good = json.dumps(config())
    for bad in ("", "{", good[:-1], good.replace(",", ";"), good.replace('"', "'"), "\0\1", good + "x", good + good):
        found = loaded(bad)
        assert type(found) is list and len(found) == 1 and "JSON" in found[0], bad
        assert "s3cret" not in found[0]


# What MicroPython takes for JSON all the same: separators that are missing or too many
LENIENT = sys.implementation.name == "micropython"
SAVED = (
    (lambda text: b"\xef\xbb\xbf" + text.encode(), "begins with a byte order mark; save it as UTF-8 without BOM"),
    (
        lambda text: b"\xff\xfe" + bytes(b for c in text for b in (ord(c) & 255, ord(c) >> 8)),
        "UTF-16, or no text; save",
    ),
    (
        lambda text: b"\xfe\xff" + bytes(b for c in text for b in (ord(c) >> 8, ord(c) & 255)),
        "UTF-16, or no text; save",
    ),
    (lambda text: text.replace("家", "?").encode().replace(b"?", b"\xbc\xd2"), "is not JSON in UTF-8 (but in GBK"),
    (lambda text: text.replace('"wifi"', "“wifi”"), "line 2: “ is none of the plain"),
    (lambda text: text.replace('"wifi":', '"wifi"：'), "line 2: ： is none of the plain"),
    (lambda text: text.replace('"27654321",', '"27654321"，'), "line 3: ， is none of the plain"),
    (lambda text: text.replace('"27654321"', "None"), "line 3: a word with a capital, as Python's True, False or None"),
    (lambda text: text.replace('"27654321"', "'27654321'"), "line 3: ' is no JSON"),
    (lambda text: text.replace('"27654321"', "// my own"), "line 3: / is no JSON"),
    (lambda text: text.replace('"27654321"', '"27654321'), "line 3: a text has no quote at its end"),
    (lambda text: text[:-2], "does not end with }"),
    (lambda text: text[: len(text) // 2], "line 3: a text has no quote at its end"),
    (lambda text: text + "x", "does not end with }"),
    (lambda text: text[:-2] + ',\n"intervals": {"}": 5}', "look for a missing bracket: it is cut off"),
)
SEPARATORS = (
    (lambda text: text.replace('"27654321",', '"27654321"'), "line 4: a comma or colon is missing before a text"),
    (lambda text: text[:-2] + ",\n}", "line 6: a comma stands before it that must not be there"),
)


def test_what_editors_and_people_make_of_a_file():
    lines = ('"wifi": [{"ssid": "家：“里”", "password": "%s"}]' % WIFI_SECRET, '"device_id": "27654321"')
    lines += ('"product_id": "68790"', '"auth_info": "%s"' % SECRET)
    text = "{\n" + ",\n".join(lines) + "\n}"
    assert loaded(text)["wifi"][0]["ssid"] == "家：“里”"
    assert loaded(text + "\r\n ")["device_id"] == "27654321"
    for change, words in SAVED + (() if LENIENT else SEPARATORS):
        bad = change(text)
        assert isinstance(bad, bytes) or bad != text, words
        found = loaded(bad)
        assert type(found) is list and len(found) == 1 and words in found[0], (words, found)
        assert "s3cret" not in found[0]


def test_what_micropython_1_25_takes_for_whole_is_cut_off_all_the_same():
    class Lenient:
        @staticmethod
        def loads(data):
            return json.loads(data + b"}")

    text = json.dumps(config())[:-1] + ', "intervals": {"a\\"}{": 1}'
    assert loaded(text + "}")["intervals"] == {'a"}{': 1}
    with replaced(module, "json", Lenient):
        found = loaded(text)
        assert type(found) is list and "look for a missing bracket: it is cut off" in found[0]


def test_json_but_not_an_object():
    for bad in ("[]", "5", "null", '"x"'):
        (text,) = loaded(bad)
        assert "object" in text
