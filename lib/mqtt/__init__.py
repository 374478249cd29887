"""MQTT 3.1.1 for MicroPython and CPython: a client that in steady state allocates nothing, and never waits for ever.

In its simplest form:

    from mqtt import Client

    client = Client("client id", "broker.example", keepalive=60)
    client.on_message = lambda topic, payload, qos, retain: print(bytes(topic), bytes(payload))
    client.connect()
    client.subscribe("greetings/#", qos=1)
    client.publish("greetings/me", "hello", qos=1)
    client.loop_forever()

Around it: packet builds packets, parser takes them apart, session keeps the state, connection has the socket, handshake
brings it about, server is for the other side.
"""

import sys


def borrowed(name):
    """The module of this name, for a caller that wants it seldom: a board forgets it, and has its memory back, when the
    caller is done with it. One that was loaded already stays."""
    if name in sys.modules:
        return sys.modules[name]
    __import__(name)
    module = sys.modules[name]
    if sys.implementation.name == "micropython":
        del sys.modules[name]
        package, _, last = name.rpartition(".")
        if package:
            delattr(sys.modules[package], last)
    return module


from .client import Client  # noqa: E402 - which borrows
from .errors import ConnectionClosed, ConnectionRefused, MQTTError, ProtocolError, SubscribeError, Timeout  # noqa: E402
