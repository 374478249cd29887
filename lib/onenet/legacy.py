"""OneNET's older dialect (MQTT device access document V2.3): data points on $dp, commands on $creq and $crsp.

Device id, product id and auth-info are client id, user name and password of CONNECT. Commands arrive without any
subscription, and the platform refuses one to a topic that begins with $. The other kinds of payload are in payloads.py.
"""

import time
from micropython import const

from mqtt.client import Client
from mqtt.wire import append, copy

HOST = "183.230.40.39"

_FRESH = const(5)  # seconds
_FRAME = const(3 + 16 + 2)  # bytes of a payload around its points, as Points.write() puts them
_POINT = const(7 + 17 + 8 + 3)  # bytes of a point around its stream's id and its value
_AT = const(27)  # bytes of its time


def _at(seconds):
    """The `at` of a data point measured then, in seconds since 2000: in Beijing time, as the platform shows it."""
    since_epoch = seconds if time.gmtime(0)[0] == 2000 else seconds + 946684800
    return ('"at":"%04d-%02d-%02d %02d:%02d:%02d",' % tuple(time.gmtime(since_epoch + 8 * 3600)[:6])).encode()


class Points:
    """The oldest data points of an outbox as one payload of type 1, which it writes into the transmit buffer itself.

    The outbox is a cursor over records, oldest first: rewind(), then next() until it returns False; after each, its
    buffer `buf` holds the stream's id at id_at (id_len bytes) and the value's JSON at value_at (value_len bytes), and
    `time` is when it was measured; rewind(id_at) goes back before one of them. The clock's now() is the same kind of
    time; its true(time) makes it seconds since 2000, 0 where nobody knows. What gather() took stays the payload until
    the next gather(): the same packet can be sent again.
    """

    def __init__(self, outbox, clock, room):
        """room: bytes a payload may have."""
        self._outbox = outbox
        self._clock = clock
        self._room = room
        self._size = 0
        self._timed = False
        self._count = 0

    def fits(self, id_len, value_len):
        """True if a data point of these sizes can be sent at all."""
        return _FRAME + _POINT + _AT + id_len + value_len <= self._room

    def gather(self, most=0):
        """Takes as many records as fit, but not more than `most` unless that is 0; returns their count.

        Data points older than a few seconds are sent with their time; for fresh ones the platform's clock is better.
        """
        outbox = self._outbox
        clock = self._clock
        outbox.rewind()
        size = _FRAME - 1  # no comma before the first point
        self._count = 0
        self._timed = False
        oldest = 0
        while outbox.next():
            when = clock.true_time(outbox.time)
            if when and not oldest:
                oldest = when
                self._timed = clock.now() - when > _FRESH
            size += 1 + _POINT + outbox.id_len + outbox.value_len
            if self._timed and when:
                size += _AT
            if size > self._room:
                break
            self._size = size
            self._count += 1
            if self._count == most:
                break
        return self._count

    def __len__(self):
        return self._size

    def write(self, buf, at):
        size = self._size - 3
        buf[at] = 1
        buf[at + 1] = size >> 8
        buf[at + 2] = size & 0xFF
        at = copy(buf, at + 3, b'{"datastreams":[', 0, 16)
        outbox = self._outbox
        outbox.rewind()
        for i in range(self._count):
            outbox.next()
            if i:
                at = append(buf, at, b",")
            at = append(buf, at, b'{"id":"')
            at = copy(buf, at, outbox.buf, outbox.id_at, outbox.id_len)
            at = append(buf, at, b'","datapoints":[{')
            when = self._timed and self._clock.true_time(outbox.time)
            if when:
                at = append(buf, at, _at(when))
            at = append(buf, at, b'"value":')
            at = copy(buf, at, outbox.buf, outbox.value_at, outbox.value_len)
            at = append(buf, at, b"}]}")
        return append(buf, at, b"]}")


class Legacy:
    """A device on the platform: an mqtt.Client and the dialect it speaks.

    on_command(command id, payload): both bytes; on_sent(packet identifier): the platform has acknowledged it.
    """

    def __init__(self, device_id, product_id, auth_info, host=HOST, port=6002, keepalive=120, **options):
        """The three strings of the device's page in the console; options: those of mqtt.Client. keepalive: seconds,
        such as every text about the platform allows. No will: the platform has none."""
        self.client = Client(device_id, host, port, product_id, auth_info, keepalive, **options)
        self.client.on_message = self._message
        self.client.on_publish = self._sent
        self.on_command = self.on_sent = None
        self.forget = self.client.session.forget  # gives up what publish_points() has published, by its identifier

    def publish_points(self, points):
        """Publishes the data points a Points has gathered, with QoS 1; returns the packet identifier."""
        return self.client.publish(b"$dp", points, 1)

    def points_room(self, tx_size):
        """Bytes a Points may have with a transmit buffer of this size, which holds topic and header too."""
        return min(tx_size - 12, 65535)

    def reply(self, command_id, payload):
        """Answers a command, with QoS 1; returns the packet identifier."""
        return self.client.publish(b"$crsp/" + command_id, payload, 1)

    def subscribe_commands(self):
        """For a plain broker only, which must be told. The platform itself refuses this."""
        return self.client.subscribe("$creq/#")

    def _message(self, topic, payload, qos, retain):
        if len(topic) > 6 and topic[1] == 0x63 and self.on_command and bytes(topic[:6]) == b"$creq/":
            self.on_command(bytes(topic[6:]), bytes(payload))

    def _sent(self, packet_id):
        if self.on_sent:
            self.on_sent(packet_id)
