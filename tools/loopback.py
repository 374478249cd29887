"""The addresses under which a computer reaches itself."""

import contextlib
import errno
import socket
import threading

_given: set[int] = set()
_giving = threading.Lock()


def has_ipv6() -> bool:
    """Whether this machine has ::1."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def free_port() -> int:
    """A TCP port that is free on every loopback address; never the same twice in a process.

    Another process may take it before who asked has bound it: let what binds it try another one then.
    """
    while True:
        port = _free_port()
        with _giving:
            if port not in _given:
                _given.add(port)
                return port


def _free_port() -> int:
    while True:
        with contextlib.ExitStack() as sockets:
            first = sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            if not has_ipv6():
                return port
            second = sockets.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
            try:
                second.bind(("::1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
