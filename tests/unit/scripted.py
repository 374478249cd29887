"""A scripted broker for a client under test, both in one process, and what is put in place of a client's parts."""

from errno import EADDRINUSE, EAGAIN
from random import getrandbits
from select import POLLIN, poll
from socket import SOCK_STREAM, getaddrinfo, socket
from time import time

import mqtt.connection
import mqtt.handshake
import mqtt.sender
from mqtt import Client
from mqtt.client import OFFLINE, ONLINE
from mqtt.connection import ticks_ms
from mqtt.forever import sleep_ms
from support import ACCEPTED, SkipTest, getenv, raises, replaced, unhex

PATIENCE = 60  # seconds after which a wait is in vain; nothing takes that long


def listen(host="127.0.0.1", backlog=5):
    """A non-blocking listening socket and its port, of those below the ones the system gives to clients."""
    while True:
        port = 20000 + getrandbits(13)
        info = getaddrinfo(host, port, 0, SOCK_STREAM)[0]
        sock = socket(info[0], info[1])
        try:
            sock.bind(info[-1])
        except OSError as e:
            sock.close()
            if e.errno != EADDRINUSE:
                raise
            continue
        sock.listen(backlog)
        sock.setblocking(False)
        return sock, port


def attempt(call, *args):
    """What a call on a non-blocking socket returns, None where it would block."""
    try:
        return call(*args)
    except OSError as e:
        if e.errno != EAGAIN:
            raise
        return None


def listen_to(client, on_subscribe=True):
    """Has each callback of client note its arguments, copied; returns the list they go to."""
    events = []

    def note(name):
        def callback(*args):
            copies = [bytes(arg) if isinstance(arg, memoryview) else arg for arg in args]
            events.append((name,) + tuple(copies))

        setattr(client, "on_" + name, callback)

    for name in ("connect", "disconnect", "publish", "unsubscribe", "message", "oversize"):
        note(name)
    if on_subscribe:
        note("subscribe")
    return events


class Broker:
    """A scripted broker and the client under test, in one process: the test says what the broker does, byte by byte,
    and waiting for the client's bytes runs the client's loop.

    client: a Client with the options given; events: what its callbacks were told.
    """

    def __init__(self, host="127.0.0.1", kind=Client, backlog=5, **options):
        self.listener, self.port = listen(host, backlog)
        self.client = kind("device", host, self.port, **options)
        self.events = listen_to(self.client)
        self.sock = None
        self.received = b""
        self.step = lambda: self.client.loop(10)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.client.close()
        self.close()
        self.listener.close()

    # Waiting

    def until(self, condition, what="it"):
        """Runs the client's loop until condition() is true, and returns that; gives up after some seconds."""
        start = time()
        while time() - start < PATIENCE:
            result = condition()
            if result:
                return result
            if self.client.state == OFFLINE:
                sleep_ms(5)
            else:
                self.step()
        raise AssertionError("waited in vain for %s; %d bytes had come" % (what, len(self.received)))

    def settle(self):
        """Runs the client's loop until it has certainly taken in what was sent, and certainly sent what it will."""
        for _ in range(5):
            self.step()

    def fails(self, exception, match=""):
        """Runs the client's loop until it raises exception, as it must, and is offline; returns what was raised."""
        error = raises(exception, self.until, lambda: False, match=match)
        assert self.client.state == OFFLINE
        assert self.events[-1] == ("disconnect", error), "on_disconnect was told %r" % self.events[-1:]
        return error

    def told(self, name):
        """What the callback of this name was called with, each time."""
        return [event[1:] for event in self.events if event[0] == name]

    # The broker's side

    def accept(self):
        """Takes the client's next connection."""
        self.take(self.until(lambda: attempt(self.listener.accept), "a connection"))

    def take(self, connection):
        self.close()
        self.sock = connection[0]
        self.sock.setblocking(False)

    def receive(self):
        """Takes in what has come, if anything; True at the end of the connection."""
        data = attempt(self.sock.recv, 16384)
        self.received += data or b""
        return data == b""

    def read(self, n):
        """The next n bytes the client sends."""
        self.until(lambda: len(self.received) >= n or self.receive() and None, "%d bytes" % n)
        data, self.received = self.received[:n], self.received[n:]
        return data

    def complete(self):
        """The next packet if all of it has come, else None."""
        data = self.received
        n, shift = 0, 0
        for i in range(1, min(5, len(data))):
            n |= (data[i] & 127) << shift
            shift += 7
            if data[i] < 128:
                end = 1 + i + n
                if len(data) < end:
                    break
                self.received = data[end:]
                return data[:end]
        self.receive()
        return None

    def packet(self):
        """The next packet the client sends."""
        return self.until(self.complete, "a packet")

    def ended(self):
        """Waits for the end of the connection; returns the bytes that came before it and were not read yet."""
        self.until(self.receive, "the end of the connection")
        data, self.received = self.received, b""
        return data

    def silent(self):
        """True where the client sends nothing more, though its loop runs."""
        self.settle()
        self.receive()
        return not self.received

    def send(self, data):
        """Sends bytes, or hexadecimal digits; they must fit the socket's buffer."""
        if isinstance(data, str):
            data = unhex(data)
        assert self.sock.send(data) == len(data)

    def serve(self, answer):
        """Acts by itself from now on, whenever the client loops: takes connections, and answer(packet) gives the bytes
        to send, or None to close. For a client that is not looped by the test, as in loop_forever()."""
        loop = self.client.loop

        def step(timeout_ms=0):
            connection = attempt(self.listener.accept)
            if connection:
                self.take(connection)
            packet = self.sock and self.complete()
            if packet:
                reply = answer(packet)
                if reply is None:
                    self.close()
                else:
                    self.send(reply)
            return loop(min(timeout_ms, 5))

        self.client.loop = step

    def close(self):
        if self.sock:
            self.sock.close()
            self.sock = None
        self.received = b""

    def reset(self):
        """Closes with RST, as systems do where something has come that nobody has read; the client must send that."""
        poller = poll()
        poller.register(self.sock, POLLIN)
        self.until(lambda: poller.poll(0), "bytes that are not to be read")
        self.close()

    # The usual beginning

    def connect(self, connack=ACCEPTED):
        """The client connects, without a wait in connect(), and the broker answers; returns its CONNECT."""
        self.client.start()
        self.accept()
        packet = self.packet()
        self.send(connack)
        self.until(lambda: self.client.state == ONLINE, "CONNACK")
        return packet


