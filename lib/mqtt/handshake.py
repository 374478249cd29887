"""From the name of the server to CONNACK: addresses, TCP, TLS. Loaded for each connection, dropped once it is there.

The address that was good last is tried first, without asking a name server; where it does not lead to CONNACK, the name
is looked up and each address is tried, whatever kept the one before from accepting us, but for a CONNACK that refuses.
"""

from errno import EINPROGRESS
from micropython import const
from socket import SOCK_STREAM, getaddrinfo

from .connection import POLLIN, POLLOUT, ticks_ms
from .errors import MICROPYTHON, ConnectionRefused, MQTTError, borrowed

if MICROPYTHON:
    from socket import socket
else:
    from .host import socket

# In a client's settings, which begin with the context of TLS and the name a certificate must bear
_TRANSPORT = const(2)
_PACKET = const(3)  # CONNECT
_CLEAN_SESSION = const(6)

# States of the client
_OPENING = const(1)  # TCP connect under way
_CONNECTING = const(2)  # TLS handshake, CONNECT, CONNACK
_ONLINE = const(3)

_CODES = "unacceptable protocol version|client id rejected|server unavailable|bad user name or password|not authorized"


def start(client):
    """Begins to connect."""
    client._addresses = None  # not looked up
    good = client._good
    if good and good[0] == client.host and good[1] == client.port:
        try:
            return _open(client, good[2])
        except OSError as e:
            client.close()
            return try_next(client, e)
    client._good = None
    try_next(client, None)


def try_next(client, reason):
    """Goes on with the next address; where there is none, the reason that the last one failed is the client's."""
    if client._addresses is None:
        client._addresses = ()
        try:
            client._addresses = _look_up(client)
        except (OSError, TypeError, IndexError) as e:  # the last two: no addresses, in MicroPython's own words
            reason = reason or (e if isinstance(e, OSError) else None)
    while client._addresses:
        try:
            return _open(client, client._addresses.pop(0))
        except OSError as e:
            client.close()
            reason = e
    borrowed("mqtt.losing").end(client, reason or OSError("no address for %s" % client.host))


def _look_up(client):
    """The addresses of the name, but for the one that was tried already, and those that are none: the ESP32 gives None
    for IPv6."""
    found = getaddrinfo(client.host, client.port, 0, SOCK_STREAM)
    tried = client._good and client._good[2]
    return [info for info in found if info[-1] is not None and info != tried]


def _open(client, info):
    family, kind, proto, _, address = info
    client._trying = info
    client._parser.reset()
    client._at = client._end = 0
    client._sock = client._inner = client._stream = sock = socket(family, kind, proto)
    client.state = _OPENING
    client._since = ticks_ms()
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as e:
        if e.errno != EINPROGRESS:
            raise
    client._gathering = True
    _register(client)


def _opened(client):
    """TCP is up, so CONNECT is to go out [MQTT-3.1.0-1], which is returned; or failed: then this first write raises the
    reason. Over a transport that comes later, and None is returned."""
    client.state = _CONNECTING
    ssl, server_hostname = client._settings[:2]
    if ssl:
        client._gather(False)
        client._poller.unregister(client._sock)
        client._out_left = len(client._settings[_PACKET])
        try:
            sock = borrowed("mqtt.over_tls").wrap(ssl, client._sock, server_hostname or client.host)
            client._sock = client._stream = sock
        except (OSError, ValueError, MemoryError, MQTTError) as e:
            return client._fail(e)
        _register(client)
    client._tx[0] = 0  # nothing is sent yet but CONNECT, which has a buffer of its own
    if client._settings[_TRANSPORT]:
        return client._settings[_TRANSPORT]._begin(client)
    return client._settings[_PACKET]


def _accepted(client):
    """CONNACK came."""
    parsed = client._parser
    if parsed.code:  # [MQTT-3.2.2-5]
        error = ConnectionRefused("connection refused, code %d: %s" % (parsed.code, _CODES.split("|")[parsed.code - 1]))
        error.code = parsed.code
        return client._fail(error)
    clean_session = client._settings[_CLEAN_SESSION]
    if clean_session:
        parsed.session_present = 0  # whatever the server says [MQTT-3.2.2-1]
    client._good = (client.host, client.port, client._trying)
    client._addresses = ()
    client.state = _ONLINE
    client.session.connected(ticks_ms(), clean_session, parsed.session_present)
    client._handshake = None
    subscriptions = client._subscriptions
    if subscriptions and not parsed.session_present:
        subscriptions.lost()
    try:
        if client.on_connect:
            client.on_connect(parsed.session_present)
    finally:  # what it says about a filter counts, so this comes after
        if subscriptions:
            subscriptions._make_again()


def _register(client):
    client._polled = POLLIN | POLLOUT
    client._poller.register(client._sock, POLLIN | POLLOUT)
