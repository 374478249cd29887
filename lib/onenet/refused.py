"""What it means that OneNET's current platform refuses a device, in words. A board loads this only for that."""

_ELSEWHERE = "183.230.40.39", "mqtt.heclouds.com", "studio-mqtt.heclouds.com", "183.230.40.96"
_FOR_ALL = "mqtts.heclouds.com", "mqttstls.heclouds.com"
_UNTIL_2100 = 4102444800  # what onenet.token makes, which knows no better


def explain(platform, reason, config, host, now):
    """As onenet.reasons has it. CONNACK 4 is all that the platform says, whatever is wrong. config: as config.json has
    it, or what a board keeps of it: the name as device_id, the token without its signature, and whether there was a
    device_key."""
    words = "device name, product id or key refused (code %d): " % reason.code
    token = config.get("token") or ""
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
    elif config.get("device_key"):
        doubts = "is device_key this device's, and not the product's access_key? "
    else:
        doubts = "is access_key the product's, and not the device's key? "
    doubts += "Is there a device called %s, capitals and all, of this product? " % (
        config.get("device_id") or config["device_name"]
    )
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
