# mypy: ignore-errors
"""This library, inside a WebSocket."""

import ours
from mqtt.websocket import WebSocket


class Peer(ours.Peer):
    def _make(self, keepalive, rx_size):
        super()._make(keepalive, rx_size)
        self.client.transport = WebSocket()
