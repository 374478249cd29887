"""What a board bears: no figure that depends on the computer, but that all of it arrives."""

from collections.abc import Iterator

import pytest
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.measure.capacity import (
    BURST,
    ESP32,
    ESP8266,
    TX_SIZES,
    batch,
    batch_table,
    burst,
    steps,
    with_streams,
)


@pytest.fixture
def console() -> Iterator[RunningConsole]:
    with running_console() as it:
        yield it


@pytest.mark.parametrize("kind", ["legacy", "studio", "dp", "mqtt"])
def test_a_longer_buffer_has_no_fewer_points_in_a_message(kind: str) -> None:
    for waited in (False, True):
        found = [batch(kind, tx_size, waited) for tx_size in TX_SIZES]
        assert found == sorted(found) and found[0] > 0
        assert kind not in ("studio", "dp") or found[-1] == 100
    assert batch_table().row_count == 8


def test_the_pace_is_told(console: RunningConsole) -> None:
    found = steps(ESP32, console, 10)
    assert len(found) == 9 and all(step > 0 for step in found)


@pytest.mark.long
def test_fifty_streams_arrive_from_an_esp32(console: RunningConsole) -> None:
    assert with_streams(ESP32, 112_000, console, 50)


def test_twenty_streams_that_send_changes_arrive_from_an_esp8266(console: RunningConsole) -> None:
    assert with_streams(ESP8266, 36_960, console, 20, ", delta=1, at_least=600")


@pytest.mark.parametrize("flash", [0, 64])
def test_of_a_burst_everything_arrives_or_is_counted(console: RunningConsole, flash: int) -> None:
    arrived, dropped = burst(ESP32, console, outbox_flash=flash, tx_size=2048)
    assert arrived + dropped == BURST and (dropped == 0) == (flash > 0)
