"""A board that nobody has set up: its access point, what whoever joins that gets to see and may do, and how it ends.
Names and pages come by sockets of the test's, and time goes on when the board waits."""

import errno
import json

import fakes
from fakes import machine, network
from flash_folder import Flash, files
from support import replaced
from test_setup_http import Sock

from firmware import log as log_module
from firmware import setup as module
from firmware import setup_form, setup_http, setup_page, setup_write

NEW = {"config.json": '{"setup": true}'}
FORM = b"platform=legacy&device_id=4711&product_id=123&auth_info=sn001&ssid=home&wifi_password=12345678&host=&port="
HERE = b"Host: 192.168.4.1\r\n"
QUERY = b"\1\2\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1"  # for an address of a


class Listener:
    """A listening TCP socket, or one of UDP: what comes is in `waiting`."""

    def __init__(self, kind):
        self.kind = kind
        self.waiting = []
        self.sent = []
        self.error = None
        self.port = self.blocks = None

    def setblocking(self, on):
        self.blocks = on

    def bind(self, address):
        self.port = address[1]

    def listen(self, backlog):
        pass

    def _next(self):
        found = self.waiting.pop(0)
        if self.error:
            raise self.error
        return found

    def accept(self):
        return self._next(), ("192.168.4.2", 50000)

    def recvfrom(self, most):
        return self._next()[:most], ("192.168.4.2", 50001)

    def sendto(self, data, peer):
        assert peer == ("192.168.4.2", 50001)
        self.sent.append(data)


class Keys:
    """sys, its stdin and its buffer in one: what is typed, b"" being the end of all."""

    def __init__(self):
        self.stdin = self.buffer = self
        self.waiting = []
        self.tracebacks = []

    def read(self, n):
        return self.waiting.pop(0)

    def print_exception(self, error):
        self.tracebacks.append(error)


class Keyboard:
    """firmware/keyboard.py, with what it says in `says`."""

    says = True

    def somebody(self, feed):
        feed()
        return self.says


class Setup:
    """A board with these files, in its air, and run() on it; a context. `persons` are what happens meanwhile:
    generators, each gets on whenever the board waits, by 10 ms or by 200."""

    def __init__(self, flash=None, **air):
        self._flash = Flash(NEW if flash is None else flash)
        self.air = network.new_air(**air)
        self.ticks = fakes.Ticks(log_module, module, setup_http)
        self.log = fakes.Log(module)
        self.keys = Keys()
        self.keyboard = Keyboard()
        self.printed = []
        self.fed = 0
        self.ended = False
        self._interrupted = False
        self._registered = []
        self._instead = [
            replaced(module, "sys", self.keys),
            replaced(module, "socket", self._socket),
            replaced(module, "poll", lambda: self),
            replaced(module, "rare", self._rare),
            replaced(module, "watchdog", self),
        ]

    def __enter__(self):
        machine.resets = 0
        self._flash.__enter__()
        self.ticks.__enter__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]
        self.log.__enter__()
        for one in self._instead:
            one.swap()
        module.print = self.printed.append
        return self

    def __exit__(self, *args):
        del module.print
        for one in self._instead:
            one.swap()
        self.log.__exit__()
        self.ticks.__exit__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]
        self._flash.__exit__()
        network.new_air()

    def run(self, *persons):
        """Raises what a person does, for run() keeps what happens in it to itself."""
        self._persons = list(persons)
        self._failure = None
        self.stopped = 0
        module.run()
        self.ended = True
        for _ in range(3):  # the last answer has come, say
            self._go_on()
        if self._failure:
            raise self._failure
        assert not self._persons, "somebody waits in vain"

    # What the board has instead

    def _socket(self, family, kind):
        made = Listener(kind)
        if kind == module.SOCK_DGRAM:
            self.names = made
        else:
            self.pages = made
        return made

    def _rare(self, name):
        return {"keyboard": self.keyboard, "setup_write": setup_write}[name]

    def feed(self):
        self.fed += 1

    def stop(self):
        self.stopped += 1

    def register(self, stream, events):
        self._registered.append(stream)

    def unregister(self, stream):
        self._registered.remove(stream)

    def poll(self, ms):
        self.ticks.go_on(ms)
        self._go_on()
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt
        return [(stream, 1) for stream in self._registered if stream.waiting]

    def _go_on(self):
        for person in list(self._persons):
            try:
                next(person)
            except StopIteration:
                self._persons.remove(person)
            except Exception as e:  # noqa: BLE001
                self._persons.remove(person)
                self._failure = self._failure or e
                self.interrupt()

    def interrupt(self):
        self._interrupted = True

    # What persons do

    def open(self, *comes, **options):
        """A connection, at the board's next turn."""
        sock = Sock(comes, **options)
        self.pages.waiting.append(sock)
        return sock

    def asks(self, line, headers=HERE, body=None, closes=True):
        """What the board answers: status, headers, body."""
        if body is not None:
            headers += b"Content-Length: %d\r\n" % len(body)
        sock = self.open(line + b" HTTP/1.1\r\n" + headers + b"\r\n" + (body or b""))
        size = -1
        while len(sock.sent) > size or not sock.sent:
            size = len(sock.sent)
            yield
        if closes:
            sock.comes.append(b"")
            while not sock.closed:
                yield
        head, _, body = sock.sent.partition(b"\r\n\r\n")
        status, _, headers = head.partition(b"\r\n")
        assert b"\r\nContent-Length: %d\r\n" % len(body) in head + b"\r\n"
        assert status[:9] == b"HTTP/1.1 "
        return str(status[9:], "utf-8"), headers, bytes(body)

    def state(self):
        answer = yield from self.asks(b"GET /state")
        return json.loads(answer[2])

    def is_over(self):
        """How it ends, but for Ctrl-C."""
        return self.ended and not self.air.access_point and machine.resets == 1


