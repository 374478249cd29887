"""Obeys desired values. Loaded for what the platform says of them, and forgotten."""

from .log import log, rare


def reply(things, topic, message):
    """What came to a topic of theirs. What was obeyed is wished for no more, which the platform is told; there is no
    other reply."""
    asked = topic == b"property/desired/get/reply"
    if asked:
        things.asks = 0
    if message.get("code") != 200:
        return log("command", "desired values: code %s, %s" % (message.get("code"), message.get("msg")))
    data = message.get("data")
    if asked and isinstance(data, dict) and data:
        done = _obey(things, data)
        if done:
            rare("requests").post(things, b"property/desired/delete", "2", done)


def _obey(things, data):
    """Returns the versions of those obeyed, by name."""
    set_one = rare("answers").set_one
    done = {}
    for name in data:
        wished = data[name]
        if isinstance(wished, dict) and "value" in wished:
            problem = set_one(things, name, wished["value"])
            log("command", "desired value of %s %s" % (name, problem or "obeyed"))
            if not problem:
                done[name] = {"version": wished["version"]} if "version" in wished else {}
    return done
