"""firmware/update_ota.py and update_command.py: when a board asks OneNET for an update, as whom, and the command that
names one."""

import json

import current_device_bench as streams
import fakes
from current_device_bench import BASE, Studio
from device_bench import Bench, obeying
from flash_folder import Flash
from mqtt.client import ONLINE
from support import publish_of, raises, replaced
from update_bench import CONFIG, Server

from firmware import update
from firmware import update_ota as module

INFORM = BASE + "ota/inform"


class Streams(streams.Streams):
    """A board with updates asks for one topic more."""

    FILTERS = streams.Streams.FILTERS + (b"ota/inform",)


class Asking:
    """A board on the bench whose config.json says this. A context that gives the bench; `asked` are the times it has
    asked for an update, in seconds."""

    def __init__(self, kind, before=None, **config):
        self._kind = kind
        self._before = before
        self._flash = Flash({"config.json": json.dumps(dict(CONFIG, **config))})
        self._update = bool(config.get("update", True))

    def __enter__(self):
        self.now = 1000
        self.asked = []
        self.error = None
        self._flash.__enter__()
        self.log = fakes.Log(module)
        self._each = [
            self.log,
            replaced(update, "ask", self._ask),
            replaced(module, "uptime", lambda: self.now),
        ]
        for each in self._each:
            each.__enter__()
        self.it = self._kind(self._before, update=self._update)
        self.it.__enter__()
        return self

    def __exit__(self, *args):
        self.it.__exit__(*args)
        for each in self._each:
            each.__exit__(*args)
        self._flash.__exit__(*args)

    def _ask(self, device):
        assert device is self.it.device
        self.asked.append(self.now)
        if self.error:
            raise self.error

    def passes(self, seconds):
        self.now += seconds
        self.it.ticks.go_on(2000)
        self.it.turns(2)

    def asks(self, times):
        """Waits until it has asked so often, which takes no six hours."""
        self.it.until(lambda: self.passes(1) or len(self.asked) == times, "another asking")


# When


def test_once_online_and_every_six_hours():
    for kind in (Streams, Studio):
        with Asking(kind) as board:
            board.passes(1)
            assert board.asked == [1001], kind
            for _ in range(3):
                board.passes(7000)
            assert board.asked == [1001]
            board.passes(599)
            assert board.asked == [1001]
            board.passes(1)
            assert board.asked == [1001, 22601]


def test_a_new_connection_asks_anew():
    with Asking(Streams) as board:
        board.passes(1)
        board.device = board.it.device
        board.it.device._online_at = None
        board.passes(1)
        assert len(board.asked) == 1, "offline there is nobody to ask"
        board.it.device._online_at = 1002
        board.passes(1)
        assert len(board.asked) == 2


def test_without_memory_it_asks_later():
    with Asking(Streams) as board:
        board.error = MemoryError()
        board.passes(1)
        assert board.log.lines == ["update: there is not enough memory to ask for one"]
        board.error = None
        board.passes(1)
        assert len(board.asked) == 1
        board.passes(21600)
        assert len(board.asked) == 2


def test_at_a_word_of_the_platforms():
    with Asking(Streams) as board:
        board.passes(1)
        board.it.says("ota/inform", {"id": "123", "version": "1.0"})
        board.asks(2)
        packet = board.it.packet()
        assert packet[0] == 0x30 and (INFORM + "_reply{").encode() in packet
        assert json.loads(packet[packet.index(b"{") :]) == {"id": "123", "code": 200, "msg": "success"}
        board.passes(1)
        assert len(board.asked) == 2, "once"


def test_a_word_that_cannot_be_answered_counts_too():
    for odd in (b"", b"no JSON", b"[]", b"{}", b"7"):
        with Asking(Streams) as board:
            board.passes(1)
            board.it.says("ota/inform", odd)
            board.asks(2)
            assert board.it.silent()


def test_other_messages_go_where_they_went():
    with Asking(Streams, obeying(lambda payload: payload.upper())) as board:
        board.passes(1)
        assert board.it.command(b"on") == b"ON"
        board.it.send(publish_of(INFORM + "x", b"{}") + publish_of(INFORM[:-1] + "x", b"{}"))
        board.it.turns(3)
        board.passes(1)
        assert len(board.asked) == 1


def test_what_is_subscribed_to():
    with Asking(Streams) as board:
        assert b"ota/inform" in board.it.device._platform._FILTERS
        board.passes(1)
        assert board.it.silent(), "it is among the others"
    with Asking(Studio) as board:
        assert b"ota/inform" not in board.it.device._platform._FILTERS
        board.passes(1)
        packet = board.it.packet()
        assert packet[0] == 0x82 and INFORM.encode() in packet, "by itself, for it may be refused"


