"""Improv over serial, https://www.improv-wifi.com/serial: a browser or `onenet config` at the cable says which network
to join, and who the device is. Loaded only where there is no configuration that will do, and gone with the restart that
ends it.

Improv knows of a network alone: it is joined, and kept if that succeeds. What else config.json needs comes before or
afterwards, by a command of our own, _SETTINGS: pieces of its text in JSON, each after a byte that is 1 with the last
one. The result is empty where all is there, or says what is not right yet, a text each; another try may follow.

A packet holds bytes of 3 in any place, Ctrl-C: from begin() to end() these are ours, and raise KeyboardInterrupt where
they stand in no packet. They are read one by one: a port's stdin.buffer waits for as many as are asked for.
"""

import json
import machine
import network
import sys
from binascii import hexlify, unhexlify
from micropython import const, kbd_intr
from select import POLLIN, poll
from time import sleep_ms, ticks_diff, ticks_ms

from . import watchdog
from .log import log, rare

_AGAIN = const(10000)  # ms after which it is told again that somebody is waited for
_STEADY = const(60000)  # ms after which the program is taken not to crash
_HEAD = b"IMPROV\1"  # with the version
_SIZE = const(265)  # of the longest packet
_SILENCE = const(500)  # ms after which the rest of a packet will not come
_JOINING = const(25000)  # ms for a network, where 2 to 25 s are usual; clients wait for 30
_LEAVING = const(1000)  # ms for the driver to leave another one
_MOST = const(2048)  # bytes of settings
_STATE = const(1)  # types of packets
_ERROR = const(2)
_COMMAND = const(3)
_RESULT = const(4)
_JOIN = const(1)  # commands
_ASK_STATE = const(2)
_ASK_DEVICE = const(3)
_SCAN = const(4)
_SETTINGS = const(0xC0)
_READY = const(2)  # states
_PROVISIONING = const(3)
_PROVISIONED = const(4)
_INVALID = const(1)  # errors
_UNKNOWN = const(2)
_NOT_JOINED = const(3)
_DRIVER = (OSError, RuntimeError, ValueError, TypeError)


def wait(device):
    """In place of a Device's turns where its configuration will not do: says so, and again, for whoever connects later,
    and takes a better one. Ends with a reset, or KeyboardInterrupt at Ctrl-C."""
    improv = Improv(_who(), lambda answers: rare("setup_write").write(answers))
    told = start = ticks_ms()
    improv.enter = True
    improv.begin()
    try:
        while not improv.turn(100):
            watchdog.feed()
            now = ticks_ms()
            if improv.enter or ticks_diff(now, told) > _AGAIN:
                improv.enter = False
                told = now
                rare("connect").tells(device)
                log("improv", "ready for a network and the device, by onenet config --improv or the console's page")
            if start is not None and ticks_diff(now, start) > _STEADY:
                start = rare("seldom").forget_crashes(device)
    finally:
        improv.end()
    log("improv", "config.json is written; starting with it")
    sleep_ms(200)  # until the line is out
    machine.reset()


def _who():
    """Name and version of the firmware, the chip, the device's name, and MicroPython's name and version."""
    mac = network.WLAN(network.STA_IF).config("mac")
    implementation = sys.implementation
    kind = getattr(implementation, "_machine", sys.platform)
    micropython = ".".join([str(number) for number in implementation.version[:3]])
    name = "%s-%s" % (sys.platform, hexlify(mac[3:]).decode())
    return "onenet", rare("about").version(), kind, name, "MicroPython", micropython


