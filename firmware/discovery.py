"""Tells Home Assistant what the device has, by its MQTT discovery: a retained message for each stream and property, one
a turn, on each connection and whenever Home Assistant says that it has come online. Loaded where "discovery_prefix" is
given; entities.py has what the messages say.
"""

from .log import log, rare


class Discovery:
    """Goes by way of a Device's turns."""

    def __init__(self, device, platform):
        """platform: its onenet.mqtt.Broker, not online yet."""
        self.device = device
        self._birth = (device.config["discovery_prefix"] + "/status").encode()
        self._next = None  # number of the entity to tell of next; None when all are told of
        platform.filters.append(self._birth)
        platform.on_connect = self._connected
        platform.on_other = self._other
        device._upload = self._upload

    def _connected(self, session_present):
        self._next = 0
        self.device._connected(session_present)

    def _other(self, topic, payload):
        if topic == self._birth and payload == b"online":
            self._next = 0

    def _upload(self):
        device = self.device
        if self._next is not None and device._client.can_publish(1):
            self._tell()
        type(device)._upload(device)

    def _tell(self):
        device = self.device
        n = self._next
        most = len(device._streams) + (len(device._things.properties) if device._things else 0)
        self._next = n + 1 if n + 1 < most else None
        try:
            found = rare("entities").entity(device, n)
            if found:
                device._client.publish(found[0], found[1], 1, True)
        except (ValueError, MemoryError) as e:  # the first, where the topic is too long
            log("discovery", "entity %d: %s" % (n, str(e) or "no memory for it"))
