"""Headless Chromium for the tests of the console's pages, and devices that talk MQTT to it."""

import contextlib
import json
import queue
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.console.screenshot import FLAGS, find_chromium

PATIENCE = 60.0  # seconds for whatever a test waits for


class Browser:
    """Chromium, and what its pages have done that none should."""

    def __init__(self, program: Any, home: str) -> None:
        self.program = program
        self.home = home
        self.faults: list[str] = []
        self.heard: list[str] = []
        """Everything that came to the last page: its document and what its web socket brought."""
        self._contexts: dict[str, Any] = {}
        self._tabs: dict[str, Any] = {}
        """By language one that no test has: in a new one a page needs two to four times the computing."""

    @contextlib.contextmanager
    def open(self, path: str = "/", language: str = "en-US", size: tuple[int, int] = (1280, 900), home: str = ""):
        """A page of the console, or of the one at `home`."""
        self.heard.clear()
        home = home or self.home
        page = self._tabs.pop(language, None) or self._new_tab(language)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        listeners = {
            "console": lambda message: (
                message.type in ("error", "warning") and self.faults.append(f"{message.text} {message.location['url']}")
            ),
            "pageerror": lambda error: self.faults.append(str(error)),
            "dialog": lambda dialog: (self.faults.append(f"dialog {dialog.message}"), dialog.dismiss()),
            "request": lambda request: self._look_at(home, request.url),
            "websocket": lambda web_socket: self._listen(home, web_socket),
        }
        for event, listener in listeners.items():
            page.on(event, listener)
        self.heard.append(page.goto(home + path).text())
        page.wait_for_function("window.did_handshake")
        yield page
        assert page.evaluate("window.hacked") == 0
        page.evaluate("sessionStorage.clear()")
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        if language in self._tabs:
            page.close()
            return
        page.goto("about:blank")
        page.emulate_media(color_scheme="null", media="null")
        self._tabs[language] = page

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()

    def _new_tab(self, language: str) -> Any:
        tab = self._context(language).new_page()
        tab.add_init_script("window.hacked = 0; window.born = Math.random();")
        return tab

    def _context(self, language: str) -> Any:
        """A browser profile: one for all pages of a language, for it keeps the scripts."""
        if language not in self._contexts:
            self._contexts[language] = context = self.program.new_context(
                locale=language, permissions=["clipboard-read", "clipboard-write"]
            )
            context.set_default_timeout(PATIENCE * 1000)
        return self._contexts[language]

    def _look_at(self, home: str, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != urlsplit(home).netloc:
            self.faults.append(f"a request to {url}")

    def _listen(self, home: str, web_socket: Any) -> None:
        self._look_at(home, web_socket.url)
        web_socket.on("framereceived", lambda data: self.heard.append(data if isinstance(data, str) else repr(data)))


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Chromium, for which there are no other hosts than this one. Skips the test where it is not installed."""
    path = find_chromium()
    if not path:
        pytest.skip("chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=PATIENCE * 1000)
    flags = [*FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"]
    with playwright.sync_playwright() as driver, driver.chromium.launch(executable_path=path, args=flags) as program:
        yield program


class MqttDevice:
    """A device that is online while the context lasts, and replies to each command with the command itself."""

    def __init__(self, console: RunningConsole, device: Device, reply: bool = True) -> None:
        self._console = console
        self._device = device
        self._answers: queue.Queue[int] = queue.Queue()
        self._client = client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=device.id)
        client.username_pw_set(device.product_id, device.auth_info)
        client.on_connect = lambda client, data, flags, code, properties: self._answers.put(code.value)
        client.on_publish = lambda client, data, number, code, properties: self._answers.put(0)
        if reply:
            client.on_message = lambda client, data, message: client.publish(
                message.topic.replace("$creq", "$crsp"), message.payload
            )

    def __enter__(self) -> "MqttDevice":
        self._client.connect("127.0.0.1", self._console.mqtt_port)
        self._client.loop_start()
        assert self._answers.get(timeout=PATIENCE) == 0
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def post(self, **values: object) -> None:
        """Publishes a data point of each stream, of type 3, and waits until they are taken."""
        self.post_json(json.dumps(values))

    def post_json(self, text: str) -> None:
        body = text.encode()
        self.publish("$dp", b"\x03" + len(body).to_bytes(2, "big") + body)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)
        assert self._answers.get(timeout=PATIENCE) == 0


def connect_packet(client_id: str, user: str, password: str) -> bytes:
    """A CONNECT packet of fewer than 128 bytes."""
    texts = b"".join(len(text).to_bytes(2, "big") + text.encode() for text in (client_id, user, password))
    body = b"\0\4MQTT\4\xc2\0\x78" + texts
    return bytes([0x10, len(body)]) + body


def say(console: RunningConsole, data: bytes) -> bytes:
    """Sends this to the broker; returns all that comes until the broker closes."""
    with socket.create_connection(("127.0.0.1", console.mqtt_port), timeout=PATIENCE) as sock:
        sock.sendall(data)
        answer = b""
        while piece := sock.recv(4096):
            answer += piece
    return answer
