"""Improv over serial: packets, commands, and a network that is joined or not. What a client sends and reads is written
here from the standard's tables, https://www.improv-wifi.com/serial."""

import json

import fakes
from fakes import machine, network
from support import raises, replaced

from firmware import improv as module

DEVICE = ("onenet", "1.0.0", "Generic ESP32 module with ESP32", "board-000001")
STATE, ERROR, COMMAND, RESULT = 1, 2, 3, 4
JOIN, ASK_STATE, ASK_DEVICE, SCAN, SETTINGS = 1, 2, 3, 4, 0xC0
READY, PROVISIONING, PROVISIONED = 2, 3, 4
NO_ERROR = (ERROR, b"\0")
GBK = b"\xbc\xd2"  # "home" in Chinese


def packet(kind, data, version=1):
    body = b"IMPROV" + bytes((version, kind, len(data))) + data
    return body + bytes((sum(body) & 0xFF,))


def command(number, data=b""):
    return packet(COMMAND, bytes((number, len(data))) + data)


def strings(*texts):
    return b"".join([bytes((len(text),)) + text for text in [t.encode() if isinstance(t, str) else t for t in texts]])


class Line:
    """A serial line: sys, stdin, stdout, their buffers, select.poll and the poll object in one."""

    def __init__(self, ticks):
        self.stdin = self.stdout = self.buffer = self
        self.typed = bytearray()
        self.sent = b""
        self.ctrl_c = 3
        self._ticks = ticks
        self._registered = False

    def __call__(self):
        return self

    def register(self, stream, events):
        self._registered = True

    def unregister(self, stream):
        self._registered = False

    def kbd_intr(self, character):
        self.ctrl_c = character

    def poll(self, ms):
        if not self._registered or not self.typed:
            self._ticks.go_on(ms)
            return []
        return [(self, 1)]

    def readinto(self, buf):
        assert len(buf) == 1, "a port's stdin waits for as many as are asked for: shared/runtime/sys_stdio_mphal.c"
        if self.typed == b"end":
            return 0
        buf[0] = self.typed[0]
        self.typed[:] = self.typed[1:]
        return 1

    def write(self, data):
        self.sent += data


class Bench:
    """A board with Improv in an air with these networks; a context."""

    def __init__(self, networks=(), problems=(), **air):
        self.air = network.new_air(networks, **air)
        self.ticks = fakes.Ticks(module)
        self.line = Line(self.ticks)
        self.kept = []
        self.problems = list(problems)
        self._replaced = [replaced(module, name, self.line) for name in ("sys", "poll")]
        self._replaced.append(replaced(module, "kbd_intr", self.line.kbd_intr))

    def __enter__(self):
        self.ticks.__enter__()
        for each in self._replaced:
            each.__enter__()
        self.improv = module.Improv(DEVICE, self._keep)
        self.improv.begin()
        return self

    def __exit__(self, *args):
        for each in self._replaced:
            each.__exit__(*args)
        self.ticks.__exit__()
        network.new_air()

    def _keep(self, settings):
        self.kept.append(settings)
        if self.problems == ["full"]:
            raise OSError(28)
        return self.problems

    def type(self, data, ms=0):
        self.line.typed += data
        return self.improv.turn(ms)

    def go_on(self, ms):
        self.ticks.go_on(ms)
        self.air.go_on(ms)

    def answers(self):
        """What it has sent since the last look: (type, data) each."""
        sent, self.line.sent = self.line.sent, b""
        found = []
        while sent:
            assert sent[:7] == b"IMPROV\x01", sent
            end = 9 + sent[8]
            assert sent[end] == sum(sent[:end]) & 0xFF
            assert sent[end + 1 : end + 2] == b"\n", "clients take a packet at the beginning of a line alone"
            found.append((sent[7], sent[9:end]))
            sent = sent[end + 2 :]
        return found

    def asks(self, number, data=b""):
        self.type(command(number, data))
        return self.answers()


def texts(answer, number):
    """Those in a result."""
    kind, data = answer
    assert (kind, data[0], data[1]) == (RESULT, number, len(data) - 2)
    found = []
    data = data[2:]
    while data:
        found.append(str(data[1 : 1 + data[0]], "utf-8"))
        data = data[1 + data[0] :]
    return found


def test_the_state():
    with Bench() as it:
        assert it.asks(ASK_STATE) == [NO_ERROR, (STATE, bytes((READY,)))]


def test_the_example_of_a_packet():
    """IMPROV, version 1, a command of two bytes, the sum."""
    assert command(ASK_STATE) == b"IMPROV\x01\x03\x02\x02\x00\xe5"


