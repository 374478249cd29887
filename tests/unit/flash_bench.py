"""What tests of the outbox in flash share: a board that has one, on a folder that stands for its flash."""

import os

import fakes  # noqa: F401  # the way to firmware
from fakes import machine
from flash_folder import Flash
from support import replaced
from test_outbox import contents

from firmware import (
    across_resets,  # noqa: F401  # segments would not find it with another folder as the current one
    flash_outbox,
    segments,
)
from firmware.clock import Clock
from firmware.flash_outbox import FlashOutbox

flash_outbox.rare = lambda name: segments  # not loaded anew, nor the heap swept, at each step

OFFLINE, ONLINE = 0, 3
NOW = 840000000  # a true time
CHUNK = 1024


class Client:
    state = OFFLINE


class opening:
    """Files that segments.py opens come from this instead. A context."""

    def __init__(self, instead):
        self._instead = instead

    def __enter__(self):
        segments.open = self._instead

    def __exit__(self, *args):
        del segments.open


class Board:
    """What the outbox sees of a Device, and one that uploads; `now` is its uptime."""

    def __init__(self, size=512, kb=64, after=300, newest_first=False, full="drop_oldest", now=0):
        self.config = {"outbox_flash": {"kb": kb, "after": after, "newest_first": newest_first}}
        self._client = Client()
        self._points = self._online_at = None
        self._batch = 0
        self.clock = Clock("")
        self.now = now
        self.got = []  # (stream id, value, time) as the platform gets them
        flash_outbox.uptime = segments.uptime = lambda: self.now
        self.outbox = FlashOutbox(self, size, full == "drop_oldest", bytearray(size))

    def put(self, *numbers, seconds=NOW):
        """Data points that are told apart by their values, one a second; returns how many were taken."""
        kept = 0
        for n in numbers:
            self.now += 1
            kept += self.outbox.put(b"temperature", b"%d" % n, seconds + n if seconds else 0)
        return kept

    def upload(self, count=4, arrives=True):
        """A turn of the main loop: sends up to so many records, which are acknowledged or not."""
        outbox = self.outbox
        self._client.state = ONLINE
        outbox.locked = True
        found = contents(outbox)[:count]
        outbox.send(len(found))
        if arrives:
            self.got += [(name, value, self.clock.true_time(when)) for name, value, when in found]
            outbox.done()
        else:
            outbox.send(0)
        outbox.unlock()

    def empty(self, turns=2000):
        """Uploads until nothing is left."""
        while len(self.outbox) or self.outbox.first:
            self.upload()
            self.now += 1
            turns -= 1
            assert turns
        self._client.state = OFFLINE

    def values(self):
        return [int(value) for _, value, _ in self.got]


def on_flash(test):
    def run():
        uptime = segments.uptime
        try:
            with Flash({}), replaced(segments, "log", lambda subject, text: LOG.append(text)):
                del LOG[:]
                machine.cause = machine.PWRON_RESET
                test()
        finally:
            flash_outbox.uptime = segments.uptime = uptime

    return run


LOG = []


def files():
    return sorted([int(name) for name in os.listdir("outbox") if name != "state"])
