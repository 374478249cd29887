"""In steady state nothing is allocated for a thing model either, from the outbox to the platform's reply.

Over a real socket, against the real broker and a client that answers as the platform does.
"""

import fakes  # noqa: F401  # the way to firmware
from mqtt import Client
from onenet.studio import Points, Studio
from scripted import broker_options
from support import MICROPYTHON, SkipTest
from test_zero_heap import growth

from firmware.outbox import Outbox


class Platform:
    """Answers what a device posts to a thing model, without allocating."""

    def __init__(self, topic, **options):
        self.client = client = Client("zero-platform", **options)
        self.topic = topic + b"/reply"
        self.reply = bytearray(b'{"id":"10001","code":200,"msg":"success"}')
        client.on_message = self.answer
        client.connect()
        client.subscribe(topic)

    def answer(self, topic, payload, qos, retain):
        for i in range(7, 12):
            self.reply[i] = payload[i]
        self.client.publish(self.topic, self.reply)


class NoClock:
    def now(self):
        return 0

    def true(self, seconds):
        return 0


def post(times, device, points, outbox, platform):
    """Posts a data point, waits for PUBACK and the reply, and takes it out of the outbox, as a Device does."""
    for _ in range(times):
        outbox.put(b"temp", b"22.5", 0)
        outbox.send(points.gather())
        device.publish_points(points)
        while device._points:
            device.client.loop(5)
            platform.client.loop(5)
            device.turn()
        outbox.done()


def test_posting_to_a_thing_model_allocates_nothing():
    if not MICROPYTHON:
        raise SkipTest("counts MicroPython's heap")
    options = broker_options()
    product = options["username"]
    device = Studio("zero", product, options["password"], options["host"], options["port"])
    things = "$sys/%s/zero/thing/" % product
    platform = Platform((things + "property/post").encode(), **options)
    device.client._subscriptions = None  # or mosquitto sends the device its own posts
    device.client.connect()
    device.client.subscribe(things + "property/post/reply")
    outbox = Outbox(256)
    points = Points(outbox, NoClock(), device.points_room(512))
    bytes_taken = growth(post, device, points, outbox, platform)
    assert bytes_taken == 0, "%d bytes" % bytes_taken
    assert device.ignored == 0
    device.client.disconnect()
    platform.client.disconnect()
