"""Logs the device in to OneNET's current platform, whichever dialect its product speaks. Loaded only for that, as part
of the dialect's own room."""

from mqtt.errors import borrowed

from .log import rare

_FOR_ALL = "mqtts.heclouds.com"


def log_in_by(dialect, device, options):
    """The device's platform by its configuration: an onenet.studio.Studio or onenet.dp.Streams. options: those of
    mqtt.Client. The turns of a Device's loop go by way of its Things from here on."""
    config = device.config
    config["device_id"] = name = config.pop("device_name")
    product = config["product_id"]
    host = config["host"][0] if isinstance(config["host"], list) else config["host"]
    platform = dialect(name, product, _token(config, name), host, config["port"], config["keep_alive"], **options)
    client = platform.client
    if not host:
        hosts = [client.host, _FOR_ALL]
        if config["tls"]:
            hosts = [host.replace("mqtts.", "mqttstls.", 1) for host in hosts]  # as the platform calls them
        config["host"] = hosts
        client.host = hosts[0]
    things = rare("declared").things_of(device)
    device._upload = things._upload
    client.on_connect = things._connected
    platform.on_refused = things._refused
    return platform


def _token(config, name):
    """Made anew at each start: it lasts until 2100, and needs no clock. Of what it is made from, and of one that is
    given, the configuration keeps what is needed for the words of a refusal, and no secret."""
    token = config.pop("token")
    device_key, access_key = config.pop("device_key"), config.pop("access_key")
    if token:
        config["token"] = "&".join([part for part in token.split("&") if part[:5] != "sign="])
        return token
    resource = "products/" + config["product_id"]
    if device_key:
        resource += "/devices/" + name
        config["device_key"] = True
    return borrowed("onenet.token").token(device_key or access_key, resource)
