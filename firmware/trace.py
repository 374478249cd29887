"""Shows the MQTT packets of a connection on the console, for `onenet monitor --packets`. Loaded only where wanted.

Lines of hexadecimal digits, > what is sent, < what has come, as it goes over the network; ** for the bytes of the
password. They allocate, and take their time on the serial line.
"""

from binascii import hexlify
from micropython import const

from .log import log

_LINE = const(64)  # bytes


def trace(client):
    """Has an mqtt.Client show what it sends and receives from now on."""
    begin = client._begin
    send = client._send
    read = client._read

    def traced_begin(buf, n, done=0):
        if buf is client._settings[3]:
            open_to = _password(buf) or n
            _show(">", buf, 0, open_to, n - open_to)
        begin(buf, n, done)

    def traced_send(n):
        _show(">", client._tx, 0, n)
        if client._body is not None:  # the rest of a long payload follows
            _show(">", client._body, client._body_at, len(client._body))
        send(n)

    def traced_read():
        came = read()
        if came:
            _show("<", client._rx, client._at, client._end)
        return came

    client._begin = traced_begin
    client._send = traced_send
    client._read = traced_read


def _show(direction, buf, at, end, masked=0):
    """buf from `at` to `end`, and so many bytes masked."""
    view = memoryview(buf)
    while at < end or masked:
        n = min(_LINE, end - at)
        stars = min(_LINE - n, masked)
        log("trace", direction + " " + hexlify(bytes(view[at : at + n])).decode() + "**" * stars)
        at += n
        masked -= stars


def _password(packet):
    """Where the password in a CONNECT begins, 0 if it has none: it is the last field [MQTT-3.1.3-1]."""
    at = 1
    while packet[at] & 0x80:  # remaining length
        at += 1
    if not packet[at + 8] & 0x40:
        return 0
    at += 11
    while at < len(packet):
        start = at + 2
        at = start + (packet[at] << 8 | packet[at + 1])
    return start
