"""In steady state nothing is allocated: MicroPython's heap before and after a thousand of each, the collector off.

Over a real socket, against the real broker.
"""

import gc

from mqtt import Client
from mqtt.websocket import WebSocket
from scripted import broker_options, ticks_ms, wait
from support import MICROPYTHON, SkipTest, getenv

TIMES = 1000


class Counting:
    """A connected client that counts what its callbacks are told, without allocating."""

    def __init__(self, subscription=None, qos=0, **options):
        if not MICROPYTHON:
            raise SkipTest("counts MicroPython's heap")
        self.client = client = Client("zero-heap", **dict(broker_options(), **options))
        self.messages = self.published = self.oversized = self.subscribed = 0
        client.on_message = self.on_message
        client.on_publish = self.on_publish
        client.on_oversize = self.on_oversize
        client.on_subscribe = self.on_subscribe
        client.connect()
        if subscription:
            client.subscribe(subscription, qos)
            wait(lambda: self.subscribed, client)

    def on_message(self, topic, payload, qos, retain):
        self.messages += 1

    def on_publish(self, packet_id):
        self.published += 1

    def on_oversize(self, topic, size):
        self.oversized += 1

    def on_subscribe(self, packet_id, codes):
        self.subscribed += 1


def growth(function, *args):
    """Bytes of the heap that function takes for TIMES operations, once it has done a few."""
    function(10, *args)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    function(TIMES, *args)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def publish(times, counting, topic, payload, qos):
    client = counting.client
    counting.published = 0
    for _ in range(times):
        client.publish(topic, payload, qos)
    while qos and counting.published < times:
        client.loop(10)


def echo(times, counting, topic, payload, qos):
    """Publishes what comes back, ten at a time, and waits for all that belongs to them."""
    client = counting.client
    for _ in range(times // 10):
        counting.messages = counting.oversized = counting.published = 0
        for _ in range(10):
            client.publish(topic, payload, qos)
        while counting.messages + counting.oversized < 10 or (qos and counting.published < 10):
            client.loop(10)


def ping(times, counting):
    client = counting.client
    session = client.session
    for _ in range(times):
        session.sent = (ticks_ms() - 50000) & 0x3FFFFFFF  # as if silent for that long
        client.loop(0)
        assert session.pinging
        while session.pinging:
            client.loop(10)


def idle(times, counting):
    client = counting.client
    for _ in range(times):
        client.loop(0)


def test_publishing_allocates_nothing():
    for qos in (0, 1, 2):
        counting = Counting()
        bytes_taken = growth(publish, counting, b"zero/publish", b"x" * 64, qos)
        assert bytes_taken == 0, "QoS %d: %d bytes" % (qos, bytes_taken)
        counting.client.disconnect()


def test_receiving_allocates_nothing():
    for qos in (0, 1, 2):
        counting = Counting("zero/+", qos)
        bytes_taken = growth(echo, counting, b"zero/receive", b"x" * 64, qos)
        assert bytes_taken == 0, "QoS %d: %d bytes" % (qos, bytes_taken)
        assert counting.messages == 10
        counting.client.disconnect()


def test_pinging_allocates_nothing():
    counting = Counting()
    assert growth(ping, counting) == 0
    counting.client.disconnect()


def test_idling_allocates_nothing():
    counting = Counting()
    assert growth(idle, counting) == 0
    counting.client.disconnect()


def test_a_message_over_both_buffers_allocates_nothing():
    for qos in (0, 1, 2):
        counting = Counting("zero/large", qos)
        bytes_taken = growth(echo, counting, b"zero/large", bytes(4096), qos)
        assert bytes_taken == 0, "QoS %d: %d bytes" % (qos, bytes_taken)
        assert counting.oversized == 10
        counting.client.disconnect()


def test_a_message_over_the_read_buffer_allocates_nothing():
    counting = Counting("zero/long", 1, rx_size=4200, tx_size=4200)
    assert growth(echo, counting, b"zero/long", bytes(4096), 1) == 0
    assert counting.messages == 10
    counting.client.disconnect()


def test_a_websocket_allocates_nothing():
    if not getenv("MQTT_TEST_WEBSOCKET_PORT"):
        raise SkipTest("no broker: MQTT_TEST_WEBSOCKET_PORT is not set")
    port = int(getenv("MQTT_TEST_WEBSOCKET_PORT"))
    for qos in (0, 1, 2):
        counting = Counting("zero/web", qos, port=port, transport=WebSocket())
        assert growth(ping, counting) == 0
        assert growth(idle, counting) == 0
        assert growth(echo, counting, b"zero/web", b"x" * 64, qos) == 0
        assert growth(echo, counting, b"zero/web", bytes(200), qos) == 0
        counting.client.disconnect()
