"""In steady state nothing is allocated on the current platform either, from the outbox to the platform's reply.

Over a real socket, against the real broker and a client that answers as the platform does.
"""

import fakes  # noqa: F401  # the way to firmware
from mqtt import Client
from onenet import dp, studio
from scripted import broker_options
from support import MICROPYTHON, SkipTest
from test_zero_heap import growth

from firmware.outbox import Outbox


class Platform:
    """Answers what a device posts, without allocating: with the five digits of its id."""

    def __init__(self, post, reply, text, id_at, **options):
        self.client = client = Client("zero-platform", **options)
        self.topic = reply
        self.reply = bytearray(text)
        self.id_at = id_at  # in the post and in the reply
        client.on_message = self.answer
        client.connect()
        client.subscribe(post)

    def answer(self, topic, payload, qos, retain):
        for i in range(self.id_at, self.id_at + 5):
            self.reply[i] = payload[i]
        self.client.publish(self.topic, self.reply)


class NoClock:
    def now(self):
        return 0

    def true_time(self, seconds):
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


def taken(kind, points, topic, answer, text, id_at):
    """Bytes that a thousand posts of such a device take, to this topic and answered there."""
    if not MICROPYTHON:
        raise SkipTest("counts MicroPython's heap")
    options = broker_options()
    product = options["username"]
    device = kind("zero", product, options["password"], options["host"], options["port"])
    whole = "$sys/%s/zero/%s" % (product, topic)
    platform = Platform(whole.encode(), (whole + answer).encode(), text, id_at, **options)
    device.client._subscriptions = None  # or mosquitto sends the device its own posts
    device.client.connect()
    device.client.subscribe(whole + answer)
    outbox = Outbox(256)
    bytes_taken = growth(post, device, points(outbox, NoClock(), device.points_room(512)), outbox, platform)
    assert device.ignored == 0
    device.client.disconnect()
    platform.client.disconnect()
    return bytes_taken


def test_posting_to_a_thing_model_allocates_nothing():
    text = b'{"id":"10001","code":200,"msg":"success"}'
    assert taken(studio.Studio, studio.Points, "thing/property/post", "/reply", text, 7) == 0


def test_posting_to_data_streams_allocates_nothing():
    assert taken(dp.Streams, dp.Points, "dp/post/json", "/accepted", b'{"id":10001}', 6) == 0
