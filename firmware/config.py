"""config.json: what may stand in it, and what to say about what may not. The host's tools use the same check."""

import json
import sys

from mqtt.errors import borrowed


class ConfigError(Exception):
    """The text lists every problem, a line each, with what would be right. `problems` is the same as a list."""

    def __init__(self, path, problems):
        super().__init__("%s has %d problem(s):\n- %s" % (path, len(problems), "\n- ".join(problems)))
        self.problems = problems


# With those of 10 bytes as texts of their own they would become names, for ever.
_UPDATE = "update update_key".split(" ")
_REMOTE = "log remote remote_key _trial setup".split(" ")  # keys, and what a module has at the end of its name

# Key: (default, what would be right, test). A default of None: the key must be there.
_SECRET = (  # constant, so no names
    "auth_info",
    "device_key",
    "access_key",
    "token",
    "password",
    "update_key",
    "remote_key",
)


def _text(end):
    return lambda v: isinstance(v, str) and 0 < len(v.encode()) <= end


def _hex(v):
    return (
        isinstance(v, str) and 2 <= len(v) <= 64 and len(v) % 2 == 0 and all(c in "0123456789abcdefABCDEF" for c in v)
    )


def _host(v):
    return _text(255)(v) and all(32 < c < 127 and c not in b'/:@,"' for c in v.encode())


def _digits(v):  # by bytes: of a str each character becomes a name, for ever
    return isinstance(v, str) and 0 < len(v) <= 32 and all(48 <= c <= 57 for c in v.encode())


def _number(start, end):
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and start <= v <= end


def _yes_no(v):
    return isinstance(v, bool)


def _one_of(*names):
    return lambda v: v in names


def _ca(v):
    return isinstance(v, str) and (v == "" or v == "onenet" or v[-4:] == ".der" and len(v.encode()) <= 64)


def _intervals(v):
    ok = _number(1, 86400)
    return isinstance(v, dict) and all(ok(seconds) for seconds in v.values())


def _flash(v):
    if isinstance(v, dict):
        kb, after, newest_first = names = "kb after newest_first".split(" ")  # as in _PLATFORMS
        ok = all(key in names for key in v) and _number(16, 16384)(v.get(kb))
        return ok and _number(1, 86400)(v.get(after, 1)) and _yes_no(v.get(newest_first, False))
    return _number(0, 0)(v) or _number(16, 16384)(v)


def _sleep(v):
    if isinstance(v, dict):
        seconds, awake = names = "seconds awake".split(" ")  # as in _PLATFORMS
        ok = all(key in names for key in v) and _number(10, 604800)(v.get(seconds))
        return ok and _number(5, 300)(v.get(awake, 30))
    return _number(0, 0)(v) or _number(10, 604800)(v)


def _log(v):
    if isinstance(v, dict):
        size, stream = names = "size stream".split(" ")  # as in _PLATFORMS
        return all(key in names for key in v) and _number(512, 8192)(v.get(size)) and _yes_no(v.get(stream, False))
    return _number(0, 0)(v) or _number(512, 8192)(v)


def _secret_text(v):
    return v == "" or _text(64)(v) and len(v) >= 16


# Platform, and the module of its keys: this one's name and these letters. In one text, for short ones become names, for
# ever.
_PLATFORMS = [words.split(":") for words in "legacy: studio:_studio dp:_studio mqtt:_mqtt".split(" ")]
_TLS = "ca tls_name _tls".split(" ")  # two keys, and what their module has at the end of its name

