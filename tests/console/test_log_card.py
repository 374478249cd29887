"""The log card of a device's page: a board's log is fetched, followed, and shown as harmless text."""
# ruff: noqa: RUF001 (Chinese punctuation)

from typing import Any

import paho.mqtt.client as paho
import pytest
from browser import MqttDevice
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device

expect = pytest.importorskip("playwright.sync_api").expect

LINES = ["12 wifi: joined home", "<img src=x onerror='window.hacked = 1'>", "99 pump: 好"]


class Board(MqttDevice):
    """Answers "!log" as firmware/remote_log.py does, a line at a time; `reply` in place of that."""

    def __init__(self, console: RunningConsole, device: Device, reply: bytes = b"") -> None:
        super().__init__(console, device)
        self.boot, self.lines = "a1", list(LINES)

        def take(client: paho.Client, data: Any, message: paho.MQTTMessage) -> None:
            client.publish(message.topic.replace("$creq", "$crsp"), reply or self._piece(message.payload.decode()))

        self._client.on_message = take

    def _piece(self, asked: str) -> str:
        _, boot, start = ([*asked.split(" "), "", ""])[:3]
        at = int(start or 0) if boot == self.boot else 0
        end = min(at + 1, len(self.lines))
        return f"{self.boot} {end} {len(self.lines)}\n" + "".join(f"{line}\n" for line in self.lines[at:end])


@pytest.mark.parametrize("size", [(390, 844), (1400, 900)], ids=["phone", "desk"])
def test_it_is_fetched_and_followed(
    console: RunningConsole, browser: Any, device: Device, size: tuple[int, int]
) -> None:
    with Board(console, device) as board, browser.open(f"/device/{device.id}", size=size) as page:
        card = page.locator(".log")
        card.get_by_role("button", name="Fetch").click()
        lines = page.get_by_role("log", name="Log")
        expect(lines).to_have_text("\n".join(LINES) + "\n")
        expect(page.locator(".commands").first).not_to_contain_text("!log")
        board.lines.append("120 pump: off")
        card.get_by_text("Follow").click()
        expect(lines).to_contain_text("120 pump: off")
        board.boot, board.lines = "b2", ["3 wifi: joined home"]
        expect(lines).to_contain_text("-- the board has started anew")
        expect(lines).to_contain_text("3 wifi: joined home")
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]


def test_what_is_wrong_is_told_in_chinese(console: RunningConsole, browser: Any, device: Device) -> None:
    with browser.open(f"/device/{device.id}", "zh-CN") as page:
        card = page.locator(".log")
        card.get_by_role("button", name="获取").click()
        expect(card.locator(".trouble")).to_contain_text("设备不在线")
    with Board(console, device, b"error: send led=on") as _, browser.open(f"/device/{device.id}", "zh-CN") as page:
        card = page.locator(".log")
        card.get_by_role("button", name="获取").click()
        expect(card.locator(".trouble")).to_have_text("没有日志：send led=on")
