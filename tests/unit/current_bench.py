"""A device of OneNET's current platform, of either kind of product, and the broker that plays the platform."""

import json

import onenet.current as module
from onenet.token import token
from scripted import Broker
from support import publish_of, replaced

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
BASE = "$sys/aBcDeF1234/board1/"


class Platform(Broker):
    """The platform with a device of this dialect: online, its SUBSCRIBE seen, and granted unless `granted` is others or
    None for no answer. `told` has the arguments of what is called back, by name."""

    def __init__(self, dialect, granted=b"", **options):
        made = []

        def client(client_id, host, port, **options):
            key = token(KEY, "products/aBcDeF1234/devices/board1")
            device = dialect("board1", "aBcDeF1234", key, host, port, **options)
            made.append((device, device.client.on_message, device.client.on_publish, device.client.on_connect))
            return device.client

        super().__init__(kind=client, **options)
        self.device, self.client.on_message, self.client.on_publish, self.client.on_connect = made[0]
        self.client.on_subscribe = None
        self.connected_with = self.connect()
        self.subscribed_with = self.packet()
        filters = self.device._FILTERS
        if granted is not None:
            self.grant(granted or bytes(len(filters)))
        self.calls = {"sent": [], "refused": [], "command": []}
        self.device.on_sent = self.calls["sent"].append
        self.device.on_refused = lambda *args: self.calls["refused"].append(args)
        self.device.on_command = lambda *args: self.calls["command"].append(args)

    def grant(self, codes):
        self.send(bytes([0x90, 2 + len(codes)]) + self.subscribed_with[2:4] + codes)

    def reconnect(self):
        """The connection is lost and made anew; what the device subscribes to is granted."""
        self.client.close()
        self.connect()
        self.subscribed_with = self.packet()
        assert self.subscribed_with[0] == 0x82
        self.grant(bytes(len(self.device._FILTERS)))
        self.settle()

    def call(self, name):
        """Waits until this was called back; returns all that was."""
        self.until(lambda: self.calls[name], name)
        return self.calls

    def says(self, topic, body):
        """The platform publishes to a topic of the device."""
        if isinstance(body, dict):
            body = json.dumps(body)
        self.send(publish_of(BASE + topic, body if isinstance(body, bytes) else body.encode()))

    def acknowledge(self, packet_id):
        self.send(b"\x40\2" + packet_id)
        self.until(lambda: not self.device._packet, "PUBACK")

    def post(self, points, topic, dup=False):
        """Posts what has been gathered; the packet is seen. Returns its identifier in two bytes."""
        assert self.device.publish_points(points) == points.id
        return self.seen(points, topic, dup)

    def seen(self, points, topic, dup=False):
        packet = self.packet()
        whole = (BASE + topic).encode()
        at = packet.index(whole) + len(whole)
        buf = bytearray(len(points))
        points.write(buf, 0)
        assert packet == publish_of(BASE + topic, bytes(buf), 1, packet[at] << 8 | packet[at + 1], dup)
        return packet[at : at + 2]


class Ticks:
    """The ticks of the dialects, which go on when the test says so."""

    def __init__(self):
        self.now = 0x3FFFFF00
        self.swapped = replaced(module, "ticks_ms", lambda: self.now & 0x3FFFFFFF)

    def __enter__(self):
        self.swapped.swap()
        return self

    def __exit__(self, *args):
        self.swapped.swap()
