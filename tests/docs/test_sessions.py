"""What the pages show of commands is what they print, in English on the English page, in Chinese on its twin."""

import contextlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.console.addresses import lan_addresses
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.language import _, speaking
from onenet_tools.packets.build import points_payload
from reading import ROOT, pages
from sessions import LANGUAGES, PATIENCE, compare, environment, onenet, session

DEVICE, PRODUCT, AUTH_INFO = "789546805", "458945", "136928831"
CONFIG = {
    "wifi": [{"ssid": "home", "password": "12345678"}],
    "device_id": DEVICE,
    "product_id": PRODUCT,
    "auth_info": AUTH_INFO,
    "safe_mode_pin": -1,
}

both = pytest.mark.parametrize("twin", LANGUAGES)


@pytest.fixture
def console() -> Iterator[RunningConsole]:
    with running_console(pages=False) as running:
        yield running


@both
def test_a_packet_that_is_sent(twin: str, console: RunningConsole, tmp_path: Path) -> None:
    page = f"docs/packets{twin}.md"
    ((_command, shown),) = session(page, "3.2.2.1")
    (send,) = (text for language, text in pages()[page].fences if "packet send" in text)
    words = shlex.split(send.replace("localhost 6002", f"127.0.0.1 {console.mqtt_port}"))[1:]
    assert compare(shown, onenet(words, tmp_path, LANGUAGES[twin])) > 10


@both
def test_packets_that_are_typed(twin: str, console: RunningConsole, tmp_path: Path) -> None:
    ((_command, shown),) = session(f"docs/packets{twin}.md", "> connect")
    typed = [line[2:] for line in shown if line.startswith("> ")]
    said = "\n".join([typed[0], AUTH_INFO, *typed[1:], ""])
    words = ["packet", "talk", "127.0.0.1", str(console.mqtt_port)]
    printed = onenet(words, tmp_path, LANGUAGES[twin], said, columns=100)
    printed = printed.replace(f"127.0.0.1:{console.mqtt_port}", "localhost:6002")
    asked = [line for line in shown if "***" in line]  # on a terminal
    assert compare([line for line in shown if line not in asked], printed) > 10
    with speaking(LANGUAGES[twin].partition(".")[0]):
        assert asked == [_("password, not shown: ") + "*" * len(AUTH_INFO)]


@contextlib.contextmanager
def running(words: list[str], folder: Path, language: str) -> Iterator[Path]:
    """A console at free ports; where it prints what it says."""
    printed = folder / "printed"
    with printed.open("w") as output:
        run = subprocess.Popen(
            [sys.executable, "-m", "onenet_tools", *words, "--port", "0", "--http-port", "0"],
            cwd=folder,
            env=environment(folder, language),
            stdout=output,
            stderr=output,
        )
    with run:
        try:
            wait_for("Ctrl-C", printed)
            yield printed
        finally:
            run.terminate()


def wait_for(pattern: str, printed: Path) -> str:
    """Until it is printed; its first group, or all of it."""
    end = time.monotonic() + PATIENCE
    while not (found := re.search(pattern, printed.read_text("utf-8"))):
        assert time.monotonic() < end, printed.read_text("utf-8")
        time.sleep(0.1)
    return found[found.re.groups and 1]


