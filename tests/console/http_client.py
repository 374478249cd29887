"""Somebody who asks the console's HTTP API of the old platform."""

import json
from typing import Any

import httpx
from onenet_tools.console.console import RunningConsole


class Api:
    """The calls of somebody with an api-key."""

    def __init__(self, console: RunningConsole, key: str | None) -> None:
        self.http = httpx.Client(base_url=console.url, headers={"api-key": key} if key else {})

    def ask(self, method: str, path: str, content: Any = None, **params: Any) -> tuple[int, Any]:
        """errno, and data or error."""
        if isinstance(content, dict):
            content = json.dumps(content)
        response = self.http.request(method, path, content=content, params=params or None)
        assert response.status_code == 200
        envelope = response.json()
        if envelope["errno"]:
            assert "data" not in envelope
            return envelope["errno"], envelope["error"]
        assert envelope["error"] == "succ"
        return 0, envelope.get("data")

    def get(self, path: str, **params: Any) -> Any:
        """The data of a call that is to succeed."""
        errno, data = self.ask("GET", path, **params)
        assert errno == 0, data
        return data
