"""The broker behind the gate: amqtt, which keeps sessions and subscriptions, with OneNET's rules for topics."""

import asyncio
import logging
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import ListenerConfig
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session

from .connection import Connection
from .gate import Gate

_REFUSED = 0x80  # return code of SUBACK
_SESSION_KEPT = 3600  # seconds that subscriptions outlive a connection without clean session

# It is fond of talking, of passwords too.
logging.getLogger("amqtt").addHandler(logging.NullHandler())
logging.getLogger("amqtt").propagate = False
logging.getLogger("transitions").setLevel(logging.ERROR)


class ConsoleBroker(Broker):
    """amqtt for connections that the gate has let in."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(
            {
                "listeners": {"default": {"type": "external"}},  # the gate listens
                "plugins": {},
                "session_expiry_interval": _SESSION_KEPT,
            }
        )
        self._gate = gate
        self._held: dict[str | None, set[str]] = {}  # topics by client id, as in subscriptions
        gate.broker = self
        gate.platform.publish = self.publish
        gate.platform.subscribers = self._subscribers
        gate.platform.subscribed = lambda: set(self.subscriptions)

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        return True  # by the gate

    def publish(self, topic: str, payload: bytes) -> int:
        """Sends it to the devices that have subscribed to just this topic [MQTT-3.3.2-3], [MQTT-4.7.3-4] and are online
        [MQTT-4.5.0-1], in the order of the calls [MQTT-4.6.0-5, -6]; returns to how many."""
        reached = [it for session, _ in self.subscriptions.get(topic, ()) if (it := self._connection(session))]
        for connection in reached:
            connection.send(topic, payload)
        return len(reached)

    def is_subscribed(self, device_id: str, topic: str) -> bool:
        """Whether one of the device's filters matches the topic [MQTT-4.7.1-2, -3]."""
        return any(self._matches(topic, each) for each in self._held.get(device_id, ()))

    async def forget(self, device_id: str) -> None:
        """Ends the clean session of a device that has gone, which amqtt does only by and by, once a second: a CONNECT
        that comes before would find a session present [MQTT-3.1.2-6], [MQTT-3.2.2-3]."""
        session = self._sessions.get(device_id, (None, None))[0]
        if session is not None and session.clean_session:
            await self._delete_session(device_id)

    def _subscribers(self, topic: str) -> set[str]:
        return {session.client_id or "" for session, _ in self.subscriptions.get(topic, ())}

    def _connection(self, session: Session) -> Connection | None:
        return self._gate.online(session.client_id or "")

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """The return code for SUBACK: 0, for all that is delivered is of QoS 0 [MQTT-3.3.5-1], [MQTT-3.8.4-6], or 0x80
        for refused, as the old platform does with wildcards [MQTT-3.8.3-2]."""
        topic, _ = subscription
        held = self._held.setdefault(session.client_id, set())
        connection = self._connection(session)
        if connection is None or not connection.dialect.grants(topic):
            return _REFUSED
        if len(held) >= connection.dialect.most_topics and topic not in held:
            return _REFUSED
        held.add(topic)
        return await super().add_subscription((topic, 0), session)

    def _del_subscription(self, a_filter: str, session: Session) -> int:
        self._held.get(session.client_id, set()).discard(a_filter)
        return super()._del_subscription(a_filter, session)

    async def _handle_unsubscription(
        self, client_session: Session, handler: BrokerProtocolHandler, unsubscribe_waiter: "asyncio.Future[Any]"
    ) -> None:
        await super()._handle_unsubscription(client_session, handler, unsubscribe_waiter)
        for topic in unsubscribe_waiter.result().topics:
            if topic in self.subscriptions and not self.subscriptions[topic]:
                del self.subscriptions[topic]  # amqtt keeps the empty list for ever

    async def _handle_message_delivery(
        self, client_session: Session, handler: BrokerProtocolHandler, wait_deliver: "asyncio.Future[Any]"
    ) -> bool:
        # In place of amqtt's own way, which is slower by far, and knows wildcards and retained messages.
        message = wait_deliver.result()
        if message is not None:
            self.publish(message.topic, bytes(message.data))
            connection = self._connection(client_session)
            if connection:
                connection.dealt_with()
        return True
