"""socket: the interpreter's own sockets; names and addresses lead to the board's network instead of the host's.

getaddrinfo() is the only way to an address, so it is the only thing replaced: it returns the address of a forwarder on
the host side that stops forwarding when the Wi-Fi is down.
"""

from socket import *
from socket import SOCK_DGRAM as _SOCK_DGRAM
from socket import getaddrinfo as _getaddrinfo

import _host

IPPROTO_TCP = 6
IPPROTO_UDP = 17
TCP_NODELAY = 1


def getaddrinfo(host, port, af=0, type=0, proto=0, flags=0):
    """As on a board. Raises OSError(-202), as an ESP32 does, when Wi-Fi is down or the name is not known."""
    if host in ("", "0.0.0.0"):  # an address to listen on
        return _getaddrinfo("0.0.0.0", port)
    kind = "udp" if type == _SOCK_DGRAM else "tcp"
    address, port = _host.ask("resolve", host=host, port=port, kind=kind)
    return _getaddrinfo(address, port, 0, type) if type else _getaddrinfo(address, port)
