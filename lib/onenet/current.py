"""What the dialects of OneNET's current platform have in common: the login, the subscriptions, and posts with replies.

Device name, product id and a token are client id, user name and password of CONNECT. All topics lie below
$sys/{product id}/{device name}/. What a device posts bears an id, and a reply with that id says that the platform has
taken it; PUBACK only says that it has come.
"""

from micropython import const

from mqtt.client import Client
from mqtt.connection import ticks_ms
from mqtt.errors import SubscribeError, borrowed
from mqtt.wire import append, copy

_PATIENCE = const(10000)  # ms for the reply to a post
_TICKS = const(0x3FFFFFFF)

# States of the subscriptions
_MISSING = const(0)
_ASKED = const(1)
_GRANTED = const(2)
_REFUSED = const(3)

_COMMA = const(0x2C)
_QUOTE = const(0x22)
_END_OF_LIST = const(0x5D)


class Current:
    """A device on the platform: an mqtt.Client and what it says of itself to either kind of product.

    on_sent(id): the platform has taken the post of this id. on_refused(id, code, words): it has not; words: what it
    says, or None. on_command(topic, payload): what it wants, both bytes. ignored: count of messages that belong to
    nothing.
    """

    # A dialect's own: what all its topics have in common below the device's; of most posts; to be subscribed to
    _BELOW: bytes
    _POST: bytes
    _FILTERS: tuple

    def __init__(self, name, product_id, token, host=None, port=1883, keepalive=120, **options):
        """token: by onenet.token, of the device or of its product. host: the product's own if not given; keepalive:
        seconds, 10 to 1800; options: those of mqtt.Client. No will, no QoS 2: the platform has neither."""
        host = host or product_id + ".mqtts.acc.cmcconenet.cn"
        self.client = Client(name, host, port, product_id, token, keepalive, **options)
        self.client.on_message = self._message  # type: ignore[attr-defined]  # a dialect's own, too
        self.client.on_publish = self._published
        self.on_command = self.on_sent = self.on_refused = None
        self.ignored = 0
        self._base = base = ("$sys/%s/%s/" % (product_id, name)).encode() + self._BELOW
        self._usual = self._topic = base + self._POST  # of most posts, and of the one under way
        self._points = None  # what it has, until the platform has said what it thinks of that
        self._packet = 0  # its packet identifier, until PUBACK
        self._since = None  # ticks of PUBACK; None: it came on another connection, so that the reply is lost
        self._tries = 0
        self._code = 0  # the reply's, where that came before PUBACK
        self._words = None
        self._state = _GRANTED  # of the subscriptions, until there is a connection
        self.client._subscriptions = self

    def publish_points(self, points):
        """Publishes what a Points has gathered, with QoS 1; returns its id. It is under way until on_sent or
        on_refused."""
        self._points = points
        self._code = self._tries = 0
        self._packet = self.client.publish(self._topic, points, 1)
        return points.id

    def points_room(self, tx_size):
        """Bytes a Points may have with a transmit buffer of this size, which holds topic and header too."""
        return tx_size - len(self._base) - 22

    def forget(self, points_id):
        """Gives up the post that is under way, while there is no connection."""
        if self._packet:
            self.client.session.forget(self._packet)
        self._points = None
        self._packet = 0

    def turn(self):
        """To be called now and then while online. Sends the post again where PUBACK came but no reply, up to three
        times; then PUBACK has to do. Returns True where something else may be posted: once the platform has granted
        what replies come by, for at a topic of the wrong kind of product it closes the connection."""
        if self._state != _GRANTED:
            return False
        if not self._points or self._packet:
            return True
        if self._since is not None and (ticks_ms() - self._since) & _TICKS < _PATIENCE:
            return True
        if self._tries == 2:
            self._decided(200, None)
        elif self.client.can_publish(1):
            self._tries += 1
            self._packet = self.client.publish(self._topic, self._points, 1)
        return True

    def post(self, topic, text):
        """Publishes text to a topic below the device's, with QoS 1, and returns the packet identifier: for what is no
        data point."""
        return self.client.publish(self._base + topic, text, 1)

    def _published(self, packet_id):
        if packet_id == self._packet:
            self._packet = 0
            self._since = ticks_ms()
            if self._code:
                self._decided(self._code, self._words)

    def _decided(self, code, words):
        """The platform has said what it thinks of the post, 200 for yes. It is under way until PUBACK all the same, for
        it would be sent again."""
        self._code = code
        self._words = words
        if self._packet:
            return
        points_id = self._points.id
        self._points = None
        if code == 200:
            if self.on_sent:
                self.on_sent(points_id)
        elif self.on_refused:
            self.on_refused(points_id, code, words)

    # The subscriptions to all that concerns the device, asked for in one packet on each connection: for the client, in
    # the place of mqtt.subscriptions, which is for any number of them, and has 2.4 KB with what it needs.

    def lost(self):
        """There is a connection, and the server has no session of ours."""
        self._since = None
        if self._state != _ASKED:  # else the packet is still to be sent
            self._state = _MISSING

    def _make_again(self):
        session = self.client.session
        if self._state == _MISSING and not session.full():
            self._state = _ASKED
            session.take(0x82, [self._base + below for below in self._FILTERS], borrowed("onenet.asking").subscribe)

    def acknowledged(self, kind, packet_id, codes):
        """SUBACK came, with its codes."""
        if self.client.session.acknowledged(kind, packet_id):
            self._state = _GRANTED
            if codes is None or bytes(codes) != bytes(len(self._FILTERS)):
                self._state = _REFUSED
                raise SubscribeError("subscription refused: %s" % (self._base + self._FILTERS[-1]).decode())


