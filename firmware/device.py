"""Device: a board's streams, its commands, and the main loop that keeps it online."""

import gc
import json
import sys
from micropython import const
from select import POLLIN, poll
from sys import stdin
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

from mqtt.backoff import Backoff
from mqtt.client import OFFLINE, ONLINE
from mqtt.errors import ConnectionRefused, MQTTError, SubscribeError
from onenet.legacy import Legacy, Points, explain

from .clock import Clock
from .log import log, log_exception
from .outbox import Outbox
from .wifi import Wifi

_TURN = const(200)  # ms a turn of the loop waits for the network at most
_COMMANDS = const(4)  # commands that may wait for their turn
_STEADY = const(60000)  # ms after which the program is taken not to crash


class _Stream:
    def __init__(self, stream_id, every, measure):
        self.id = stream_id
        self.every = every  # ms
        self.measure = measure
        self.last = None  # ticks of the last measurement


class Device:
    """A device on OneNET.

    Give it streams and a command with the decorators, then run(). config: the checked configuration, None where the
    file is wrong, which run() then says. wifi, outbox, clock and led (a machine.Signal, or None) are for the program.
    """

    def __init__(self, path="config.json"):
        self.config = self.led = self.wifi = None
        self._streams = []
        self._obey = None
        self._commands = []  # (command id, payload) that came and are not yet obeyed
        self._batch = 0  # packet identifier of the upload under way
        self._pause_from = None  # ticks when it began, as long as the next must wait
        self._fault_at = ticks_ms()  # ticks of the last fault, and ms to wait from there
        self._delay = 0
        self._online_at = None  # ticks when we came online
        self._trouble = "not online yet"
        self._load(path)
        if self.config:
            self._build()

    def _load(self, path):
        from . import config

        try:
            self.config = config.load(path)
        except config.ConfigError as e:
            self._problem = str(e)
        del sys.modules["firmware.config"], sys.modules["firmware"].config  # 6 KB that are not needed again

    def _build(self):
        config = self.config
        self.clock = Clock(config["ntp_host"])
        self.wifi = Wifi(config["wifi"], config["reset_after"])
        self.outbox = Outbox(config["outbox_size"], config["outbox_full"] == "drop_oldest")
        self._backoff = Backoff()
        self._platform = platform = Legacy(
            config["device_id"],
            config["product_id"],
            config["auth_info"],
            config["host"],
            config["port"],
            config["keep_alive"],
            tx_size=config["tx_size"],
            rx_size=config["rx_size"],
        )
        platform.on_command = self._command_came
        platform.on_sent = self._sent
        self._client = platform.client
        self._client.on_connect = self._connected
        self._client.on_oversize = self._oversize
        self._points = Points(self.outbox, self.clock, platform.points_room(config["tx_size"]))
        if config["trace"]:
            from .trace import trace

            trace(self._client)
        if config["subscribe_commands"]:
            platform.subscribe_commands()
        if config["led_pin"] >= 0:
            from machine import Pin, Signal

            self.led = Signal(Pin(config["led_pin"], Pin.OUT), invert=config["led_active_low"])
            self.led.off()
        if config["health_interval"]:
            from . import health

            self.stream("free_heap", config["health_interval"])(health.free_heap)
            self.stream("reset_cause", config["health_interval"])(health.reset_cause)

    # What the program says

    def stream(self, stream_id, every=60):
        """Decorator: calls the function every so many seconds, 0.1 to 86400; what it returns becomes a data point.

        That is an int, float, str, bool, a dict of them, or None for nothing to send. "intervals" in the configuration
        comes before `every`. ValueError for an id that cannot be: 1 to 64 bytes, no quote, backslash or control
        character.
        """
        encoded = _stream_id(stream_id)
        if self.config:
            every = self.config["intervals"].get(stream_id, every)
        if not 0.1 <= every <= 86400:
            raise ValueError("every: must be 0.1 to 86400 s")

        def add(measure):
            self._streams = [stream for stream in self._streams if stream.id != encoded]  # the last one counts
            self._streams.append(_Stream(encoded, int(every * 1000), measure))
            return measure

        return add

    def command(self, obey):
        """Decorator: calls the function with each command's payload, bytes; what it returns is the reply.

        That is str, bytes, anything json.dumps() takes, or None for "ok". An exception becomes "error: …".
        """
        self._obey = obey
        return obey

    def put(self, stream_id, value):
        """Puts a data point into the outbox, for what does not come at intervals; stream_id: str or bytes.

        False where it is dropped: the outbox is full, or there is something wrong with it, which the log tells.
        """
        if not self.config:
            return False
        try:
            encoded = _stream_id(stream_id)
            if not _is_value(value):
                raise ValueError("not a number, text, bool or dict of them")
            text = json.dumps(value).encode()
            if not self._points.fits(len(encoded), len(text)):
                raise ValueError("%d bytes, too long for tx_size" % len(text))
            return self.outbox.put(encoded, text, self.clock.now())
        except ValueError as e:  # one like that would get the board kicked off, again and again
            log("stream", "%s: %s" % (stream_id, e))
            return False

    def run(self):
        """Keeps the device online. Returns only in safe mode and after Ctrl-C. To Enter it answers how things are."""
        import __main__  # type: ignore[import-not-found]

        if hasattr(__main__, "safe_mode"):  # boot.py has said why
            log("device", "safe mode")
            return
        try:
            if not self.config:
                self._wait_for_config()
            watchdog = _watchdog(self.config["watchdog"])
            keys = poll()
            keys.register(stdin, POLLIN)
            start = ticks_ms()
            while True:
                if watchdog:
                    watchdog.feed()
                self._turn()
                for _ in keys.ipoll(0):
                    self._key_pressed(keys)
                if start is not None and ticks_diff(ticks_ms(), start) > _STEADY:
                    start = _forget_crashes()
        except KeyboardInterrupt:
            _forget_crashes()
            log("device", "stopped" + ("; the watchdog still runs" if self.config and self.config["watchdog"] else ""))
            if self.config:
                self._client.close()

    # The main loop

    def _wait_for_config(self):
        """Says what is wrong, again and again for whoever connects later; mpremote interrupts this."""
        while True:
            log("config", self._problem)
            for _ in range(100):
                sleep_ms(100)

    def _turn(self):
        """One turn of the main loop: measure, then Wi-Fi, then the connection, then what is to be sent."""
        self._measure()
        client = self._client
        if self._delay and ticks_diff(ticks_ms(), self._fault_at) >= self._delay:
            self._delay = 0
        if not self.wifi.connected():
            if client.state != OFFLINE:
                client.close()
                self._fault(OSError("Wi-Fi lost"))
            sleep_ms(50)
            return
        if self.clock.sync():
            return  # it may have taken long
        try:
            if client.state == OFFLINE:
                if self._delay:
                    sleep_ms(50)
                    return
                gc.collect()
                log("mqtt", "connecting to %s:%d" % (client.host, client.port))
                client.start()
            client.loop(_TURN)
            if client.state == ONLINE:
                self.wifi.proven()
                self._upload()
                self._answer()
        except SubscribeError as e:
            log("mqtt", str(e))
        except (MQTTError, OSError) as e:
            client.close()
            if self._online_at is None:
                self.wifi.doubt(e)
            self._fault(e)

    def _measure(self):
        now = ticks_ms()
        measured = False
        for stream in self._streams:
            last = stream.last
            if last is None or ticks_diff(now, last) >= stream.every:
                # In step with the last one, unless a whole interval was missed.
                late = last is None or ticks_diff(now, last) >= 2 * stream.every
                stream.last = now if late else ticks_add(last, stream.every)
                measured = True
                try:
                    value = stream.measure()
                except Exception as e:  # noqa: BLE001 - a broken sensor must not take the board offline
                    log_exception("stream " + stream.id.decode(), e)
                    continue
                if value is not None:
                    self.put(stream.id, value)
        if measured:
            gc.collect()  # now, when nothing waits, rather than in the middle of a packet

    def _connected(self, session_present):
        self._online_at = ticks_ms()
        self._tell()

    def _key_pressed(self, keys):
        key = stdin.read(1)
        if not key:  # nobody will ever type anything
            keys.unregister(stdin)
        elif key in "\r\n":
            self._tell()
            from . import about

            log("device", about.describe())
            del sys.modules["firmware.about"], sys.modules["firmware"].about

    def _tell(self):
        if self._client.state == ONLINE:
            log("mqtt", "online as device %s, %d bytes free" % (self.config["device_id"], gc.mem_free()))
        else:
            log("mqtt", self._trouble)

    def _upload(self):
        """Sends the oldest data points, one packet at a time; they stay in the outbox until it is acknowledged."""
        now = ticks_ms()
        if self._pause_from is not None:
            if ticks_diff(now, self._pause_from) < self.config["upload_interval"] * 1000:
                return
            self._pause_from = None
        if self._batch or not len(self.outbox) or not self._client.can_publish(1):
            return
        self._pause_from = now
        self.outbox.send(self._points.gather())
        self._batch = self._platform.publish_points(self._points)

    def _sent(self, packet_id):
        if packet_id == self._batch:
            self.outbox.done()
            self._batch = 0

    def _command_came(self, command_id, payload):
        """Called within loop(): only notes the command, for obeying may take long."""
        if len(self._commands) < _COMMANDS:
            self._commands.append((command_id, payload))
        else:
            log("command", "dropped, %d are waiting" % _COMMANDS)

    def _answer(self):
        while self._commands and self._client.can_publish(1):
            command_id, payload = self._commands.pop(0)
            try:
                self._platform.reply(command_id, self._reply_to(payload))
            except ValueError as e:  # an id longer than any of the platform's
                log("command", "not answered: %s" % e)
            else:
                log("command", "answered")

    def _reply_to(self, payload):
        if not self._obey:
            return "error: this device takes no commands"
        try:
            reply = self._obey(payload)
            if reply is None:
                return "ok"
            return reply if isinstance(reply, (str, bytes, bytearray)) else json.dumps(reply)
        except Exception as e:  # noqa: BLE001 - the sender is to know, and the board to stay online
            log_exception("command", e)
            return "error: " + (str(e) if e.args else type(e).__name__)

    def _oversize(self, topic, size):
        log("mqtt", "a message of %d bytes is longer than rx_size" % size)

    def _fault(self, reason):
        now = ticks_ms()
        lasted = 0 if self._online_at is None else ticks_diff(now, self._online_at)
        self._online_at = None
        refused = isinstance(reason, ConnectionRefused) and reason.code != 3
        self._fault_at = now
        self._delay = self._backoff.next(lasted, refused)
        words = explain(reason) or "%s: %s" % (type(reason).__name__, reason)
        self._trouble = "%s; next attempt in %d s" % (words, self._delay // 1000)
        log("mqtt", self._trouble)


def _stream_id(stream_id):
    """stream_id, str or bytes, as the bytes that go into JSON; ValueError for one that must not."""
    encoded = stream_id if isinstance(stream_id, bytes) else stream_id.encode()
    if not 0 < len(encoded) <= 64 or b'"' in encoded or b"\\" in encoded or min(encoded) < 32:
        raise ValueError("stream id: must be 1 to 64 bytes without quote, backslash or control character")
    return encoded


def _is_value(value):
    """True for what json.dumps() makes JSON from: MicroPython's makes something from anything."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_value(v) for key, v in value.items())
    if isinstance(value, list):
        return all(_is_value(v) for v in value)
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor NaN
    return isinstance(value, (bool, int, str))


def _forget_crashes():
    """Sets back what boot.py counts, where the program keeps nothing of its own in RTC memory."""
    from machine import RTC

    memory = RTC().memory
    if memory()[:8] == b"crashes ":
        memory(b"")


def _watchdog(seconds):
    """A machine.WDT that resets the board after so long without feed(); None for 0."""
    if not seconds:
        return None
    from machine import WDT

    try:
        return WDT(timeout=seconds * 1000)
    except TypeError:
        return WDT()  # ESP8266: the time is the hardware's
