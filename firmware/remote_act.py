"""What a board is told to do from afar, signed with the "remote_key" of its config.json. Loaded for that, and
forgotten.

"!hello" is answered with a number that no one has seen before. "!do SIGNATURE WORDS" obeys the words, if the signature
is HMAC-SHA256, in hex, of the device's id, that number and the words, with line feeds between, by the key. A number is
good for one try, in the minute after. So what was listened to can't be sent again, nor to another board, nor later.
"""

import os
from binascii import hexlify
from micropython import const
from time import ticks_diff, ticks_ms

from mqtt.errors import borrowed

from .log import log, rare

_LASTS = const(60000)  # ms


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
        rare("restart").soon(device)
    elif verb == "safe-mode":
        open("safe_mode_online", "w").close()  # see start.py
        rare("restart").soon(device)
    else:
        return "error: there are restart, safe-mode, measure and config, not %s" % verb[:20]
    return "ok"
