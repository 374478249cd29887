"""What time it is on a board: whom it asks, how far it was off, and when a point was measured though nobody knew."""

import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from conftest import PATIENCE, QUICK, SSID, WIFI_PASSWORD, Watcher, board, wait_online
from onenet_tools.board import Wifi
from onenet_tools.broker import Mosquitto
from onenet_tools.datapoints import decode

BOTH = pytest.mark.parametrize("chip", ["esp32", "esp8266"])
BEIJING = timezone(timedelta(hours=8))
SET = r"clock: 20[2-3]\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"

RUN = QUICK + "\ndevice.run()\n"
RESETS = (
    QUICK
    + """
import machine
name = "reset%d" % machine.reset_cause()

@device.stream(name, every=1)
def count():
    print("measured", name)
    return 1

device.run()
"""
)
"""Tells in a stream's name what has started it."""


@BOTH
def test_where_one_time_server_fails_the_next_is_asked(broker: Mosquitto, chip: str) -> None:
    hosts = ["one.example", "two.example", "three.example"]
    wifi = Wifi({SSID: WIFI_PASSWORD}, up=False)
    with board(broker, RUN, chip=chip, wifi=wifi, ntp_host=hosts) as it:
        it.dns.answers["one.example"] = "unknown"
        it.dns.answers["two.example"] = "empty"
        it.wifi.up = True
        it.wait_for("clock: no answer from one.example", PATIENCE)
        it.wait_for("clock: no time from two.example", PATIENCE)
        it.wait_for(SET, PATIENCE)
        wait_online(it)


@BOTH
def test_a_clock_that_goes_wrong_is_put_right_and_by_how_much_is_told(broker: Mosquitto, chip: str) -> None:
    with board(broker, RUN, chip=chip) as it:
        it.wait_for(SET, PATIENCE)
        wait_online(it)
        it.ntp.offset = 43200 + 7  # the board's clock goes on for as long, and would be 7 s slow
        it.skip(43200)
        found = it.wait_for(rf"{SET}; it was off by -(\d+\.\d\d) s after (\d+) s: -(\d+) ppm", PATIENCE)
        late, passed, ppm = float(found[1]), int(found[2]), int(found[3])
        assert 6 < late < 8 and 43200 <= passed < 43200 + 2 * PATIENCE
        assert abs(ppm - late * 1_000_000 / passed) <= 1


def first_time(watcher: Watcher, stream: str) -> str | None:
    """Of the first point of this stream that has waited, and so comes with its time."""
    points = [point for batch in list(watcher.batches) for point in decode(batch)]
    return next((point.at for point in points if point.stream == stream and point.at), None)


@pytest.mark.parametrize(
    ("reset", "number"), [(b"\x04", 5), (b"import machine; machine.reset()\r", 2)], ids=["soft", "hard"]
)
def test_what_was_measured_before_anybody_knew_the_time_gets_it_over_a_reset(
    broker: Mosquitto, watcher: Watcher, reset: bytes, number: int
) -> None:
    """An ESP32's clock goes on over Ctrl-D and over machine.reset(): machine_rtc.c leaves it to the ESP-IDF, whose RTC
    timer both leave alone. So what counts from the power-on is put right by what comes after."""
    changes: dict[str, Any] = {"outbox_flash": 64, "reset_after": 0, "outbox_size": 8192, "tx_size": 4096}
    wifi = Wifi({SSID: WIFI_PASSWORD}, up=False)
    with board(broker, RESETS, chip="esp32", wifi=wifi, **changes) as it:
        it.wait_for("measured reset1\n(.|\n)*measured reset1", PATIENCE)  # and so the first one is put
        first = time.time()
        seen = len(it.log)
        it.skip(10_000)
        it.wait_for("measured(.|\n)*measured", PATIENCE, seen)  # and so it writes nothing just now
        it.send(b"\x03")
        it.wait_for("Ctrl-C|stopped", PATIENCE)
        it.send(b"\x03")
        it.wait_for("device: stopped", PATIENCE)
        it.wait_for(">>> ", PATIENCE, it.log.index("device: stopped"))
        it.send(reset)
        it.wait_for(f"measured reset{number}\n(.|\n)*measured reset{number}", PATIENCE)
        second = time.time()
        it.skip(20_000)
        it.ntp.offset = 30_000
        it.wifi.up = True
        wait_online(it)
        for stream, moment in (("reset1", first), (f"reset{number}", second + 10_000)):
            found: str = watcher.until(lambda stream=stream: first_time(watcher, stream), stream)  # type: ignore[misc]
            measured = datetime.strptime(found, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).timestamp()
            assert abs(measured - moment) < 2 * PATIENCE, (stream, measured - moment)
