"""config.json for any MQTT broker: these keys in place of those of OneNET's older platform."""


def _text(v, most, least=0):
    return isinstance(v, str) and least <= len(v.encode()) <= most and "\0" not in v


def _name(v):
    return _text(v, 64, 1) and all(c > 32 and c not in b'/+#"\\\x7f' for c in v.encode())


def _host(v):
    return _text(v, 255, 1) and all(32 < c < 127 and c not in b'/:@,"' for c in v.encode())


def _hosts(v):
    return _host(v) or isinstance(v, list) and 0 < len(v) <= 8 and all(map(_host, v))


def _number(start, end):
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and start <= v <= end


def _yes_no(v):
    return isinstance(v, bool)


def _topic(v):
    """A topic for the device, with {device} perhaps."""
    plain = isinstance(v, str) and v.replace("{device}", "-")
    return plain and _text(plain, 128) and plain[0] != "$" and not any(c in plain for c in "+#{}")


def _one_stream(v):
    return isinstance(v, str) and v.count("{stream}") == 1 and _topic(v.replace("{stream}", "-"))


def _setting(v):
    return _one_stream(v) and "{stream}" in v.split("/")


def _path(v):
    """What is asked for in the opening handshake of a WebSocket."""
    return _text(v, 128, 1) and v[0] == "/" and all(32 < c < 127 and c != 35 for c in v.encode())


def _entities(v):
    return isinstance(v, dict) and all(isinstance(fields, dict) for fields in v.values())


_OTHERS = "device_id", "product_id", "auth_info", "subscribe_commands"
_TOPIC = "a topic without + and #, in which {device} may stand for device_name"
_KEYS = {
    "host": (None, "the broker's address or name alone, or a list of up to 8: when one fails, the next", _hosts),
    "port": (1883, "a whole number from 1 to 65535", _number(1, 65535)),
    "transport": ("tcp", '"tcp" or "websocket"', lambda v: v in ("tcp", "websocket")),
    "path": ("/mqtt", "what the broker calls its WebSocket, from / on, without spaces and #", _path),
    "device_name": (None, "a name for the device, up to 64 bytes without spaces, / + #", _name),
    "client_id": (
        "",
        'up to 64 bytes, other than every other client\'s, or "" for device_name',
        lambda v: _text(v, 64),
    ),
    "username": ("", 'up to 255 bytes, or "" for none', lambda v: _text(v, 255)),
    "password": ("", 'up to 255 bytes, or "" for none', lambda v: _text(v, 255)),
    "keep_alive": (60, "seconds, a whole number from 10 to 65535", _number(10, 65535)),
    "clean_session": (True, "true, or false for a broker that keeps commands while the board is away", _yes_no),
    "qos": (1, "0, 1, or with clean_session false 2", _number(0, 2)),
    "retain": (False, "true for a broker that keeps the last message of each topic, or false", _yes_no),
    "topic": (
        "{device}/data/{stream}",
        "a topic with {stream} for a message a value, or without for JSON of all; {device} may stand for device_name",
        lambda v: _topic(v) or _one_stream(v),
    ),
    "status_topic": ("{device}/status", _TOPIC, _topic),
    "command_topic": ("{device}/command", _TOPIC, _topic),
    "reply_topic": ("{device}/reply", _TOPIC, _topic),
    "set_topic": ("{device}/set/{stream}", "a topic with {stream}, for a property's name, as one level", _setting),
    "discovery_prefix": (
        "",
        'Home Assistant\'s, which is "homeassistant" mostly, or "" for no discovery',
        lambda v: v == "" or _topic(v),
    ),
    "entities": ({}, 'fields for Home Assistant by stream, {"temp": {"unit_of_measurement": "°C"}}', _entities),
}


def keys(older):
    """The keys of a configuration for this platform, with those of `older` that are not the older platform's alone."""
    mine = {key: older[key] for key in older if key not in _OTHERS}
    mine.update(_KEYS)
    return mine


def problems(checked):
    """What is wrong with the keys taken together."""
    for key, (_, _, right) in _KEYS.items():
        if not right(checked[key]):
            return []  # which is said already
    found = []
    if checked["password"] and not checked["username"]:
        found.append("username: must be there where there is a password")
    if checked["qos"] == 2 and checked["clean_session"]:
        found.append('qos: 2 needs "clean_session": false, or it is no better than 1')
    topics = {key: checked[key].replace("{device}", checked["device_name"]) for key in _KEYS if key[-5:] == "topic"}
    for key in ("topic", "status_topic", "reply_topic", "set_topic"):
        if (topics[key] + "/").startswith(topics["command_topic"] + "/"):
            found.append("%s: must not be command_topic, or below it" % key)
    for key in ("topic", "status_topic", "reply_topic"):
        if _meet(topics[key], topics["set_topic"]):
            found.append("%s: must not be what set_topic may be" % key)
    for key in ("topic", "reply_topic"):
        if topics[key] == topics["status_topic"]:
            found.append("%s: must not be status_topic" % key)
    filters = [topics["command_topic"], topics["set_topic"], checked["discovery_prefix"]]
    if sum([len(one.encode()) for one in filters]) + 30 > checked["tx_size"]:
        found.append("tx_size: has no room for the subscriptions to command_topic, set_topic and discovery_prefix")
    return found


def _meet(topic, settings):
    """Whether a topic is one where properties are set, for any name of a stream."""
    a, b = topic.split("/"), settings.split("/")
    return len(a) == len(b) and all(b[i] in (a[i], "{stream}") for i in range(len(a)))
