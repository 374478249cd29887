"""Whether a board with "setup" in its configuration has ever joined one of its networks: if not, they may be a mistake,
and its access point opens. Once it has, never again for these networks: whoever silences a router is not to get a page.
Loaded when the device begins.
"""

import machine
import os
from binascii import hexlify
from hashlib import sha256
from machine import RTC
from micropython import const

from .log import log, rare, uptime

_FILE = "setup.joined"  # of which it was
_PATIENCE = const(120)  # seconds
_CRASHES = const(8)  # where the count of start.py is in RTC memory


def begin(device):
    """Looks until one is joined, or the time is over: in a stream that sends nothing."""
    wifi = device.wifi
    known = _known_mark()
    if any(_mark(network) == known for network in wifi._networks):
        return
    # Somebody has switched it on, and it is not what was answered that is tried now, see config_trial.py
    waits = not (RTC().memory() + bytes(_CRASHES + 1))[_CRASHES] and "config.back" not in os.listdir()

    def measure():
        if wifi._joined:
            _put_down(_FILE, _mark(wifi._networks[wifi._index]))
            device._streams = [stream for stream in device._streams if stream is not mine]
        elif waits and uptime() > _PATIENCE:
            try:
                why = rare("joining").told(wifi)
            except (MemoryError, AttributeError):  # there is no driver even
                why = "no answer"
            log("setup", why + ": opens the access point")
            _put_down("config.undone", "not joined: " + why)
            _put_down("setup.json", "{}")
            machine.reset()

    mine = [b"", 500, measure, None, False]
    device._streams.append(mine)


def _mark(network):
    """Changes with name and password."""
    name = network.get("ssid_hex") or network["ssid"]
    digest = sha256((name + "\n" + network.get("password", "")).encode()).digest()
    return str(hexlify(digest[:4]), "utf-8")


def _known_mark():
    try:
        with open(_FILE) as file:
            return file.read()
    except OSError:
        return ""


def _put_down(path, text):
    try:
        with open("setup.part", "w") as file:
            file.write(text)
        os.rename("setup.part", path)
    except OSError as e:
        log("setup", "can't write %s: %s" % (path, e))
