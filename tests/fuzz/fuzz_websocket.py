"""What a server says to a WebSocket, in its frames and in its answer to the request: the same is read however it is
cut, what breaks a rule is an MQTTError, and pings are answered in masked frames."""

from memory_net import Net
from mqtt import Client, MQTTError
from mqtt.client import OFFLINE, ONLINE
from mqtt.websocket import WebSocket
from support import ACCEPTED
from taken import Taken

_MOST = 1000  # bytes that come
_AGREED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
)
"""To the key of 16 bytes 0, which Net has it ask with."""


def check_frames(data):
    """Frames, after a server that has agreed, and accepted."""
    taken = Taken(data)
    steps = taken.some(3) or b"\1"
    frames = taken.rest()[:_MOST]
    with Net() as net:
        whole = _read(net, _AGREED + _frame(ACCEPTED) + frames, b"\0")
        for cuts in (steps, b"\1"):
            assert _read(net, _AGREED + _frame(ACCEPTED) + frames, cuts) == whole
        assert whole[0] == "online"


def check_answer(data):
    """The answer to the request, and what follows it."""
    taken = Taken(data)
    steps = taken.some(3) or b"\1"
    answer = taken.rest()[:_MOST]
    with Net() as net:
        whole = _read(net, answer, b"\0")
        assert _read(net, answer, steps) == _read(net, answer, b"\1") == whole
        assert whole[:1] != ["online"] or answer[:7] == b"HTTP/1."


def _frame(payload):
    return bytes([0x82, len(payload)]) + payload


def _read(net, data, steps):
    """What a client makes of it, in pieces of so many bytes, in turn, 0 for all: what it is told, in words."""
    found = []
    client = Client("device", "server", transport=WebSocket("/mqtt", 64), rx_size=64)
    client.on_connect = lambda present: found.append("online")
    client.on_message = lambda topic, payload, qos, retain: found.append((bytes(topic), bytes(payload), qos))
    client.on_oversize = lambda topic, size: found.append((bytes(topic), size))
    client.start()
    error = _step(client)  # TCP, and the request
    at = 0
    while error is None and at < len(data):
        n = steps[0] or len(data)
        net.coming += data[at : at + n]
        at += n
        steps = steps[1:] + steps[:1]
        while error is None and net.coming:
            error = _step(client)
    for _ in range(40):  # what is in the client's hands still
        error = error or _step(client)
    assert client.state in (OFFLINE, ONLINE) or not error
    found.append(error)
    _check_sent(bytes(net.gone))
    client.close()
    return found


def _step(client):
    """One turn; the error in words, or None."""
    try:
        client.loop(0)
    except MQTTError as e:
        assert client.state == OFFLINE
        words = "%s: %s" % (type(e).__name__, e)
        at = words.find(" speak HTTP")
        return words[:at] if at >= 0 else words  # in other words, by where it was cut


def _check_sent(gone):
    """The request, then frames: masked, as short as can be, of no more than 64 bytes, or the answer to a ping."""
    at = gone.find(b"\r\n\r\n") + 4
    assert gone[:4] == b"GET " and at > 3
    while at < len(gone):
        n = gone[at + 1] - 0x80
        assert gone[at] in (0x82, 0x88, 0x8A) and 0 <= n < 126 and gone[at + 2 : at + 6] == b"\0\0\0\0"
        assert gone[at] == 0x8A or n <= 64
        at += 6 + n
    assert at == len(gone)
