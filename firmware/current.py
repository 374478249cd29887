"""Logs the device in to OneNET's current platform, whichever dialect its product speaks. Loaded only for that, as part
of the dialect's own room."""

from mqtt.errors import borrowed

from .things import things_of

_FOR_ALL = "mqtts.heclouds.com"


def log_in_by(dialect, device, options):
    """The device's platform by its configuration: an onenet.studio.Studio or onenet.dp.Streams. options: those of
    mqtt.Client. The turns of a Device's loop go by way of its Things from here on."""
    config = device.config
    name, product = config["device_name"], config["product_id"]
    config["device_id"] = name
    host = config["host"][0] if isinstance(config["host"], list) else config["host"]
    platform = dialect(name, product, _token(config), host, config["port"], config["keep_alive"], **options)
    client = platform.client
    if not host:
        hosts = [client.host, _FOR_ALL]
        if config["tls"]:
            hosts = [host.replace("mqtts.", "mqttstls.", 1) for host in hosts]  # as the platform calls them
        config["host"] = hosts
        client.host = hosts[0]
    things = things_of(device)
    device._upload = things._upload
    client.on_connect = things._connected
    platform.on_refused = things._refused
    return platform


def _token(config):
    """Made anew at each start: it lasts until 2100, and needs no clock. Of what it is made from, and of one that is
    given, the configuration keeps only what is no secret."""
    token = config["token"]
    if token:
        config["token"] = "&".join([part for part in token.split("&") if part[:5] != "sign="])
        return token
    key = config["device_key"] or config["access_key"]
    resource = "products/" + config["product_id"]
    if config["device_key"]:
        resource += "/devices/" + config["device_name"]
        config["device_key"] = True
    else:
        config["access_key"] = True
    return borrowed("onenet.token").token(key, resource)