def test_who_it_is():
    with Bench() as it:
        no_error, result = it.asks(ASK_DEVICE)
        assert no_error == NO_ERROR
        assert texts(result, ASK_DEVICE) == list(DEVICE)


def test_networks_in_reach():
    with Bench({"home": "12345678", GBK: "x"}, rssi=-60) as it:
        it.air.active = True
        found = sorted(texts(answer, SCAN) for answer in it.asks(SCAN)[1:])
        assert found == [[], ["hex bcd2", "-60", "YES"], ["home", "-60", "YES"]]


def test_a_scan_that_fails_finds_nothing():
    with Bench() as it:
        it.air.absent = True
        assert it.asks(SCAN) == [NO_ERROR, (RESULT, bytes((SCAN, 0)))]


def test_joins_keeps_and_ends():
    for esp8266 in (False, True):
        with Bench({"home": "12345678"}, esp8266=esp8266) as it:
            assert it.asks(JOIN, strings("home", "12345678")) == [NO_ERROR, (STATE, bytes((PROVISIONING,)))]
            assert it.improv.turn(0) is False
            assert it.asks(ASK_STATE)[1:] == [(STATE, bytes((PROVISIONING,)))]
            assert not it.kept
            it.go_on(4000)
            assert it.improv.turn(0) is True
            assert it.answers() == [(STATE, bytes((PROVISIONED,))), (RESULT, bytes((JOIN, 0)))]
            assert it.kept == [{"wifi": [{"ssid": "home", "password": "12345678"}]}]
            assert it.asks(ASK_STATE)[1:] == [(STATE, bytes((PROVISIONED,))), (RESULT, bytes((ASK_STATE, 0)))]


def test_no_password_and_a_name_in_gbk():
    with Bench({"open": "", GBK: "12345678"}) as it:
        it.asks(JOIN, strings("open", ""))
        it.go_on(4000)
        assert it.improv.turn(0) and it.kept == [{"wifi": [{"ssid": "open", "password": ""}]}]
    with Bench({GBK: "12345678"}) as it:
        it.asks(JOIN, strings("hex bcd2", "12345678"))
        it.go_on(4000)
        assert it.improv.turn(0) and it.kept == [{"wifi": [{"ssid_hex": "bcd2", "password": "12345678"}]}]


def test_a_wrong_password_is_told_early_and_another_one_may_follow():
    with Bench({"home": "12345678"}) as it:
        it.asks(JOIN, strings("home", "wrong word"))
        it.go_on(3000)
        assert it.improv.turn(0) is False
        assert it.answers() == [(ERROR, b"\x03"), (STATE, bytes((READY,)))]
        it.go_on(60000)
        it.asks(JOIN, strings("home", "12345678"))
        it.go_on(4000)
        assert it.improv.turn(0) is True


def test_a_network_that_is_not_there_has_less_time_than_clients():
    with Bench() as it:
        it.asks(JOIN, strings("home", "12345678"))
        it.go_on(24000)
        it.improv.turn(0)
        assert it.answers() == []
        it.go_on(2000)
        it.improv.turn(0)
        assert it.answers() == [(ERROR, b"\x03"), (STATE, bytes((READY,)))]
        assert not it.air.requested, "it tries on"
        assert not it.kept


def test_an_address_is_waited_for():
    with Bench({"home": "12345678"}) as it:
        it.air.no_address = True
        it.asks(JOIN, strings("home", "12345678"))
        it.go_on(6000)
        assert it.improv.turn(0) is False
        it.air.no_address = False
        assert it.improv.turn(0) is True


def test_another_network_from_before_is_not_taken_for_this_one():
    with Bench({"home": "12345678", "shop": "abcdefgh"}) as it:
        it.air.join("shop", "abcdefgh")
        it.asks(JOIN, strings("home", "wrong word"))
        assert it.improv.turn(0) is False and not it.kept


def test_a_driver_that_does_not_take_it():
    with Bench() as it:
        it.air.error = OSError("Wifi Internal Error")
        assert it.asks(JOIN, strings("home", "12345678"))[-2:] == [(ERROR, b"\x03"), (STATE, bytes((READY,)))]


def test_what_cannot_be_a_network():
    for data in (
        strings("", "12345678"),
        strings("n" * 33, "12345678"),
        strings("home", "1234567"),
        strings("home", "p" * 65),
        strings("home", b"\xff" * 8),
        strings("home"),
        strings("home", "12345678", "more"),
        b"\x05home",
        b"",
    ):
        with Bench() as it:
            it.air.active = True
            assert it.asks(JOIN, data) == [NO_ERROR, (ERROR, b"\x01")], data
            assert not it.air.tried


