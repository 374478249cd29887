"""The firmware on virtual boards at a product with a thing model, with the console in OneNET's place, end to end."""

import contextlib

import pytest
from console_client import until
from current_board import COUNTER, LEVEL, PASSWORD, PATIENCE, SSID, started, values
from onenet_tools.board import Wifi
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.files import board_directory

PROGRAM = (
    """
from firmware import Device, health

device = Device("config.json")

@device.stream("free_heap", every=1)
def free_heap():
    return health.free_heap()
"""
    + LEVEL
    + """
@device.command
def obey(payload):
    return b"obeyed " + payload

device.run()
"""
)


def test_a_board_posts_is_set_asked_and_called(console: RunningConsole, board: Device, chip: str) -> None:
    things = console.platform.studio.things
    with started(console, board, chip, PROGRAM) as it:
        it.wait_for("mqtt: online as device board1", PATIENCE)
        until(lambda: len(values(console, board, "free_heap")) >= 2)
        reply = console.call(things.set, board, {"level": 5})
        assert reply["code"] == 200
        until(lambda: values(console, board, "level") == [5])
        assert console.call(things.get, board, ["level"]) == {"level": 5}
        reply = console.call(things.set, board, {"level": 10})
        assert reply["code"] != 200 and reply["msg"] == "level: level must be 0 to 9"
        assert console.call(things.call, board, "double", {"n": 21}) == {"n": 42}
        (event,) = until(lambda: console.call(console.platform.store.events.latest, board.id, 5))
        assert (event.identifier, event.value) == ("doubled", {"n": 21})
        reply = console.call(things.set, board, {"led": True})
        assert reply["code"] == 200
        assert "Traceback" in it.log  # of the value that was refused
        assert "MemoryError" not in it.log


def test_a_desired_value_waits_for_the_board(console: RunningConsole, board: Device, chip: str) -> None:
    things = console.platform.studio.things
    console.call(things.set_desired, board, {"level": 7})
    with started(console, board, chip, PROGRAM) as it:
        it.wait_for("command: desired value of level obeyed", PATIENCE)
        until(lambda: values(console, board, "level") == [7])
        until(lambda: not console.call(things.desired, board))


def test_what_waited_arrives_in_order_with_its_times(console: RunningConsole, board: Device, chip: str) -> None:
    wifi = Wifi({SSID: PASSWORD})
    with started(console, board, chip, COUNTER, wifi) as it:
        it.wait_for("mqtt: online", PATIENCE)
        until(lambda: values(console, board, "n"))
        since = len(it.log)
        wifi.up = False
        it.wait_for("Wi-Fi lost", PATIENCE, since)
        offline_at = int(it.wait_for(r"counted (\d+)", PATIENCE, len(it.log)).group(1))
        it.wait_for(f"counted {offline_at + 20}", PATIENCE, since)
        wifi.up = True
        it.wait_for("mqtt: online", PATIENCE, since)
        for more in (5, 15, 25):
            until(lambda n=offline_at + more: n <= max(values(console, board, "n")))
    times = {point.value: point.at for point in console.call(console.platform.points, board.id, "n")}
    assert sorted(times) == list(range(1, len(times) + 1))  # none is lost
    waited = [times[n] for n in range(offline_at + 1, offline_at + 20)]
    assert waited == sorted(waited)
    assert (waited[-1] - waited[0]).total_seconds() > 4  # half a second each: not the moment at which all came


@pytest.mark.parametrize("level", ["product", "token"])
def test_a_board_logs_in_by_other_means(console: RunningConsole, board: Device, level: str) -> None:
    from onenet_tools.token.trying import make_token

    key = console.call(console.platform.studio.products.find, board.product_id).access_key
    with contextlib.ExitStack() as stack:
        if level == "product":
            it = stack.enter_context(started(console, board, "esp32", PROGRAM, device_key=None, access_key=key))
        else:
            token = make_token(key, f"products/{board.product_id}", None, "sha1", "2018-10-31")
            it = stack.enter_context(started(console, board, "esp32", PROGRAM, device_key=None, token=token))
        it.wait_for("mqtt: online as device board1", PATIENCE)


def test_a_wrong_key_is_said_in_words(console: RunningConsole, board: Device) -> None:
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    with started(console, board, "esp32", PROGRAM, device_key=key) as it:
        it.wait_for(r"device name, product id or key refused \(code 4\): is device_key this device's", PATIENCE)
        it.wait_for(r"The token lasts until 2100-01-01 08:00:00 in Beijing; next attempt in", PATIENCE)
        assert key not in it.log


def test_a_product_with_data_streams_is_said_in_words(console: RunningConsole, streamer: Device, chip: str) -> None:
    with started(console, streamer, chip, PROGRAM) as it:
        it.wait_for('this product takes data streams, for it refuses thing/#: write "platform": "dp"', PATIENCE)
        it.wait_for("next attempt in", PATIENCE)
    assert console.call(console.platform.streams, streamer.id) == []


def test_a_set_longer_than_the_buffer_is_answered(console: RunningConsole, board: Device, chip: str) -> None:
    things = console.platform.studio.things
    with started(console, board, chip, PROGRAM) as it:
        it.wait_for("mqtt: online as device board1", PATIENCE)
        until(lambda: values(console, board, "free_heap"))  # it has subscribed, then
        reply = console.call(things.set, board, {"level": "x" * 1000})
        assert reply["code"] == 100 and reply["msg"].endswith("bytes are longer than rx_size")
        assert console.call(things.set, board, {"level": 5})["code"] == 200


def test_the_main_py_people_get(console: RunningConsole, board: Device, chip: str) -> None:
    main = (board_directory() / "main.py").read_text()
    things = console.platform.studio.things
    with started(console, board, chip, main) as it:
        it.wait_for("mqtt: online as device board1", PATIENCE)
        until(lambda: values(console, board, "free_heap"))
        for value, code in ((True, 200), (False, 200), ("on", 100), (5, 100)):
            assert console.call(things.set, board, {"led": value})["code"] == code
