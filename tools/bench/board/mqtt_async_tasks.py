# mypy: ignore-errors
"""micropython-mqtt-async; a board's Wi-Fi and identity, which it asks for, are stand-ins."""

import asyncio

import hardware  # noqa: F401 - first
import mqtt_async
from measure import USER
from tasks import TaskPeer


class _Client(mqtt_async.MQTTClient):
    def _dns_lookup(self):
        self._addr = (self._c.server, self._c.port)  # what a board's getaddrinfo() gives; the unix port's is bytes


class Peer(TaskPeer):
    def __init__(self, module, port, big):
        super().__init__()
        config = mqtt_async.MQTTConfig()
        config.server = "127.0.0.1"
        config.port = port
        config.client_id = module
        config.user = config.password = USER
        config.subs_cb = self._message
        self.client = _Client(config)

    def _message(self, topic, payload, retained, qos):
        self.messages += 1
        self.size = len(payload)

    async def start(self):
        await self.client.connect()

    async def listen(self, topic):
        await self.client.subscribe(topic)

    async def send(self, topic, payload, qos):
        await self.client.publish(topic, payload, False, qos)

    async def pong(self):
        proto = self.client._proto
        before = proto.last_ack
        proto.last_ack = None
        await proto.ping()
        while proto.last_ack is None:
            await asyncio.sleep_ms(0)
        proto.last_ack = before
