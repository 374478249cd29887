"""amqtt with user names and passwords, and with topics that start with $, as OneNET has them."""

import asyncio
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import BaseContext
from amqtt.errors import BrokerError
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session


class Passwords(BaseAuthPlugin):
    """Lets in who has the right password."""

    @dataclass
    class Config:
        users: dict[str, str] = field(default_factory=dict)

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._users: dict[str, str] = self._get_config_option("users", {})

    async def authenticate(self, *, session: Session) -> bool:
        expected = self._users.get(session.username or "")
        given = session.password or ""
        return expected is not None and hmac.compare_digest(expected.encode(), given.encode())


class PasswordBroker(Broker):
    """amqtt on these addresses with Passwords."""

    def __init__(self, users: dict[str, str], hosts: Sequence[str], port: int) -> None:
        # The first has to be called default; [::1]:1883 would not be understood, ::1:1883 is.
        names = ["default", *hosts[1:]]
        super().__init__(
            {
                "listeners": {
                    name: {"type": "tcp", "bind": f"{host}:{port}"} for name, host in zip(names, hosts, strict=True)
                },
                "plugins": {f"{__name__}.{Passwords.__name__}": {"users": users}},
            }
        )

    async def start(self) -> None:
        try:
            await super().start()
        except BrokerError:
            for server in self._servers.values():  # those that could be started
                await server.close_instance()
            raise

    async def _handle_message_delivery(
        self, client_session: Session, handler: BrokerProtocolHandler, wait_deliver: "asyncio.Future[Any]"
    ) -> bool:
        # amqtt drops who publishes to $…; all the standard asks is that wildcards do not match it [MQTT-4.7.2-1].
        message = wait_deliver.result()
        if message is not None and message.topic and message.topic.startswith("$"):
            await self._broadcast_message(client_session, message.topic, message.data)
            return True
        return await super()._handle_message_delivery(client_session, handler, wait_deliver)
