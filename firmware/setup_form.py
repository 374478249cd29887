"""What the page of a board's access point sends, and what it is told: forms, and the state that it shows."""

import json
import os
from binascii import hexlify, unhexlify

_PLATFORMS = {  # and the keys that the page asks for; host and port in any case
    "legacy": "product_id device_id auth_info",
    "studio": "product_id device_name device_key",
    "dp": "product_id device_name device_key",
    "mqtt": "device_name username password",
}
_SECRETS = "auth_info device_key password".split(" ")
_SHOWN = "platform product_id device_id device_name username host port".split(" ")
_FIELDS = 16
_LAST = "setup.json"  # the answers, until they have brought the board online


def fields(body):
    """The fields of a form, application/x-www-form-urlencoded, as texts by name; ValueError for what is none."""
    found: dict = {}
    for pair in bytes(body).split(b"&"):
        name, equals, value = pair.partition(b"=")
        if not equals or len(found) == _FIELDS:
            raise ValueError
        found[_decoded(name)] = _decoded(value)
    return found


def _decoded(text):
    parts = text.replace(b"+", b" ").split(b"%")
    for n in range(1, len(parts)):
        part = parts[n]
        if len(part) < 2:
            raise ValueError
        parts[n] = unhexlify(part[:2]) + part[2:]
    text = b"".join(parts)
    if any(byte < 32 for byte in text):
        raise ValueError
    return str(text, "utf-8")


def answers(form, before):
    """The answers in a form, as setup_write.write() takes them. before: keys and values that there are; a secret that
    is left empty stays."""
    platform = form.get("platform", "legacy")
    found = {"platform": platform}
    same = before.get("platform", "legacy") == platform
    for key in (_PLATFORMS.get(platform, "device_name") + " host port").split(" "):
        value = form.get(key, "")
        if key not in _SECRETS:
            value = value.strip()
        elif same and not value:
            value = before.get(key)
        if key == "port" and value and len(value) < 6 and all(48 <= c < 58 for c in value.encode()):
            value = int(value)
        found[key] = value or None
    network = {"password": form.get("wifi_password", "")}
    if form.get("ssid_hex"):
        network["ssid_hex"] = form["ssid_hex"]
        try:
            network["ssid"] = str(unhexlify(form["ssid_hex"]), "utf-8")
            del network["ssid_hex"]
        except ValueError:  # GBK, likely, or none at all, which the check will say
            pass
    else:
        network["ssid"] = form.get("ssid", "")
    known = first_network(before)
    if not network["password"] and all(known.get(key) == network.get(key) for key in ("ssid", "ssid_hex")):
        network["password"] = known.get("password", "")
    found["wifi"] = [network]
    return found


def first_network(config):
    networks = config.get("wifi")
    return networks[0] if isinstance(networks, list) and networks and isinstance(networks[0], dict) else {}


def before():
    """What config.json holds, and over it the answers that did not work."""
    found = {}
    for path in ("config.json", _LAST):
        try:
            with open(path) as file:
                held = json.load(file)
            if isinstance(held, dict):
                found.update(held)
        except (OSError, ValueError):
            pass
    return found


def keep(found):
    """The answers, for the case that they don't work. OSError: the flash is full."""
    with open("setup.part", "w") as file:
        json.dump(found, file)
    os.rename("setup.part", _LAST)


def state(networks, chinese, why):
    """What the page shows, as JSON: no secrets, but their names where there are some."""
    config = before()
    shown = {key: config[key] for key in _SHOWN if isinstance(config.get(key), (str, int))}
    known = first_network(config)
    ssid = known.get("ssid_hex") or hexlify(known.get("ssid", "").encode()).decode()
    return json.dumps(
        {
            "zh": chinese,
            "why": why,
            "networks": [[hexlify(name).decode(), secured] for name, secured in networks],
            "ssid": ssid,
            "fields": shown,
            "kept": [key for key in _SECRETS if config.get(key)] + (["wifi_password"] if known.get("password") else []),
        }
    )
