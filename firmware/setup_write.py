"""What a person has answered, on the page of a new board's access point or over its cable, becomes its configuration.
Loaded for that, and forgotten.

    problems = rare("setup_write").write({"wifi": [{"ssid": "home", "password": "12345678"}]})
    if not problems:
        machine.reset()  # nothing of it counts before the next start

It is on trial then (config_trial.py): a board that is not online with it in time has back what it had before, and the
file config.undone says why. The table that it is checked by takes 10 KB of memory while this runs.
"""

import json
import os

from .log import rare

_PATIENCE = 120  # seconds to come online


def write(answers, seconds=_PATIENCE):
    """Puts these answers into config.json if, together with what it holds, they pass the checks of the board's start.

    answers: values by key, typed as config.json has them; None takes a key out, which then has its default. What is
    not answered stays as it is. But with another platform than before, the keys that this one does not have go, and
    host and port, which are the other's. A config.json that is missing, or broken, counts as an empty one.

    Returns what is wrong, in texts as "device_id: must be …" or "wifi[0].password: must be …", which have no secret in
    them; none where it is written. seconds: from a start, 10 to 3600, to be online in. OSError: the flash is full.
    """
    files = os.listdir()
    if "deploy" in files:
        return ["an update has to prove itself first; that takes some minutes"]
    check = rare("config")
    before, config = _read(check)
    platform = config.get("platform")
    for key, value in answers.items():
        if value is not None:
            config[key] = value
        elif key in config:
            del config[key]
    if config.get("platform") != platform:
        room = check._room(config.get("platform"))
        keys = room.keys(check._KEYS) if room else check._KEYS
        for key in list(config):
            if key not in answers and (key not in keys or key in ("host", "port")):
                del config[key]
    try:
        check.check(config)
    except check.ConfigError as e:
        return e.problems
    del check
    after = json.dumps(config).encode()
    trial = rare("config_trial")
    trial.put(None if "config.back" in files else before, after, seconds)
    return []


def _read(check):
    """The bytes of config.json, and what they hold."""
    try:
        with open("config.json", "rb") as file:
            before = file.read()
        config = check.parse(before)
        if isinstance(config, dict):
            return before, config
    except (OSError, check.ConfigError):
        pass
    return b"{}", {}
