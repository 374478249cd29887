"""The commands that ask the current platform, with the real console in its place and devices that are MQTT clients."""

import contextlib
import io
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import platformdirs
import pytest
from api_peers import PATIENCE, Told
from onenet.token import token
from onenet_tools.api.failures import ApiError
from onenet_tools.api.studio import StudioClient
from onenet_tools.cli import main
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.console.studio import things
from onenet_tools.console.studio.products import Product, Protocol


class Thing:
    """A device that is online, answers what it is asked with `code`, and keeps what that was."""

    def __init__(self, console: RunningConsole, device: Device) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.code: int | None = 200
        self._own = f"$sys/{device.product_id}/{device.name}/"
        self._ready = threading.Event()
        self._mqtt = mqtt = paho.Client(paho.CallbackAPIVersion.VERSION2, device.name)
        password = token(device.auth_info, f"products/{device.product_id}/devices/{device.name}")
        mqtt.username_pw_set(device.product_id, password)
        mqtt.on_connect = lambda *_: mqtt.subscribe([(f"{self._own}{rest}/#", 0) for rest in ("thing", "cmd", "dp")])
        mqtt.on_subscribe = lambda *_: self._ready.set()
        mqtt.on_message = self._obey
        self._replies = threading.Semaphore(0)
        mqtt.connect("127.0.0.1", console.mqtt_port)
        mqtt.loop_start()
        assert self._ready.wait(PATIENCE)

    def close(self) -> None:
        self._mqtt.disconnect()
        self._mqtt.loop_stop()

    def say(self, rest: str, content: Any) -> None:
        """Returns when the platform has answered."""
        self._mqtt.publish(self._own + rest, json.dumps(content))
        assert self._replies.acquire(timeout=PATIENCE)

    def post(self, entries: dict[str, list[tuple[Any, int]]]) -> None:
        """Values with their times in milliseconds."""
        properties = {name: [{"value": value, "time": at} for value, at in points] for name, points in entries.items()}
        self.say("thing/history/post", {"id": "1", "version": "1.0", "params": [{"properties": properties}]})

    def _obey(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        rest = message.topic.removeprefix(self._own)
        if rest.endswith(("/reply", "/accepted", "/rejected")):
            self._replies.release()
        elif rest.startswith("cmd/request/"):
            self.asked.append(("cmd", message.payload))
            if self.code is not None:
                self._mqtt.publish(self._own + rest.replace("request", "response"), message.payload.upper())
        else:
            said = json.loads(message.payload)
            self.asked.append((rest, said["params"]))
            if self.code is not None:
                reply = {"id": said["id"], "code": self.code, "msg": "no" if self.code != 200 else "success"}
                self._mqtt.publish(f"{self._own}{rest}_reply", json.dumps({**reply, "data": {"ok": True}}))


@pytest.fixture
def product(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    for name in ("uplink_pause", "set_pause"):
        monkeypatch.setattr(console.platform.studio.rules, name, 0.0)
    monkeypatch.setattr(console.platform.studio.rules, "logins", 1000)
    it = console.call(console.platform.studio.add_product)
    yield it
    console.call(console.platform.studio.remove_product, it.id)


@pytest.fixture
def device(console: RunningConsole, product: Product) -> Device:
    it: Device = console.call(console.platform.studio.add_device, product.id, "board1")
    return it


@pytest.fixture
def thing(console: RunningConsole, device: Device) -> Iterator[Thing]:
    with contextlib.closing(Thing(console, device)) as it:
        yield it


@pytest.fixture
def streams(console: RunningConsole, product: Product) -> Iterator[tuple[Device, Thing]]:
    other = console.call(console.platform.studio.add_product, "", "", Protocol.STREAM)
    device = console.call(console.platform.studio.add_device, other.id, "streamer1")
    with contextlib.closing(Thing(console, device)) as it:
        yield device, it
    console.call(console.platform.studio.remove_product, other.id)


@pytest.fixture
def ask(onenet: Callable[..., Told], console: RunningConsole, product: Product) -> Callable[..., Told]:
    """Runs `onenet` for the product; never is a key on the terminal."""
    keys = [product.access_key, console.call(console.platform.studio.products.account).user_key]

    def run(*arguments: str, product_id: str = product.id) -> Told:
        told = onenet(*arguments, "--product", product_id)
        assert not [key for key in keys if key in told.out + told.err]
        return told

    return run


def test_status(ask: Callable[..., Told], console: RunningConsole, product: Product, thing: Thing) -> None:
    console.call(console.platform.studio.add_device, product.id, "asleep")
    listed = json.loads(ask("status", "--json").out)
    assert [(it["id"], it["online"]) for it in listed] == [("asleep", False), ("board1", True)]
    assert "online" in ask("status", "board1").out
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", listed[1]["created"])
    told = ask("status", "nobody")
    assert told.status == 2 and f"has no device nobody in product {product.id} (code 10410" in told.err


def test_points(ask: Callable[..., Told], thing: Thing) -> None:
    start = 1706673000000  # 2024-01-31 11:50:00 in Beijing
    assert ask("points").out == "no data points\n"
    thing.post({"temp": [(20 + i, start + 1000 * i) for i in range(100)]})
    thing.post({"temp": [(120 + i, start + 1000 * (100 + i)) for i in range(50)], "label": [("north", start)]})
    latest = json.loads(ask("points", "--json").out)
    assert {it["stream"]: (it["value"], it["at"]) for it in latest} == {
        "temp": (169, "2024-01-31 11:52:29.000"),
        "label": ("north", "2024-01-31 11:50:00.000"),
    }
    every = json.loads(ask("points", "board1", "--stream", "temp", "--start", "2024-01-31", "--json").out)
    assert [it["value"] for it in every] == list(range(20, 170))
    some = ask("points", "board1", "--stream", "temp", "--limit", "2", "--csv").out.splitlines()
    assert some == [
        "stream,at,value",
        "temp,2024-01-31T11:52:28.000+08:00,168",
        "temp,2024-01-31T11:52:29.000+08:00,169",
    ]
    early = ["--start", "2024-01-31T11:50:00", "--duration", "1"]
    assert len(json.loads(ask("points", "board1", *early, "--json").out)) == 3


def test_set(ask: Callable[..., Told], console: RunningConsole, device: Device) -> None:
    told = ask("set", "board1", "lamp=true")
    assert told.status == 2 and "is not online (code 10421" in told.err and "--desired" in told.err
    assert ask("set", "board1", "lamp=true", "level=5", "label=north", "--desired") == Told(0, "", "")
    desired = console.call(console.platform.store.desired.all, device.id)
    assert {name: it.value for name, it in desired.items()} == {"lamp": True, "level": 5, "label": "north"}
    with contextlib.closing(Thing(console, device)) as thing:
        assert ask("set", "board1", "lamp=false", 'place={"x": 1}') == Told(0, "", "")
        assert thing.asked == [("thing/property/set", {"lamp": False, "place": {"x": 1}})]
        thing.code = 100
        told = ask("set", "board1", "lamp=false")
        assert (told.status, told.err) == (2, "error: device board1 refuses (code 100: no)\n")
    for wrong in ("lamp", "=1"):
        assert ask("set", "board1", wrong).err == f"error: {wrong!r} is not NAME=VALUE\n"


def test_call(ask: Callable[..., Told], thing: Thing, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask("call", "board1", "blink", "n=3") == Told(0, '{"ok": true}\n', "")
    assert thing.asked == [("thing/service/blink/invoke", {"n": 3})]
    thing.code = 100
    assert "code 10415" in ask("call", "board1", "blink").err
    thing.code = None
    monkeypatch.setattr(things, "SERVICE_PATIENCE", 0.1)
    assert "code 10411" in ask("call", "board1", "blink").err


def test_commands_and_points_of_data_streams(ask: Callable[..., Told], streams: tuple[Device, Thing]) -> None:
    device, thing = streams
    thing.say("dp/post/json", {"id": 1, "dp": {"temp": [{"v": 1, "t": 1700000000}, {"v": 2, "t": 1700000001}]}})
    [latest] = json.loads(ask("points", "--json", product_id=device.product_id).out)
    assert latest == {"stream": "temp", "at": "2023-11-15 06:13:21.000", "value": 2}
    past = ask("points", "--limit", "5", "--json", product_id=device.product_id)
    assert [it["value"] for it in json.loads(past.out)] == [1, 2]
    told = ask("send", "streamer1", "led=on", product_id=device.product_id)
    assert (told.status, told.out) == (0, "LED=ON\n")
    assert thing.asked == [("cmd", b"led=on")]
    told = ask("send", "streamer1", "x", "--queue", "5", product_id=device.product_id)
    assert told.status == 2 and "no command waits" in told.err


def test_no_commands_for_a_thing(ask: Callable[..., Told], thing: Thing) -> None:
    told = ask("send", "board1", "led=on")
    assert told.status == 2 and "code 10500: device not subscribed" in told.err
    assert "a product with a thing model has no commands: onenet set, onenet call" in told.err


def test_the_access_key_is_kept_for_its_product_alone(
    console: RunningConsole, product: Product, device: Device, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """As for a console that somebody else has started, whose keys are not this user's to find."""
    monkeypatch.setattr("onenet_tools.api.key.local_keys", lambda port: None)
    there = ["--product", product.id, "--url", console.url]
    assert main(["status", *there]) == 2
    assert f"set ONENET_ACCESS_KEY, or keep it with onenet login --product {product.id}" in capsys.readouterr().err
    for wrong, words in (("abc", "is none, which is base64"), ("version=1&res=a&sign=b", "is a token, which is made")):
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{wrong}\n"))
        assert main(["login", *there]) == 2
        told = capsys.readouterr().err
        assert words in told and wrong not in told
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{product.access_key}\n"))
    assert main(["login", *there]) == 0
    assert product.access_key not in capsys.readouterr().out
    kept = platformdirs.user_config_path("onenet", appauthor=False) / "keys.json"
    assert json.loads(Path(kept).read_text())[f"{console.url} {product.id}"] == product.access_key
    assert main(["status", *there]) == 0 and "board1" in capsys.readouterr().out
    assert main(["login", "--forget", *there]) == 0
    monkeypatch.setenv("ONENET_ACCESS_KEY", device.auth_info)  # the key of another level
    assert main(["status", *there]) == 2
    told = capsys.readouterr().err
    assert "refuses the token" in told and "made with the product's access_key" in told
    assert device.auth_info not in told and "sign=" not in told
    monkeypatch.setenv("ONENET_ACCESS_KEY", "no base64")
    assert main(["status", *there]) == 2
    told = capsys.readouterr().err
    assert "must be base64" in told and "no base64" not in told


def test_no_header_can_be_smuggled_in() -> None:
    with pytest.raises(ApiError, match="authorization has characters"):
        StudioClient("http://127.0.0.1:1", "a\r\nb: c", "aBcDeF1234")
