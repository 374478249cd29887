"""tls: contexts that change nothing of what goes over the socket, for what the firmware makes of them. It is there
while a test says so: with tls.Here()."""

import builtins
import sys

PROTOCOL_TLS_CLIENT = 0
CERT_REQUIRED = 2

made = []  # contexts


class SSLContext:
    """sockets: those wrapped, each with the name its certificate must bear; waits: how often a write is to find the
    handshake under way."""

    waits = 0

    def __init__(self, protocol):
        assert protocol == PROTOCOL_TLS_CLIENT
        self.verify_mode = 0
        self.trusted = None
        self.sockets = []
        self.names = []
        made.append(self)

    def load_verify_locations(self, der):
        if der[:1] != b"\x30":  # mbedtls_x509_crt_parse(): modtls_mbedtls.c, context_load_verify_locations()
            raise ValueError("invalid cert")
        self.trusted = der

    def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
        assert self.verify_mode == CERT_REQUIRED and self.trusted and not do_handshake_on_connect
        self.names.append(server_hostname)
        sock = _Socket(sock, self.waits) if self.waits else sock
        self.sockets.append(sock)
        return sock


class _Socket:
    """write() returns None while the handshake waits for the other side: modtls_mbedtls.c, socket_write()."""

    def __init__(self, sock, waits):
        self._sock = sock
        self._waits = waits
        self.fileno = sock.fileno
        self.close = sock.close
        self.readinto = sock.readinto

    def write(self, data):
        self._waits -= 1
        return None if self._waits >= 0 else self._sock.write(data)


class Here:
    """In place of what MicroPython has; there: False for one that was built without."""

    def __init__(self, there=True):
        self._there = there

    def __enter__(self):
        del made[:]
        SSLContext.waits = 0
        self._before = sys.modules.pop("tls", None)
        self._import = builtins.__import__
        if self._there:
            sys.modules["tls"] = sys.modules[__name__]
        else:
            builtins.__import__ = self._missing
        return self

    def _missing(self, name, *args):
        if name == "tls":
            raise ImportError("no module named 'tls'")
        return self._import(name, *args)

    def __exit__(self, *args):
        builtins.__import__ = self._import
        sys.modules.pop("tls", None)
        if self._before:
            sys.modules["tls"] = self._before
