# mypy: ignore-errors
"""chumicro-mqtt: handle() does a little of everything; called when the socket is ready, as its runner does."""

import select
import time

from chumicro_mqtt import MQTTClient
from chumicro_sockets.sockets_factory import fixed_connector_factory
from measure import PAYLOAD, TOPIC, USER, Unsupported


class Peer:
    pings_by_itself = True

    def __init__(self, module, port, big):
        self.messages = self.size = self.published = 0
        self._id = module
        self._port = port
        self._make(60, 4400 if big else None)

    def _make(self, keepalive, rx_buffer_size):
        self.client = client = MQTTClient(
            transport_factory=fixed_connector_factory("127.0.0.1", self._port),
            client_id=self._id,
            keep_alive_seconds=keepalive,
            username=USER,
            password=USER,
            rx_buffer_size=rx_buffer_size,
        )
        client.on_message = self._message
        client.on_oversized = self._oversized
        self._keepalive = keepalive
        self._poller = select.poll()

    def _message(self, topic, payload):
        self.messages += 1
        self.size = len(payload)

    def _oversized(self, length, topic):
        self.messages += 1

    def _published(self, *arguments):
        self.published += 1

    def _handle(self):
        now = time.ticks_ms()
        if self.client.check(now):
            self.client.handle(now)

    def connect(self):
        while self.client.state != "connected":
            if self.client.state == "disconnected":
                self.client.connect()
            self._handle()
        sock = self.client.io_socket
        self._poller.register(getattr(sock, "sock", sock), select.POLLIN)

    def _wait(self, milliseconds):
        for _ in self._poller.ipoll(milliseconds):
            self._handle()

    def subscribe(self, topic):
        granted = []
        self.client.subscribe(topic.decode(), on_subscribe=lambda *arguments: granted.append(1))
        self._handle()
        while not granted:
            self._wait(1000)

    def publish(self, times, payload, qos):
        if qos > 1:
            raise Unsupported
        client = self.client
        topic = TOPIC.decode()
        for _ in range(times):
            before = self.published
            if qos:
                client.publish(topic, payload, qos=1, on_publish=self._published)
            else:
                client.publish(topic, payload)
            self._handle()
            while client.io_interest(0) & 2:
                self._handle()
            while qos and self.published == before:
                self._wait(1000)

    def receive(self, count):
        while self.messages < count:
            self._wait(1000)
            while self.client.io_interest(0) & 2:
                self._handle()

    def ping(self, times):
        """It pings by itself, every second at most."""
        if self._keepalive != 2:
            self.client.disconnect()
            self._make(2, None)
            self.connect()
            times = 1
        start = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), start) < times * 1000:
            left = self.client.next_deadline(time.ticks_ms())
            self._wait(max(0, min(1000, time.ticks_diff(left, time.ticks_ms()))))
            if time.ticks_diff(left, time.ticks_ms()) <= 0:
                self._handle()

    def idle(self, times):
        for _ in range(times):
            self._handle()

    def stay(self, topic):
        client = self.client
        client.on_connect = lambda *arguments: client.publish(topic.decode(), PAYLOAD)
        client.connect()
        while True:
            self._handle()
            time.sleep_ms(1)
