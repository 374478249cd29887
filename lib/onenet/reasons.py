"""What the reason of a lost or refused connection means on each platform, in words; None for no better words. A board
loads this only for that. Keys and signatures are never in them."""

from micropython import const

from mqtt.errors import ConnectionClosed, ConnectionRefused, SubscribeError

# In one text, for a short one would be a name for ever; and where each begins
_PLATFORMS = "legacy studio dp mqtt"
_LEGACY = const(0)
_STUDIO = const(7)
_DP = const(14)
_MQTT = const(17)

_ELSEWHERE = "183.230.40.39", "mqtt.heclouds.com", "studio-mqtt.heclouds.com", "183.230.40.96"
_FOR_ALL = "mqtts.heclouds.com", "mqttstls.heclouds.com"
_UNTIL_2100 = 4102444800  # what onenet.token makes, which knows no better


def explain(platform, reason, config, host, now=0):
    """platform: "legacy" and so on; reason: an exception; config: what config.json has; host: the one that was tried;
    now: seconds since 1970, 0 where nobody knows."""
    which = _PLATFORMS.find(platform)
    if which == _MQTT:
        return _of_broker(reason)
    if isinstance(reason, SubscribeError):
        return _wrong_product(which)
    if isinstance(reason, ConnectionRefused) and reason.code in (2, 4, 5):
        if which == _LEGACY:
            return _refused_by_older(reason.code, config, host)
        return _refused(reason.code, config, host, now)
    if isinstance(reason, ConnectionClosed):
        who = "device id" if which == _LEGACY else "device"
        if "before CONNACK" in str(reason):
            form = "device id or product id" if which == _LEGACY else "a name"
            return "closed before CONNACK, as the platform does where it dislikes the form of " + form
        return "closed, as the platform does when the same %s logs in elsewhere, or at what it dislikes" % who


def _of_broker(reason):
    if isinstance(reason, ConnectionRefused):
        if reason.code in (4, 5):
            return "user name or password refused (code %d)" % reason.code
        if reason.code == 2:
            return "client id refused: another client_id in config.json may do (code 2)"
    if isinstance(reason, ConnectionClosed) and "WebSocket" not in str(reason):  # which says more
        if "before CONNACK" in str(reason):
            return "closed before CONNACK: is there an MQTT broker at this port, and does it let this client in?"
        return "closed, as a broker does that stops, or when another client has the same client_id"


def _wrong_product(which):
    """For the current platform alone: it refuses the topics of the other kind of product."""
    if which == _STUDIO:
        return 'this product takes data streams, for it refuses thing/#: write "platform": "dp"'
    if which == _DP:
        return 'this product has a thing model, for it refuses cmd/request/+: write "platform": "studio"'


def _refused_by_older(code, config, host):
    words = "device id, product id or auth-info refused (code %d): are all three of one device?" % code
    if host in _FOR_ALL or host.endswith("cmcconenet.cn"):
        return words + ' "host" is one of the current platform'
    return words + ' With a device name and a key it is of the current platform: write "platform": "studio", or "dp"'


def _refused(code, config, host, now):
    """CONNACK 4 is all that the platform says, whatever is wrong."""
    words = "device name, product id or key refused (code %d): " % code
    token = config["token"]
    end = whose = ""
    for part in token.split("&"):
        if part[:3] == "et=":
            end = part[3:]
        elif part[:4] == "res=":
            whose = part[4:].replace("%2F", "/")
    seconds = (int(end) if end.isdigit() and len(end) < 13 else 0) if token else _UNTIL_2100
    if now and seconds < now:
        return "%sthe token has expired, %s" % (words, _date(seconds))
    if token:
        doubts = "is the token's key that of its res, %s? " % whose
    elif config["device_key"]:
        doubts = "is device_key this device's, and not the product's access_key? "
    else:
        doubts = "is access_key the product's, and not the device's key? "
    doubts += "Is there a device called %s, capitals and all, of this product? " % config["device_name"]
    if host in _ELSEWHERE:
        doubts += '"host" %s is of another generation of OneNET. ' % host
    elif host in _FOR_ALL:
        doubts += "Products made since November 2024 have a host of their own, which this is not. "
    return "%s%sThe token lasts until %s" % (words, doubts, _date(seconds))


def _date(seconds):
    """Seconds since 1970, any number of them, in Beijing time."""
    minutes, second = divmod(seconds + 8 * 3600, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    era, day = divmod(days + 719468, 146097)  # of 400 years that begin with a March
    years = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * years + years // 4 - years // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month += 3
    if month > 12:
        month -= 12
        years += 1
    return "%04d-%02d-%02d %02d:%02d:%02d in Beijing" % (era * 400 + years, month, day, hour, minute, second)


# What came before it

_TYPES = "|CONNECT||PUBLISH|PUBACK|PUBREC|PUBREL|PUBCOMP|SUBSCRIBE||UNSUBSCRIBE||PINGREQ||DISCONNECT|"


def last_sent(buf):
    """The type of the packet that a client has sent last on its connection, or on the last one it had, and its topic,
    or its first topic filter: "PUBLISH to a/b". buf: its transmit buffer, whose first byte is 0 until there was one
    after CONNECT."""
    kind = buf[0] >> 4
    name = _TYPES.split("|")[kind or 1]
    if kind not in (3, 8, 10):
        return name
    at = 1
    while buf[at] & 0x80:  # remaining length
        at += 1
    at += 1 if kind == 3 else 3  # a packet identifier first, but for PUBLISH
    end = at + 2 + (buf[at] << 8 | buf[at + 1])
    return "%s %s%s" % (name, "to " if kind == 3 else "of ", bytes(buf[at + 2 : end]).decode())
