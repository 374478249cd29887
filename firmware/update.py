"""A program that comes over the air: its package is read from an HTTP server, a piece in each turn of the main loop,
into the folder deploy/, and goes on where it was after a lost link or a reset. Loaded for an update only; then boot.py
swaps the programs, and update_trial.py watches the new one.

In deploy/ are +job, what was asked for; +head, the package's; and each file under its name with + in place of /. A file
is there as far as it has its size; it is hashed as it lies in flash. It is a room of device.py, and knows its
attributes.
"""

import hashlib
import json
import os
import sys
from binascii import hexlify
from micropython import const
from time import ticks_diff, ticks_ms

from . import watchdog
from .log import log, rare

_CHUNK = 1024 if sys.platform == "esp8266" else 2048  # bytes of one request; an ESP32's heap is not to grow for it
_HEADER = const(512)  # bytes more, for the header of a reply
_BESIDE = const(3)  # lacks of memory that are borne beside main.py
_LACKS = const(9)  # and in all
_ENOSPC = const(28)
_SPARE = const(8)  # blocks of flash that must stay free
_SLICE = const(50)  # ms of work in one turn
_LONGEST = const(300000)  # ms between two attempts
_HEAD = "deploy/+head"
_JOB = "deploy/+job"


def start(device, url):
    """Begins, or begins anew. url: http://…, with # and the package's digest, or without for whichever is there.
    ValueError where it can't."""
    url, _, digest = url.partition("#")
    rare("http").parts_of(url)
    if exists("deploy/record"):
        raise ValueError("a new program has to prove itself first")
    job = {"url": url, "digest": digest}
    _keep_job(job)
    Update(device, job)


def ask(device):
    """Asks the platform whether there is something to be done; not while there is already."""
    if not exists(_JOB):
        Update(device, {})


def go_on(device):
    """After a reset."""
    job = _read_job()
    if job:
        log("update", "goes on with " + job["url"])
        Update(device, job)
    else:
        rare("update_trial").clear()


def _keep_job(job):
    """What there is of another goes."""
    if _read_job() != job:
        rare("update_trial").clear()
        os.mkdir("deploy")
        with open("deploy/+new", "w") as file:
            json.dump(job, file)
        os.rename("deploy/+new", _JOB)


def _read_job():
    try:
        with open(_JOB) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


