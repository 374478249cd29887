"""The program for ten minutes in which main.py does not run, as `onenet act DEVICE safe-mode` wants it: the board is
online, answers from afar, and takes updates. Then, or after any other reset, main.py runs again."""

import machine
from micropython import const

from .log import log, uptime

_LASTS = const(600)  # seconds


def run():
    """Never returns but after Ctrl-C, as Device.run()."""
    from . import Device

    device = Device("config.json")
    log("remote", "safe mode: main.py does not run for %d s" % _LASTS)

    def measure():
        if uptime() > _LASTS:
            machine.reset()

    device._streams.append([b"", 1000, measure, None, False])
    device.run()
