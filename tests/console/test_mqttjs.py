"""The console's broker with mqtt.js, the client of most programs in JavaScript, which somebody else wrote."""

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from console_client import PRODUCT, dp, online, until
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device

HERE = Path(__file__).parent / "mqttjs"
PATIENCE = 60.0

pytestmark = pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs node and npm")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where npm has put mqtt.js, of the version and with the sums of package-lock.json."""
    folder = tmp_path_factory.mktemp("mqttjs")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
    if (done := subprocess.run(command, capture_output=True, text=True)).returncode:
        pytest.skip(f"npm can't install mqtt.js: {done.stderr.strip().splitlines()[-1:]}")
    return folder


class MqttJs:
    """device.mjs at work: its lines are taken in turn."""

    def __init__(self, modules: Path, console: RunningConsole, device: Device, *more: str) -> None:
        arguments = [str(console.mqtt_port), device.id, PRODUCT, device.auth_info, *more]
        self._process = subprocess.Popen(
            ["node", HERE / "device.mjs", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "MODULES": str(modules)},
        )
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._lines.put(json.loads(line))

    def line(self) -> dict[str, Any]:
        return self._lines.get(timeout=PATIENCE)

    def ask(self, **task: Any) -> dict[str, Any]:
        """The line that answers a task."""
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return self.line()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def mqttjs(modules: Path, console: RunningConsole, request: pytest.FixtureRequest) -> Callable[..., MqttJs]:
    def start(device: Device, *more: str) -> MqttJs:
        it = MqttJs(modules, console, device, *more)
        request.addfinalizer(it.close)
        return it

    return start


def test_points_of_each_qos(console: RunningConsole, device: Device, mqttjs: Callable[..., MqttJs]) -> None:
    it = mqttjs(device)
    assert it.line() == {"connected": 0, "present": False}
    for qos in (0, 1, 2):
        assert it.ask(publish="$dp", hex=dp(3, f'{{"t":{qos}}}').hex(), qos=qos) == {"published": "$dp"}
    until(lambda: len(console.call(console.platform.points, device.id, "t")) == 3, patience=PATIENCE)
    assert [point.value for point in console.call(console.platform.points, device.id, "t")] == [0, 1, 2]
    assert it.ask(end=True) == {"ended": True}
    until(lambda: not console.call(console.platform.device, device.id).online, patience=PATIENCE)


def test_a_command_and_its_reply(console: RunningConsole, device: Device, mqttjs: Callable[..., MqttJs]) -> None:
    it = mqttjs(device)
    it.line()
    command = console.call(console.platform.send_command, device.id, b"relay=on")
    assert it.line() == {"topic": f"$creq/{command.uuid}", "hex": b"relay=on".hex(), "qos": 0}
    until(lambda: console.call(console.platform.command, command.uuid).reply == b"RELAY=ON", patience=PATIENCE)


def test_a_topic_of_ones_own(console: RunningConsole, device: Device, mqttjs: Callable[..., MqttJs]) -> None:
    it = mqttjs(device)
    it.line()
    assert it.ask(subscribe="a/b", qos=1) == {"subscribed": [0]}
    assert console.call(console.platform.publish_message, "a/b", b"x") == 1
    assert it.line() == {"topic": "a/b", "hex": b"x".hex(), "qos": 0}


def test_a_wrong_password(device: Device, mqttjs: Callable[..., MqttJs]) -> None:
    assert mqttjs(replace(device, auth_info="another one")).line() == {"error": 4}


def test_being_taken_over(console: RunningConsole, device: Device, mqttjs: Callable[..., MqttJs]) -> None:
    """Session present is 0 where a clean session was taken over [MQTT-3.1.2-6], and 1 where one was kept."""
    it = mqttjs(device, "kept")
    assert it.line() == {"connected": 0, "present": False}
    with online(console, device.id, device.auth_info):
        pass
    assert it.line() == {"connected": 0, "present": False}
    assert it.ask(subscribe="a/b", qos=1) == {"subscribed": [0]}
    with online(console, device.id, device.auth_info, clean_session=False):
        pass
    assert it.line() == {"connected": 0, "present": True}