def test_a_network_alone_is_not_all_and_settings_follow():
    settings = {"device_id": "789546805", "product_id": "458945", "auth_info": "鉴权信息" * 30}
    text = json.dumps(settings).encode()
    with Bench({"home": "12345678"}, ["device_id: is missing"]) as it:
        it.asks(JOIN, strings("home", "12345678"))
        it.go_on(4000)
        assert it.improv.turn(0) is False
        assert it.answers() == [(STATE, bytes((PROVISIONED,))), (RESULT, bytes((JOIN, 0)))]
        it.problems = []
        pieces = [text[at : at + 200] for at in range(0, len(text), 200)]
        for i, piece in enumerate(pieces):
            last = i == len(pieces) - 1
            assert it.asks(SETTINGS, bytes((last,)) + piece) == [NO_ERROR, (RESULT, bytes((SETTINGS, 0)))]
            assert it.improv.turn(0) is last
        assert it.kept[1:] == [dict(settings, wifi=[{"ssid": "home", "password": "12345678"}])]


def test_settings_before_a_network():
    """What is wrong with them is known before the network takes its time, and another try is in place of this one."""
    with Bench({"home": "12345678"}, ["wifi: is missing"]) as it:
        for given in (b'{"device_id": "1", "colour": 1}', b'{"device_id": "1"}'):
            assert texts(it.asks(SETTINGS, b"\x01" + given)[1], SETTINGS) == ["wifi: is missing"]
        it.problems = []
        it.asks(JOIN, strings("home", "12345678"))
        it.go_on(4000)
        assert it.improv.turn(0) is True
        assert it.kept[2] == {"device_id": "1", "wifi": [{"ssid": "home", "password": "12345678"}]}


def test_settings_that_are_wrong():
    problems = ["device_id: is missing; must be " + "x" * 300, "product_id: is missing"]
    with Bench(problems=problems) as it:
        no_error, result = it.asks(SETTINGS, b"\x01{}")
        assert texts(result, SETTINGS) == [problems[0][:252]]
        assert it.improv.turn(0) is False
        it.problems = ["full"]
        (said,) = texts(it.asks(SETTINGS, b"\x01{}")[1], SETTINGS)
        assert said.startswith("nothing was written: OSError(28")
        it.problems = problems[1:]
        assert texts(it.asks(SETTINGS, b"\x01{}")[1], SETTINGS) == problems[1:]
    with Bench() as it:
        for data in (b"", b"\x01", b"\x01{", b"\x01no JSON", b"\x01[]"):
            assert it.asks(SETTINGS, data)[1:] == [(ERROR, b"\x01")], data
        for _ in range(8):
            assert it.asks(SETTINGS, b"\x00" + b" " * 250)[1:] == [(RESULT, bytes((SETTINGS, 0)))]
        assert it.asks(SETTINGS, b"\x00" + b" " * 250)[1:] == [(ERROR, b"\x01")], "bounded"
        assert it.asks(SETTINGS, b"\x01{}")[1:] == [(RESULT, bytes((SETTINGS, 0)))], "and begun anew"
        assert it.kept == [{}]


def test_no_character_is_cut():
    with Bench(problems=["字" * 100]) as it:
        assert texts(it.asks(SETTINGS, b"\x01{}")[1], SETTINGS) == ["字" * 84]


def test_what_is_no_command():
    with Bench() as it:
        for number in (0, 5, 6, 7, 255):
            assert it.asks(number) == [NO_ERROR, (ERROR, b"\x02")]
        assert it.asks(JOIN, b"\x03\x03\x03")[1:] == [(ERROR, b"\x01")]


def test_a_packet_that_is_not_right():
    with Bench() as it:
        right = command(ASK_STATE)
        it.type(right[:-1] + bytes((right[-1] ^ 1,)))
        assert it.answers() == [(ERROR, b"\x01")]
        for data in (b"", b"\x02", b"\x02\x01", b"\x02\x00\x00"):
            it.type(packet(COMMAND, data))
            assert it.answers() == [(ERROR, b"\x01")], data
        for other in (packet(STATE, b"\x02"), packet(RESULT, b"\x01\x00"), packet(0x7F, b"\x02\x00", version=2)):
            it.type(other)
            assert it.answers() == [], other
        it.type(right)
        assert len(it.answers()) == 2


def test_a_packet_comes_in_any_portions_and_between_anything():
    right = command(ASK_STATE)
    with Bench() as it:
        for byte in right:
            it.type(bytes((byte,)))
        assert len(it.answers()) == 2
        it.type(b"noise IMPR IMPROV" + right + b"\n" + right + b"\r\n")
        assert len(it.answers()) == 4
        it.type(right[:8])
        it.ticks.go_on(600)
        it.type(right)
        assert len(it.answers()) == 2, "the rest of the first one never came"


