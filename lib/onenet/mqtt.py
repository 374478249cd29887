"""The dialect of any MQTT broker: a topic for each stream or one for all, JSON in them, and a status that stays.

The topics are the caller's. The device's status is "online", and by its will "offline", retained. What comes to the
command's topic or below it is a command, and its reply goes to the reply's topic with the same end. messages.py and
documents.py write what is published.
"""

import time
from micropython import const

from .standing import Standing

KEEP_ALIVE = 60  # seconds

_FRESH = const(5)  # seconds
_MOST = const(32)  # data points in a batch
_BATCH = const(1)  # what stands for the one under way


def stamp(seconds):
    """A time in seconds since 2000 as it stands in JSON, 22 bytes: ISO 8601, in UTC."""
    since_epoch = seconds if time.gmtime(0)[0] == 2000 else seconds + 946684800
    return ('"%04d-%02d-%02dT%02d:%02d:%02dZ"' % tuple(time.gmtime(since_epoch)[:6])).encode()


class Batch:
    """The oldest data points of an outbox, as one or several payloads, which it writes into the transmit buffer itself.

    Outbox and clock: as for legacy.Points. gather() takes the records, and go_on() makes the payload of the next of
    them, True if there is one. It stays the payload until the next go_on(): the same packet can be sent again. `topic`
    is where it goes, bytes.
    """

    topic = b""

    def __init__(self, outbox, clock, room):
        """room: bytes that a payload and the stream's id in its topic may have."""
        self._outbox = outbox
        self._clock = clock
        self._room = room
        self._size = 0
        self._when = 0  # the payload's time, 0 for none
        self._count = self._next = 0  # records taken, and the first that is not in a payload yet

    def gather(self, most=0):
        """Takes as many records as there are, but not more than `most` unless that is 0, nor than 32; returns their
        count."""
        outbox = self._outbox
        outbox.rewind()
        self._next = self._count = 0
        while self._count < _MOST and outbox.next():
            self._count += 1
            if self._count == most:
                break
        return self._count

    def __len__(self):
        return self._size

    def _go_to(self, n):
        """The outbox shows the record of this number, from 0."""
        outbox = self._outbox
        outbox.rewind()
        outbox.next()
        while n:
            n -= 1
            outbox.next()

    def _waited(self):
        """When the outbox's record was measured; 0 for one that is fresh, or whose time nobody knows."""
        when = self._clock.true_time(self._outbox.time)
        return when if when and self._clock.now() - when > _FRESH else 0


class Broker:
    """A device at a broker: an mqtt.Client and the dialect it speaks.

    on_command(end, payload): both bytes, the end of its topic being what reply() wants; the payload is a number where
    it was too long, which is its size. A property is set by the command name=value. on_sent(batch): it has arrived.
    on_other(topic, payload): what comes to none of these topics. ignored: count of messages that belong to nothing.
    """

    def __init__(self, client, status, command, reply, settings, qos=1, retain=False):
        """client: an mqtt.Client whose will says "offline" to the topic `status`. Topics are bytes; settings: the one
        where properties are set, with + in place of a property's name. qos and retain: of data points."""
        self.client = client
        client.on_connect = self._connected
        client.on_message = self._message
        client.on_publish = self._published
        self.on_connect = self.on_command = self.on_sent = self.on_other = None
        self.ignored = 0
        self._status = status
        self._command = command
        self._reply = reply
        self._before, self._after = settings.split(b"+")
        self._qos = qos
        self._retain = retain
        self._points = None  # the batch under way
        self._packet = 0  # the packet identifier of its payload under way, 0 where that is still to be published
        self.filters = [command + b"/#", settings]  # the first one holds for `command` itself, too [4.7.1.2]
        client._subscriptions = Standing(client, self.filters)

    def publish_points(self, points):
        """Publishes what a Batch has gathered, one payload after the other; returns 1, and it is under way until
        on_sent(1): all are acknowledged. With QoS 0 all of it is sent, and on_sent(0) called, when this returns 0: what
        the connection, or the broker, loses then is lost."""
        self._points = None
        client = self.client
        if self._qos:
            points.go_on()
            self._packet = client.publish(points.topic, points, self._qos, self._retain)
            self._points = points
            return _BATCH
        while points.go_on():
            client.publish(points.topic, points, 0, self._retain)
        if self.on_sent:
            self.on_sent(0)
        return 0

    def points_room(self, tx_size):
        """Bytes a Batch may have, with its topic, in a transmit buffer of this size, which holds the header too."""
        return tx_size - 9

    def forget(self, batch):
        """Gives up the batch that is under way, while there is no connection."""
        if self._packet:
            self.client.session.forget(self._packet)
        self._points = None
        self._packet = 0

    def reply(self, end, payload):
        """Answers the command whose topic ended like this, with QoS 1; returns the packet identifier."""
        return self.client.publish(self._reply + end, payload, 1)

    def oversize(self, topic, size):
        """A message on this topic, bytes, was too long for the receive buffer."""
        self._take(topic, size)

    def _connected(self, session_present):
        # With QoS 0, for it needs no slot: if it does not arrive, the connection is gone, and the will comes about.
        self.client.publish(self._status, b"online", 0, True)
        self._resume()
        if self.on_connect:
            self.on_connect(session_present)

    def _published(self, packet_id):
        if packet_id == self._packet:
            self._packet = 0
            if not self._points.go_on():
                self._points = None
                if self.on_sent:
                    self.on_sent(_BATCH)
        self._resume()

    def _resume(self):
        """The batch goes on, unless its payload is under way already. Where no slot is free, other messages are to be
        acknowledged, and this is called again."""
        points = self._points
        if points and not self._packet and self.client.can_publish(1):
            self._packet = self.client.publish(points.topic, points, self._qos, self._retain)

    def _message(self, topic, payload, qos, retain):
        topic = bytes(topic)
        if retain and topic[: len(self._command)] == self._command:
            self.ignored += 1  # said long ago, and perhaps obeyed already
        else:
            self._take(topic, bytes(payload))

    def _take(self, topic, payload):
        n = len(self._command)
        name = topic[len(self._before) : len(topic) - len(self._after)]
        if topic[:n] == self._command and topic[n : n + 1] in (b"", b"/"):
            if self.on_command:
                self.on_command(topic[n:], payload)
        elif name and topic == self._before + name + self._after:
            if self.on_command:
                self.on_command(b"/" + name, payload if isinstance(payload, int) else name + b"=" + payload)
        elif self.on_other:
            self.on_other(topic, payload)
        else:
            self.ignored += 1
