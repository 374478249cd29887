"""Who asks the HTTP API of the current platform, and a device that answers."""

from pathlib import Path
from typing import Any

import httpx
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from studio_client import ThingDevice

MODEL = Path(__file__).with_name("thing_model.json").read_text(encoding="utf-8")


class Api:
    """The calls of somebody with a token, about a device."""

    def __init__(self, console: RunningConsole, device: Device, token: str) -> None:
        self.http = httpx.Client(base_url=console.url, headers={"authorization": token}, timeout=30)
        self._device = device

    def ask(self, method: str, path: str, **values: Any) -> tuple[int, Any]:
        """Code, and data or msg."""
        values = {"product_id": self._device.product_id, "device_name": self._device.name, **values}
        response = self.http.request(method, path, **{"params" if method == "GET" else "json": values})
        return self.opened(response)

    @staticmethod
    def opened(response: httpx.Response) -> tuple[int, Any]:
        assert response.status_code == 200
        envelope = response.json()
        assert len(envelope["request_id"]) == 32
        if envelope["code"]:
            assert "data" not in envelope
            return envelope["code"], envelope["msg"]
        assert envelope["msg"] == "succ"
        return 0, envelope.get("data")

    def get(self, path: str, **values: Any) -> Any:
        """The data of a call that is to succeed."""
        code, data = self.ask("GET", path, **values)
        assert code == 0, data
        return data

    def post(self, path: str, **values: Any) -> Any:
        code, data = self.ask("POST", path, **values)
        assert code == 0, data
        return data


def reply(it: ThingDevice, rest: str, **more: Any) -> Any:
    """Answers what the platform asks on this topic; returns its params."""
    topic, asked = it.hear()
    assert (topic, asked["version"]) == (rest, "1.0") and asked["id"].isdigit() and len(asked["id"]) <= 13
    it.say(f"{rest}_reply", {"id": asked["id"], "code": 200, "msg": "success", **more})
    return asked["params"]
