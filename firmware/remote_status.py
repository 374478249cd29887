"""How a board is, for `onenet status` and who else asks "!status": a JSON object. Loaded for that, and forgotten."""

import gc
import json
import os
import sys

from .log import rare, uptime

_WORDS = 120  # characters of what failed last


def describe(device):
    """version: of what was deployed; up: s; free_heap, largest_block (ESP8266), free_idf_heap, largest_idf_block
    (ESP32): bytes; rssi: dBm; reset: what started the board; crashes: what the file of this name holds, in words;
    change: "on trial" or why it was undone, of config.json; update: how the last one ended; alone: where main.py does
    not run."""
    about, health = rare("about"), rare("health")
    here = {
        "version": about.version(),
        "micropython": ".".join([str(number) for number in sys.implementation.version[:3]]),
        "machine": getattr(sys.implementation, "_machine", sys.platform),
        "up": uptime(),
        "free_heap": health.free_heap(),
        "rssi": device.wifi.rssi(),
        "reset": health.reset_cause(),
        "dropped": device.outbox.dropped,
    }
    if health.free_idf_heap():
        here["free_idf_heap"] = health.free_idf_heap()
        here["largest_idf_block"] = max([heap[2] for heap in health._idf_heaps()])
    else:
        here["largest_block"] = _largest(here["free_heap"])
    failures = about.failures()
    if failures:
        here["crashes"] = rare("crash").without_secrets(failures[2:])[:_WORDS]
    files = os.listdir()
    if "config.back" in files:
        here["change"] = "on trial"
    elif "config.undone" in files:
        with open("config.undone") as file:
            here["change"] = file.read(_WORDS)
    if "update.ended" in files:
        with open("update.ended") as file:
            here["update"] = file.read(_WORDS)
    if "firmware.alone" in sys.modules:
        here["alone"] = True
    return json.dumps(here)


def _largest(most):
    """Bytes of the largest object there is room for, to the nearest 64. Not for an ESP32, whose heap would grow by
    what finds no room (py/gc.c, gc_try_add_heap())."""
    least = 0
    while most - least > 64:
        size = (least + most) // 2
        try:
            bytearray(size)
            least = size
        except MemoryError:
            most = size
        gc.collect()
    return least
