"""What a person has answered becomes a board's configuration: checked as any, on trial, and nothing else is lost."""

import json

import fakes  # noqa: F401  # the way to firmware
from flash_folder import Flash, files

from firmware import config_trial
from firmware.config import read
from firmware.setup_write import write

HOME = [{"ssid": "home", "password": "12345678"}]
OLD = {"device_id": "27654321", "product_id": "68790", "auth_info": "sn001-secret"}
STUDIO = {"platform": "studio", "product_id": "Ab1", "device_name": "desk", "device_key": "c2VjcmV0IGtleQ=="}


def there():
    return json.loads(files()["config.json"])


def test_a_new_board():
    with Flash({"config.json": '{"setup": true}'}):
        assert write(dict(OLD, wifi=HOME, setup=None)) == []
        assert there() == dict(OLD, wifi=HOME)
        assert files()["config.back"] == '{"setup": true}'
        assert files()["config.try"] == "0 120"
        assert read("config.json")[1] is None


def test_a_board_without_a_configuration():
    for flash in ({}, {"config.json": "{"}, {"config.json": "[]"}):
        with Flash(flash):
            assert write(dict(STUDIO, wifi=HOME), 60) == []
            assert there() == dict(STUDIO, wifi=HOME)
            assert files()["config.back"] == "{}"
            assert files()["config.try"] == "0 60"


def test_what_is_not_answered_stays():
    config = dict(OLD, wifi=[{"ssid": "before"}], host="192.168.1.5", led_pin=2, keep_alive=60)
    with Flash({"config.json": json.dumps(config)}):
        assert write({"wifi": HOME, "keep_alive": None, "rx_size": None}) == []
        config["wifi"] = HOME
        del config["keep_alive"]
        assert there() == config


def test_another_platform():
    """What the older one alone has would be refused, and nobody could take it out."""
    config = dict(OLD, wifi=HOME, host="183.230.40.39", port=6002, subscribe_commands=False, led_pin=2)
    with Flash({"config.json": json.dumps(config)}):
        assert write(STUDIO) == []
        assert there() == dict(STUDIO, wifi=HOME, led_pin=2)
    with Flash({"config.json": json.dumps(dict(STUDIO, wifi=HOME, led_pin=2))}):
        assert write(dict(OLD, platform="legacy", host="192.168.1.5")) == []
        assert there() == dict(OLD, platform="legacy", wifi=HOME, led_pin=2, host="192.168.1.5")


def test_mistakes_are_told_by_name_and_nothing_is_written():
    before = {"config.json": '{"setup": true}'}
    with Flash(before):
        problems = write(dict(OLD, wifi=[{"ssid": "home", "password": "short"}], device_id="no digits"))
        assert [text.partition(": ")[0] for text in problems] == ["device_id", "wifi[0].password"]
        assert "short" not in "".join(problems)
        assert write({"platform": "nonsense", "wifi": HOME})
        assert write(dict(OLD, wifi=HOME, device_key="c2VjcmV0")) == [
            'device_key: is a key for "platform": "studio" or "dp"'
        ]
        assert files() == before


def test_on_trial_already():
    """What comes back is what was there before the first of two that never worked."""
    with Flash({"config.json": '{"setup": true}'}):
        assert write(dict(OLD, wifi=HOME)) == []
        config_trial.count()
        assert files()["config.try"] == "1 120"
        assert write(dict(OLD, wifi=[{"ssid": "other"}])) == []
        assert there()["wifi"] == [{"ssid": "other"}]
        assert files()["config.try"] == "0 120"
        config_trial.undo("not online")
        assert files() == {"config.json": '{"setup": true}', "config.undone": "undone: not online"}


def test_not_while_an_update_has_to_prove_itself():
    with Flash({"config.json": "{}", "deploy": ""}):
        assert write(dict(OLD, wifi=HOME)) == ["an update has to prove itself first; that takes some minutes"]
        assert files()["config.json"] == "{}"