_KEYS = {
    "wifi": (None, 'a list of networks like [{"ssid": "name", "password": "at least 8 characters, or empty"}]', None),
    "platform": ("legacy", '"legacy", "studio", "dp" or "mqtt"', lambda v: v in [name for name, _ in _PLATFORMS]),
    "host": ("183.230.40.39", "an address or name alone, without mqtt:// and without a port, which is a key", _host),
    "port": (6002, "a whole number from 1 to 65535", _number(1, 65535)),
    "device_id": (None, "the device's ID, digits in quotes", _digits),
    "product_id": (None, "the product's ID, digits in quotes", _digits),
    "auth_info": (None, "the device's auth-info (or an api-key), 1 to 512 bytes of text", _text(512)),
    "keep_alive": (120, "seconds, a whole number from 10 to 65535", _number(10, 65535)),
    "upload_interval": (1, "seconds between uploads, a whole number from 1 to 86400", _number(1, 86400)),
    "intervals": ({}, 'seconds by stream like {"temperature": 60}, each from 1 to 86400', _intervals),
    "health_interval": (
        0,
        "seconds between reports of the board's health, 1 to 86400, or 0 for none",
        _number(0, 86400),
    ),
    "tx_size": (512, "bytes of the transmit buffer, a whole number from 128 to 16384", _number(128, 16384)),
    "rx_size": (512, "bytes of the receive buffer, a whole number from 128 to 16384", _number(128, 16384)),
    "outbox_size": (2048, "bytes of the outbox, a whole number from 256 to 65536", _number(256, 65536)),
    "outbox_full": ("drop_oldest", '"drop_oldest" or "drop_newest"', _one_of("drop_oldest", "drop_newest")),
    "outbox_flash": (
        0,
        'KB of flash for data points that wait for long, 16 to 16384, or 0 for none, or {"kb": …, "after": seconds, '
        '"newest_first": true}',
        _flash,
    ),
    "sleep": (
        0,
        'seconds of deep sleep between measurements, 10 to 604800, or 0 for none, or {"seconds": …, "awake": seconds '
        "for the network at most, 5 to 300}",
        _sleep,
    ),
    "led_pin": (-1, "a pin's number from 0 to 48, or -1 for none", _number(-1, 48)),
    "led_active_low": (False, "true or false", _yes_no),
    "watchdog": (
        60,
        "seconds, a whole number from 10 to 600, or 0 for none",
        lambda v: _number(0, 0)(v) or _number(10, 600)(v),
    ),
    "reset_after": (
        30,
        "minutes without a connection after which the board is reset, 1 to 1440, or 0 for never",
        _number(0, 1440),
    ),
    "ntp_host": (
        ["ntp.aliyun.com", "ntp.tencent.com"],
        'an address or name, a list of them, or "" for none',
        lambda v: v == "" or _host(v) or isinstance(v, list) and v and all(_host(host) for host in v),
    ),
    "subscribe_commands": (False, "true for a plain MQTT broker, false for OneNET", _yes_no),
    "safe_mode_pin": (
        "boot",
        'the number of a pin with a button, 0 to 48, "boot" for the BOOT button, or -1 for none',
        lambda v: v == "boot" or _number(-1, 48)(v),
    ),
    "tls": (False, "true or false", _yes_no),
    _TLS[0]: ("", 'a file on the board with a CA\'s certificate in DER, as "ca.der", or "onenet" for OneNET\'s', _ca),
    _TLS[1]: (
        "",
        'the name in the server\'s certificate, "" for the host\'s, or "any"',
        lambda v: v == "" or _text(64)(v),
    ),
    _UPDATE[0]: (False, "true to obey the command that updates the program over the air, or false", _yes_no),
    _UPDATE[1]: (
        "",
        'a text of 16 to 64 characters that only you know, which signs packages, or "" for none',
        _secret_text,
    ),
    _REMOTE[0]: (
        0,
        'bytes of memory for the last lines of the log, 512 to 8192, or 0 for none, or {"size": …, "stream": true}',
        _log,
    ),
    _REMOTE[1]: (False, "true to obey what is signed with remote_key, or false", _yes_no),
    _REMOTE[2]: ("", 'a text of 16 to 64 characters that only you know, or "" for none', _secret_text),
    _REMOTE[4]: (
        False,
        "true for an access point with a page to set the board up, until it is joined once, or false",
        _yes_no,
    ),
    "trace": (False, "true to show every MQTT packet on the console, or false", _yes_no),
}


