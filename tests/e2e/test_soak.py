"""The books of `make soak`: that they balance, that a loss, a value too often and a heap that grows are found; and a
minute of the real thing."""

import sys
from pathlib import Path

import pytest
from onenet_tools.broker import find_mosquitto

sys.path.append(str(Path(__file__).parent.parent / "soak"))

from heap_curve import LEAST, WARM_UP, Sample, judge
from ledger import Ledger, Tally


def told(ledger: Ledger, boot: str, numbers: range, in_ram: int = 0, dropped: int = 0) -> None:
    """The board has measured these, and put() took them."""
    for number in numbers:
        ledger.put(f"{boot}:{number:05}", True)
    ledger.in_ram(boot, in_ram, dropped)


def delivered(ledger: Ledger, boot: str, numbers: range) -> None:
    for number in numbers:
        ledger.sent(f"{boot}:{number:05}")
        ledger.arrived(f"{boot}:{number:05}")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(again_at_reset=5)


def test_what_is_taken_and_arrives_is_well(ledger: Ledger) -> None:
    told(ledger, "a", range(1, 21))
    delivered(ledger, "a", range(1, 21))
    tally = ledger.tally()
    assert tally == Tally(measured=20, taken=20, flash=20, delivered=20)
    assert tally.problems() == []


def test_a_value_that_was_safe_and_does_not_arrive_is_lost(ledger: Ledger) -> None:
    told(ledger, "a", range(1, 21), in_ram=4)
    told(ledger, "b", range(1, 3))
    delivered(ledger, "a", range(1, 16))
    delivered(ledger, "b", range(1, 3))
    tally = ledger.tally()
    assert tally.missing == ["a:00016"] and tally.gone == 4 and tally.resets == 1
    assert tally.problems() == ["1 lost: a:00016"]


def test_of_a_board_that_runs_nothing_may_be_gone(ledger: Ledger) -> None:
    told(ledger, "a", range(1, 21), in_ram=20)
    delivered(ledger, "a", range(1, 20))
    assert ledger.tally().problems() == ["1 lost: a:00020"]


def test_what_was_safe_once_stays_so(ledger: Ledger) -> None:
    told(ledger, "a", range(1, 11))
    ledger.in_ram("a", 10, 0)  # read back into RAM
    told(ledger, "b", range(1, 2))
    delivered(ledger, "b", range(1, 2))
    assert len(ledger.tally().missing) == 10


def test_what_was_saved_before_a_reset_is_safe(ledger: Ledger) -> None:
    told(ledger, "a", range(1, 11), in_ram=10)
    ledger.saved()
    told(ledger, "b", range(1, 2))
    delivered(ledger, "b", range(1, 2))
    assert len(ledger.tally().missing) == 10


def slept(ledger: Ledger) -> None:
    """15 of the 20 taken were in flash, the others go into RTC memory; then the board sleeps, and wakes."""
    told(ledger, "a", range(1, 21), in_ram=5)
    ledger.saved()
    delivered(ledger, "a", range(1, 16))
    told(ledger, "b", range(1, 3), in_ram=7)


def test_what_is_in_rtc_memory_a_reset_leaves(ledger: Ledger) -> None:
    slept(ledger)
    told(ledger, "c", range(1, 2))
    delivered(ledger, "c", range(1, 2))
    assert ledger.tally().problems() == ["5 lost: a:00016, a:00017, a:00018, a:00019, a:00020"]


def test_what_was_in_rtc_memory_alone_when_the_power_went_is_gone(ledger: Ledger) -> None:
    slept(ledger)
    ledger.lose_rtc()
    told(ledger, "c", range(1, 2))
    delivered(ledger, "c", range(1, 2))
    tally = ledger.tally()
    assert tally.problems() == [] and tally.gone == 7
    told(ledger, "c", range(2, 5))
    ledger.saved()
    told(ledger, "d", range(1, 2))
    delivered(ledger, "d", range(1, 2))
    assert ledger.tally().missing == ["c:00002", "c:00003", "c:00004"]  # that power cut was before


def test_what_went_from_rtc_memory_to_flash_a_power_cut_leaves(ledger: Ledger) -> None:
    slept(ledger)
    ledger.in_ram("b", 4, 0)  # two of its own, and two that RTC memory has brought back
    ledger.lose_rtc()
    told(ledger, "c", range(1, 2))
    delivered(ledger, "c", range(1, 2))
    tally = ledger.tally()
    assert tally.missing == ["a:00016", "a:00017", "a:00018"] and tally.gone == 4


def test_a_value_may_come_again_after_a_loss_and_a_reset_and_no_oftener(ledger: Ledger) -> None:
    told(ledger, "a", range(1, 21))
    delivered(ledger, "a", range(1, 21))
    ledger.loss(3)
    delivered(ledger, "a", range(1, 4))
    assert ledger.tally().problems() == []
    delivered(ledger, "a", range(4, 5))
    assert ledger.tally().problems() == ["4 came again, and 3 may have"]
    told(ledger, "b", range(1, 2))
    delivered(ledger, "b", range(1, 2))
    assert ledger.tally().problems() == []
    assert ledger.tally().allowed == 8


def test_what_put_refuses_is_not_lost_and_the_board_has_to_count_it(ledger: Ledger) -> None:
    told(ledger, "a", range(1, 4))
    delivered(ledger, "a", range(1, 4))
    ledger.put("a:00004", False)
    assert ledger.tally().problems() == ["the board says it has dropped 0, and put() has refused 1"]
    ledger.in_ram("a", 0, 1)
    tally = ledger.tally()
    assert tally.problems() == [] and (tally.measured, tally.refused) == (4, 1)


def samples(*free: int, largest: int = 5000, start: int = 0) -> list[Sample]:
    return [Sample(i, start, WARM_UP + i, figure, largest) for i, figure in enumerate(free)]


def test_a_heap_that_moves_and_stays_is_flat() -> None:
    assert judge(samples(*([20000, 17000, 20000] * 8))) == []


def test_a_heap_that_leaks_is_found() -> None:
    found = judge(samples(*(20000 - 100 * i for i in range(24))))
    assert len(found) == 1 and found[0].startswith("the heap grows: 19,650 bytes were free, and 18,050")


def test_a_heap_in_pieces_is_found() -> None:
    found = judge(samples(*[20000] * 12, largest=9000) + samples(*[20000] * 12, largest=5000))
    assert len(found) == 1 and "falls to pieces" in found[0]


def test_each_start_has_a_heap_of_its_own_and_the_longest_counts() -> None:
    short, long = samples(*range(9000, 0, -500), start=0), samples(*[20000] * 30, start=1)
    assert judge(short + long) == []


def test_what_comes_before_the_warm_up_does_not_count_and_too_little_is_said() -> None:
    early = [Sample(i, 0, WARM_UP - 1, 50000, 9000) for i in range(99)]
    assert judge(early + samples(*[20000] * LEAST)) == []
    assert judge(early) == [f"no start has the {LEAST} samples after {WARM_UP:g} s that it takes to judge the heap"]


@pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto")
@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
def test_half_a_minute_of_faults(chip: str) -> None:
    from run import soak

    found = soak(0.5, chip, seed=3, picture=None, log=None)
    assert [problem for problem in found if not problem.startswith("no start has the")] == []
