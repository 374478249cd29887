"""The watchdog: resets the board when the main loop has not fed it for long. boot.py starts it, or Device.run().

The ESP8266's hardware knows one time only, 1.6 seconds or a little more (esp8266/machine_wdt.c), so a timer counts
there. It is served between byte codes: what blocks within the system does not count, and the SDK watches that.
"""

import machine
from micropython import const

_PATIENCE = const(60)  # seconds, longer than a name lookup that gets no answer
_state: list = []  # once it runs: the machine.WDT, or seconds left; seconds in all; the machine.Timer, or None


def start(seconds):
    """Starts it, unless it runs already or seconds is 0."""
    if not seconds or _state:
        return
    try:
        _state.extend((machine.WDT(timeout=seconds * 1000), seconds, None))
    except ValueError:
        timer = machine.Timer(-1)
        _state.extend((seconds, seconds, timer))
        timer.init(period=1000, callback=_second)


def feed():
    """Once a turn of the main loop, and wherever else something takes long on purpose."""
    if _state:
        if _state[2]:
            _state[0] = _state[1]
        else:
            _state[0].feed()


def patient(on):
    """Has it wait a minute at least, or no more: while a name may be looked up, which blocks the ESP32 for up to half a
    minute. For a second WDT() there is the same one with another time (esp32/machine_wdt.c)."""
    if _state and not _state[2] and _state[1] < _PATIENCE:
        machine.WDT(timeout=_PATIENCE * 1000 if on else _state[1] * 1000)
    feed()


def stop():
    """Before a prompt: on an ESP8266 the timer would outlive its memory in a soft reset. True where nothing watches any
    more; the ESP32's goes on."""
    if _state and _state[2]:
        _state[2].deinit()
        del _state[:]
    return not _state


def _second(timer):
    _state[0] -= 1
    if _state[0] < 0:
        print("watchdog: the main loop does not come round")
        machine.reset()
