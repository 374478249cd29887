"""Logs the device in to OneNET's current platform. Loaded only for that."""

from mqtt.errors import borrowed
from onenet.studio import HOSTS, Points, Studio

from .things import things_of


def log_in(device, options):
    """The device's platform and the class of its data points, by its configuration. options: those of mqtt.Client."""
    config = device.config
    name, product = config["device_name"], config["product_id"]
    config["device_id"] = name
    hosts = config["host"] or [HOSTS[0] % product, HOSTS[1]]
    if config["tls"] and not config["host"]:
        hosts = [host.replace("mqtts.", "mqttstls.", 1) for host in hosts]  # as the platform calls them
    config["host"] = hosts = [hosts] if isinstance(hosts, str) else hosts
    platform = Studio(name, product, _token(config), hosts[0], config["port"], config["keep_alive"], **options)
    things = things_of(device)  # by way of which the Device's turns go
    device._answer = things._answer
    device._upload = things._upload
    platform.on_connect = things._connected
    platform.on_refused = things._refused
    return platform, Points


def _token(config):
    """Made anew at each start: it lasts until 2100, and needs no clock."""
    if config["token"]:
        return config["token"]
    resource = "products/" + config["product_id"]
    if config["device_key"]:
        resource += "/devices/" + config["device_name"]
    return borrowed("onenet.token").token(config["device_key"] or config["access_key"], resource)
