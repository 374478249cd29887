"""A visit to the platform: what Device.run_once() does. Loaded for that; it is a room of device.py, and knows its
attributes.
"""

from micropython import const
from time import sleep_ms, ticks_diff, ticks_ms

from mqtt.client import ONLINE

from . import watchdog
from .log import rare
from .notes import load

_LINGER = const(500)  # ms in which nothing comes, after which nothing waits for the board
_UPDATING = const(600000)  # ms awake at most for an update over the air
_STUCK = const(8000)  # ms that it waits when it does not get on
_GOODBYE = const(100)  # ms for the end of the connection to leave the chip


def run_once(device, timeout, keys=None, least=0):
    """See Device.run_once(). keys: the poll object of Device.run(), for whoever is at the keyboard; least: seconds to
    stay."""
    if not isinstance(timeout, (int, float)) or not 1 <= timeout <= 3600:
        raise ValueError("timeout: must be 1 to 3600 s")
    visit = _Visit(device)
    if not device.config:
        return visit.outcome(device._trouble)
    notes = load()
    device._measure()
    if notes.skip and rare("wake").reason() == "timer":
        notes.skip -= 1
        why = "not tried, for the last %d did not come online; %d wakes until the next" % (notes.failed, notes.skip + 1)
    else:
        why = visit.go(notes, int(timeout * 1000), keys, least * 1000)
    rare("across_resets").save(device, notes.packed(), False)
    return visit.outcome(why)


class _Visit:
    """Counts what goes and what is obeyed, for which the platform's calls go by way of it."""

    def __init__(self, device):
        self.device = device
        self.delivered = self.commands = 0
        self.reply = self.post = None

    def outcome(self, why):
        return {
            "online": not why,
            "why": why,
            "delivered": self.delivered,
            "waiting": rare("across_resets").count(self.device.outbox) if self.device.outbox else 0,
            "commands": self.commands,
        }

    def go(self, notes, ms, keys, least):
        """Returns why it did not come online, in words; empty if it did."""
        device = self.device
        client = device._client
        began = ticks_ms()
        as_before = rare("as_before")
        fixed = as_before.begin(device, notes)
        before = rare("drift").begin(device.clock, notes, rare("wake").reason())
        interval = device.config["upload_interval"]
        device.config["upload_interval"] = min(interval, 1)  # all that is due is to go
        online = False
        self._count()
        try:
            while True:
                watchdog.feed()
                device._turn()
                for _ in keys.ipoll(0) if keys else ():
                    device._key_pressed(keys)
                online = online or client.state == ONLINE
                passed = ticks_diff(ticks_ms(), began)
                if (passed >= ms or passed >= least and self._done()) and not (passed < _UPDATING and self._updates()):
                    break
                if fixed and device._delay and device.wifi._joined:
                    fixed = as_before.ask_anew(device, notes)
        finally:
            device.config["upload_interval"] = interval
            self._leave(online)
        if before is not None:
            rare("drift").note(device.clock, notes, before)
        if online:
            as_before.note(device, notes, fixed)
            notes.failed = notes.skip = 0
            return ""
        notes.address = b""
        notes.failed = min(notes.failed + 1, 255)
        notes.skip = (1 << min(notes.failed - 1, 7)) - 1  # Device.sleep() knows how long that is
        return (device.wifi._joined and device._trouble) or "no network"

    def _done(self):
        """Whether nothing waits any more, on either side."""
        device = self.device
        client = device._client
        if client.state != ONLINE or device._batch or device._commands or client.session._count:
            return False
        if len(device.outbox) or device.config["outbox_flash"] and device.outbox.first:
            return False
        if device._things and device._things.asks:
            return False
        return ticks_diff(ticks_ms(), client.session.heard) >= _LINGER

    def _updates(self):
        """Whether an update over the air is under way, and gets on: it stands in the way of the device's turns."""
        turn = self.device._turn
        if isinstance(turn, type(self._updates)):
            return False
        try:
            return turn._delay < _STUCK
        except AttributeError:  # a new program proves itself: update_trial.py
            return True

    def _leave(self, online):
        """Closes without DISCONNECT, which may have to wait for what is on its way out; and a broker tells others then
        that the device is offline."""
        device = self.device
        platform = device._platform
        platform.on_sent = device._sent
        del platform.reply
        if self.post:
            del platform.post
        device._client.close()
        watchdog.patient(False)
        device._online_at = None
        device._delay = 0
        if online:
            device._trouble = "not online any more"
            sleep_ms(_GOODBYE)

    # What is counted

    def _count(self):
        platform = self.device._platform
        platform.on_sent = self._sent
        self.reply = platform.reply
        platform.reply = self._replied
        if hasattr(platform, "post"):
            self.post = platform.post
            platform.post = self._posted

    def _sent(self, batch):
        if batch == self.device._batch:
            self.delivered += self.device._count
        self.device._sent(batch)

    def _replied(self, topic, payload):
        self.commands += 1
        return self.reply(topic, payload)

    def _posted(self, topic, text):
        if topic == b"property/desired/delete":  # what was wished for, and is done
            self.commands += 1
        return self.post(topic, text)
