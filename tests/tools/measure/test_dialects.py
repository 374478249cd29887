"""What the dialects cost of a board's heap: measured on the virtual ESP8266, and held to what they may."""

import pytest
from onenet_tools.board import small_heap
from onenet_tools.measure import dialects
from onenet_tools.measure.dialects import PLATFORMS, PROGRAMS, costs, measure, problems


def test_a_dialect_that_costs_too_much_is_named() -> None:
    found = {(name, kind): 13_000 for name in PROGRAMS for kind in PLATFORMS}
    assert problems(found) == [] and set(costs(found).values()) == {0}
    found["and a property", "studio"] -= 3_072
    assert problems(found) == []
    found["and a property", "studio"] -= 1
    assert problems(found) == [
        '"platform": "studio", and a property: costs 3,073 bytes of heap more than the older one; 3,072 it may'
    ]


@pytest.mark.long
def test_each_is_online_with_what_it_may_cost(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    small_heap.fetch_and_say()
    monkeypatch.setattr(dialects, "BOOTS", 3)
    found = measure()
    assert set(found) == {(name, kind) for name in PROGRAMS for kind in PLATFORMS}
    assert problems(found) == [], found
