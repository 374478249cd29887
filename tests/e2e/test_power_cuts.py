"""A few of the power cuts that make test-power does by the hundred."""

import pytest
from onenet_tools.broker import find_mosquitto
from power_cuts import cut_power


@pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto")
@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
@pytest.mark.parametrize("cuts", [2, pytest.param(6, marks=pytest.mark.long)])
def test_power_cuts_lose_nothing_that_was_in_flash(chip: str, cuts: int) -> None:
    tally = cut_power(cuts, chip, seed=11)
    assert tally.problems == [] and tally.lost == 0 and tally.wrong == 0
    assert tally.safe > 8 * cuts and tally.cuts == cuts
