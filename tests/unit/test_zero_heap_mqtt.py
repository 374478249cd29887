"""In steady state nothing is allocated at any broker either, from the outbox to PUBACK, over a real socket, against the
real broker."""

import fakes  # noqa: F401  # the way to firmware
from mqtt import Client
from onenet import documents, messages
from onenet.mqtt import Broker
from scripted import broker_options
from support import MICROPYTHON, SkipTest
from test_zero_heap import growth

from firmware.outbox import Outbox


class NoClock:
    def now(self):
        return 0

    def true_time(self, seconds):
        return 0


def send(times, device, points, outbox, waits):
    """Puts two data points, sends them and waits until they are acknowledged, as a Device does."""
    for _ in range(times):
        outbox.put(b"temp", b"22.5", 0)
        outbox.put(b"hum", b"40", 0)
        outbox.send(points.gather())
        device.publish_points(points)
        while device._points or waits and device.client._out is not None:
            device.client.loop(5)
        outbox.done()


def taken(points_of, qos):
    """Bytes that sending takes."""
    if not MICROPYTHON:
        raise SkipTest("counts MicroPython's heap")
    client = Client("zero-mqtt", will=(b"zero/status", b"offline", 1, True), **broker_options())
    device = Broker(client, b"zero/status", b"zero/command", b"zero/reply", b"zero/set/+", qos)
    client.connect()
    outbox = Outbox(256)
    points = points_of(outbox, NoClock(), device.points_room(512))
    for _ in range(10):  # SUBACK, and the topics are made
        client.loop(20)
    send(3, device, points, outbox, not qos)
    grown = growth(send, device, points, outbox, not qos)
    client.disconnect()
    return grown


def by_stream(outbox, clock, room):
    return messages.Points(outbox, clock, room, b"zero/data/", b"", (b"zero/status",))


def by_document(outbox, clock, room):
    return documents.Points(outbox, clock, room, b"zero/data")


def test_a_message_for_each_point_allocates_nothing():
    for qos in (0, 1, 2):
        grown = taken(by_stream, qos)
        assert grown == 0, "QoS %d: %d bytes" % (qos, grown)


def test_documents_allocate_nothing():
    for qos in (0, 1, 2):
        grown = taken(by_document, qos)
        assert grown == 0, "QoS %d: %d bytes" % (qos, grown)
