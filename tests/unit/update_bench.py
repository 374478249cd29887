"""A board that an update comes to: a package, the server that has it, and a Device's part of it."""

import hashlib
import json
import sys
from binascii import hexlify

import fakes
from fakes import machine
from flash_folder import Flash
from support import replaced

from firmware import http, update, update_commit, update_ota, update_rom, update_trial

CHUNK = update._CHUNK
HEADER = 512  # bytes of a reply's head, as firmware/http.py keeps them free
CONFIG = {
    "update": True,
    "platform": "dp",
    "product_id": "aBcDeF1234",
    "device_name": "board1",
    "device_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
}


def digest_of(data):
    return hexlify(hashlib.sha256(data).digest()).decode()


def package(*files, **changes):
    """A package of these files, (kind, name, bytes) each, as tools/package/package.py makes them: the bytes, and the
    digest that it tells."""
    size = sum([len(data) for kind, _, data in files if kind != "="])
    version = [1, 23] if sys.implementation.name == "micropython" else [3, 8]
    head = {"version": "1.1", "chip": sys.platform, "form": "mpy", "mpy": 0, "micropython": version, "from": "1.0"}
    head.update({"stays": 60, "patience": 600, "size": size})
    head.update(changes)
    lines = '{"onenet": 1, ' + json.dumps(head)[1:] + "\n"
    for kind, name, data in files:
        lines += "%s%s %d %s\n" % (kind, name, len(data), digest_of(data))
    whole = lines.encode() + b"unsigned\n"
    for kind, _, data in files:
        if kind != "=":
            whole += data
    return whole, digest_of(lines.encode())


OLD, NEW = "old", b"new main"
BIG = b"".join([b"%07d\n" % n for n in range(CHUNK // 2)])  # four requests
WHOLE, DIGEST = package(("!", "finish.py", b"x"), ("!", "+swap", b"yy"), ("+", "big", BIG), ("+", "main.py", NEW))


class Server:
    """Stands for firmware.http.Http, and is the server. fails: what the next requests raise, None for nothing;
    answers: the platform's, by the last word of a request's path; short: replies lack a byte.

    What Http raises is raised here, and there is no more room in a reply than it has."""

    def __init__(self, data):
        self.data = data
        self.fails = []
        self.answers = {}
        self.asked = []  # (first, last) of the bytes
        self.told = []  # (method, path, body) of the platform
        self.headers = []
        self.status = 200  # of the platform's
        self.short = False
        self.closed = 0
        self.passes = lambda: None  # called while a request is under way

    def __call__(self, host, port, buf, more="", tls=False):
        self.host, self.more, self.room = host, more, len(buf) - HEADER
        return self

    def close(self):
        self.closed += 1

    def get(self, path, first, last):
        self.path = path
        self.asked.append((first, last))
        yield
        self.passes()
        error = self.fails.pop(0) if self.fails else None
        if error:
            raise error
        if first >= len(self.data):
            raise ValueError("it ends before byte %d" % first)
        self.body = memoryview(self.data)[first : last + 1 - self.short]
        self.n = len(self.body)
        assert self.n <= self.room

    def ask(self, method, path, more="", body=b""):
        self.told.append((method, path, body.decode()))
        self.headers.append(more)
        yield
        error = self.fails.pop(0) if self.fails else None
        if error:
            raise error
        answer = self.answers.get(path.split("?")[0].rsplit("/", 1)[1], {"code": 0})
        self.body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.n = len(self.body)

    def steps(self):
        """What the platform was told of how far it is."""
        return [json.loads(body)["step"] for _, path, body in self.told if path[-7:] == "/status"]


class Lines(fakes.Log):
    """What is logged. keep() of update_trial.py is another one than the log's."""

    names = ("log",)


class Outbox(list):
    def save(self):
        pass


class Wifi:
    there = True

    def connected(self):
        return self.there


class Device:
    """What an update has to do with of a Device."""

    def __init__(self, platform="legacy"):
        self.config = {"platform": platform, "outbox_flash": 0}
        self.outbox = Outbox()
        self.wifi = Wifi()
        self.turns = 0
        self.said = []  # by data points
        self._online_at = None

    def _turn(self):
        self.turns += 1

    def put(self, stream_id, text):
        assert stream_id == "update"
        self.said.append(text)

    def busy(self):
        """Whether an update, or the trial of one, stands in the way of its turns."""
        return isinstance(self._turn, (update.Update, update_trial.Trial))


class Updating:
    """A board with these files whose server has this data. A context that gives itself."""

    def __init__(self, data=b"", platform="legacy", **files):
        self.device = Device(platform)
        self.server = Server(data)
        self.flash = Flash({"config.json": json.dumps(dict(CONFIG, **files.pop("config", {})))})
        self.files = files
        self.ticks = fakes.Ticks(update, update_trial)
        self.log = Lines(update, update_commit, update_ota, update_rom, update_trial)
        self._http = replaced(http, "Http", self.server)

    def __enter__(self):
        machine.resets = 0
        self.flash.__enter__()
        self.flash.write({name.replace("__", "/"): text for name, text in self.files.items()})
        for each in (self.ticks, self.log, self._http):
            each.__enter__()
        return self

    def __exit__(self, *args):
        for each in (self._http, self.log, self.ticks, self.flash):
            each.__exit__(*args)

    def turns(self, count):
        for _ in range(count):
            self.device._turn()

    def run(self, turns=500):
        """Until it is over, one way or the other."""
        for _ in range(turns):
            if machine.resets or not self.device.busy():
                return
            self.device._turn()
        raise AssertionError("still under way; the log: %s" % self.log.lines)

    def start(self, address="http://a/p.pkg"):
        update.start(self.device, address)
        return self.device._turn
