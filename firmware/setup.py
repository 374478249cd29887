"""A board that nobody has set up opens an access point, with a page where a person gives it a network and what the
platform has to know. It is the program then, in place of main.py, where config.json has "setup" (see start.py), and all
of this is gone with the restart at its end.

That is when the answers are in config.json, on trial (config_trial.py), or after ten minutes: then main.py runs, and
not this again, until somebody switches the board on anew.
"""

import json
import machine
import network
import os
import sys
from binascii import hexlify
from micropython import const
from select import POLLIN, poll
from socket import AF_INET, SOCK_DGRAM, SOCK_STREAM, socket
from time import ticks_diff, ticks_ms

from . import setup_dns, setup_form, setup_http, setup_page, watchdog
from .log import log, rare, uptime

_LASTS = const(600)  # seconds
_CONNECTIONS = const(2)  # an ESP8266 has memory for five, in which those that are closing count
_IDLE = const(1500)  # ms after which one that has not asked for anything makes room for another
_FAREWELL = const(5000)  # ms for the last answer to arrive
_NETWORKS = const(16)  # that the page shows
_LETTERS = b"abcdefghjkmnpqrstuvwxyz23456789"  # none looks like another
_LENGTH = const(10)  # of them
_ERRORS = (OSError, RuntimeError, ValueError, TypeError)  # as in joining.py
_PASSWORD = "setup.key"  # a file: a label on the board stays true


def run():
    """Returns only after Ctrl-C, as Device.run(), with the access point off; or else the board restarts."""
    written: bool | None = False
    try:
        written = _Setup().run()
    except Exception as e:  # noqa: BLE001 - the board is to do what it can do
        sys.print_exception(e)
    finally:
        _switch_off()
    if written is None:
        watchdog.stop()
        return
    if not written:
        _forget_answers()
    machine.reset()


def _forget_answers():
    """What was answered before, and that it did not work: or this would begin again at the next start."""
    for name in ("setup.json", "config.undone"):
        try:
            os.remove(name)
        except OSError:
            pass


def _switch_off():
    try:
        network.WLAN(network.AP_IF).active(False)  # or an ESP8266 has it again at its next start
    except _ERRORS:
        pass


def password():
    """The board's own, made the first time."""
    try:
        with open(_PASSWORD) as file:
            text = file.read()
        if len(text) == _LENGTH:
            return text
    except OSError:
        pass
    letters = b""
    while len(letters) < _LENGTH:
        n = os.urandom(1)[0] & 31
        letters += _LETTERS[n : n + 1]  # none for the last number, or some would come more often than others
    text = str(letters, "utf-8")
    with open(_PASSWORD, "w") as file:
        file.write(text)
    return text