def online(**options):
    """A Broker whose client is connected, and its client."""
    broker = Broker(**options)
    broker.connect()
    return broker


def impatient(client, ms=50):
    """Sets a client's deadlines: after the connection is there, so that a busy machine is given time for that."""
    client.timeout = client.session.timeout = client._longest = ms


class Tap:
    """Stands between a client and its socket: notes the size of each write in `writes`; `limits`, where not empty, says
    how many bytes the next writes take, 0 for none, `stuck` that those after them take none, and `broken` makes reads
    and writes fail with that OSError. `options` are those set on the socket."""

    def __init__(self, client):
        self.options = []
        self.writes = []
        self.limits = []
        self.stuck = False
        self.broken = None
        self._sock = client._sock
        self._poller = client._poller
        client._sock = client._inner = client._stream = client._poller = self

    def write(self, data, at, n=None):
        if n is None:
            at, n = 0, at
        if self.broken:
            raise self.broken
        if self.limits:
            n = min(n, self.limits.pop(0))
        elif self.stuck:
            n = 0
        if not n:
            return None
        n = self._sock.write(data, at, n)
        if n:
            self.writes.append(n)
        return n

    def readinto(self, data, n):
        if self.broken:
            raise self.broken
        return self._sock.readinto(data, n)

    def setsockopt(self, *args):
        self.options.append(args)
        self._sock.setsockopt(*args)

    def close(self):
        self._sock.close()

    def ipoll(self, *args):
        return self._poller.ipoll(*args)

    def register(self, sock, events):
        self._poller.register(sock, events)

    def modify(self, sock, events):
        self._poller.modify(self._sock, events)

    def unregister(self, sock):
        self._poller.unregister(self._sock)


def broker_options():
    """How to reach the real broker, as options of Client; skips the test where there is none."""
    port = getenv("MQTT_TEST_PORT")
    if not port:
        raise SkipTest("no broker: MQTT_TEST_PORT is not set")
    return {
        "host": getenv("MQTT_TEST_HOST") or "127.0.0.1",
        "port": int(port),
        "username": getenv("MQTT_TEST_USER"),
        "password": getenv("MQTT_TEST_PASSWORD"),
    }


def wait(condition, *clients):
    """Runs the loops of clients until condition() is true; gives up after some seconds."""
    start = time()
    while not condition():
        assert time() - start < PATIENCE, "waited in vain"
        for client in clients:
            client.loop(5)


def unused_port():
    sock, port = listen()
    sock.close()
    return port


class Deaf:
    """A poller that never reports the socket the client has now, as if its SYN went unanswered."""

    def __init__(self, client):
        self.client, self.sock, self.poller = client, client._sock, client._poller

    def ipoll(self, ms):
        if self.client._sock is not self.sock:
            return self.poller.ipoll(ms)
        sleep_ms(ms)
        return ()

    def register(self, sock, events):
        self.poller.register(sock, events)

    def modify(self, sock, events):
        self.poller.modify(sock, events)

    def unregister(self, sock):
        self.poller.unregister(sock)


class Trouble(Exception):
    """What a callback raises."""


def two_addresses(port):
    """A getaddrinfo() that finds an address at this port before the right one."""
    return lambda host, right, *args: getaddrinfo(host, port, 0, SOCK_STREAM) + getaddrinfo(host, right, 0, SOCK_STREAM)


class Clock:
    """with Clock() as clock: time stands still for the clients, and passes when the test says so."""

    def __init__(self):
        self.now = ticks_ms()
        self._modules = [
            replaced(module, "ticks_ms", lambda: self.now) for module in (mqtt.connection, mqtt.sender, mqtt.handshake)
        ]

    def __enter__(self):
        for module in self._modules:
            module.swap()
        return self

    def __exit__(self, *args):
        for module in self._modules:
            module.swap()

    def skip(self, ms):
        self.now = (self.now + ms) & 0x3FFFFFFF
