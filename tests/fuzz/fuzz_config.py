"""The text of a config.json, whatever it is: a configuration, or a ConfigError in words that tell no secret. What is
taken is taken again as it is, and a Device begins with it."""

import json

import fakes  # noqa: F401  # the way to firmware
from device_bench import device_at, write
from fakes import network
from quick import Quick

from firmware import config
from firmware.config import ConfigError

_SECRETS = "auth_info", "device_key", "access_key", "password"  # a token has the product's id in it


def check(data):
    try:
        found = config.parse(data)
        checked = config.check(found)
    except ConfigError as e:
        assert str(e).startswith("config.json has ") and e.problems
        for words in e.problems:
            assert words and "\n" not in words
        _tells_no_secret(data)
        return
    text = json.dumps(checked)
    assert config.check(config.parse(text.encode())) == checked, "not taken again: " + text
    with Quick():
        network.new_air({})
        path = write(text)
        device = device_at(path)
        assert device.config and device.outbox is not None
        told = repr(device.config)
        for name in _SECRETS:
            secret = checked.get(name)
            assert not isinstance(secret, str) or len(secret) < 12 or secret not in told


def _tells_no_secret(data):
    """Has the same said of it with other secrets of the same kind and length."""
    try:
        found = config.parse(data)
    except ConfigError:
        return
    if not isinstance(found, dict):
        return
    words = _words(found)
    networks = found.get("wifi")
    for where in [found] + (networks if isinstance(networks, list) else []):
        if isinstance(where, dict):
            for name in _SECRETS:
                secret = where.get(name)
                if isinstance(secret, str) and len(secret) > 3 and all(c < 128 for c in secret.encode()):
                    where[name] = _other(secret)
    assert _words(found) == words, "told: " + words


def _other(secret):
    """Another of the same kind: letters stay letters."""
    return "".join([chr(ord(c) ^ 1) if "b" <= c <= "y" else c for c in secret])


def _words(found):
    try:
        config.check(found)
    except ConfigError as e:
        return str(e)
    return ""