@contextlib.contextmanager
def device(printed: Path) -> Iterator[paho.Client]:
    """One that is online at this console, and obeys."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, DEVICE)
    client.username_pw_set(PRODUCT, AUTH_INFO)

    def obey(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        client.publish(message.topic.replace("$creq", "$crsp"), message.payload)

    client.on_message = obey
    client.connect("127.0.0.1", int(wait_for(r'"port": (\d+)', printed)))
    client.loop_start()
    yield client
    client.loop_stop()


@both
def test_what_the_console_is_asked(twin: str, tmp_path: Path) -> None:
    with running(["console"], tmp_path, LANGUAGES[twin]) as printed, device(printed) as it:
        points = points_payload(3, ["chip_temperature=50", "free_heap=271616", "rssi=-55"])
        it.publish("$dp", points, qos=1).wait_for_publish(PATIENCE)
        url = wait_for(r"http://\S+", printed)
        title = "virtual board" if not twin else "\u865a\u62df\u5f00\u53d1\u677f"  # the demo's
        for command, shown in session(f"docs/first-board{twin}.md", "$ onenet status"):
            words = shlex.split(command.replace("--local", f"--url {url}"))[1:]
            told = onenet(words, tmp_path, LANGUAGES[twin], columns=100)
            assert compare(shown, told.replace("config.json.example", title)) > 1


@pytest.fixture
def chips(tmp_path: Path) -> Iterator[list[str]]:
    """The ports of two emulated ones, of which each waits for one command: what `make chip` starts. Their images are in
    tmp_path."""
    starting = [sys.executable, str(ROOT / "tests" / "port" / "rom"), "ESP32", "ESP32"]
    with subprocess.Popen(starting, stdout=subprocess.PIPE, encoding="utf-8") as running:
        try:
            assert running.stdout
            ports = [running.stdout.readline().rpartition(" ")[2].strip() for _chip in range(2)]
            assert "images" in running.stdout.readline()
            for image in Path(ports[0]).parent.glob("*.bin"):
                shutil.copy(image, tmp_path)
            yield ports
        finally:
            running.terminate()


@both
def test_micropython_onto_a_board(twin: str, chips: list[str], tmp_path: Path) -> None:
    page = f"docs/first-board{twin}.md"
    ((command, shown),) = session(page, "onenet flash --port /dev/ttyUSB0 --image")
    ((_command, refused),) = session(page, "ESP8266.bin")
    printed = onenet(["flash", "--port", chips[0], "--image", "ESP8266.bin"], tmp_path, LANGUAGES[twin])
    assert compare(refused, printed) == 1
    image = command.rpartition(" ")[2]
    (tmp_path / "ESP32.bin").rename(tmp_path / image)
    printed = onenet(["flash", "--port", chips[1], "--image", image], tmp_path, LANGUAGES[twin])
    assert compare(shown, printed.replace(chips[1], "/dev/ttyUSB0")) > 8


@both
def test_a_program_onto_a_board(twin: str, console: RunningConsole, tmp_path: Path) -> None:
    ((_command, shown),) = session(f"docs/first-board{twin}.md", "$ onenet deploy")
    (tmp_path / "main.py").write_bytes((ROOT / "main.py").read_bytes())
    routes = {("183.230.40.39", 6002): ("127.0.0.1", console.mqtt_port)}
    with VirtualBoard(
        files={"config.json": json.dumps(CONFIG)}, wifi=Wifi({"home": "12345678"}), routes=routes
    ) as board:
        printed = onenet(["deploy", "--port", board.port], tmp_path, LANGUAGES[twin])
    assert compare(shown, printed.replace(str(tmp_path.resolve()), "/home/you/onenet-esp")) > 10


@both
def test_a_console_for_a_class(twin: str, tmp_path: Path) -> None:
    ((command, shown),) = session(f"docs/class-room{twin}.md", "onenet console --lan")
    with running(shlex.split(command)[1:], tmp_path, LANGUAGES[twin]) as printed, device(printed) as it:
        it.publish("$dp", b'\3\0\6{"a":}')
        wait_for(r"\$dp", printed)
    said = printed.read_text("utf-8").replace(str(tmp_path), "/home/you")
    if not lan_addresses():
        shown = [line for line in shown if not line.startswith("   ")]
    assert compare([_any_password(line) for line in shown], _any_password(said)) > 8


def _any_password(text: str) -> str:
    return re.sub(r"\b[a-z\d]{5}-[a-z\d]{5}\b", "rk3mt-w8xpa", text)


@both
def test_a_product_of_the_current_platform(twin: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes((ROOT / "tools" / "demo" / "thing_model.json").read_bytes())
    product = ""
    for command, shown in session(f"docs/console{twin}.md", "onenet product add"):
        words = shlex.split(command.replace("aBcDeF1234", product))[1:]
        printed = onenet(words, tmp_path, LANGUAGES[twin])
        product = product or printed.strip()
        printed = re.sub(r'(?<="device_key": ").*(?=")', "KEY", printed.replace(product, "aBcDeF1234"))
        assert compare([re.sub(r'(?<="device_key": ").*(?=")', "KEY", line) for line in shown], printed)


BESIDE_A_MODEL = """import time
from firmware import Device

device = Device("config.json")


# in degrees
@device.stream("tmp", every=5)
def temperature():
    return 21.5


@device.property("level")
def level():
    return f"{time.ticks_ms()} %"
"""


@both
def test_a_program_beside_its_thing_model(twin: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes((ROOT / "tests" / "console" / "thing_model.json").read_bytes())
    (tmp_path / "main.py").write_text(BESIDE_A_MODEL, "utf-8")
    ((_command, shown),) = session(f"docs/commands-and-properties{twin}.md", "onenet model")
    printed = onenet(["model", "model.json"], tmp_path, LANGUAGES[twin])
    assert compare(shown, printed) == 4


WITHOUT_PARENTHESES = """from firmware import Device

device = Device("config.json")

@device.stream
def temperature():
    return 21.5


device.run()
"""
SILENT = """from firmware import Device


device = Device("config.json")
lamp = []


@device.stream("humidity", every=60)
def humidity():
    value = 21


@device.command
def obey(payload):
    if payload == "on":
        lamp.append(1)


device.run()
"""


@both
def test_what_is_said_before_a_program_is_sent(twin: str, tmp_path: Path) -> None:
    """By `onenet package`, which tries it as `onenet deploy` does, and needs no board."""
    ((_command, shown),) = session(f"docs/your-sensor{twin}.md", "@device.stream(")
    printed = ""
    for program in (WITHOUT_PARENTHESES, SILENT):
        (tmp_path / "main.py").write_text(program, "utf-8")
        printed += onenet(["package", "main.py"], tmp_path, LANGUAGES[twin])
    assert compare(shown, printed) == 3
