"""An ESP8266 with the program in ROMFS: it is online, and has the heap left that it had when that was recorded."""

from dataclasses import replace

import pytest
from conftest import MAIN, PATIENCE, board
from onenet_tools.broker import Mosquitto
from onenet_tools.measure.heap import BARS, Work, measure, problems

_A_LINE = 76  # bytes that such a line takes, its text, its name and its code


@pytest.mark.long
def test_an_esp8266_at_work_has_the_heap_left_that_is_recorded() -> None:
    (bar,) = (bar for bar in BARS if bar.chip == "esp8266")
    *_, online, done = measure(replace(bar, work=Work(200, 20, 3)))
    assert problems(bar.name, done) == []
    assert online.free - done.free < 1024  # commands and reconnects bring modules, and no more than that


def test_no_main_py_costs_more_than_what_is_in_it(broker: Mosquitto) -> None:
    """However long it is, and whatever its parse tree has lain on: see firmware/start.py."""
    free = []
    for n in range(0, 24, 3):
        lines = "".join(f"line{i} = {'y' * (12 + i)!r}\n" for i in range(n))
        with board(broker, lines + MAIN, chip="esp8266", small=True) as it:
            words = it.wait_for(r"(\d+) bytes free", PATIENCE)
        free.append(int(words[1]) + n * _A_LINE)
    assert max(free) - min(free) < 900, free
