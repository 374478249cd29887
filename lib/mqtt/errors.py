"""What goes wrong with a server, as exceptions. Wrong arguments are ValueError and TypeError, the network's OSError.

And borrowed(): a board has no room for what it seldom needs, the words for all that can go wrong first of all.
"""

import sys

MICROPYTHON = sys.implementation.name == "micropython"


def borrowed(name):
    """The module of this name, for a caller that wants it seldom: a board forgets it, and has its memory back when the
    caller is done with it. One that was loaded already stays."""
    if name in sys.modules:
        return sys.modules[name]
    __import__(name)
    module = sys.modules[name]
    if MICROPYTHON:
        del sys.modules[name]
        package, _, last = name.rpartition(".")
        delattr(sys.modules[package], last)
    return module


class MQTTError(Exception):
    """Base of them all. The connection is closed by the time one is raised, except for SubscribeError."""


class ProtocolError(MQTTError):
    """The server sent what the standard forbids. `where` is the offset of the byte in its packet, from 0."""

    where = 0


class ConnectionRefused(MQTTError):
    """The server answered CONNECT with a return code other than 0 [3.2.2.3]; `code` is that number, 1 to 5."""

    code = 0


class ConnectionClosed(MQTTError):
    """The server closed the connection."""


class Timeout(MQTTError):
    """A wait reached its deadline; the text says which one."""


class SubscribeError(MQTTError):
    """The server refused (SUBACK 0x80) a subscription and nobody listens to on_subscribe. The connection is up."""
