"""The watchdog: resets the board when the main loop has not fed it for long. boot.py starts it, or Device.run()."""

import machine

_running = []  # the machine.WDT, once there is one: it cannot be stopped


def start(seconds):
    """Starts it, unless it runs already or seconds is 0."""
    if seconds and not _running:
        try:
            _running.append(machine.WDT(timeout=seconds * 1000))
        except (TypeError, ValueError):  # ESP8266: its hardware knows one time only, and that is too short
            pass


def feed():
    for watchdog in _running:
        watchdog.feed()
