"""What the modules network of both ports have alike: extmod/modnetwork.c, and how to say bytes to the host side."""

import _port

_hostname = _port.HOSTNAME
_country = "XX"


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    if len(name) > 32:
        raise ValueError
    _hostname = name


def country(code=None):
    global _country
    if code is None:
        return _country
    if len(code) != 2:
        raise ValueError
    _country = code


def hex_of(text):
    """str or bytes for the control wire; None stays None."""
    if text is None:
        return None
    if isinstance(text, str):
        text = text.encode()
    return "".join("%02x" % byte for byte in text)


def bytes_of(text):
    return bytes(int(text[i : i + 2], 16) for i in range(0, len(text), 2))
