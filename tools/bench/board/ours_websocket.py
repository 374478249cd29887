# mypy: ignore-errors
"""This library, inside a WebSocket."""

import ours
from mqtt.websocket import WebSocket


class Peer(ours.Peer):
    def _transport(self):
        return WebSocket()
