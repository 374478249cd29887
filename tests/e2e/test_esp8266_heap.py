"""An ESP8266 with the program in ROMFS: it is online, and has the heap left that it had when that was recorded."""

from dataclasses import replace

from onenet_tools.measure.heap import BARS, Work, measure, problems


def test_an_esp8266_at_work_has_the_heap_left_that_is_recorded() -> None:
    (bar,) = (bar for bar in BARS if bar.chip == "esp8266")
    *_, online, done = measure(replace(bar, work=Work(200, 20, 3)))
    assert problems(bar.name, done) == []
    assert online.free - done.free < 1024  # commands and reconnects bring modules, and no more than that
