# mypy: ignore-errors
"""This library."""

import time

from measure import PAYLOAD, TOPIC, USER
from mqtt import Client

_PING_EVERY = 500  # ms: half of the shortest keep alive


class Peer:
    pings_by_itself = True

    def __init__(self, module, port, big):
        self.messages = self.size = self.published = 0
        self._id = module
        self._port = port
        self._make(60, 4200 if big else 512)

    def _transport(self):
        """What is between the client and the socket: nothing."""

    def _make(self, keepalive, rx_size):
        self._keepalive = keepalive
        options = {"rx_size": rx_size, "transport": self._transport()}
        self.client = client = Client(self._id, "127.0.0.1", self._port, USER, USER, keepalive, **options)
        client.on_message = self._message
        client.on_oversize = self._oversize
        client.on_publish = self._published

    def _message(self, topic, payload, qos, retain):
        self.messages += 1
        self.size = len(payload)

    def _oversize(self, topic, size):
        self.messages += 1

    def _published(self, packet_id):
        self.published += 1

    def connect(self):
        self.client.connect()

    def subscribe(self, topic):
        granted = []
        self.client.on_subscribe = lambda packet_id, codes: granted.append(codes[0])
        self.client.subscribe(topic)
        while not granted:
            self.client.loop(1000)

    def publish(self, times, payload, qos):
        client = self.client
        if not qos:
            for _ in range(times):
                client.publish(TOPIC, payload)
            return
        for _ in range(times):
            before = self.published
            client.publish(TOPIC, payload, qos)
            while self.published == before:
                client.loop(1000)

    def receive(self, count):
        client = self.client
        while self.messages < count:
            client.loop(1000)

    def ping(self, times):
        """It pings by itself: with a keep alive of 1 s every half of one, or the broker closes the connection."""
        if self._keepalive != 1:
            self.client.disconnect()
            self._make(1, 512)
            self.connect()
            times = 2
        client = self.client
        start = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), start) < times * _PING_EVERY:
            client.loop(1000)

    def idle(self, times):
        client = self.client
        for _ in range(times):
            client.loop(0)

    def stay(self, topic):
        client = self.client
        client.on_connect = lambda session_present: client.publish(topic, PAYLOAD)
        client.loop_forever()
