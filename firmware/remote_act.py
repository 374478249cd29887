"""What a board is told to do from afar, signed with the "remote_key" of its config.json. Loaded for that, and
forgotten.

"!hello" is answered with a number that no one has seen before. "!do SIGNATURE WORDS" obeys the words, if the signature
is HMAC-SHA256, in hex, of the device's id, that number and the words, with line feeds between, by the key. A number is
good for one try, in the minute after. So what was listened to can't be sent again, nor to another board, nor later.
"""

import machine
import os
from binascii import hexlify
from micropython import const
from time import ticks_diff, ticks_ms

from mqtt.errors import borrowed

from .log import log, rare

_LASTS = const(60000)  # ms
_PATIENCE = const(5000)  # ms for the reply to arrive


def answer(device, word, rest, key):
    """The reply, to either."""
    if word == "!hello":
        number = str(hexlify(os.urandom(8)), "utf-8")
        device.hello = number, ticks_ms()  # no name of ours: getattr() needs it as it is
        return number
    if word != "!do":
        return "error: there are !status, !log, !crashes, !hello and !do, not %s" % word[:20]
    number, since = getattr(device, "hello", (None, 0))
    device.hello = None, 0
    if not number or not 0 <= ticks_diff(ticks_ms(), since) < _LASTS:
        return "error: say !hello first; its number is good for one try, within 60 s"
    signature, _, words = rest.partition(" ")
    signed = "\n".join((device.config["device_id"], number, words))
    if signature != str(hexlify(borrowed("onenet.token").hmac("sha256", key.encode(), signed.encode())), "utf-8"):
        log("remote", "refused: signed with another key")
        return "error: signed with another key than this board's remote_key, or for another board"
    log("remote", words.partition("=")[0])  # the rest may be a password
    verb, _, rest = words.partition(" ")
    if verb == "config":
        return rare("remote_config").change(device, rest)
    if verb == "measure":
        for stream in device._streams:
            stream[3] = None
    elif verb == "restart":
        restart(device)
    elif verb == "safe-mode":
        open("safe_mode_online", "w").close()  # see start.py
        restart(device)
    else:
        return "error: there are restart, safe-mode, measure and config, not %s" % verb[:20]
    return "ok"


def restart(device):
    """Once the reply has arrived, or 5 s have passed, and with what was measured kept as far as there is room for it.
    It is done by a stream that sends nothing: it is looked at in each turn, whatever else stands in its way."""
    since = ticks_ms()

    def measure():
        arrived = not device._commands and not device._client.session._count
        if arrived and ticks_diff(ticks_ms(), since) > 500 or ticks_diff(ticks_ms(), since) > _PATIENCE:
            rare("remote_act").reset(device)

    device._streams.append([b"", 100, measure, None, False])


def reset(device):
    """Now."""
    log("remote", "restarts")
    rare("seldom").forget_crashes(device)  # it is none
    try:
        if device.config["outbox_flash"]:
            device.outbox.save()
        rare("across_resets").save(device)
    except Exception as e:  # noqa: BLE001 - somebody waits for the board
        log("outbox", "not saved: %s" % e)
    machine.reset()