def test_a_thing_model_that_does_not_grant_it_is_online_all_the_same():
    for code in (b"\x80", b"\0"):
        with Asking(Studio) as board:
            board.passes(1)
            packet = board.it.packet()
            board.it.send(b"\x90\3" + packet[2:4] + code)
            board.it.until(lambda: not board.it.client.session._count, "SUBACK to be taken in")
            board.passes(1)
            assert board.it.client.state == ONLINE
            board.it.device.put("temp", 1)
            assert board.it.upload() == {"temp": 1}
    with Asking(Studio) as board:
        board.it.reconnect(granted=b"\x80")
        board.it.until(lambda: "it refuses thing/#" in board.it.log, "what its own refusal means")


# As whom


def asked(**config):
    """What header() says, with this in config.json."""
    config = dict({"product_id": "aBcDeF1234", "device_name": "board1"}, **config)
    with Flash({"config.json": json.dumps(config)}):
        return module.header()


def test_the_token_is_the_devices_or_the_products_or_the_given_one():
    key = CONFIG["device_key"]
    assert "res=products%2FaBcDeF1234%2Fdevices%2Fboard1&" in asked(device_key=key)
    assert "res=products%2FaBcDeF1234&" in asked(access_key=key)
    assert asked(token="version=1&sign=x") == "Authorization: version=1&sign=x\r\n"
    for text in (asked(device_key=key), asked(access_key=key)):
        assert text[:15] == "Authorization: " and text[-2:] == "\r\n" and "\n" not in text[:-2] and key not in text


def drained(work):
    """The value of a generator."""
    while True:
        try:
            next(work)
        except StopIteration as e:
            return e.value


def test_a_task_as_the_platform_tells_it():
    with Flash({"config.json": json.dumps(CONFIG)}):
        server = Server(b"")
        server.answers["check"] = {"code": 0, "data": {"tid": 77, "md5": "ab", "target": "1.1"}}
        task = drained(module.find(server))
        assert task["ota"] == 77 and task["md5"] == "ab" and task["digest"] == ""
        assert task["url"] == "http://iot-api.heclouds.com/fuse-ota/aBcDeF1234/board1/77/download"
        (_, version, said), (method, check, body) = server.told
        assert version == "/fuse-ota/aBcDeF1234/board1/version"
        assert json.loads(said) == {"s_version": "?", "f_version": "?"}
        assert (method, body) == ("GET", "")
        assert check == "/fuse-ota/aBcDeF1234/board1/check?type=2&version=?"
        assert all(header[:15] == "Authorization: " for header in server.headers)
        server.status = 502
        raises(OSError, drained, module.find(server), match="the platform's status is 502")


# The command


def told(payload, config, before=None):
    """The reply to a command of a board with this in config.json, and what was begun."""
    begun = []

    def start(device, url):
        begun.append(url)
        if "error" in url:
            raise {"v": ValueError("wrong"), "o": OSError(28, "full"), "m": MemoryError()}[url[-1]]

    with Flash({"config.json": json.dumps(config)}), replaced(update, "start", start):
        with Bench(before or obeying(lambda payload: b"the program's " + payload), update=True) as it:
            return it.command(payload), begun


def test_the_command_begins_one():
    for config in ({"update": True}, {"update_key": "a key for tests!"}):
        assert told(b"update http://a/b#c", config) == (b"ok", ["http://a/b#c"])
        assert told(b"update  http://a/b \n", config) == (b"ok", ["http://a/b"])


def test_the_command_says_why_not():
    on = {"update": True}
    assert told(b"update error v", on)[0] == b"error: wrong"
    assert told(b"update error o", on)[0].startswith(b"error: ")
    assert told(b"update error m", on)[0] == b"error: no memory for it"
    assert told(b"update \xff\xfe", on)[0].startswith(b"error: ")


def test_where_it_is_not_allowed_the_program_has_it():
    for config in ({}, {"update": False}, {"update": False, "update_key": ""}):
        assert told(b"update http://a/b", config) == (b"the program's update http://a/b", [])
    for payload in (b"update", b"updated x", b" update x", b"UPDATE x"):
        assert told(payload, {"update": True}) == (b"the program's " + payload, [])


def test_a_program_without_commands_can_be_updated():
    with Flash({"config.json": '{"update": true}'}), replaced(update, "start", lambda device, url: None):
        with Bench(update=True) as it:
            assert it.command(b"update http://a/b") == b"ok"
            assert it.command(b"x") == b"error: this device takes no commands"
            assert it.command(b"x" * 3000) == b"error: 3000 bytes are longer than rx_size"
