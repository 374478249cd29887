"""What a Device does when it is about to connect. Loaded for that, and forgotten: by itself, for soon there has to be
memory for the connection.
"""

from . import watchdog
from .log import log, rare


def connecting(device):
    """A connection is about to be begun. Raises MQTTError and OSError where TLS is wanted, and cannot be."""
    client = device._client
    log("mqtt", "connecting to %s:%d" % (client.host, client.port))
    watchdog.patient(True)
    if device.config["tls"]:
        rare("tls").make(device)