def _room(platform):
    """The module of a platform's keys, forgotten afterwards, as this is: keys() of what stands here are all it has, and
    problems() what is wrong with them together. None for the older platform, whose keys stand here."""
    for name, letters in _PLATFORMS:
        if name == platform and letters:
            return borrowed(__name__ + letters)


def _unknown(key):
    """What to say of a key that the platform that is given does not have."""
    names = []
    for name, _ in _PLATFORMS:
        room = _room(name)
        if key in (room.keys(_KEYS) if room else _KEYS):
            names.append('"%s"' % name)
    words = 'is a key for "platform": ' + " or ".join(names) if names else "unknown key; see config.json.example"
    return "%s: %s" % (key, words)


def _product_id_hint(value):
    """What to say of a product id where the older platform's is wanted."""
    if not isinstance(value, str) or not 0 < len(value) <= 32:
        return ""
    if not all(48 <= c <= 57 or 65 <= c & 0xDF <= 90 for c in value.encode()):
        return ""
    return (
        '; with letters it is from OneNET\'s current platform: give "platform": "studio", or "dp" where the product '
        "takes data streams, with device_name and device_key in place of device_id and auth_info"
    )


def _wifi_problems(networks):
    if not isinstance(networks, list) or not networks:
        return ["wifi: must be " + _KEYS["wifi"][1]]
    problems = []
    for i, network in enumerate(networks):
        at = "wifi[%d]" % i
        if not isinstance(network, dict):
            problems.append(at + ': must be {"ssid": "name", "password": "…"}')
            continue
        for key in network:
            if key not in ("ssid", "ssid_hex", "password"):
                problems.append("%s.%s: unknown key; there are ssid, ssid_hex and password" % (at, key))
        if "ssid_hex" in network:
            if "ssid" in network or not _hex(network["ssid_hex"]):
                problems.append(at + ".ssid_hex: must be 1 to 32 bytes of the network's name in hex, instead of ssid")
        elif not _text(32)(network.get("ssid")):
            problems.append(at + ".ssid: must be the network's name, 1 to 32 bytes")
        password = network.get("password", "")
        if password != "" and not (_text(64)(password) and len(password) >= 8):
            problems.append(at + '.password: must be 8 to 64 characters, or "" for an open network')
    return problems


def check(config, path="config.json"):
    """config with the defaults filled in, as a new dict; ConfigError where anything is missing, unknown or wrong."""
    if not isinstance(config, dict):
        raise ConfigError(path, ["must be a JSON object: { … }"])
    room = _room(config.get("platform"))
    keys = room.keys(_KEYS) if room else _KEYS
    problems = [_unknown(key) for key in config if key not in keys]
    checked = {}
    for key, (default, right, test) in keys.items():
        value = checked[key] = config.get(key, default)
        if key == "wifi" and key in config:
            problems += _wifi_problems(value)
        elif key not in config:
            if default is None:
                problems.append("%s: is missing; must be %s" % (key, right))
        elif not test(value):
            shown = "" if key in _SECRET else ", not " + json.dumps(value)
            if key == "product_id" and not room:
                shown += _product_id_hint(value)
            problems.append("%s: must be %s%s" % (key, right, shown))
    if room:
        problems += room.problems(checked)
    if checked["tls"] or checked[_TLS[0]] or checked[_TLS[1]]:
        problems += borrowed(__name__ + _TLS[2]).problems(config, checked, keys["host"][0])
    if checked[_REMOTE[1]] and not checked[_REMOTE[2]]:
        problems.append('remote_key: must be given where "remote" is true; it signs what the board is to obey')
    if problems:
        raise ConfigError(path, sorted(problems))
    checked[_UPDATE[0]] = checked[_UPDATE[0]] or checked[_UPDATE[1]] != ""
    return checked


