"""The program for ten minutes in which main.py does not run, as `onenet act DEVICE safe-mode` wants it: the board is
online, answers from afar, and takes updates. Or as an update wants it that has too little memory beside main.py: see
update.py. Then, when that update is over, or after any other reset, main.py runs again."""

import machine
import os
from micropython import const

from .log import log, uptime

_LASTS = const(600)  # seconds


def run():
    """Never returns but after Ctrl-C, as Device.run()."""
    from . import Device

    device = Device("config.json")
    log("remote", "safe mode: main.py does not run for %d s" % _LASTS)

    updating = "deploy" in os.listdir()

    def measure():
        over = updating and not len(device.outbox) and "deploy" not in os.listdir()
        if over or uptime() > _LASTS:
            machine.reset()

    device._streams.append([b"", 1000, measure, None, False])
    device.run()
