"""How a program says which function obeys which commands: by name, or all of them as text. Loaded for each of its
words, and forgotten; what it has made of them is in commands.py.
"""

from .log import rare
from .outbox import stream_id_of


def command(device, name, options):
    """The decorator that Device.command() returns where it is told something, or what it is told to decorate."""
    for option in options:
        if option != "text":
            raise TypeError("%s: no such argument; there is text" % option)
    function = name if callable(name) else None
    if function or name is None:
        name = b""
    else:
        encoded = isinstance(name, (str, bytes)) and stream_id_of(name)
        if not encoded:
            raise ValueError(rare("refusal").no_id(name))
        name = encoded
        if b"=" in name or b"?" in name or b" " in name:
            raise ValueError("command: its name stands before = ? or a blank, and has none of them")
    text = options.get("text", name != b"")

    def add(function):
        if not hasattr(device._obey, "named"):
            rare("commands").Commands(device)  # it stays
        device._obey.add(name, function, text)
        return function

    return add(function) if function else add
