"""config.json for products of OneNET's current platform, with a thing model or with data streams: these keys in place
of those of the older one."""


def _text(v, most):
    return isinstance(v, str) and 0 < len(v.encode()) <= most


def _alphanumeric(byte):
    return 48 <= byte <= 57 or 65 <= byte & 0xDF <= 90


def _product(v):
    return _text(v, 32) and all(map(_alphanumeric, v.encode()))


def _name(v):
    return _text(v, 64) and all(c > 32 and c not in b'/+#"\\\x7f' for c in v.encode())


def _host(v):
    return _text(v, 255) and all(32 < c < 127 and c not in b'/:@,"' for c in v.encode())


def _hosts(v):
    return v == "" or _host(v) or isinstance(v, list) and 0 < len(v) <= 4 and all(map(_host, v))


def _key(v):
    if v == "":
        return True
    if not _text(v, 256) or len(v) & 3:
        return False
    text = v.encode().rstrip(b"=")
    return len(v) - len(text) < 3 and all(_alphanumeric(c) or c in b"+/" for c in text)


def _token(v):
    return v == "" or _text(v, 512) and v[:8] == "version=" and "&res=" in v and "&sign=" in v


def _number(start, end):
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and start <= v <= end


_OTHERS = "device_id", "auth_info", "subscribe_commands"
_SECRETS = "device_key", "access_key", "token"
_KEYS = {
    "host": ("", 'an address or name alone, or a list of them, or "" for OneNET\'s', _hosts),
    "port": (1883, "a whole number from 1 to 65535", _number(1, 65535)),
    "device_name": (None, "the device's name, up to 64 bytes without spaces, / + #", _name),
    "product_id": (None, "the product's ID, letters and digits", _product),
    "device_key": ("", "the device's key as OneNET shows it, base64", _key),
    "access_key": ("", "the product's access_key as OneNET shows it, base64", _key),
    "token": ("", "a token, version=…&res=…&et=…&method=…&sign=…", _token),
    "keep_alive": (120, "seconds, a whole number from 10 to 1800", _number(10, 1800)),
    "tx_size": (512, "bytes of the transmit buffer, a whole number from 256 to 16384", _number(256, 16384)),
}


def keys(older):
    """The keys of a configuration for this platform, with those of `older` that are not the older platform's alone."""
    mine = {key: older[key] for key in older if key not in _OTHERS}
    mine.update(_KEYS)
    return mine


def problems(checked):
    """What is wrong with the keys taken together."""
    if checked["host"] == "183.230.40.39":
        return ["host: is the older platform's; leave host and port out for OneNET's own"]
    given = [key for key in _SECRETS if checked[key] != ""]
    if not given:
        return ["device_key: is missing; must be the device's key, or else give access_key, the product's, or token"]
    if len(given) > 1:
        return ["%s: must not be there besides %s; one of them is enough" % (given[1], given[0])]
    token = checked["token"]
    if token and _token(token) and _product(checked["product_id"]):
        if ("&res=products%2F" + checked["product_id"]) not in token.replace("products/", "products%2F"):
            return ["token: must be of this product or its device; its res is another's"]
    return []
