"""Where a platform's demo plays: what is on the board, what stands for the platform, and the story that is told."""

import contextlib
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..console.console import RunningConsole, running_console
from ..loopback import has_ipv6
from .story import News, Story

SSID, PASSWORD = "home", "password"
"""The Wi-Fi in the virtual board's air."""
LED_PIN = 2
MQTT_PORT, HTTP_PORT = 6002, 8080
SECRETS = ("auth_info", "device_key", "access_key", "token", "password", "update_key", "remote_key")
"""Keys of config.json that are not to be shown."""


@dataclass(frozen=True)
class Stage:
    """One platform's. It is there as long as the context that has made it."""

    config: dict[str, Any]
    """The board's config.json."""
    host: tuple[str, int]
    """Where the board's connections go, as its program asks for it."""
    port: int
    """Of what stands there, on this computer."""
    story: Story
    page: str = ""
    """The device's page; empty where there is none."""
    hints: list[str] = field(default_factory=list)
    """Commands to try in another terminal."""
    program: dict[str, Path] = field(default_factory=dict)
    """Files of the program, by their names on the board, in place of the directory's or besides them."""
    files: dict[str, bytes] = field(default_factory=dict)
    """What is on the board besides, as it is."""

    @property
    def secrets(self) -> tuple[str, ...]:
        return (PASSWORD, *(self.config[key] for key in SECRETS if self.config.get(key)))


def board_config(**more: Any) -> dict[str, Any]:
    """What config.json has on every platform: this Wi-Fi, an LED, and less patience."""
    return {
        "wifi": [{"ssid": SSID, "password": PASSWORD}],
        "intervals": {"free_heap": 2, "rssi": 3, "chip_temperature": 4},
        "led_pin": LED_PIN,
        **more,
    }


@contextlib.contextmanager
def local_onenet(news: News) -> Iterator[RunningConsole]:
    """A console without data, whose events become news; on the usual ports if they are free."""
    with running_console(mqtt_port=_free(MQTT_PORT), http_port=_free(HTTP_PORT)) as console:
        console.call(console.platform.listen, news.put)
        yield console


def hints(console: RunningConsole, *commands: str) -> list[str]:
    """These commands of `onenet` as one calls them here, for that console."""
    where = "--local" if console.http_port == HTTP_PORT else f"--url {console.url}"
    return [f"{_program()} {command} {where}" for command in commands]


def _program() -> str:
    """How `onenet` is called here."""
    program = sys.argv[0]
    return "onenet" if shutil.which("onenet") or Path(program).name != "onenet" else os.path.relpath(program)


def _free(port: int) -> int:
    """The port if nobody has it, else 0, which stands for any."""
    with contextlib.ExitStack() as stack:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))[: 2 if has_ipv6() else 1]:
            sock = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((host, port))
            except OSError:
                return 0
    return port
