"""TLS around a connection, and which contexts do for it. Loaded only for that, and dropped. What it means that a
handshake fails is in tls_words.py, which takes six times the memory."""

from micropython import const

from .errors import MICROPYTHON, MQTTError

if MICROPYTHON:

    def wrap(context, sock, server_hostname):
        """TLS over a connected non-blocking socket; the handshake happens with the first write."""
        return context.wrap_socket(sock, server_hostname=server_hostname, do_handshake_on_connect=False)

else:
    from .host import wrap as wrap

_CERT_REQUIRED = const(2)  # of CPython and MicroPython alike


def check(context, unverified):
    """ValueError for a context that would take any certificate, unless that is wanted."""
    if not unverified and getattr(context, "verify_mode", 0) != _CERT_REQUIRED:
        raise ValueError(
            "ssl: this context verifies nothing: set its verify_mode to ssl.CERT_REQUIRED and give it the CA by "
            "load_verify_locations(), or say unverified=True"
        )


def plain(error):
    """The error of a connection over TLS, as a client without TLS would have it: those of MicroPython's begin and end
    with newlines, and what is no OSError may be one of Python's own."""
    if isinstance(error, OSError) and len(error.args) > 1 and isinstance(error.args[1], str):
        return OSError(error.args[0], error.args[1].strip())
    if isinstance(error, (ValueError, MemoryError)):
        return MQTTError("TLS: " + str(error).strip())
    return error
