"""What a person types into the page becomes answers; what is not typed by anybody is refused."""

import json
import random

import fakes  # noqa: F401  # the way to firmware
from flash_folder import Flash, files

from firmware import setup_form
from firmware.setup_form import answers, fields


def refuses(body):
    try:
        fields(body)
    except ValueError:
        return True
    return False


def test_fields():
    assert fields(b"a=1&b=") == {"a": "1", "b": ""}
    assert fields(b"ssid=my+home%20%E5%AE%B6%26&password=a%3Db") == {"ssid": "my home 家&", "password": "a=b"}
    assert fields(bytearray(b"a=b=c")) == {"a": "b=c"}


def test_what_is_no_form():
    for body in (
        b"",
        b"a",
        b"a=1&",
        b"a=%",
        b"a=%1",
        b"a=%zz",
        b"a=%-1",
        b"a=%ff",
        b"a=%00",
        b"a=x%0ay",
        b"a=\n",
        b"%=1",
    ):
        assert refuses(body), body
    assert not refuses(b"&".join([b"k%d=v" % n for n in range(16)]))
    assert refuses(b"&".join([b"k%d=v" % n for n in range(17)]))


def test_noise_in_forms():
    random.seed(3)
    good = b"ssid=home%20%E5%AE%B6&wifi_password=12345678&platform=studio&product_id=a"
    for _ in range(2000):
        noise = bytearray(good)
        for _ in range(random.randrange(1, 6)):
            noise[random.randrange(len(noise))] = random.choice(b"%&=+aF0\0\xff\n")
        refuses(bytes(noise[: random.randrange(len(noise) + 1)]))


def test_answers_are_those_of_the_platform():
    form = {
        "ssid": "home",
        "wifi_password": " 12345678",
        "platform": "legacy",
        "device_id": " 1 ",
        "product_id": "2",
        "auth_info": "x ",
        "device_name": "not shown",
        "host": "",
        "port": "1883",
    }
    wifi = [{"ssid": "home", "password": " 12345678"}]
    assert answers(form, {}) == {
        "platform": "legacy",
        "product_id": "2",
        "device_id": "1",
        "auth_info": "x ",
        "host": None,
        "port": 1883,
        "wifi": wifi,
    }
    form.update(platform="mqtt", password="secret", username="me", port="x1")
    assert answers(form, {}) == {
        "platform": "mqtt",
        "device_name": "not shown",
        "username": "me",
        "password": "secret",
        "host": None,
        "port": "x1",
        "wifi": wifi,
    }
    assert answers({"platform": "studio", "port": "²"}, {})["port"] == "²"  # which the check names
    assert answers({"platform": "nonsense"}, {})["platform"] == "nonsense"
    assert answers({}, {})["wifi"] == [{"ssid": "", "password": ""}]


def test_a_network_of_the_list_comes_in_hex():
    assert answers({"ssid_hex": "e5aeb6"}, {})["wifi"] == [{"ssid": "家", "password": ""}]
    assert answers({"ssid_hex": "bcd2", "ssid": "x"}, {})["wifi"] == [{"ssid_hex": "bcd2", "password": ""}]  # GBK
    assert answers({"ssid_hex": "zz"}, {})["wifi"] == [{"ssid_hex": "zz", "password": ""}]


def test_a_secret_that_is_left_empty_stays():
    before = {
        "platform": "studio",
        "device_key": "c2VjcmV0",
        "wifi": [{"ssid": "home", "password": "12345678"}],
    }
    form = {"platform": "studio", "ssid": "home"}
    found = answers(form, before)
    assert found["device_key"] == "c2VjcmV0" and found["wifi"] == before["wifi"]
    assert answers(dict(form, ssid="other"), before)["wifi"] == [{"ssid": "other", "password": ""}]
    assert answers(dict(form, platform="dp"), before)["device_key"] is None  # another product's
    assert answers(dict(form, device_key="new"), before)["device_key"] == "new"


def test_state_shows_no_secret():
    config = {
        "setup": True,
        "platform": "mqtt",
        "password": "SECRET1",
        "auth_info": "SECRET2",
        "device_key": "SECRET3",
        "access_key": "SECRET4",
        "remote_key": "SECRET5",
        "host": ["several", "hosts"],
        "device_name": "desk",
        "wifi": [{"ssid": "家", "password": "SECRET6"}],
    }
    with Flash({"config.json": json.dumps(config)}):
        text = setup_form.state([("家".encode(), 3), (b"cafe", 0)], True, "why")
        assert "SECRET" not in text
        state = json.loads(text)
        assert state["fields"] == {"platform": "mqtt", "device_name": "desk"}
        assert sorted(state["kept"]) == ["auth_info", "device_key", "password", "wifi_password"]
        assert state["networks"] == [["e5aeb6", 3], ["63616665", 0]] and state["ssid"] == "e5aeb6"
        assert state["zh"] is True and state["why"] == "why"
    for flash in ({}, {"config.json": "["}, {"config.json": "[]"}, {"config.json": '{"wifi": 5}'}):
        with Flash(flash):
            assert json.loads(setup_form.state([], False, ""))["fields"] == {}


def test_answers_that_did_not_work_are_shown_again():
    with Flash({"config.json": '{"setup": true, "product_id": "1"}'}):
        setup_form.keep({"platform": "legacy", "product_id": "2", "device_id": None, "wifi": [{"ssid": "home"}]})
        assert sorted(files()) == ["config.json", "setup.json"]
        state = json.loads(setup_form.state([], False, ""))
        assert state["fields"] == {"platform": "legacy", "product_id": "2"} and state["ssid"] == "686f6d65"