def leaves(it):
    """Whoever has seen enough: Ctrl-C, so that the test ends."""
    it.interrupt()
    yield


def test_it_says_how_to_get_there_and_lets_nobody_in_without_the_password():
    for esp8266 in (False, True):
        with Setup(esp8266=esp8266) as it:
            it.run(leaves(it))
            with open("setup.key") as file:
                key = file.read()
            assert len(key) == 10 and all(letter in "abcdefghjkmnpqrstuvwxyz23456789" for letter in key)
            assert it.air.point == {"security": network.AUTH_WPA2_PSK, "ssid": "onenet-000002", "password": key}
            assert it.log.lines == [
                "setup: join the Wi-Fi onenet-000002 with the password %s, and open http://192.168.4.1/ there; "
                "for 10 min" % key
            ]
            assert it.printed == ["WIFI:T:WPA;S:onenet-000002;P:%s;;" % key]
            assert (it.names.port, it.pages.port) == (53, 80) and not it.names.blocks and not it.pages.blocks


def test_the_password_stays_the_boards():
    with Setup(dict(NEW, **{"setup.key": "abcdefghjk"})) as it:
        it.run(leaves(it))
        assert it.air.point["password"] == "abcdefghjk"
    keys = set()
    for text in ("", "abc", "abcdefghjkm"):  # the power went in the middle of it
        with Setup(dict(NEW, **{"setup.key": text})) as it:
            it.run(leaves(it))
            keys.add(it.air.point["password"])
            assert files()["setup.key"] == it.air.point["password"] and len(it.air.point["password"]) == 10
    assert len(keys) == 3, "made by chance"


def test_a_driver_that_leaves_it_open_has_it_off_again():
    with Setup() as it:
        open_ = lambda self, what=None, **settings: b"\0\0\0\0\0\2" if what == "mac" else 0  # noqa: E731
        with replaced(network.WLAN, "config", open_):
            it.run()
        assert it.is_over()
        assert "not secured" in str(it.keys.tracebacks)
        assert it.log.lines == [] and it.printed == []


def test_the_page_and_what_it_shows():
    def person():
        status, headers, body = yield from it.asks(b"GET /")
        assert status == "200 OK" and body == setup_page.PAGE and b"Content-Encoding: gzip" in headers
        status, headers, body = yield from it.asks(b"GET /state?1", HERE + b"Accept-Language: zh-CN\r\n")
        assert status == "200 OK" and b"Content-Type: application/json" in headers and b"no-store" in headers
        state = json.loads(body)
        assert state["zh"] and state["why"] == "home: wrong password" and state["fields"] == {"device_id": "4711"}
        # The nearest first, once each, as the strongest of its name; 0 is one without a password in its neighbourhood.
        assert state["networks"] == [["63616665", 0], ["6e656172", 3], ["686f6d65", 3]]
        yield from leaves(it)

    flash = {"config.json": '{"device_id": "4711"}', "config.undone": "not joined: home: wrong password"}
    with Setup(flash, networks={"home": "12345678"}) as it:
        it.air.others = [(b"near", -30, 3), (b"cafe", -20, 4), (b"", -10, 0), (b"\0\0", -10, 0), (b"cafe", -90, 0)]
        it.run(person())


def test_sixteen_networks_are_enough():
    def person():
        state = yield from it.state()
        assert [name for name, _ in state["networks"]] == ["%02x" % (99 - n) for n in range(16)]
        yield from leaves(it)

    with Setup() as it:
        it.air.others = [(bytes((100 - n,)), -n, 3) for n in range(40, 0, -1)]
        it.run(person())