class Improv:
    """device: what to answer to who it is, four texts or more. keep: a function that takes keys of config.json and puts
    them there, and returns what is wrong with the whole of it, a list of texts."""

    def __init__(self, device, keep):
        self._device = device
        self._keep = keep
        self._done = False  # config.json is as it must be
        self.enter = False  # the key was pressed
        self._packet = bytearray(_SIZE)
        self._n = 0  # bytes of it
        self._came = ticks_ms()  # the last one
        self._state = _READY
        self._text = b""  # of the settings, as far as it has come
        self._given = {}  # the last ones
        self._known = None  # a network that was joined
        self._network = None  # one that is being joined
        self._began = self._came  # ticks when that began
        self._status = None  # the driver's, as it did
        self._keys = poll()
        self._one = bytearray(1)

    def begin(self):
        kbd_intr(-1)
        self._keys.register(sys.stdin, POLLIN)

    def end(self):
        kbd_intr(3)

    def turn(self, ms):
        """Takes what has come, and waits up to so many ms for it. True once the configuration is there, and the board
        is to restart. Raises KeyboardInterrupt at Ctrl-C."""
        while self._keys.poll(ms):
            ms = 0
            if not sys.stdin.buffer.readinto(self._one):  # nobody will ever type anything
                self._keys.unregister(sys.stdin)
                break
            self._take(self._one[0])
        if self._network:
            self._judge()
        return self._done

    def _take(self, byte):
        packet = self._packet
        now = ticks_ms()
        if self._n and ticks_diff(now, self._came) > _SILENCE:
            self._n = 0
        self._came = now
        n = self._n
        if n < len(_HEAD) and byte != _HEAD[n]:
            self._n = 1 if byte == _HEAD[0] else 0
            if byte == 3:
                raise KeyboardInterrupt
            if byte == 13:
                self.enter = True
            return
        packet[n] = byte
        self._n = n = n + 1
        if n < 10 or n < 10 + packet[8]:
            return
        self._n = 0
        if packet[7] != _COMMAND:
            return
        data = bytes(packet[9 : n - 1])
        if sum(packet[: n - 1]) & 0xFF != byte or len(data) < 2 or data[1] != len(data) - 2:
            self._send(_ERROR, bytes((_INVALID,)))
        else:
            self._obey(data[0], data[2:])

    # Commands

    def _obey(self, command, data):
        self._send(_ERROR, b"\0")
        try:
            if command == _JOIN:
                self._join(*_strings(data))
            elif command == _ASK_STATE:
                self._tell(self._state)
                if self._state == _PROVISIONED:
                    self._answer(command, ())
            elif command == _ASK_DEVICE:
                self._answer(command, self._device)
            elif command == _SCAN:
                self._scan()
            elif command == _SETTINGS:
                self._answer(command, self._take_settings(data))
            else:
                self._send(_ERROR, bytes((_UNKNOWN,)))
        except (ValueError, TypeError, IndexError):
            self._send(_ERROR, bytes((_INVALID,)))

    def _scan(self):
        strongest: dict = {}
        try:
            wlan = network.WLAN(network.STA_IF)
            wlan.active(True)
            for name, _, _, rssi, kind, _ in wlan.scan():
                name = _shown(name)
                if name and (name not in strongest or strongest[name][0] < rssi):
                    strongest[name] = rssi, kind
        except _DRIVER:  # it finds nothing, then
            pass
        for name in strongest:
            rssi, kind = strongest[name]
            self._answer(_SCAN, (name, str(rssi), "YES" if kind else "NO"))
        self._answer(_SCAN, ())

    def _take_settings(self, data):
        """A piece of them. What is wrong with all of them, after the last."""
        self._text += data[1:]
        last = data[0]
        if not last and len(self._text) <= _MOST:
            return ()
        text, self._text = self._text, b""
        settings = json.loads(text) if last else None
        if not isinstance(settings, dict):
            raise ValueError
        self._given = settings
        return self._put()

    def _put(self):
        try:
            problems = self._keep(dict(self._given, wifi=[self._known]) if self._known else self._given)
        except (OSError, MemoryError) as e:
            problems = ("nothing was written: %s" % repr(e),)
        self._done = not problems
        return problems

    # Joining

    def _join(self, ssid, password):
        name = _bytes_of(ssid)
        known = {"ssid": str(name, "utf-8")} if _is_text(name) else {"ssid_hex": hexlify(name).decode()}
        known["password"] = str(password, "utf-8")
        if not 0 < len(name) <= 32 or password and not 8 <= len(password) <= 64:
            raise ValueError
        self._network = known
        self._began = ticks_ms()
        self._tell(_PROVISIONING)
        try:
            wlan = network.WLAN(network.STA_IF)
            wlan.active(True)
            _leave(wlan)
            self._status = wlan.status()  # the ESP32's keeps the last failure's: esp32/network_wlan.c
            wlan.connect(name, known["password"])
        except _DRIVER:
            self._failed()

    def _judge(self):
        """How the attempt to join goes."""
        wlan = network.WLAN(network.STA_IF)
        if wlan.isconnected() and wlan.ifconfig()[0] != "0.0.0.0":
            self._known, self._network = self._network, None
            self._put()
            self._tell(_PROVISIONED)
            self._answer(_JOIN, ())
            return
        status = wlan.status()
        refused = status == network.STAT_WRONG_PASSWORD and status != self._status
        if refused or ticks_diff(ticks_ms(), self._began) > _JOINING:
            self._failed()

    def _failed(self):
        _leave(network.WLAN(network.STA_IF))  # or it tries on
        self._network = None
        self._send(_ERROR, bytes((_NOT_JOINED,)))
        self._tell(_READY)

    # Answers

    def _tell(self, state):
        self._state = state
        self._send(_STATE, bytes((state,)))

    def _answer(self, command, texts):
        data = b""
        for text in texts:
            text = text.encode()
            room = 252 - len(data)
            if room > 0:
                text = _whole(text[:room])
                data += bytes((len(text),)) + text
        self._send(_RESULT, bytes((command, len(data))) + data)

    def _send(self, kind, data):
        packet = _HEAD + bytes((kind, len(data))) + data
        sys.stdout.buffer.write(packet + bytes((sum(packet) & 0xFF, 10)))  # clients wait for a line's end


def _leave(wlan):
    try:
        wlan.disconnect()
    except _DRIVER:
        return
    start = ticks_ms()
    while wlan.isconnected() and ticks_diff(ticks_ms(), start) < _LEAVING:
        sleep_ms(20)


def _strings(data):
    """The texts in a command, each after its length."""
    found = []
    while data:
        n = data[0] + 1
        if n > len(data):
            raise ValueError
        found.append(data[1:n])
        data = data[n:]
    return found


# Improv's texts are UTF-8. A network's name is bytes, and GBK on older routers: such a one is told, and taken, in hex.


def _is_text(name):
    try:
        str(name, "utf-8")
        return True
    except UnicodeError:
        return False


def _shown(name):
    return str(name, "utf-8") if _is_text(name) else "hex " + hexlify(name).decode()


def _bytes_of(shown):
    if shown[:4] == b"hex ":
        try:
            name = unhexlify(shown[4:])
        except ValueError:
            return shown
        if not _is_text(name):
            return name
    return shown


def _whole(text):
    """Without half a character at its end."""
    while text and not _is_text(text):
        text = text[:-1]
    return text
