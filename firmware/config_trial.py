"""A change of config.json from afar, or by a board's own page, until it has proved itself: until the board was online
with it for ten seconds.

Three starts, or so many seconds in one of them, and what there was before comes back: config.back, by one rename, so
power may go at any moment. config.try says how often the board has started, and the seconds. Loaded by its path at the
start, where there is a config.back, and once more when the device begins.
"""

import machine
import os
from micropython import const

_STARTS = const(3)
_STAYS = const(10)  # seconds


def put(before, after, seconds):
    """Puts `after` into config.json, on trial for so many seconds of each start; before: what it holds, which comes
    back, or None where there is a trial already, and with it what was there before that. Both are bytes. At a power cut
    in the middle of it nothing has changed. OSError: the flash is full."""
    for path, data in (("config.try", ("0 %d" % seconds).encode()), ("config.back", before), ("config.new", after)):
        if data is not None:
            _put_down(path, data)
    try:
        os.remove("config.undone")
    except OSError:
        pass
    os.rename("config.new", "config.json")


def count():
    """At a start: one more, or the end of it."""
    starts, seconds = _read()
    if starts >= _STARTS:
        undo("not online in %d starts" % starts)
        return
    if not _write("config.try", "%d %d" % (starts + 1, seconds)):
        undo("the flash is full")


def undo(why):
    """The configuration from before, from the next reading on."""
    _write("config.undone", "undone: " + why)
    os.rename("config.back", "config.json")
    try:
        os.remove("config.try")
    except OSError:
        pass
    print("boot: the change of config.json is undone:", why)


def _put_down(path, data):
    """Bytes, whole or not at all."""
    with open("config.part", "wb") as file:
        file.write(data)
    os.rename("config.part", path)


def _write(path, text):
    try:
        _put_down(path, text.encode())
        return True
    except OSError:
        return False


def _read():
    try:
        with open("config.try") as file:
            starts, seconds = [int(part) for part in file.read().split(" ")]
        return starts, seconds
    except (OSError, ValueError):
        return 0, 300


def begin(device, sleeps):
    """Watches until it is decided: in a stream that sends nothing, looked at whatever else stands in the way of the
    device's turns. sleeps: whether the board does, and so will not stay."""
    from .log import log, rare, uptime

    seconds = _read()[1]

    def measure():
        online = device._online_at
        if online is not None and (uptime() - online >= _STAYS or sleeps):
            for name in ("setup.json", "config.undone", "config.back", "config.try"):  # the first: see start.py
                try:
                    os.remove(name)
                except OSError:  # they are seldom all there
                    pass
            device._streams = [stream for stream in device._streams if stream is not mine]
            log("remote", "online: the change of config.json stays")
        elif online is None and uptime() > seconds:
            try:
                words = "; " + (device._trouble if device.wifi._joined else rare("joining").told(device.wifi))
            except Exception:  # noqa: BLE001 - no memory, no driver: it is undone in any case
                words = ""
            rare("config_trial").undo("not online within %d s" % seconds + words)
            machine.reset()

    mine = [b"", 500, measure, None, False]
    device._streams.append(mine)
