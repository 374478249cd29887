"""What a Device does seldom: its streams, its end, replies out of the ordinary. Loaded when it comes to that: code and
words take memory. How it begins is in begin.py, and what goes wrong with connections in faults.py.

It is a room of device.py, and knows its attributes.
"""

import json
from machine import RTC
from micropython import const
from time import sleep_ms, ticks_ms

from . import watchdog
from .log import keep, log, rare
from .outbox import is_value, stream_id_of

_ID = const(0)  # of a stream, see device.py
_COMMANDS = const(4)  # that may wait for their turn, see device.py
_HEAD = const(14)  # bytes of RTC memory that are start.py's
_HEALTH = b"free_heap", b"free_idf_heap", b"reset_cause", b"dropped"  # streams


def stream(device, stream_id, every, options):
    """The decorator that Device.stream() returns."""
    encoded = isinstance(stream_id, (str, bytes)) and stream_id_of(stream_id)
    if not encoded:
        raise ValueError(rare("refusal").no_id(stream_id))
    default = every
    if device.config:
        if device.config["health_interval"] and encoded in _HEALTH:
            every = device.config["health_interval"]
        every = device.config["intervals"].get(stream_id, every)
    if not isinstance(every, (int, float)) or not 0.1 <= every <= 86400:
        cure = ", a number without quotes" if isinstance(every, (str, bytes)) else ""
        raise ValueError("every: must be 0.1 to 86400 s" + cure)
    rules = options and rare("stream_rules")
    rule = rules and rules.checked(every, default, options)

    def add(measure):
        for known in device._streams:
            if known[_ID] == encoded:  # the last one counts
                device._streams.remove(known)
                break
        made = [encoded, int(every * 1000), measure, None, 0]
        if rules:
            made = rules.ruled(device, made, *rule)
        device._streams.append(made)
        return measure

    return add


def wait_for_config(device):
    """The file is wrong: says so, and again, for whoever connects later, and takes a better one."""
    try:
        rare("improv").wait(device)
    except ImportError:  # an ESP8266 that has the access point's page in its place
        rare("connect").tells(device)
        for _ in range(100):
            watchdog.feed()
            sleep_ms(100)


def forget_crashes(device):
    """Sets back what boot.py counts, where the program keeps nothing of its own in RTC memory, and drops what
    across_resets.py has there. What has not arrived yet stays: returns the ticks then, for doing this again later."""
    memory = RTC().memory
    kept = memory()
    if kept[:8] == b"crashes ":
        waits = len(kept) > _HEAD and device.config and len(device.outbox)
        memory(kept[:8] + bytes(_HEAD - 8) + kept[_HEAD:] if waits else b"")
        if waits:
            return ticks_ms()
    return None


def ctrl_c(device):
    """After a KeyboardInterrupt: True if it was somebody's; or else the loop may go on."""
    if rare("keyboard").somebody(watchdog.feed):
        forget_crashes(device)
        log("device", "stopped" + ("" if watchdog.stop() else "; the watchdog still runs"))
        if device.config:
            device._client.close()
            if not device.outbox.locked:
                if device.config["outbox_flash"]:
                    device.outbox.save()  # whoever is there may press reset, which costs an ESP32 its RTC memory
                rare("across_resets").save(device)
        return True
    if device.config:
        if device.outbox.locked:  # and so in the middle of a change
            raise RuntimeError("interrupted in put()")
        device._client.close()
    return False


def not_obeyed(payload):
    """The reply to a command that was too long, whose size this is, or that nobody waits for."""
    if isinstance(payload, int):
        return "error: %d bytes are longer than rx_size" % payload
    return "error: this device takes no commands"


def unanswered(error):
    log("command", "not answered: %s" % error)


def reply(device, result):
    """The reply that the result of a command's function makes, or the exception it has raised."""
    if not isinstance(result, BaseException):
        if is_value(result, True):
            return json.dumps(result)
        kind = type(result).__name__
        if hasattr(result, "throw"):
            kind = "a generator, as async def gives one: take async away, or await device.start() in place of run()"
        result = ValueError("the reply is no text, number, bool, or dict or list of them: " + kind)
    if isinstance(result, UnicodeError):
        keep("command", result, True)
        return "error: the command is not UTF-8"
    keep("command", result, device._failed & 1)
    device._failed |= 1
    return "error: " + (str(result) or type(result).__name__)


def oversize(device, topic, size):
    """A message came that is longer than the receive buffer, of which only the beginning is there. Where it wants an
    answer, it gets one that says so. Or it is a command for which there is no room, with its id and payload."""
    if not isinstance(size, int):
        log("command", "dropped, %d are waiting" % len(device._commands))
        return
    topic = bytes(topic)
    platform, things = device._platform, device._things
    if device.config["platform"] == "mqtt":
        platform.on_command = lambda end, size: _queue(device, end, size)
        platform.oversize(topic, size)
        platform.on_command = device._command_came
        here = True
    elif things and things.modelled:
        start = bytes(device._client._parser.payload)
        here = rare("too_long").oversize(things, topic, size, start)
    else:
        for commands in (b"$creq/", b"/cmd/request/"):
            _, here, command_id = topic.partition(commands)
            if here:
                _queue(device, command_id, size)
                break
    words = "a message of %d bytes is longer than rx_size" % size
    if not here:
        words += ', and is lost; give "rx_size": %d for such ones to %s' % (size + len(topic) + 4, topic.decode())
    log("mqtt", words)


def _queue(device, command_id, size):
    if len(device._commands) < _COMMANDS:
        device._commands.append((command_id, size))
