"""How far the clock of a board that sleeps is off. In deep sleep it goes by an oscillator that is off by some parts of
a thousand on an ESP32 and of a hundred on an ESP8266, and moves with the temperature. So each answer of a time server
says what the clock has lost since the last one; it is put right by that at each wake, and no server is asked until it
may be off by five seconds all the same.
"""

import time
from micropython import const
from time import ticks_ms

from .log import rare, uptime

_OFF = const(5)  # seconds
_PARTS = const(100000)
_LEAST = const(20)  # of them: less than that is luck
_MEASURES = const(300)  # seconds asleep from which on there is something to measure
_NEVER = const(0x3FFFFFFF)
_2000 = 0 if time.gmtime(0)[0] == 2000 else 946684800


def put_right(clock, notes):
    """Moves the clock by what it has lost asleep. One that was never set is left alone, or times noted before would be
    wrong."""
    move = notes.slept * notes.drift // (_PARTS // 1000) - notes.moved
    if move and clock.true_time(clock.now()):
        rare("ntp")._set(_now() + move)
        notes.moved += move


def begin(clock, notes, woken):
    """What note() wants to know afterwards, None where no time server is to be asked on this visit. woken: from deep
    sleep."""
    if woken:
        clock._ask_at = _NEVER
        if notes.slept * notes.doubt >= _OFF * _PARTS or not clock.true_time(clock.now()):
            if notes.unasked:
                notes.unasked -= 1
            else:
                clock._ask_at = 0
    if clock._hosts and clock._ask_at <= uptime():
        return _now() - ticks_ms()
    return None


def note(clock, notes, before):
    """After a visit on which one was to be asked. before: the clock less ticks, as the visit began."""
    if clock._ask_at <= uptime():  # there was no network
        return
    if clock._set_at is None or clock._failed:
        notes.untimed = min(notes.untimed + 1, 6)
        notes.unasked = (1 << notes.untimed) - 1
        return
    error = _now() - ticks_ms() - before
    if notes.slept >= _MEASURES and abs(error) < notes.slept * 200:  # or else somebody has set it
        change = error * (_PARTS // 1000) // notes.slept
        notes.drift = max(-30000, min(notes.drift + change, 30000))
        notes.doubt = max(_PARTS // notes.slept // 4, abs(change) >> 2, _LEAST)
    notes.slept = notes.moved = notes.untimed = notes.unasked = 0


def _now():
    """Milliseconds since 2000, if the clock is set."""
    return time.time_ns() // 1000000 - _2000 * 1000
