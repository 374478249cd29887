"""The programs and configurations in the pages are right: programs run here, with stand-ins for the network and for
sensors that keep to the signatures of the real; configurations pass the board's own check."""

import asyncio
import json
import re
import ssl
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import DEFAULT, AsyncMock, MagicMock, create_autospec

import fakes  # noqa: F401  # a board's modules, before anything of the firmware's
import mqtt.client
import pytest
import trustme
from onenet_tools.port.board_config import known_keys, problems
from reading import pages

import firmware.by_name
import firmware.device
import firmware.seldom
from firmware.property import Property

PAGES = pages()
PROGRAMS = [
    pytest.param(text, id=f"{name}-{i}")
    for name, page in PAGES.items()
    if name != "docs/api.md"
    for i, (language, text) in enumerate(page.fences)
    if language == "python"
]
JSON = [
    pytest.param(text, id=f"{name}-{i}")
    for name, page in PAGES.items()
    for i, (language, text) in enumerate(page.fences)
    if language == "json"
]
LINES = [
    pytest.param(block.rstrip(",\n"), id=f"{name}-{i}")
    for name, page in PAGES.items()
    for i, (language, text) in enumerate(page.fences)
    if not language and "…" not in text and "   " not in text
    for block in re.findall(r'(?:^"\w+": .*\n)+', text, re.MULTILINE)
]
"""Of what is printed, or to be put into the file."""
INLINE = [
    (name, code) for name, page in PAGES.items() for code in page.code if re.fullmatch(r'"\w+": ?[^…]+|{"kb".*}', code)
]

MINIMAL: dict[str, dict[str, Any]] = {
    "legacy": {"device_id": "1", "product_id": "1", "auth_info": "1"},
    "studio": {"device_name": "a", "product_id": "a", "device_key": "AAAA"},
    "dp": {"device_name": "a", "product_id": "a", "device_key": "AAAA"},
    "mqtt": {"device_name": "a", "host": "a"},
}


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What Device() gives: it notes what it is called with, and refuses what the real one has no place for."""
    made = create_autospec(firmware.device.Device, instance=True)

    def stream(stream_id: str, every: float = 60, **options: Any) -> Any:
        firmware.seldom.stream(SimpleNamespace(config=None), stream_id, every, options)
        return DEFAULT

    def command(given: Any = None, **options: Any) -> Any:
        return given if callable(given) else firmware.by_name.command(real, given, options)

    real = SimpleNamespace(_obey=None, command=None)
    made.command.side_effect = command
    made.commands = real
    made.start = AsyncMock()
    made.stream.side_effect = stream
    made.property.return_value.side_effect = lambda function: _property(made, function)
    module = ModuleType("firmware")
    module.__path__ = firmware.__path__  # its rooms are the real ones
    module.Device = lambda path="config.json": made  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "firmware", module)
    for name in ("dht", "machine"):
        monkeypatch.setitem(sys.modules, name, MagicMock())
    return made


def _property(device: Any, function: Any) -> Property:
    """As the real decorator does; it can be found at the device."""
    device.made = Property("light", function)
    return device.made  # type: ignore[no-any-return]


@pytest.mark.parametrize("text", PROGRAMS)
def test_a_program_runs(text: str, device: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ca.der").write_bytes(ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode()))
    for name in ("connect", "subscribe", "publish", "loop_forever"):
        monkeypatch.setattr(mqtt.client.Client, name, create_autospec(getattr(mqtt.client.Client, name)))
    names: dict[str, Any] = {
        "device": device,
        "sensor": MagicMock(),
        "lamp": MagicMock(),
        "relay": MagicMock(),
        "Client": mqtt.Client,
    }
    exec(compile(text, "snippet", "exec"), names)
    for stream in device.stream.return_value.call_args_list:
        value = stream.args[0]()
        if asyncio.iscoroutine(value):
            asyncio.run(value)
    for command in device.command.call_args_list:
        for payload in (b"relay=on", b"relay=off", b"relay?", b"blink 3", b"?", b"\xff"):
            obey = command.args[0] if callable(command.args[0]) else device.commands._obey
            assert obey(payload) is None or isinstance(obey(payload), str)
    for service in device.service.return_value.call_args_list:
        json.dumps(service.args[0]({"times": 3}))
    if "@light.setter" in text:
        device.made.set(True)
        assert isinstance(device.made(), bool)


def test_a_program_that_the_device_would_not_take_is_found(device: Any) -> None:
    for wrong in ('device.stream("a", evry=1)', 'device.stream("a", every=0)', "device.strem", "device.put(1)"):
        with pytest.raises((TypeError, ValueError, AttributeError)):
            exec(wrong, {"device": device})


def trouble(text: str) -> list[str]:
    """What the board would say of a configuration with these keys, on the platform that has them all."""
    given = json.loads(text if text.startswith("{") else f"{{{text}}}")
    if set(given) <= {"kb", "after", "newest_first"}:
        given = {"outbox_flash": given}
    found = ["platform: there is no such one"]
    for platform, minimal in MINIMAL.items():
        needed: dict[str, Any] = {"wifi": [{"ssid": "home", "password": "12345678"}], "platform": platform}
        if given.get("platform", platform) == platform:
            if given.keys() & {"tls", "ca", "tls_name"}:
                needed |= {"host": "broker.example", "tls": True, "ca": "ca.der"}
            found = problems(minimal | needed | given)
            if not found:
                break
    return found


@pytest.mark.parametrize("text", [*JSON, *LINES])
def test_a_block_is_a_configuration(text: str) -> None:
    assert trouble(text) == []


@pytest.mark.parametrize(("name", "code"), INLINE)
def test_what_is_named_in_a_line_is_a_configuration(name: str, code: str) -> None:
    key = code.partition('"')[2].partition('"')[0]
    if key in known_keys() or code[0] == "{":
        assert trouble(code) == []
    else:
        assert key in ("version",), f"{key} is no key of config.json"


def test_what_is_wrong_is_found() -> None:
    assert len(INLINE) > 30 and len(JSON) > 1 and len(LINES) > 3 and len(PROGRAMS) > 15
    assert trouble('"keep_alive": 5') and trouble('"platform": "new"') and trouble('"retian": true')
