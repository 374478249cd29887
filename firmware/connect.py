"""What a Device does when it is about to connect, and says when it has. Loaded for that, and forgotten: by itself, for
soon there has to be memory for the connection.
"""

from sys import modules

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


def nothing(stream):
    """To the log: that a stream's function returns None again and again, and has not returned anything else yet."""
    if not stream[0]:  # what has no name is ours, and is to be looked at in each turn
        return
    change = modules.get("firmware.change")
    if not change or not isinstance(stream[2], change.Average) or not stream[2]._readings:
        words = "%s: nothing was ever sent, for its function returns None; return the value, if there is to be one"
        log("stream", words % stream[0].decode())


def tells(device):
    """To the log: how things are."""
    if device.config and device._client.state == ONLINE:
        try:
            free = rare("health").words()
        except MemoryError:
            free = ""
        log("mqtt", "online as device %s%s" % (device.config["device_id"], free))
        intervals = device.config["intervals"]
        for name in list(intervals):
            for stream in device._streams:
                if stream[0].decode() == name:
                    break
            else:
                del intervals[name]  # it is said once
                log("config", '"intervals": no stream is called "%s"' % name)
    else:
        log("mqtt" if device.config else "config", device._trouble)
