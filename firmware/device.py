"""Device: a board's streams, its commands, and the main loop that keeps it online."""

import gc
import json
from micropython import const
from select import POLLIN, poll
from sys import stdin
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

from mqtt.client import OFFLINE, ONLINE
from mqtt.errors import MQTTError
from mqtt.wire import bad_utf8

from . import watchdog
from .log import keep, log, rare, uptime
from .outbox import is_value, stream_id_of

_TURN = const(200)  # ms a turn of the loop waits for the network at most
_PAUSE = const(50)  # ms that one sleeps at most where there is no network to wait for
_COMMANDS = const(4)  # commands that may wait for their turn
_STEADY = const(60000)  # ms after which the program is taken not to crash

# What is in a stream, which is a list. One by one: several in a line would be variables, and not const.
_ID = const(0)
_EVERY = const(1)  # ms between measurements
_MEASURE = const(2)  # the function
_LAST = const(3)  # ticks of the last one
_STATE = const(4)  # bit 0: it has failed already; the others count what there was in place of a first value

_COUNTED = const(1 << 20)  # in _STATE: there was a first value
_MANY = const(10)  # times without a value, and the log tells


class Device:
    """A device on OneNET.

    Give it streams and a command with the decorators, then run(). config: what of the checked configuration is wanted
    while it runs, None where the file is wrong, which run() then says. wifi, outbox, clock and led (a machine.Signal,
    or None) are for the program. log(subject, text) writes a line into the log, the subject being a word.
    """

    # Of the class as long as nothing goes wrong: a Device with two more of its own needs a larger table for them all.
    _failed = 0  # 1: a command has, so its error is kept already; 2: put() has
    _losses = 0  # of connections since the upload under way began

    def __init__(self, path="config.json"):
        self.config = self.led = self.wifi = self.clock = self.outbox = None
        self._client = self._platform = self._points = self._backoff = self._things = None
        self._streams = []
        self._obey = None
        self._commands = []  # (command id, payload) that came and are not yet obeyed
        self._batch = 0  # packet identifier of the upload under way
        self._count = 0  # data points in it
        self._most = 0  # data points in the next, 0 for as many as fit
        self._pause_from = None  # ticks when it began, as long as the next must wait
        self._fault_at = ticks_ms()  # ticks of the last fault, and ms to wait from there
        self._delay = 0
        self._online_at = None  # uptime when we came online
        self._trouble = "not online yet"
        config, trouble = rare("config").read(path)
        gc.collect()  # that has 10 KB, and is gone before anything else comes
        if config:
            self.config = json.loads(config)
            __import__("onenet." + self.config["platform"])  # stays, so it comes before what goes again
            rare("begin").begin(self)
        else:
            self._trouble = trouble

    # What the program says

    log = staticmethod(log)

    def stream(self, stream_id, every=60, **options):
        """Decorator: calls the function every so many seconds, 0.1 to 86400; what it returns becomes a data point.

        That is an int, float, str, bool, a dict of them, or None for nothing to send. "intervals" in the configuration
        comes before "health_interval", which is for those of health, and that before `every`. ValueError for
        an id that cannot be: 1 to 64 bytes of UTF-8, no quote, backslash or control character; and for options that
        cannot be:

        delta: it is sent only where it has moved by so much since it was sent last, a number, or a text as "5 %" of
        what it was; what is no number, where it is another; a dict, where one of its members has. at_least: but after
        so many seconds in any case; alone, it means a delta of 0, and so any change. put() of this id keeps to both.
        average: so many readings, spread evenly over `every`, are one value, their mean; numbers alone can be.
        """
        return rare("seldom").stream(self, stream_id, every, options)

    def command(self, obey=None, **options):
        """Decorator: calls the function with each command's payload, bytes; what it returns is the reply.

        That is str, bytes, anything json.dumps() takes, or None for "ok". An exception becomes "error: …".
        With text=True the payload is a str. With a name in parentheses, as @device.command("relay"), the function is
        called for the commands of this name, and with what stands behind it, as text: "on" for "relay=on" and
        "relay on", "?" for "relay?", "" for "relay". All others go to the function without a name.
        """
        if options or not callable(obey):
            return rare("by_name").command(self, obey, options)
        self._obey = obey
        return obey

    def property(self, stream_id, every=60, **options):
        """Decorator: calls the function every so many seconds, as stream() does, and where the platform asks for the
        value; options are those of stream(). What it makes of the function has a decorator `setter`, for the function
        that takes a new value, which the platform sets. every: None for a value that is sent only when it was set or
        asked for."""
        return rare("declared").declare_property(self, stream_id, every, options)

    def service(self, name):
        """Decorator: calls the function with the inputs of each call of the service, a dict; what it returns, a dict
        or None, are the outputs. An exception is the answer, then."""
        return rare("declared").declare_service(self, name)

    def event(self, name, value):
        """Tells the platform of an event with its outputs, a dict; returns what put() does, for it waits as data
        points do."""
        return rare("declared").put_event(self, name, value)

    def put(self, stream_id, value):
        """Puts a data point into the outbox, for what does not come at intervals; stream_id: str or bytes.

        False where it is dropped: the outbox is full, or there is something wrong with it, which the log tells. Where a
        stream of this id has a delta, what has not moved by that need not be put, and counts as taken. It may
        be called from the callbacks of timers and pins, too, at any moment; a hard interrupt has no memory for it.
        """
        if not self.config:
            return False
        try:
            encoded = stream_id_of(stream_id)
            if not encoded or not is_value(value):
                raise ValueError
            text = json.dumps(value).encode()
            if bad_utf8(text, 0, len(text), 0) >= 0:
                raise ValueError
            if not self._points.fits(len(encoded), len(text)):
                raise ValueError(len(text))
            return self.outbox.put(encoded, text, self.clock.now())
        except Exception as e:  # noqa: BLE001 - one like that would get the board kicked off, again and again
            try:
                rare("refusal").refuse(self, stream_id, value, e)
            except MemoryError:
                pass
            return False

    def update(self, path):
        """Begins to update the program over the air; the main loop does it, and goes on with everything else meanwhile.

        path: http://host:port/path of what `onenet package` has made, with # and the digest that it told behind it, or
        without for whichever is there. ValueError, with the reason, for an address that can't be. A program says
        whether it works by an attribute of the device: healthy, a function that returns True; without one it has to
        stay online alone.
        """
        rare("update").start(self, path)

    def run(self):
        """Keeps the device online. Returns only after Ctrl-C. To Enter it answers how things are."""
        if self.config:
            watchdog.start(self.config["watchdog"])
        keys = poll()
        keys.register(stdin, POLLIN)
        start = ticks_ms()
        while True:
            try:
                watchdog.feed()
                if self.config:
                    self._turn()
                else:
                    rare("seldom").wait_for_config(self)
                for _ in keys.ipoll(0):
                    self._key_pressed(keys)
                if start is not None and ticks_diff(ticks_ms(), start) > _STEADY:
                    start = rare("seldom").forget_crashes(self)
            except KeyboardInterrupt:
                if rare("seldom").ctrl_c(self):
                    return

    def start(self):
        """In place of run(), beside other tasks of asyncio: `await device.start()`, or a task of it; it ends when it is
        cancelled. Streams and commands may be `async def` then."""
        return rare("asynchronous").start(self)

    def run_once(self, timeout):
        """Measures, connects, delivers what waits, obeys what waits for the board, and closes the connection: in place
        of run(), for a program with a rhythm of its own. Ends when that is done, or after timeout seconds, 1 to 3600,
        and one turn of the loop.

        Returns a dict. "online": whether it was; "why": why not, in words; "delivered": data points that the platform
        has taken; "waiting": those still in RAM; "commands": commands, sets and desired values that were obeyed. After
        deep sleep it does not try each time where attempts have failed: at every second wake, then at every fourth, and
        so on, but once an hour.
        """
        return rare("sleep").run_once(self, timeout)

    def sleep(self, seconds):
        """Deep sleep, 1 to 2,000,000 seconds. Never returns: the board starts anew afterwards. What waits in the outbox
        is kept in RTC memory, and beyond that in flash, where "outbox_flash" lets it."""
        rare("sleep").sleep(self, seconds)

    def __getattr__(self, name):
        """On a board some of the methods above are elsewhere: see doors.py."""
        return rare("doors").of(self, name)

    # The main loop

    def _turn(self):
        """One turn of the main loop: measure, then Wi-Fi, then the connection, then what is to be sent. Whatever it
        waits for, it waits no longer than until something is to be measured."""
        wait = self._measure()
        self.outbox.unlock()  # one in flash may have something to do
        client = self._client
        # Ticks wrap: none is kept for longer than it is wanted, offline either. Below 0 are many days, too.
        if self._delay and not 0 <= ticks_diff(ticks_ms(), self._fault_at) < self._delay:
            self._delay = 0
        if self._pause_from is not None:
            if not 0 <= ticks_diff(ticks_ms(), self._pause_from) < self.config["upload_interval"] * 1000:
                self._pause_from = None
        joined = self.wifi.connected()
        if not joined and client.state != OFFLINE:
            rare("faults").without_wifi(self)
        elif joined and not OFFLINE < client.state < ONLINE and self.clock.sync():
            return  # it may have taken long
        if not joined or client.state == OFFLINE and self._delay:
            return sleep_ms(min(wait, _PAUSE))
        self.outbox.locked = True
        try:
            if client.state == OFFLINE:
                rare("connect").connecting(self)
                gc.collect()
                client.start()
            client.loop(wait)
            if client.state == ONLINE:
                self.wifi.proven()
                self._upload()
                self._answer()
        except (MQTTError, OSError, MemoryError) as e:
            rare("faults").failed(self, e)
        finally:
            self.outbox.unlock()

    def _measure(self):
        """Measures what is due; returns the ms until something is again, _TURN at most."""
        now = ticks_ms()
        wait = _TURN
        measured = False
        for stream in self._streams:
            every = stream[_EVERY]
            passed = every * 2 if stream[_LAST] is None else ticks_diff(now, stream[_LAST])
            due = not 0 <= passed < every
            if due:
                # In step with the last one, unless a whole interval was missed.
                passed = passed - every if 0 <= passed < every * 2 else 0
                stream[_LAST] = ticks_add(now, -passed)
            wait = min(wait, every - passed)
            if due:
                measured = True
                try:
                    value = stream[_MEASURE]()
                except KeyboardInterrupt:
                    raise
                except BaseException as e:  # noqa: BLE001 - a broken sensor must not take the board offline
                    # The first two are texts that are names anyway.
                    keep("stream" + " " + stream[_ID].decode(), e, stream[_STATE] & 1)
                    stream[_STATE] |= 1
                    continue
                if value is not None:
                    stream[_STATE] |= _COUNTED
                    self.put(stream[_ID], value)
                else:
                    stream[_STATE] += 2
                    if stream[_STATE] >> 1 == _MANY:
                        rare("silent").nothing(stream)
        if measured:
            if wait == _TURN:
                gc.collect()  # now, when nothing waits, rather than in the middle of a packet
            wait -= ticks_diff(ticks_ms(), now)
        return max(wait, 1)  # so that what else runs on the chip gets its turn

    def _connected(self, session_present):
        self._online_at = uptime()
        self._trouble = ""  # which may be long
        watchdog.patient(False)
        rare("connect").tells(self)

    def _key_pressed(self, keys):
        key = stdin.buffer.read(1)  # noise on the line is seldom text
        if not key:  # nobody will ever type anything
            keys.unregister(stdin)
        elif key in b"\r\n":
            rare("connect").shows(self)

    def _upload(self):
        """Sends the oldest data points, one packet at a time; they stay in the outbox until it is acknowledged."""
        if self._pause_from is not None or self._batch or not len(self.outbox) or not self._client.can_publish(1):
            return
        self._pause_from = ticks_ms()
        self._count = self._points.gather(self._most)
        self.outbox.send(self._count)
        self._batch = self._platform.publish_points(self._points)

    def _sent(self, packet_id):
        if packet_id == self._batch:
            self.outbox.done()
            self._batch = 0
            if self._losses:
                self._losses = 0
            self._most = self._most * 2 & 0x7F

    def _command_came(self, command_id, payload):
        """Called within loop(): only notes the command, for obeying may take long. Or it is a topic, and the size of a
        message longer than the receive buffer."""
        if isinstance(payload, int) or len(self._commands) >= _COMMANDS:
            rare("seldom").oversize(self, command_id, payload)
        else:
            self._commands.append((command_id, payload))

    def _answer(self):
        while self._commands and self._client.can_publish(1):
            command_id, payload = self._commands.pop(0)
            try:
                self._platform.reply(command_id, self._reply_to(payload))
                log("command", "answered")
            except ValueError as e:  # an id longer than any of the platform's
                rare("seldom").unanswered(e)

    def _reply_to(self, payload):
        if isinstance(payload, int) or not self._obey:
            return rare("seldom").not_obeyed(payload)
        self.outbox.unlock()
        try:
            payload = self._obey(payload)
        except KeyboardInterrupt:
            raise
        except BaseException as e:  # noqa: BLE001 - the sender is to know, and the board to stay online
            payload = e
        finally:
            self.outbox.locked = True
        if payload is None:
            return "ok"
        return payload if isinstance(payload, (str, bytes, bytearray)) else rare("seldom").reply(self, payload)
