# mypy: ignore-errors

"""The cases, as they run on MicroPython: each in a fresh process, with one client, through its adapter.

An adapter is a module with a class Peer(module, port, big) that has connect(), subscribe(topic), publish(times,
payload, qos), receive(count), ping(times) and idle(times), and counts in `messages` what it was told of.
"""

import gc
import time

USER = "bench"
TOPIC = b"bench/0123456789"
PAYLOAD = b"0123456789abcdef" * 4
LARGE = 4096
BURST = 200  # messages under way to a client at once: the broker drops what it holds beyond 1,000

_TIMES = 100


class Unsupported(Exception):
    """The client has no such thing."""


class Feeder:
    """A second client, on a socket of its own, that publishes ready-made packets and allocates nothing."""

    def __init__(self, port, size, burst):
        remaining = 2 + len(TOPIC) + size
        head = bytes((0x30, remaining)) if remaining < 128 else bytes((0x30, remaining & 127 | 128, remaining >> 7))
        self._packets = (head + bytes((0, len(TOPIC))) + TOPIC + b"y" * size) * burst
        self._socket = raw_connection(port, b"feeder")

    def send(self):
        self._socket.write(self._packets)


def raw_connection(port, client_id):
    """A socket on which the broker has said CONNACK."""
    import socket

    user = USER.encode()
    body = b"\0\4MQTT\4\xc2\0\0\0" + bytes((len(client_id),)) + client_id + (bytes((0, len(user))) + user) * 2
    sock = socket.socket()
    sock.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    sock.write(bytes((0x10, len(body))) + body)
    if sock.read(4) != b"\x20\2\0\0":
        raise OSError("refused")
    return sock


def make(adapter, module, port, big=False):
    return __import__(adapter).Peer(module, port, big)


def online(adapter, module, port, big=False):
    peer = make(adapter, module, port, big)
    peer.connect()
    return peer


def overhead():
    """Bytes of the heap that stand-ins of the bench took and that are not the client's."""
    return 0


def growth(operation, times=_TIMES):
    """Bytes of the heap that one operation takes, the collector off, once it has been done a few times."""
    start = time.ticks_ms()
    operation(10)
    if time.ticks_diff(time.ticks_ms(), start) > 200:
        times = min(times, 10)
    gc.collect()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc() - overhead()
    operation(times)
    after = gc.mem_alloc() - overhead()
    gc.enable()
    return (after - before) / times


def rate(operation, seconds, batch):
    """Operations a second."""
    operation(min(batch, 10))
    done = 0
    limit = int(seconds * 1000000)
    start = time.ticks_us()
    while True:
        operation(batch)
        done += batch
        elapsed = time.ticks_diff(time.ticks_us(), start)
        if elapsed >= limit:
            return done * 1000000 / elapsed


def _subscribed(adapter, module, port, size, burst, big=False):
    peer = online(adapter, module, port, big)
    peer.subscribe(TOPIC)
    return peer, Feeder(port, size, burst)


# The cases: what is returned is the figure.


def heap_publish(adapter, module, port, qos):
    peer = online(adapter, module, port)
    return growth(lambda times: peer.publish(times, PAYLOAD, qos))


