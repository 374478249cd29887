"""The watchdog: resets the board when the main loop has not fed it for long. boot.py starts it, or Device.run().

The ESP8266's hardware knows one time only, 1.6 seconds or a little more (esp8266/machine_wdt.c), so a timer counts
there. It is served between byte codes and while a name is looked up; whatever else blocks, the SDK watches.
"""

import machine
from micropython import const

_PATIENCE = const(60)  # seconds, longer than a name lookup that gets no answer
_state: list = []  # once it runs: seconds, those wanted now, the machine.WDT, or the machine.Timer and seconds left


def start(seconds):
    """Starts it, unless it runs already or seconds is 0."""
    if not seconds or _state:
        return
    _state.extend((seconds, seconds))
    try:
        _state.append(machine.WDT(timeout=seconds * 1000))
    except ValueError:
        timer = machine.Timer(-1)
        _state.extend((timer, seconds))
        timer.init(period=1000, callback=_second)


def feed():
    """Once a turn of the main loop, and wherever else something takes long on purpose."""
    if _state:
        if len(_state) > 3:
            _state[3] = _state[1]
        else:
            _state[2].feed()


def patient(on):
    """Has it wait a minute at least, or no more: while a name may be looked up, which blocks for up to half a minute.
    For a second WDT() there is the same one with another time (esp32/machine_wdt.c)."""
    if _state and _state[0] < _PATIENCE:
        _state[1] = seconds = _PATIENCE if on else _state[0]
        if len(_state) < 4:
            machine.WDT(timeout=seconds * 1000)
    feed()


def stop():
    """Before a prompt: on an ESP8266 the timer would outlive its memory in a soft reset. True where nothing watches any
    more; the ESP32's goes on."""
    if len(_state) > 3:
        _state[2].deinit()
        del _state[:]
    return not _state


def _second(timer):
    _state[3] -= 1
    if _state[3] < 0:
        print("watchdog: the main loop does not come round")
        machine.reset()
