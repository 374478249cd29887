"""Deep sleep: what Device.sleep() does, and Device.run() where "sleep" is in the configuration. Loaded for that alone;
it is a room of device.py, and knows its attributes.

A wake begins at boot.py, with nothing in RAM. What is to be known then lies in RTC memory: see notes.py and
across_resets.py.
"""

import machine
import sys
from micropython import const
from select import POLLIN, poll
from sys import stdin
from time import sleep_ms, ticks_ms

from . import watchdog
from .log import log, rare

_ESP8266 = sys.platform == "esp8266"
_AWAKE = const(30)  # seconds for the network
_WINDOW = const(10)  # seconds awake after power on or reset, when somebody may be there
_PIECE = 4200 if _ESP8266 else 2000000  # seconds: an ESP8266 has 32 bits for microseconds (esp8266/modmachine.c)
_HOUR = const(3600)  # between attempts, at most
_LAST_WORDS = const(20)  # ms, for what the UART still has of the log

_EVERY = const(1)  # of a stream, see device.py
_MEASURE = const(2)
_LAST = const(3)


def begin(device, wanted):
    """Has Device.run() do what live() does. wanted: "sleep" of the configuration."""
    device.start = lambda: rare("sleep").live(device, None)
    device.run = lambda: rare("sleep").live(device, wanted if isinstance(wanted, dict) else {"seconds": wanted})


def run_once(device, timeout):
    return rare("visit").run_once(device, timeout)


def live(device, wanted):
    """Returns only after Ctrl-C. Without `wanted` it is Device.start() that was called."""
    if not wanted:
        raise RuntimeError('start: a board with "sleep" in config.json has no time for other tasks; call run()')
    seconds = wanted["seconds"]
    watchdog.start(device.config["watchdog"])
    keys = poll()
    keys.register(stdin, POLLIN)
    woken = rare("wake").reason()
    _adapt_streams(device, seconds, woken == "timer")
    while True:
        try:
            rare("visit").run_once(device, wanted.get("awake", _AWAKE), keys, 0 if woken else _WINDOW)
            sleep(device, seconds)
        except KeyboardInterrupt:
            if rare("seldom").ctrl_c(device):
                return


def _adapt_streams(device, seconds, woken):
    """One whose interval is some wakes long waits for its own; an average is that of the one reading of a wake."""
    wakes = rare("notes").load().wakes if woken else 0
    change = sys.modules.get("firmware.change")
    for stream in device._streams:
        interval, measure = stream[_EVERY], stream[_MEASURE]
        if change and isinstance(measure, change.Average):
            interval *= measure._most
            measure._calls = measure._most - 1
        each = interval // (seconds * 1000)
        if each > 1 and wakes % each:
            stream[_LAST] = ticks_ms()


def sleep(device, seconds):
    """What is in the outbox goes into RTC memory, and where it has no room there into flash; then the chip sleeps."""
    if not isinstance(seconds, (int, float)) or not 1 <= seconds <= 2000000:
        raise ValueError("seconds: must be 1 to 2000000")
    seconds = int(seconds)
    wlan = None
    if device.config:
        wlan = device.wifi._wlan
        device._client.close()
        notes = rare("notes").load()
        notes.wakes = notes.wakes + 1 & 0xFFFF
        notes.skip = min(notes.skip, max(_HOUR // seconds, 1) - 1)
        seconds = _first_piece(notes, seconds)
        waiting = rare("across_resets").save(device, notes.packed())
        words = "%d s, after %s ms; %d data points wait" % (seconds + notes.rest, ticks_ms(), waiting)
        log("sleep", words + (", offline %d in a row" % notes.failed if notes.failed else ""))
    if wlan and not _ESP8266:  # that writes its flash, and switches the radio off by itself
        try:
            wlan.active(False)
        except (OSError, RuntimeError):
            pass
    sleep_ms(_LAST_WORDS)
    machine.deepsleep(min(seconds, _PIECE) * 1000)


def _first_piece(notes, seconds):
    """The seconds that the chip can sleep at once."""
    piece = min(seconds, _PIECE)
    notes.rest = seconds - piece
    notes.slept = min(notes.slept + piece, 0xFFFFFFFF)
    return piece


def woken(device, data):
    """At the start after deep sleep, with the Notes of before. May sleep on."""
    bridge = rare("across_resets")
    notes = rare("notes").Notes(data)
    if notes.rest:
        piece = _first_piece(notes, notes.rest)
        bridge.note(notes.packed())
        machine.deepsleep(piece * 1000)
    rare("drift").put_right(device.clock, notes)
    bridge.note(notes.packed())
    log("sleep", "woken by %s" % rare("wake").reason())