def test_the_longest_packet():
    with Bench() as it:
        it.type(packet(COMMAND, bytes((SETTINGS, 253, 0)) + b" " * 252))
        assert it.answers() == [NO_ERROR, (RESULT, bytes((SETTINGS, 0)))]


def test_ctrl_c_in_a_packet_is_a_byte_and_elsewhere_somebody():
    with Bench() as it:
        assert it.line.ctrl_c == -1
        assert b"\x03" in command(ASK_STATE)
        it.type(command(ASK_STATE))
        for typed in (b"\x03", b"\r\x03", b"IMP\x03", b"IMPROV\x03"):
            it.improv.begin()
            raises(KeyboardInterrupt, it.type, typed)
            it.improv.end()
            assert it.line.ctrl_c == 3
        it.improv.begin()
        it.type(b"IMPROV\x01\x03\x02")
        it.ticks.go_on(600)
        raises(KeyboardInterrupt, it.type, b"\x03")


def test_waits_for_what_comes_and_no_longer_than_told():
    with Bench() as it:
        before = it.ticks.now
        it.improv.turn(100)
        assert it.ticks.now - before == 100
        it.type(command(ASK_STATE), 100)
        assert it.ticks.now - before == 100


def test_a_line_that_has_ended():
    with Bench() as it:
        it.type(b"end")
        it.type(b"end")
        assert it.answers() == []


# In place of a Device's turns


class Room:
    """All modules that wait() borrows: writes what it is given, and says how things are."""

    def __init__(self):
        self.written = []
        self.told = self.forgotten = 0
        self.failure = None

    def __call__(self, name):
        return self

    def write(self, answers):
        if self.failure:
            raise self.failure
        self.written.append(answers)
        return []

    def tells(self, device):
        self.told += 1

    def version(self):
        return "1.0.0"

    def forget_crashes(self, device):
        self.forgotten += 1


class Waiting(Bench):
    """The same around wait(): types what is due at its time, (ms, bytes) each, and then Ctrl-C."""

    def __init__(self, networks, *due):
        super().__init__(networks)
        self.room = Room()
        self.due = list(due)
        self.log = fakes.Log(module)
        self.line.platform = "esp32"
        self.line.implementation = module.sys.implementation
        self.line.poll = self.poll
        self._replaced.append(replaced(module, "rare", self.room))

    def __enter__(self):
        self.log.__enter__()
        return super().__enter__()

    def __exit__(self, *args):
        super().__exit__(*args)
        self.log.__exit__(*args)

    def poll(self, ms):
        if self.line.typed:
            return [(self.line, 1)]
        self.go_on(ms)
        if not self.due:
            self.line.typed += b"\x03"
        elif self.due[0][0] <= ms:
            self.line.typed += self.due.pop(0)[1]
        else:
            self.due[0] = self.due[0][0] - ms, self.due[0][1]
        return [(self.line, 1)] if self.line.typed else []


def test_a_board_tells_that_it_waits_at_once_at_enter_and_every_ten_seconds():
    with Waiting({}, (5000, b"\r"), (25000, b"\n")) as it:
        raises(KeyboardInterrupt, module.wait, None)
        assert it.room.told == 4 and len(it.log.lines) == 4
        assert it.line.ctrl_c == 3


def test_a_board_that_waits_for_a_minute_does_not_crash():
    with Waiting({}, (61000, b"\r"), (61000, b"\r")) as it:
        raises(KeyboardInterrupt, module.wait, None)
        assert it.room.forgotten == 1


def test_a_board_restarts_with_what_it_got():
    machine.resets = 0
    with Waiting({"home": "12345678"}, (500, command(JOIN, strings("home", "12345678"))), (9000, b"")) as it:
        module.wait(None)
        assert it.room.written == [{"wifi": [{"ssid": "home", "password": "12345678"}]}]
        assert machine.resets == 1 and it.line.ctrl_c == 3
        assert "config.json is written" in it.log


def test_who_the_board_is():
    with Waiting({}, (500, command(ASK_DEVICE))) as it:
        raises(KeyboardInterrupt, module.wait, None)
        name, version, kind, device, system, number = texts(it.answers()[1], ASK_DEVICE)
        assert (name, version, device, system) == ("onenet", "1.0.0", "esp32-000001", "MicroPython")
        assert kind and number.count(".") == 2


def test_whatever_goes_wrong_ctrl_c_counts_again():
    with Waiting({}, (500, command(SETTINGS, b"\x01{}"))) as it:
        it.room.failure = RuntimeError()
        raises(RuntimeError, module.wait, None)
        assert it.line.ctrl_c == 3