def load(path):
    """The checked configuration in this file. ConfigError, also where there is no such file or it is not JSON."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        raise ConfigError(path, ["is missing; copy config.json.example to it and fill it in"])
    return check(parse(data, path), path)


def read(path):
    """The same as JSON, and None; or None, and in words what is wrong. JSON lies in one piece, so that what this module
    has made can all go with it."""
    try:
        return json.dumps(load(path)), None
    except ConfigError as e:
        why = str(e)
        _take_back(why)
        return None, why
    finally:
        _clear()


def _take_back(why):
    """A change from afar that is refused here: the file from before, and a new start, before the program misses its
    configuration. Returns where there was none."""
    import machine
    import os

    if "config.back" in os.listdir():
        borrowed(__name__ + _REMOTE[3]).undo(why)
        machine.reset()


def _clear():
    """Where a board forgets this module, its 10 KB go, even if the collector takes a word on the stack for a use of it,
    as it takes whatever looks like an address (py/gc.c, gc_collect_root())."""
    if __name__ not in sys.modules:
        globals().clear()


def parse(data, path="config.json"):
    """What the bytes of a file hold, not checked yet. ConfigError, which does not quote them, where it is not JSON."""
    why = _not_text(data)
    if not why:
        try:
            config = json.loads(data)
            if _is_whole(data):
                return config
        except ValueError:  # the parser's own words may quote the file, and so a password
            pass
        missing = "comma, quote or bracket" if _is_whole(data) else "bracket: it is cut off, or has one too many"
        why = "is not JSON; " + (_oddity(data) or "look for a missing " + missing)
    raise ConfigError(path, [why])


def _is_whole(data):
    """Whether every brace and bracket is closed: MicroPython 1.25 closes objects itself where the file ends."""
    depth = at = 0
    text = False
    while at < len(data):
        byte = data[at]
        if byte == 92:
            at += 1
        elif byte == 34:
            text = not text
        elif not text and byte in b"{[":
            depth += 1
        elif not text and byte in b"}]":
            depth -= 1
        at += 1
    return depth == 0


def _not_text(data):
    """What the bytes are in place of UTF-8, in words; or empty."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data:
        return "is not JSON but UTF-16, or no text; save it as UTF-8"
    if data[:3] == b"\xef\xbb\xbf":
        return "is not plain JSON: it begins with a byte order mark; save it as UTF-8 without BOM"
    try:
        str(data, "utf-8")
    except ValueError:
        return "is not JSON in UTF-8 (but in GBK, or ANSI?); save it as UTF-8"
    return ""


def _oddity(data):
    """The first thing that cannot be in JSON, in words with its line; or empty. What texts hold is not told."""
    line = 1
    last = at = 0  # last: the byte before, spaces left out
    while at < len(data):
        byte = data[at]
        where = "line %d: " % line
        if byte == 34:
            if last == 34 or last in b"}]0123456789el":  # what ends a value; e and l end true, false, null
                return where + "a comma or colon is missing before a text, perhaps at the end of the line before"
            while True:
                at += 1
                if at >= len(data) or data[at] == 10:
                    return where + "a text has no quote at its end"
                if data[at] == 34:
                    break
                if data[at] == 92:
                    at += 1
        elif byte >= 128:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return where + '%s is none of the plain " : , { } [ ] of JSON' % str(data[at : at + size], "utf-8")
        elif byte == 10:
            line += 1
        elif byte in b"}]" and last == 44:
            return where + "a comma stands before it that must not be there"
        elif byte in b"'#/;=()":
            return where + '%s is no JSON; texts stand in ", and there are no comments' % chr(byte)
        elif 65 <= byte <= 90:
            return where + "a word with a capital, as Python's True, False or None; JSON has true, false and null"
        if byte > 32:
            last = byte
        at += 1
    return "" if last == 125 else "it does not end with }: it is cut off, or something stands behind that"