# Of a Points, whose outbox is a cursor as legacy.Points wants it


def is_known(outbox, n):
    """Whether one of the first n records has the id of the one that the outbox shows, and shows afterwards. It is soon
    found where there are few streams, however many records there are."""
    at = outbox.id_at
    size = outbox.id_len
    found = False
    outbox.rewind()
    while n and not found:
        n -= 1
        outbox.next()
        found = is_id(outbox, at, size)
    outbox.rewind(at)
    outbox.next()
    return found


def is_id(outbox, at, size):
    """Whether the outbox's record has the id of so many bytes that lies at `at`."""
    if outbox.id_len != size:
        return False
    buf = outbox.buf
    mine = outbox.id_at
    for i in range(size):
        if buf[at + i] != buf[mine + i]:
            return False
    return True


def put_groups(points, buf, at, event):
    """Writes the values of all ids of properties and streams, or of events, a group for each: "id":[…],…"""
    outbox = points._outbox
    begin = at
    outbox.rewind()
    for i in range(points._count):
        outbox.next()
        if (outbox.buf[outbox.id_at] == 1) != event or is_known(outbox, i):
            continue
        id_at = outbox.id_at
        size = outbox.id_len
        if at > begin:
            at = put(buf, at, _COMMA)
        at = append(buf, put_id(outbox, buf, put(buf, at, _QUOTE)), b'":[')
        at = points._put(buf, at, i)
        for n in range(i + 1, points._count):
            outbox.next()
            if is_id(outbox, id_at, size):
                at = points._put(buf, put(buf, at, _COMMA), n)
        at = put(buf, at, _END_OF_LIST)
        outbox.rewind(id_at)
        outbox.next()
    return at


def put_id(outbox, buf, at):
    """Writes the id of the outbox's record; the byte 1 before that of an event is not part of it."""
    mark = 1 if outbox.buf[outbox.id_at] == 1 else 0
    return copy(buf, at, outbox.buf, outbox.id_at + mark, outbox.id_len - mark)


def put_value(outbox, buf, at, name):
    """Writes the value of the outbox's record behind its name: {"name":…"""
    return copy(buf, append(buf, at, name), outbox.buf, outbox.value_at, outbox.value_len)


def put(buf, at, byte):
    """Writes one byte; returns where it ends. A number costs no memory, as b"}" does."""
    buf[at] = byte
    return at + 1


def put_digits(buf, at, n, width):
    """Writes n in so many digits; returns where they end."""
    end = at + width
    i = end
    while i > at:
        i -= 1
        buf[i] = 48 + n % 10
        n //= 10
    return end


def put_seconds(buf, at, seconds):
    """Writes seconds since 1970 for those since 2000: piecewise, for 31 bits do not hold them."""
    low = seconds % 10000 + 4800
    high = seconds // 10000 + 94668  # 946684800 s between them
    at = put_digits(buf, at, high + low // 10000, 6)
    return put_digits(buf, at, low % 10000, 4)


def number_in(text, name):
    """The whole number that a JSON text has by this name (with its quotes), in quotes or not; -1 for none."""
    found = 0  # bytes of the name
    value = -1
    for byte in text:
        if found < len(name):
            found = found + 1 if byte == name[found] else 1 if byte == name[0] else 0
        elif 48 <= byte <= 57:
            value = (0 if value < 0 else value * 10) + byte - 48
        elif value >= 0 or byte not in b' \t\r\n:"':
            break
    return value
