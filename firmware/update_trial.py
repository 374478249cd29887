"""A new program that has come over the air, until it is trusted; the end of an update, either way. Loaded where there
is a folder deploy/ at the start.

It is trusted when it has stayed online as long as its package says, a minute, and device.healthy(), where the program
has one, returns something true. Otherwise boot.py puts the old one back: see firmware/swap.py. It is a room of
device.py, and knows its attributes.
"""

import json
import machine
import os
import sys
from time import ticks_add, ticks_diff, ticks_ms

from .log import log, rare, uptime

_STATE = "deploy/+state"


def begin(device):
    """At the start of a program: what is to be done about the folder."""
    files = os.listdir("deploy")
    if "record" in files or "+state" in files:
        Trial(device, "record" in files)
    elif "+job" in files:
        try:
            rare("update").go_on(device)
        except MemoryError:
            if "firmware.alone" in sys.modules:
                keep("refused: there is not enough memory for it")
                clear()
                return
            log("update", "goes on without main.py, to have its memory")
            open("safe_mode_online", "w").close()  # see start.py
            machine.reset()


def clear():
    """Forgets an update: removes the folder. Not one that is being put in place. First what the next start would act
    upon, if the power went."""
    try:
        names = os.listdir("deploy")
        for name in ("+state", "+job"):
            if name in names:
                names.remove(name)
                names.insert(0, name)
        for name in names:
            os.remove("deploy/" + name)
        os.rmdir("deploy")
    except OSError:
        pass


def keep(words):
    """How an update has ended, for "!status"."""
    try:
        with open("update.ended", "w") as file:
            file.write(words)
    except OSError:  # a full flash: it is told all the same
        pass


class Trial:
    """Stands in the way of the device's turns until it is over."""

    def __init__(self, device, trying):
        self._device = device
        self._proving = trying  # or else only to tell how it ended
        self._told = False
        self._work = None  # what tells the platform
        self._next_at = ticks_ms()
        self._head = _head()
        if trying:
            log("update", "version %s has to stay online for %d s" % (self._head["version"], self._head["stays"]))
        device._turn = self

    def __call__(self):
        device = self._device
        type(device)._turn(device)
        if device._online_at is None:
            return
        if self._proving:
            if uptime() - device._online_at >= self._head["stays"]:
                self._judge()
            return
        if not self._told:
            self._told = True
            why = _read("deploy/+back")
            words = "rolled back to %s: %s" % (rare("about").version(), why) if why else ""
            words = words or "upgraded to " + self._head["version"]
            log("update", words)
            keep(words)
            if device.config["platform"] != "studio":
                device.put("update", words)
        elif not len(device.outbox):  # and so it is told, whatever happened to the power
            self._tell_platform()

    def _tell_platform(self):
        """OneNET's own task, where it was one."""
        try:
            if self._work is None:
                task = json.loads(_read("deploy/+job") or "{}").get("ota")
                if task:
                    ota = rare("update_ota")
                    self._work = ota.ended(ota.connection(bytearray(1024)), task, _step(_read("deploy/+back")))
            if self._work and ticks_diff(ticks_ms(), self._next_at) >= 0:
                next(self._work)
            if self._work:
                return
        except StopIteration:
            pass
        except OSError as e:
            log("update", str(e))
            self._work = None
            self._next_at = ticks_add(ticks_ms(), 10000)
            return
        except (ValueError, KeyError, TypeError, MemoryError) as e:
            log("update", "the platform was not told: %s" % e)
        clear()
        del self._device._turn

    def _judge(self):
        healthy = getattr(self._device, "healthy", None)
        try:
            why = "" if healthy is None or healthy() else "healthy() says no"
        except Exception as e:  # noqa: BLE001 - whatever it is, it is no yes
            why = "healthy() has failed: %s: %s" % (type(e).__name__, e)
        if why:
            with open("deploy/+new", "w") as file:
                file.write("back " + why)  # see firmware/swap.py
            os.rename("deploy/+new", _STATE)
            log("update", why + ": the old program comes back")
            machine.reset()
            return
        os.remove("deploy/record")
        timer = sys.modules.pop("deploy", None)  # firmware/swap.py's
        if timer:
            timer.deinit()
        self._proving = False


def _step(why):
    """OneNET's number for it: upgraded, no memory, too many tries, or another reason why it is back."""
    return 201 if not why else 203 if "MemoryError" in why else 207 if " times, and " in why else 206


def _head():
    """What is to be known of the package; there is something to go by where the file has gone."""
    try:
        return json.loads(_read("deploy/+head").split("\n")[0])
    except ValueError:
        return {"version": "?", "stays": 60}


def _read(path):
    try:
        with open(path) as file:
            return file.readline() if path == "deploy/+head" else file.read()
    except OSError:
        return ""
