"""Changes a key of config.json from afar; what keeps the change from cutting the board off is config_trial.py. Loaded
for that, and forgotten."""

import json
import os

from .log import rare

_PATIENCE = 300  # seconds to come online with the change
_CABLE = "remote", "remote_key", "update_key"  # what keeps others out is not to be changed over the air


def change(device, words):
    """The reply to "config [SECONDS] KEY=VALUE". VALUE as JSON, or text; without any, KEY= is taken out, and has its
    default. It is checked when the board starts, for the table takes more memory than a board at work has; one that it
    refuses is taken back at once, and else where the board is not online within so many seconds of a start."""
    first, _, rest = words.partition(" ")
    seconds = _PATIENCE
    if first.isdigit():
        seconds, words = int(first), rest
    name, equals, text = words.partition("=")
    if not equals or not 10 <= seconds <= 3600:
        return "error: it is config [SECONDS] KEY=VALUE, with 10 to 3600 s"
    if name in _CABLE:
        return "error: %s is changed by cable alone" % name
    files = os.listdir()
    if "config.back" in files or "deploy" in files:
        return "error: the last change, or an update, has to prove itself first"
    with open("config.json", "rb") as file:
        before = file.read()
    config = json.loads(before)
    if text:
        config[name] = _value(text)
    elif name in config:
        del config[name]
    after = json.dumps(config).encode()
    del config
    rare("config_trial").put(before, after, seconds)
    rare("restart").soon(device)
    return "ok"


def _value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text