class Update:
    """One under way. It stands in the way of the device's turns until it is over."""

    def __init__(self, device, job):
        self._device = device
        self._job = job
        self._buf = bytearray(_CHUNK + _HEADER)
        self._http = None
        self._work = self._steps()
        self._delay = 0  # ms to wait since _failed_at
        self._news = False  # something is not on the board yet
        self._lacks = 0  # times there was no memory, without a byte in between
        self._failed_at = self._since = ticks_ms()
        self._done = self._size = self._told = self._reported = 0  # bytes that are here, of so many; tens of percent
        device._turn = self

    def __call__(self):
        """A turn of the device's, and then a piece of work."""
        device = self._device
        type(device)._turn(device)
        if not device.wifi.connected() or device._turn is not self:
            return
        if self._delay and 0 <= ticks_diff(ticks_ms(), self._failed_at) < self._delay:
            return
        self._since = ticks_ms()
        try:
            next(self._work)
        except StopIteration:
            if not self._job:  # there was nothing, or it is told that it has failed
                self._end()
        except (OSError, MemoryError) as e:
            if isinstance(e, OSError) and e.errno == _ENOSPC:
                return self._give_up("the flash is full", 102)
            if isinstance(e, MemoryError):
                self._lacks += 1
                if self._lacks > _LACKS:
                    return self._give_up("there is not enough memory for it", 103)
            if not self._job:
                log("update", "there is not enough memory to ask for one" if isinstance(e, MemoryError) else str(e))
                return self._end()
            self._delay = min(self._delay * 2 or 2000, _LONGEST)
            self._failed_at = ticks_ms()
            log("update", "%s; goes on in %d s" % (e, self._delay // 1000))
            go_on = self._lacks < _BESIDE or "firmware.alone" in sys.modules
            self._work = self._steps() if go_on else self._make_room()
        except (ValueError, KeyError, TypeError, IndexError) as e:
            if not self._job:
                return self._end()
            self._give_up(str(e) or type(e).__name__, 205 if self._reported > 10 else 107)  # after 101 it is the MD5

    def _make_room(self):
        """Without main.py, and so with its memory, at most ten minutes: see alone.py."""
        yield from self._drain()
        log("update", "goes on without main.py, to have its memory")
        open("safe_mode_online", "w").close()
        rare("restart").now(self._device)

    def _drain(self):
        """Until the outbox is empty, or 30 s have passed: a reset would lose it."""
        start = ticks_ms()
        while len(self._device.outbox) and ticks_diff(ticks_ms(), start) < 30000:
            yield

    def tell(self, text):
        """To the log, and as a data point."""
        log("update", text)
        if self._device.config["platform"] != "studio":  # which takes only what its thing model has
            self._device.put("update", text)

    def _give_up(self, why, step):
        if self._http:
            self._http.close()
        why = "refused: " + why
        rare("update_trial").keep(why)
        self.tell(why)
        if "ota" in self._job:
            self._work = rare("update_ota").step(self._http, self._job["ota"], step)
            self._job = {}
        else:
            self._end()

    def _end(self):
        if self._http:
            self._http.close()
        rare("update_trial").clear()
        del self._device._turn

    def _steps(self):
        """The work: a generator, each next() is a turn's."""
        more = ""
        if "url" not in self._job:
            self._http = rare("update_ota").connection(self._buf)
            job = yield from rare("update_ota").find(self._http)
            if not job:
                return
            self._http.close()
            self._job = job
            _keep_job(job)
        task = self._job.get("ota")
        if task:
            more = rare("update_ota").header()
        http = rare("http")
        host, port, path, tls = http.parts_of(self._job["url"])
        self._http = http = http.Http(host, port, self._buf, more, tls)
        head = exists(_HEAD) and rare("update_head").look()
        while not head:
            at = size_of(_HEAD)
            yield from http.get(path, at, at + _CHUNK - 1)
            self._append(_HEAD)
            self._delay = self._lacks = 0
            head = rare("update_head").look()
            if not head and http.n < _CHUNK:
                raise ValueError("the package is cut off")
        if self._job["digest"] not in ("", head["digest"]):
            raise ValueError("it is another package than was asked for")
        yield from self._compare(head)
        if not self._told:
            self._told = 1
            self.tell("%s to %s" % (rare("about").version(), head["version"]))
        self._done = 0
        self._size = head["size"]
        at = head["end"]
        for kind, name, size, digest in _lines(head):
            if kind == "@":
                self._news = True
                yield from rare("update_rom").fetch(self, http, path, at, size, digest)
            elif kind != "=" and not (kind == "+" and same(name, size, digest)):
                self._news = self._news or kind == "+"
                yield from self._fetch(http, path, at, staged(name), size, digest)
            if kind != "=":
                at += size
            self._done = at - head["end"]
            self.came(0)
            if task and self._told > self._reported:
                self._reported = self._told
                if self._told < 10:  # 100 and 101 are the same to the platform
                    yield from rare("update_ota").step(http, task, self._told * 10)
            if self.late():
                yield
        http.close()
        if not self._news:
            self.tell("version %s is here already" % head["version"])
            if task:
                yield from rare("update_ota").ended(http, task, 201)
            self._job = {}
            return
        if task:
            yield from rare("update_ota").step(http, task, 101)
            self._reported = 11
            yield from _check_md5(self, self._job["md5"], head)
            http.close()
        self.tell("all is here; restarts to put it in place")
        yield from self._drain()
        rare("update_commit").commit(self._device, _lines(head))

    def _compare(self, head):
        """What the package takes for granted must be there, and room for the rest."""
        block, free = os.statvfs("/")[0], os.statvfs("/")[3]
        wanted = _SPARE
        for kind, name, size, digest in _lines(head):
            watchdog.feed()
            if kind == "=":
                if not same(name, size, digest):
                    raise ValueError("it is for a board with version %s: %s is another" % (head["from"], name))
            elif kind != "@" and not (kind == "+" and same(name, size, digest)):
                wanted += size // block - size_of(staged(name)) // block + 1
            if self.late():
                yield
        if wanted > free:
            words = "it needs %d KB of flash, and %d KB are free"
            raise ValueError(words % (wanted * block // 1024, free * block // 1024))

    def _fetch(self, http, path, at, name, size, digest):
        done = size_of(name)
        if done > size:
            os.remove(name)
            done = 0
        if not size:
            open(name, "wb").close()
        while done < size:
            n = min(_CHUNK, size - done)
            yield from http.get(path, at + done, at + done + n - 1)
            if http.n != n:
                raise ValueError("the package is cut off")
            self._append(name)
            done += n
            self.came(n)
            if self.late():
                yield
        if hash_of(name) != digest:
            os.remove(name)
            raise ValueError("%s is corrupted" % name)

    def _append(self, name):
        with open(name, "ab") as file:
            file.write(self._http.body)

    def late(self):
        """Whether this turn has had its time."""
        return ticks_diff(ticks_ms(), self._since) > _SLICE

    def came(self, n):
        """So many bytes are in flash."""
        if n:
            self._delay = self._lacks = 0
        self._done += n
        tens = self._done * 10 // (self._size or 1)
        if tens > self._told:
            self._told = tens
            self.tell("%d %%" % (tens * 10))


def _lines(head):
    """(kind, name, size, SHA-256) of each file, in their order. They have been checked: update_head.py would take the
    memory that is wanted for fetching."""
    with open(_HEAD, "rb") as file:
        file.readline()
        line = file.readline()
        while line != b"unsigned\n" and line[:5] != b"hmac ":
            name, size, digest = str(line[1:-1], "utf-8").split(" ")
            yield chr(line[0]), name, int(size), digest
            line = file.readline()


def _check_md5(update, wanted, head):
    """A generator: the platform's own sum, where this port has MD5, which an ESP8266's has not."""
    if not hasattr(hashlib, "md5"):
        return
    digest = hashlib.md5()
    with open(_HEAD, "rb") as file:
        digest.update(file.read(head["end"]))
    for kind, name, _, _ in _lines(head):
        path = staged(name)
        if kind != "=":
            with open(path if exists(path) else name, "rb") as file:
                data = file.read(256)
                while data:
                    digest.update(data)
                    data = file.read(256)
            if update.late():
                yield
    if str(hexlify(digest.digest()), "utf-8") != wanted:
        raise ValueError("its MD5 is not the platform's")


def staged(name):
    """Where a file waits, as firmware/swap.py has it."""
    return "deploy/" + name.replace("/", "+")


def same(name, size, digest):
    """Whether the file is there as it shall be."""
    return size_of(name) == size and exists(name) and hash_of(name) == digest


def exists(name):
    try:
        os.stat(name)
        return True
    except OSError:
        return False


def size_of(name):
    """Bytes; 0 where there is no such file."""
    try:
        return os.stat(name)[6]
    except OSError:
        return 0


def hash_of(name):
    digest = hashlib.sha256()
    buf = bytearray(256)
    with open(name, "rb") as file:
        n = file.readinto(buf)
        while n:
            digest.update(memoryview(buf)[:n])
            n = file.readinto(buf)
    return str(hexlify(digest.digest()), "utf-8")
