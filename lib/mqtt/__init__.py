"""MQTT 3.1.1 and nothing beyond it [MQTT-7.0.0-2], for MicroPython and CPython: a client that in steady state
allocates nothing, and never waits for ever.

In its simplest form:

    from mqtt import Client

    client = Client("client id", "broker.example", keepalive=60)
    client.on_message = lambda topic, payload, qos, retain: print(bytes(topic), bytes(payload))
    client.connect()
    client.subscribe("greetings/#", qos=1)
    client.publish("greetings/me", "hello", qos=1)
    client.loop_forever()

Around it: packet builds packets, parser takes them apart, session keeps the state, connection has the socket, handshake
brings it about, sender sends, websocket can stand around the socket, server is for the other side.
"""

from .client import Client
from .errors import ConnectionClosed, ConnectionRefused, MQTTError, ProtocolError, SubscribeError, Timeout
