"""A few of the power cuts that make test-power does by the hundred."""

import pytest
from onenet_tools.broker import find_mosquitto
from power_cuts import cut_power


@pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto")
@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
def test_power_cuts_lose_nothing_that_was_in_flash(chip: str) -> None:
    tally = cut_power(6, chip, seed=11)
    assert tally.problems == [] and tally.lost == 0 and tally.wrong == 0
    assert tally.safe > 50 and tally.cuts == 6
