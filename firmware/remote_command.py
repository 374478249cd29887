"""What a board answers from afar where config.json allows it, by commands that begin with "!": how it is
(remote_status.py) and what its log holds (remote_log.py); and, where "remote" is true, what it is told to do, signed
(remote_act.py). On a product with a thing model such a command is the service "board": {"command": "!status"}, whose
output is {"reply": …}. Loaded for each, and forgotten but for what tells them from others.
"""

import json

from .log import rare


def add_to(device):
    """The device answers from here on."""
    things = device._things
    if things and things.modelled:
        rare("declared").declare_service(device, "board")(
            lambda inputs: {"reply": rare("remote_command").obey(device, str(inputs.get("command")).encode())}
        )
        return
    before = device._reply_to
    device._reply_to = lambda payload: (
        rare("remote_command").obey(device, payload)
        if not isinstance(payload, int) and payload[:1] == b"!"
        else before(payload)
    )


def obey(device, payload):
    """The reply to it, or to a command of the program's own where config.json allows none."""
    try:
        with open("config.json") as file:
            config = json.load(file)
        if not config.get("log") and not config.get("remote"):
            return type(device)._reply_to(device, payload)
        word, _, rest = str(payload, "utf-8").partition(" ")
        key = config.get("remote_key") if config.get("remote") else None
        del config
        if word == "!status":
            return rare("remote_status").describe(device)
        if word in ("!log", "!crashes"):
            return rare("remote_log").piece(word == "!crashes", rest)
        if not key:
            return 'error: "remote" is not true in config.json'
        return rare("remote_act").answer(device, word, rest, key)
    except MemoryError:
        return "error: no memory for it"
    except (OSError, ValueError) as e:
        return "error: %s" % e
