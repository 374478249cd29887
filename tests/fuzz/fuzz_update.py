"""What comes for an update over the air: the head of a package, and the replies of an HTTP server. Both are taken in or
refused with what Update expects, and a reply is read the same however it is cut."""

import os

import fakes  # noqa: F401  # the way to firmware
from taken import Taken

from firmware import update_head
from firmware.http import Http

_REFUSES = ValueError, KeyError, TypeError, IndexError  # see Update.__call__()


def check_head(data):
    taken = Taken(data)
    with open("config.json", "w") as file:
        file.write(('{"update_key": "k3y"}', "{}")[taken.below(2)])
    if "deploy" not in os.listdir("."):
        os.mkdir("deploy")
    with open("deploy/+head", "wb") as file:
        file.write(taken.rest())
    try:
        head = update_head.look()
    except _REFUSES:
        return
    assert head is None or head["size"] >= 0 and 0 < head["end"] <= len(data) and len(head["digest"]) == 64


class _Server:
    """Socket and poller in one."""

    def __init__(self, data, steps):
        self._data = data
        self._steps = steps

    def readinto(self, view):
        n = min(len(view), self._steps[0] or len(self._data), len(self._data))
        self._steps = self._steps[1:] + self._steps[:1]
        view[:n] = self._data[:n]
        self._data = self._data[n:]
        return n

    def write(self, data):
        return len(data)

    def register(self, sock, events):
        pass

    modify = register

    def unregister(self, sock):
        pass

    def poll(self, ms):
        return [1]

    def close(self):
        pass


def check_reply(data):
    taken = Taken(data)
    steps = taken.some(3) or b"\1"
    reply = taken.rest()
    whole = _read(reply, b"\0")
    for cuts in (steps, b"\1"):
        found = _read(reply, cuts)
        # What comes behind a reply is seen only where it comes with it.
        assert found == whole or "too many" in whole, (found, whole)


def _read(reply, steps):
    """What an Http makes of it: status, sizes and body, or why it takes nothing of it."""
    http = Http("server", 80, bytearray(700))
    http._sock = http._poller = _Server(reply, steps)
    try:
        for _ in http.get("/", 0, 99):
            pass
    except (OSError, ValueError) as e:
        return str(e)
    assert len(http.body) == http.n
    return "%d %d %d %s %s" % (http.status, http.total, http.errno, bytes(http.body), http._sock is None)
