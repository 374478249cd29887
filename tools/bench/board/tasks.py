# mypy: ignore-errors
"""What the clients that are made of asyncio tasks have in common. Their tasks run while one of these calls does."""

import asyncio

from measure import PAYLOAD, TOPIC, Unsupported


class TaskPeer:
    """A subclass has the coroutine functions start(), listen(topic), send(payload, qos), pong() and endure(topic)."""

    pings_by_itself = False

    def __init__(self):
        self.messages = self.size = 0
        self.run = asyncio.get_event_loop().run_until_complete

    def connect(self):
        self.run(self.start())

    def subscribe(self, topic):
        self.run(self.listen(topic))

    def publish(self, times, payload, qos):
        if qos > 1:
            raise Unsupported
        self.run(self._publish(times, payload, qos))

    async def _publish(self, times, payload, qos):
        for _ in range(times):
            await self.send(TOPIC, payload, qos)

    def receive(self, count):
        self.run(self._receive(count))

    async def _receive(self, count):
        while self.messages < count:
            await asyncio.sleep_ms(1)

    def ping(self, times):
        self.run(self._ping(times))

    async def _ping(self, times):
        for _ in range(times):
            await self.pong()

    def idle(self, times):
        """Turns of the scheduler in which nothing came."""
        self.run(self._idle(times))

    async def _idle(self, times):
        for _ in range(times):
            await asyncio.sleep_ms(0)

    def stay(self, topic):
        self.run(self._stay(topic))

    async def _stay(self, topic):
        await self.start()
        while True:
            await self.send(topic, PAYLOAD, 0)
            await asyncio.sleep_ms(100)
