# mypy: ignore-errors
"""aiomqttc, as shipped: it prints what it does, with the time of a clock that the unix port lacks."""

import asyncio
import time

import hardware  # noqa: F401 - first
from aiomqttc import MQTTClient
from measure import USER
from tasks import TaskPeer


class Peer(TaskPeer):
    def __init__(self, module, port, big):
        super().__init__()
        self.client = MQTTClient(module, "127.0.0.1", port, USER, USER, 60)
        self.client.on_message = self._message
        self.client.on_ping = self._ping_came
        self.pongs = 0

    async def _message(self, client, topic, payload, retained):
        self.messages += 1
        self.size = len(payload)

    async def _ping_came(self, client, sent, elapsed):
        if not sent:
            self.pongs += 1

    async def start(self):
        if not await self.client.connect():
            raise OSError("not connected")

    async def listen(self, topic):
        name = topic.decode()
        await self.client.subscribe(name)
        while not self.client.subscriptions[name]["confirmed"]:
            await asyncio.sleep_ms(1)

    async def send(self, topic, payload, qos):
        if not await self.client.publish(topic.decode(), payload, qos):
            raise OSError("not published")

    async def pong(self):
        before = self.pongs
        self.client.last_ping = time.ticks_ms()
        await self.client.protocol.ping()
        while self.pongs == before:
            await asyncio.sleep_ms(0)

    async def _stay(self, topic):
        self.client.reconnect_interval = 1
        self.client.max_reconnect_interval = 60
        await self.start()
        while True:
            await self.client.publish(topic.decode(), b"", 0)
            await asyncio.sleep_ms(100)