def heap_received(adapter, module, port):
    peer, feeder = _subscribed(adapter, module, port, len(PAYLOAD), 10)

    def receive(times):
        for _ in range(times // 10):
            feeder.send()
            peer.receive(peer.messages + 10)

    return growth(receive)


def heap_large(adapter, module, port, big):
    peer, feeder = _subscribed(adapter, module, port, LARGE, 1, big)

    def receive(times):
        for _ in range(times):
            feeder.send()
            peer.receive(peer.messages + 1)

    return growth(receive, 10)


def heap_ping(adapter, module, port):
    peer = online(adapter, module, port)
    return growth(peer.ping, 4 if peer.pings_by_itself else _TIMES)


def heap_idle(adapter, module, port):
    peer = online(adapter, module, port)
    return growth(peer.idle)


def heap_import(names):
    """What the client's modules keep, those of MicroPython itself loaded before."""
    import hardware  # noqa: F401 - some ask for a board's

    for name in ("asyncio", "binascii", "collections", "errno", "random", "select", "socket", "struct", "sys", "time"):
        __import__(name)
    gc.collect()
    gc.collect()
    before = gc.mem_alloc()
    for name in names:
        __import__(name)
    gc.collect()
    gc.collect()
    return gc.mem_alloc() - before


def heap_online(adapter, module, port):
    """What one client keeps once it is online, its modules loaded before."""
    __import__(adapter)
    __import__(module)
    gc.collect()
    gc.collect()
    before = gc.mem_alloc()
    peer = online(adapter, module, port)
    gc.collect()
    gc.collect()
    return gc.mem_alloc() - before + 0 * peer.messages


def _counted(adapter, module, port):
    import counting

    peer = online(adapter, module, port)
    peer.publish(10, PAYLOAD, 0)
    counting.writes = counting.sent = 0
    peer.publish(_TIMES, PAYLOAD, 0)
    return counting


def writes(adapter, module, port):
    """Calls of the socket's write() or send() for a publish."""
    return _counted(adapter, module, port).writes / _TIMES


def wire_bytes(adapter, module, port):
    """Bytes they take for it."""
    return _counted(adapter, module, port).sent / _TIMES


def work(adapter, module, port, what, qos, times):
    """For counting what it takes: the same program, with the one thing done less or more often."""
    if what == "received":
        peer, feeder = _subscribed(adapter, module, port, len(PAYLOAD), 10)
        for _ in range(times // 10):
            feeder.send()
            peer.receive(peer.messages + 10)
        return times
    peer = online(adapter, module, port)
    if what == "everything":  # what it publishes comes back to it
        peer.subscribe(TOPIC)
        for each in (0, 1, 2):
            peer.publish(times, PAYLOAD, each)
        peer.receive(3 * times)
        peer.idle(times)
    elif what == "publish":
        peer.publish(times, PAYLOAD, qos)
    elif what == "ping":
        peer.ping(1)  # for which some have to connect anew
        for _ in range(times):
            peer.ping(1)
    else:
        peer.idle(times)
    return times


def instructions_framed(adapter, module, port, times):
    """The least that frames a publish on this interpreter: fixed header and topic, payload, one write; no checks."""
    from mqtt.wire import append, publish_header

    sock = raw_connection(port, b"raw")
    buf = bytearray(512)
    for _ in range(times):
        sock.write(buf, 0, append(buf, publish_header(buf, 0x30, TOPIC, len(PAYLOAD)), PAYLOAD))
    return times


def works(adapter, module, port):
    """Connects, publishes a thousand messages, receives one of 4 KiB whole: for bisecting the heap."""
    if not adapter:  # the bench alone
        return Feeder(port, LARGE, 1) is not None
    peer = online(adapter, module, port, True)
    peer.publish(1000, PAYLOAD, 0)
    peer.subscribe(TOPIC)
    Feeder(port, LARGE, 1).send()
    peer.receive(1)
    return peer.size == LARGE


def rate_publish(adapter, module, port, qos, seconds):
    peer = online(adapter, module, port)
    return rate(lambda times: peer.publish(times, PAYLOAD, qos), seconds, 1 if qos else 100)


def rate_received(adapter, module, port, seconds):
    peer, feeder = _subscribed(adapter, module, port, len(PAYLOAD), BURST)
    feeder.send()
    feeder.send()
    received = 0

    def receive(times):
        nonlocal received
        received += BURST
        peer.receive(received)
        feeder.send()

    return rate(receive, seconds, BURST)


def rate_raw(adapter, module, port, seconds):
    """A ready-made packet written in a loop: what no client on this interpreter can exceed."""
    sock = raw_connection(port, b"raw")
    packet = bytes((0x30, 2 + len(TOPIC) + len(PAYLOAD), 0, len(TOPIC))) + TOPIC + PAYLOAD

    def write(times):
        for _ in range(times):
            sock.write(packet)

    return rate(write, seconds, 100)


def rate_raw_acknowledged(adapter, module, port, seconds):
    """The same with QoS 1, each waiting for its PUBACK: the broker's and the kernel's part of a round trip."""
    sock = raw_connection(port, b"raw")
    head = bytes((0x32, 4 + len(TOPIC) + len(PAYLOAD), 0, len(TOPIC)))
    packet = head + TOPIC + b"\0\1" + PAYLOAD
    answer = bytearray(4)

    def write(times):
        for _ in range(times):
            sock.write(packet)
            sock.readinto(answer)

    return rate(write, seconds, 1)


def stay(adapter, module, port):
    """Stays online as the client's own documentation says, publishing to a topic of its own."""
    peer = make(adapter, module, port)
    peer.stay(b"alive/" + module.encode())


def main(case, *arguments):
    try:
        print("RESULT", globals()[case](*arguments))
    except Unsupported:
        print("RESULT no")