def test_networks_are_looked_for_again_when_the_page_asks_and_nobody_waits():
    def person():
        assert (yield from it.state())["networks"] == []
        it.air.others.append((b"later", -50, 3))
        waits = it.open()
        yield from it.asks(b"GET /scan")
        for _ in range(5):
            yield
        assert it.air.scans == 1, "the access point is deaf meanwhile"
        waits.comes.append(b"")
        while it.air.scans == 1:
            yield
        assert (yield from it.state())["networks"] == [["6c61746572", 3]]
        assert it.air.scans == 2, "once"
        yield from leaves(it)

    with Setup() as it:
        it.run(person())


def test_a_driver_that_hears_nothing_costs_the_list_alone():
    def fails(self):
        raise OSError("Wifi Unknown Error")

    def person():
        assert (yield from it.state())["networks"] == []
        yield from leaves(it)

    with Setup() as it, replaced(network.WLAN, "scan", fails):
        it.run(person())
        assert "does not hear any networks: Wifi Unknown Error" in it.log


def test_what_is_elsewhere_leads_to_the_page():
    def person():
        for line, headers in (
            (b"GET /generate_204", b"Host: connectivitycheck.gstatic.com\r\n"),
            (b"GET http://captive.apple.com/", b"Host: captive.apple.com\r\n"),
            (b"GET /", b""),
            (b"GET /favicon.ico", HERE),
            (b"POST /save", b"Host: evil.example\r\nContent-Length: 0\r\n"),
        ):
            status, headers, body = yield from it.asks(line, headers)
            assert (status, body) == ("302 Found", b"") and b"Location: http://192.168.4.1/" in headers
        assert (yield from it.asks(b"GET /", b"Host: 192.168.4.1:80\r\n"))[0] == "200 OK"
        yield from leaves(it)

    with Setup() as it:
        it.run(person())


def test_only_the_page_itself_may_save():
    def person():
        for line, more, status in (
            (b"POST /save", b"Origin: http://evil.example\r\n", "403 Forbidden"),
            (b"POST /save", b"Origin: null\r\n", "403 Forbidden"),
            (b"PUT /save", b"", "405 Method Not Allowed"),
            (b"POST /state", b"", "405 Method Not Allowed"),
        ):
            assert (yield from it.asks(line, HERE + more, FORM))[0] == status
        assert files()["config.json"] == NEW["config.json"]
        answer = yield from it.asks(b"POST /save", HERE + b"Origin: http://192.168.4.1:80\r\n", FORM)
        assert (answer[0], json.loads(answer[2])) == ("200 OK", {"wrong": []})

    with Setup() as it:
        it.run(person())
        assert it.is_over()


def test_mistakes_are_told_and_nothing_is_written():
    def person():
        for body, expected in (
            (b"device_id", "form: "),
            (b"ssid=%zz", "form: "),
            (FORM.replace(b"4711", b"x"), "device_id: "),
            (FORM.replace(b"12345678", b"short"), "wifi[0].password: "),
        ):
            status, _, answer = yield from it.asks(b"POST /save", HERE, body)
            wrong = json.loads(answer)["wrong"]
            assert status == "200 OK" and len(wrong) == 1 and wrong[0].startswith(expected), wrong
            assert files()["config.json"] == NEW["config.json"]
        assert (yield from it.state())["fields"]["device_id"] == "4711", "what was typed last is there still"
        yield from leaves(it)

    with Setup() as it:
        it.run(person())


def test_no_room_is_told_and_the_page_goes_on():
    def person():
        for error, words in (
            (OSError(28), "form: can't be written into the flash: "),
            (MemoryError(), "form: the board has no memory for it now; try again"),
        ):

            def fails(found, error=error):
                raise error

            with replaced(setup_form, "keep", fails):
                answer = yield from it.asks(b"POST /save", HERE, FORM)
            assert json.loads(answer[2])["wrong"][0].startswith(words)
        assert files()["config.json"] == NEW["config.json"]
        yield from leaves(it)

    with Setup() as it:
        it.run(person())


def test_answers_that_are_right_are_on_trial_after_a_restart():
    def person():
        answer = yield from it.asks(b"POST /save", HERE, FORM)
        assert json.loads(answer[2]) == {"wrong": []}

    with Setup() as it:
        it.run(person())
        assert it.is_over() and not it.stopped and it.fed > 3
        there = files()
        config = json.loads(there["config.json"])
        assert config["device_id"] == "4711" and config["wifi"] == [{"ssid": "home", "password": "12345678"}]
        assert config["setup"] is True and there["config.back"] == NEW["config.json"]
        assert json.loads(there["setup.json"])["device_id"] == "4711", "for the page, if they do not work"
        assert log_module.uptime() < 60, "it did not wait for more"


