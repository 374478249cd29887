"""A connection that is lost, or does not come about: tries another address, or says that it is over. Loaded only for
that, and dropped."""

from errno import ECONNREFUSED, EHOSTUNREACH, ETIMEDOUT
from micropython import const

from .errors import ConnectionRefused, borrowed

_TRANSPORT = const(2)  # in a client's settings, which begin with the context of TLS
_TCP = ECONNREFUSED, EHOSTUNREACH, ETIMEDOUT  # what the first write of TLS raises where there is no connection below it

# States of the client
_OFFLINE = const(0)
_CONNECTING = const(2)
_ONLINE = const(3)


def failed(client, state, reason):
    """The connection that was in this state is closed, and why; there may be another address to try."""
    client._handshake = None  # there may be no memory for that and for the words
    if state == _CONNECTING:
        transport = client._settings[_TRANSPORT]
        if transport:
            reason = transport._told(reason)
    if client._settings[0]:
        words = None
        if state == _CONNECTING and not (isinstance(reason, OSError) and reason.args[:1] and reason.args[0] in _TCP):
            words = borrowed("mqtt.tls_words").words(client, reason)
        reason = words or borrowed("mqtt.over_tls").plain(reason)
    if _OFFLINE < state < _ONLINE and not isinstance(reason, ConnectionRefused):
        client._handshake = borrowed("mqtt.handshake")
        client._handshake.try_next(client, reason)
    else:
        end(client, reason)


def end(client, reason):
    """There is no connection, and nothing more to try."""
    client._handshake = None
    client.reason = reason
    if client.on_disconnect:
        client.on_disconnect(reason)
    client._failure = reason  # raised only when it is told, for on_disconnect may connect anew
