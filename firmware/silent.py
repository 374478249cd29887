"""What is only silent in a program, in words for the log. Loaded for that, and forgotten: by itself, for what a module
knows by name stays, and a board may well have a sensor that is not there.
"""

from sys import modules

from .log import log


def nothing(stream):
    """To the log: that a stream's function returns None again and again, and has not returned anything else yet."""
    if not stream[0]:  # what has no name is ours, and is to be looked at in each turn
        return
    change = modules.get("firmware.change")
    if not change or not isinstance(stream[2], change.Average) or not stream[2]._readings:
        words = "%s: nothing was ever sent, for its function returns None; return the value, if there is to be one"
        log("stream", words % stream[0].decode())


def unknown(device):
    """To the log, once: which of the configuration's intervals are for no stream of the program."""
    intervals = device.config["intervals"]
    for name in list(intervals):
        for stream in device._streams:
            if stream[0].decode() == name:
                break
        else:
            del intervals[name]
            log("config", '"intervals": no stream is called "%s"' % name)
