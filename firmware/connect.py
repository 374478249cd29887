"""What a Device does when it is about to connect, and says when it has. Loaded for that, and forgotten: by itself, for
soon there has to be memory for the connection.
"""

from mqtt.client import ONLINE

from . import watchdog
from .log import log, rare


def connecting(device):
    """A connection is about to be begun. Raises MQTTError and OSError where TLS is wanted, and cannot be."""
    client = device._client
    log("mqtt", "connecting to %s:%d" % (client.host, client.port))
    watchdog.patient(True)
    if device.config["tls"]:
        rare("tls").make(device)


def shows(device):
    """To the log, for somebody at the console: how things are, and what this is."""
    tells(device)
    log("device", rare("about").describe())


def tells(device):
    """To the log: how things are."""
    if device.config and device._client.state == ONLINE:
        try:
            free = rare("health").words()
        except MemoryError:
            free = ""
        log("mqtt", "online as device %s%s" % (device.config["device_id"], free))
        if device.config["intervals"]:
            rare("silent").unknown(device)
    else:
        log("mqtt" if device.config else "config", device._trouble)