class _Setup:
    def __init__(self):
        self._visitors = []
        self._in_reach = []  # (name, whether there is a password)
        self._wants_scan = False
        self._written = None  # ticks when config.json was
        self._why = self._undone()
        self._look_around()
        self._open_up()

    def _undone(self):
        try:
            with open("config.undone") as file:
                return file.read(200).partition(": ")[2]
        except OSError:
            return ""

    def _look_around(self):
        """Which networks there are, the nearest first; an ESP8266's access point is deaf meanwhile."""
        self._wants_scan = False
        try:
            station = network.WLAN(network.STA_IF)
            station.active(True)
            try:
                station.disconnect()  # which hears nothing while it is connecting
            except _ERRORS:
                pass
            found = station.scan()
            found.sort(key=lambda one: -one[3])
            names: list = []
            for one in found:
                name = one[0]
                if name.strip(b"\0") and name not in names and len(names) < _NETWORKS:
                    names.append(name)
            self._in_reach = [(name, min([one[4] for one in found if one[0] == name])) for name in names]
        except (MemoryError,) + _ERRORS as e:
            log("setup", "does not hear any networks: %s" % e)

    def _open_up(self):
        self._point = point = network.WLAN(network.AP_IF)
        self._ssid = "onenet-" + str(hexlify(point.config("mac")[-3:]), "utf-8")
        self._own_key = password()
        settings = {"ssid": self._ssid, "security": network.AUTH_WPA2_PSK, "password": self._own_key}
        try:
            point.config(**settings)
            point.active(True)
        except _ERRORS:  # neither driver takes them while it is off
            point.active(True)
            point.config(**settings)
        if point.config("security") != network.AUTH_WPA2_PSK:
            raise OSError("the access point is not secured")
        self._own_address = point.ifconfig()[0]
        self._own_host = self._own_address.encode()
        self._names = _listening(SOCK_DGRAM, 53)
        self._pages = _listening(SOCK_STREAM, 80)
        self._introduce()

    def _introduce(self):
        left = (_LASTS - uptime() + 59) // 60
        text = "join the Wi-Fi %s with the password %s, and open http://%s/ there; for %d min"
        log("setup", text % (self._ssid, self._own_key, self._own_address, left))
        print("WIFI:T:WPA;S:%s;P:%s;;" % (self._ssid, self._own_key))  # what is in a QR code that phones know

    def run(self):
        """True once the answers are in config.json; False when the time is over; None after Ctrl-C."""
        keys = poll()
        for stream in (sys.stdin, self._names, self._pages):
            keys.register(stream, POLLIN)
        while uptime() < _LASTS:
            try:
                watchdog.feed()
                for stream, _ in keys.poll(10 if self._visitors else 200):
                    if stream is self._names:
                        self._answer_name()
                    elif stream is self._pages:
                        self._let_in()
                    else:
                        self._take_key(keys)
                self._visitors = [one for one in self._visitors if one.turn()]
                if self._written is not None:
                    if not self._visitors or ticks_diff(ticks_ms(), self._written) > _FAREWELL:
                        return True
                elif self._wants_scan and not self._visitors:
                    self._look_around()
            except MemoryError:
                while self._visitors:
                    self._visitors.pop().close()
            except KeyboardInterrupt:
                if rare("keyboard").somebody(watchdog.feed):
                    return None
        log("setup", "nobody has set the board up")
        return False

    def _take_key(self, keys):
        key = sys.stdin.buffer.read(1)
        if not key:  # nobody will ever type anything
            keys.unregister(sys.stdin)
        elif key in b"\r\n":
            self._introduce()

    def _answer_name(self):
        try:
            query, peer = self._names.recvfrom(512)
            reply = setup_dns.answer(query, bytes([int(part) for part in self._own_address.split(".")]))
            if reply:
                self._names.sendto(reply, peer)
        except OSError:  # gone, or no memory in the IP stack: they ask again
            pass

    def _let_in(self):
        if len(self._visitors) >= _CONNECTIONS:
            # Browsers open connections in advance. Whoever has asked for nothing makes room, the longest there first
            for one in self._visitors:
                if one.quiet and ticks_diff(ticks_ms(), one.began) > _IDLE:
                    one.close()
                    self._visitors.remove(one)
                    break
            else:
                return
        try:
            self._visitors.append(setup_http.Visitor(self._pages.accept()[0], self._on_request))
        except OSError:  # gone again
            pass

    # What is asked for

    def _on_request(self, request):
        path = request.path.partition(b"?")[0]
        here = request.host.partition(b":")[0] == self._own_host
        if not here or request.method == b"GET" and path not in (b"/", b"/state", b"/scan"):
            # Where a phone looks whether there is an internet, it finds this, and opens a window for it
            return "302 Found", b"Location: http://%s/\r\n" % self._own_host, b""
        if request.method == b"GET" and path == b"/":
            return "200 OK", setup_page.HEADERS, setup_page.PAGE
        if request.method == b"GET":
            if path == b"/scan":  # stays wanted when the page asks for the state before there was time for it
                self._wants_scan = True
            return self._as_json(setup_form.state(self._in_reach, request.chinese, self._why))
        if request.method != b"POST" or path != b"/save":
            return "405 Method Not Allowed", b"", b""
        if request.origin and request.origin.partition(b"//")[2].partition(b":")[0] != self._own_host:
            return "403 Forbidden", b"", b""  # another page, in the same phone
        return self._as_json(json.dumps({"wrong": self._keep_form(request.body)}))

    def _as_json(self, text):
        return "200 OK", b"Content-Type: application/json\r\nCache-Control: no-store\r\n", text.encode()

    def _keep_form(self, body):
        """What is wrong, in texts; or none, and it is written."""
        try:
            found = setup_form.answers(setup_form.fields(body), setup_form.before())
        except ValueError:
            return ["form: is none, or has characters that can't be typed"]
        try:
            setup_form.keep(found)
            problems = rare("setup_write").write(found)
        except OSError as e:
            problems = ["form: can't be written into the flash: %s" % e]
        except MemoryError:
            problems = ["form: the board has no memory for it now; try again"]
        if not problems:
            log("setup", "config.json is written: the board restarts, and tries it")
            self._written = ticks_ms()
        return problems


def _listening(kind, port):
    sock = socket(AF_INET, kind)
    sock.setblocking(False)
    sock.bind(("0.0.0.0", port))
    if kind == SOCK_STREAM:
        sock.listen(_CONNECTIONS)
    return sock
