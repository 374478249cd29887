"""Logs the device in to OneNET's current platform, whichever dialect its product speaks. Loaded only for that."""

from mqtt.errors import borrowed
from onenet.current import HOSTS

from .things import things_of


def log_in(device, options, dialect):
    """The device's platform by its configuration: onenet.studio's or onenet.dp's. options: those of mqtt.Client. The
    turns of a Device's loop go by way of its Things from here on."""
    config = device.config
    name, product = config["device_name"], config["product_id"]
    config["device_id"] = name
    if not config["host"]:
        config["host"] = hosts = [HOSTS[0] % product, HOSTS[1]]
        if config["tls"]:
            config["host"] = [host.replace("mqtts.", "mqttstls.", 1) for host in hosts]  # as the platform calls them
    host = config["host"] if isinstance(config["host"], str) else config["host"][0]
    platform = dialect(name, product, _token(config), host, config["port"], config["keep_alive"], **options)
    things = things_of(device)
    device._upload = things._upload
    platform.on_connect = things._connected
    platform.on_refused = things._refused
    return platform


def _token(config):
    """Made anew at each start: it lasts until 2100, and needs no clock."""
    if config["token"]:
        return config["token"]
    resource = "products/" + config["product_id"]
    if config["device_key"]:
        resource += "/devices/" + config["device_name"]
    return borrowed("onenet.token").token(config["device_key"] or config["access_key"], resource)
