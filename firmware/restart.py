"""Restarts the board, with what was measured kept as far as there is room for it. Loaded for that, and forgotten."""

import machine
from micropython import const
from time import ticks_diff, ticks_ms

from .log import log, rare

_PATIENCE = const(5000)  # ms for a reply to arrive


def soon(device):
    """Once the reply to who wants it has arrived, or 5 s have passed. It is done by a stream that sends nothing: it is
    looked at in each turn, whatever else stands in its way."""
    since = ticks_ms()

    def measure():
        arrived = not device._commands and not device._client.session._count
        if arrived and ticks_diff(ticks_ms(), since) > 500 or ticks_diff(ticks_ms(), since) > _PATIENCE:
            rare("restart").now(device)

    device._streams.append([b"", 100, measure, None, False])


def now(device):
    log("device", "restarts")
    rare("seldom").forget_crashes(device)  # it is none
    try:
        if device.config["outbox_flash"]:
            device.outbox.save()
        rare("across_resets").save(device)
    except Exception as e:  # noqa: BLE001 - it is to restart all the same
        log("outbox", "not saved: %s" % e)
    machine.reset()
