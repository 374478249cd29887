"""The firmware on virtual boards at a product with data streams, with the console in OneNET's place, end to end."""

import pytest
from console_client import errors, until
from current_board import COUNTER, LEVEL, PASSWORD, PATIENCE, SSID, started, values
from onenet_tools.board import Wifi
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.files import board_directory

PROGRAM = (
    """
from firmware import Device

device = Device("config.json")

@device.stream("temp", every=1)
def temp():
    return 21.5
"""
    + LEVEL
    + """
@device.command
def obey(payload):
    return b"x" * 2000 if payload == b"long" else b"obeyed " + payload

device.run()
"""
)

BAD_NAMES = """
from firmware import Device

device = Device("config.json")
for name in ("good", "not-good", "fine"):
    device.put(name, 1)
device.run()
"""


def command(console: RunningConsole, device: Device, payload: bytes) -> bytes:
    answer: bytes = console.call(console.platform.studio.things.command, device, payload, 10)[1]
    return answer


def test_a_board_posts_and_obeys(console: RunningConsole, streamer: Device, chip: str) -> None:
    with started(console, streamer, chip, PROGRAM, platform="dp") as it:
        it.wait_for("mqtt: online as device streamer1", PATIENCE)
        until(lambda: len(values(console, streamer, "temp")) >= 2)
        assert command(console, streamer, b"led=on") == b"obeyed led=on"
        assert command(console, streamer, b"level=5") == b"ok"
        until(lambda: values(console, streamer, "level") == [5])
        assert command(console, streamer, b"level=10") == b"error: level: level must be 0 to 9"
        assert command(console, streamer, b'double={"n": 21}') in (b'{"n": 42}', b'{"n":42}')
        until(lambda: values(console, streamer, "doubled") == [{"n": 21}])
        assert command(console, streamer, b"long").startswith(b"error: the reply has 2000 bytes")
        assert command(console, streamer, b"x" * 600) == b"error: 600 bytes are longer than rx_size"
        assert "MemoryError" not in it.log
    assert errors(console, streamer.id) == []


def test_what_waited_arrives_in_order_with_its_times(console: RunningConsole, streamer: Device, chip: str) -> None:
    wifi = Wifi({SSID: PASSWORD})
    slowly = COUNTER.replace("every=0.5", "every=1.5")  # times are of whole seconds
    with started(console, streamer, chip, slowly, wifi, platform="dp") as it:
        it.wait_for("mqtt: online", PATIENCE)
        until(lambda: values(console, streamer, "n"))
        since = len(it.log)
        wifi.up = False
        it.wait_for("Wi-Fi lost", PATIENCE, since)
        offline_at = int(it.wait_for(r"counted (\d+)", PATIENCE, len(it.log)).group(1))
        it.wait_for(f"counted {offline_at + 8}", PATIENCE, since)
        wifi.up = True
        it.wait_for("mqtt: online", PATIENCE, since)
        for more in (4, 10):
            until(lambda n=offline_at + more: n <= max(values(console, streamer, "n")))
    times = {point.value: point.at for point in console.call(console.platform.points, streamer.id, "n")}
    assert sorted(times) == list(range(1, len(times) + 1))  # none is lost
    waited = [times[n] for n in range(offline_at + 1, offline_at + 8)]
    assert waited == sorted(waited)
    assert (waited[-1] - waited[0]).total_seconds() > 7  # 1.5 s each: not the moment at which all came


def test_a_stream_that_the_platform_does_not_take_is_named(console: RunningConsole, streamer: Device) -> None:
    with started(console, streamer, "esp32", BAD_NAMES, platform="dp") as it:
        it.wait_for(r"stream: not-good: refused by the platform: Illegal Data \(code 98\); a stream's name", PATIENCE)
        until(lambda: values(console, streamer, "good") == values(console, streamer, "fine") == [1])


def test_a_product_with_a_thing_model_is_said_in_words(console: RunningConsole, board: Device, chip: str) -> None:
    with started(console, board, chip, PROGRAM, platform="dp") as it:
        it.wait_for('has a thing model, for it refuses cmd/request/.: write "platform": "studio"', PATIENCE)
        it.wait_for("next attempt in", PATIENCE)
    assert console.call(console.platform.streams, board.id) == []


@pytest.mark.parametrize("platform", ["studio", "dp"])
def test_the_main_py_people_get(
    console: RunningConsole, board: Device, streamer: Device, chip: str, platform: str
) -> None:
    main = (board_directory() / "main.py").read_text()
    device = board if platform == "studio" else streamer
    with started(console, device, chip, main, platform=platform) as it:
        it.wait_for(f"mqtt: online as device {device.name}", PATIENCE)
        until(lambda: values(console, device, "free_heap"))
        if platform == "dp":
            assert command(console, device, b"led=on") == b"led=on"