def test_a_phone_that_never_takes_its_answer_is_not_waited_for():
    def person():
        it.open(b"GET / HTTP/1.1\r\n" + HERE + b"\r\n", takes=0)
        yield
        yield from it.asks(b"POST /save", HERE, FORM)

    with Setup() as it:
        it.run(person())
        assert it.is_over() and 5 <= log_module.uptime() <= 6
        assert files()["config.back"] == NEW["config.json"]


def test_after_ten_minutes_the_board_restarts_without_it():
    with Setup(dict(NEW, **{"setup.json": "{}", "config.undone": "not joined: home: no answer"})) as it:
        it.run()
        assert it.is_over()
        assert 600 <= log_module.uptime() <= 601
        assert "nobody has set the board up" in it.log
        assert "setup.json" not in files() and "config.undone" not in files(), "or this would begin again"
        assert files()["config.json"] == NEW["config.json"]


def test_ctrl_c_of_somebody_ends_it_without_a_restart():
    with Setup(dict(NEW, **{"setup.json": "{}"})) as it:
        it.run(leaves(it))
        assert it.ended and machine.resets == 0 and it.stopped == 1
        assert not it.air.access_point
        assert "setup.json" in files()


def test_noise_on_the_line_ends_nothing():
    def person():
        it.keyboard.says = False
        it.interrupt()
        yield
        assert (yield from it.asks(b"GET /"))[0] == "200 OK"
        it.keyboard.says = True
        it.interrupt()

    with Setup() as it:
        it.run(person())
        assert it.stopped == 1 and machine.resets == 0


def test_enter_at_the_console_has_it_said_again():
    def person():
        for _ in range(5 * 60 * 5):
            yield
        it.keys.waiting += [b"x", b"\r", b"\n"]
        for _ in range(4):
            yield
        assert len(it.printed) == 3 and it.log.lines[-1].endswith("; for 5 min"), it.log.lines
        it.keys.waiting.append(b"")  # nobody will ever type anything
        yield
        it.keys.waiting.append(b"\r")
        yield
        assert len(it.printed) == 3
        assert (yield from it.asks(b"GET /"))[0] == "200 OK"
        yield from leaves(it)

    with Setup() as it:
        it.run(person())
        assert len(it.keys.waiting) == 1, "what cannot be read any more is not looked at"


def test_every_name_is_the_boards():
    def person():
        it.names.waiting += [QUERY, b"no query"]
        yield
        yield
        yield
        assert len(it.names.sent) == 1 and it.names.sent[0].endswith(b"\0\4\xc0\xa8\4\1")
        it.names.error = OSError(errno.ENOMEM)
        it.names.waiting.append(QUERY)
        yield
        yield
        it.names.error = None
        it.names.waiting.append(QUERY)
        yield
        yield
        assert len(it.names.sent) == 2
        yield from leaves(it)

    with Setup() as it:
        it.run(person())


def test_who_asks_for_nothing_makes_room_but_not_at_once():
    def person():
        first, second, third = it.open(), it.open(), it.open(b"GET / HTTP/1.1\r\n" + HERE + b"\r\n")
        for _ in range(100):  # a second
            yield
        assert it.pages.waiting == [third] and not first.closed
        while not third.sent:
            yield
        assert first.closed and not second.closed, "the longest there goes"
        assert 1500 < (it.ticks.now - began) < 3000
        yield from leaves(it)

    with Setup() as it:
        began = it.ticks.now
        it.run(person())


def test_who_has_asked_for_something_does_not_make_room():
    def person():
        busy = [it.open(b"GET / HT"), it.open(b"GET / HT")]
        late = it.open(b"GET / HTTP/1.1\r\n" + HERE + b"\r\n")
        for _ in range(500):  # five seconds
            yield
        assert it.pages.waiting == [late] and not busy[0].closed and not busy[1].closed
        while not late.sent:
            yield
        assert busy[0].closed, "its own time is over, see setup_http.py"
        yield from leaves(it)

    with Setup() as it:
        it.run(person())


def test_who_is_gone_before_it_is_let_in_disturbs_nobody():
    def person():
        it.pages.error = OSError(errno.ECONNABORTED)
        it.open()
        yield
        yield
        it.pages.error = None
        assert (yield from it.asks(b"GET /"))[0] == "200 OK"
        yield from leaves(it)

    with Setup() as it:
        it.run(person())


def test_without_memory_everybody_is_sent_away_and_may_come_again():
    def fails(self):
        raise MemoryError

    def person():
        waits = it.open()
        yield
        yield
        with replaced(setup_http.Visitor, "turn", fails):
            yield
        assert waits.closed
        assert (yield from it.asks(b"GET /"))[0] == "200 OK"
        yield from leaves(it)

    with Setup() as it:
        it.run(person())
