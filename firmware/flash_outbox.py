"""The outbox where "outbox_flash" lets it have a part of the flash: what does not fit, or has waited for long, goes
there, and comes back when there is a connection. What is done with files is in segments.py; this stays in memory.
"""

from micropython import const

from mqtt.client import ONLINE

from .log import log, rare, uptime
from .outbox import Outbox

_EACH = const(18)  # seconds for each write: 200 an hour, with which a megabyte of flash lasts ten years
_AT_ONCE = const(20)  # writes, where there were none before
_LATER = const(60)  # seconds after a fault until flash is tried again

# What segments.do() does
_BEGIN = const(0)
_SPILL = const(1)
_SAVE = const(2)
_LOAD = const(3)
_DELIVERED = const(4)


def make(*arguments):
    """A FlashOutbox. What asks for it is loaded on every board, and this name is known there."""
    return FlashOutbox(*arguments)


class FlashOutbox(Outbox):
    """An Outbox that moves records to flash and back when nobody goes through them: in put() and unlock().

    `copied` bytes at its beginning are in flash, too: as many as were loaded and are not yet acknowledged. They are
    deleted there when all have arrived, so that a reset repeats some, but loses none.
    """

    def __init__(self, device, size, drop_oldest, buf):
        super().__init__(size, drop_oldest, buf)
        wanted = device.config["outbox_flash"]
        self.device = device
        self.first = 0  # number of the oldest segment, 0 where there is none
        self.fault_until = 0  # uptime before which flash is left alone
        self.jumps = None  # until it is known what an earlier run has left
        self._held = None  # a file that has to be closed before it may be forgotten
        self.copied = 0
        self.loaded = 0  # bytes that the last load brought
        self.missed = 0  # of these, what had to make room before it was sent
        self._after = 300 if isinstance(wanted, int) else wanted.get("after", 300)  # seconds
        now = uptime()
        self._counted = now - _AT_ONCE * _EACH  # uptime from which on each _EACH is a write that may be made
        self._spill_at = now + self._after
        self._full_until = 0  # uptime before which there is no room in flash
        self._jumped = 0  # flash knows by how much the clock has
        self._do(_BEGIN)

    def unlock(self):
        Outbox.unlock(self)
        now = uptime()
        if now < self.fault_until:
            return
        device = self.device
        online = device._client.state == ONLINE
        batch = device._batch
        if batch and device._online_at is None and now >= self._spill_at:  # what was on its way has waited as all else
            device._batch = 0
            device._platform.forget(batch)
            self.send(0)
        fixed = max(self.copied, self._busy - self._start)  # bytes that need not, or must not, go to flash
        if self.jumps is None or device.clock._jump and not self._jumped:
            self._jumped = device.clock._jump
            self._do(_BEGIN)  # which notes it, as whatever is done does
        elif self.loaded and not self.copied:
            self._do(_DELIVERED)
        elif (len(self) - fixed) * 4 > (len(self.buf) - fixed) * 3 or not online and now >= self._spill_at:
            self._spill()
        elif online and self.first and not self.loaded and self._busy == self._start and len(self) * 4 < len(self.buf):
            self._do(_LOAD)
        if online or not len(self):
            self._spill_at = now + self._after

    def done(self):
        n = self._busy - self._start
        Outbox.done(self)
        self.copied = self.copied - n if self.copied > n else 0

    def save(self):
        """Writes all that is not in flash yet, for the board is about to be reset."""
        self._do(_SAVE)

    def _make_room(self, size):
        if len(self) + size > len(self.buf):
            n = self.copied - (self._busy - self._start)
            if n > 0:  # what is in flash as well can make room
                self._move(self._busy + n, self._busy)
                self.copied -= n
                self.missed += n
            if len(self) + size > len(self.buf):
                self._spill()
        return Outbox._make_room(self, size)

    def _spill(self):
        now = uptime()
        before = len(self)
        if now - self._counted < _EACH or now < max(self.fault_until, self._full_until):
            return
        if before == max(self.copied, self._busy - self._start):
            return
        self._counted = max(self._counted, now - _AT_ONCE * _EACH) + _EACH
        self._spill_at = now + self._after
        self._do(_SPILL)
        if len(self) == before:
            self._full_until = now + _LATER

    def _do(self, what):
        """Something with files, during which what put() brings waits outside."""
        locked = self.locked
        self.locked = True
        try:
            rare("segments").do(self, what)
        except (MemoryError, OSError) as e:
            self.fault_until = uptime() + _LATER
            log("outbox", "flash: %s" % (str(e) or "no memory"))
        if not locked:  # an interrupt leaves it as it is: in the middle of a change
            Outbox.unlock(self)
