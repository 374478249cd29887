"""Has the next start put a program in place that has come over the air. Loaded for that, and forgotten."""

import machine
import os

from .log import log

_OURS = "firmware", "lib/mqtt", "lib/onenet"  # all that is there comes from a package


def commit(device, lines):
    """Writes deploy/record, which firmware/swap.py obeys, and resets the board. lines: as update.py reads them."""
    there = {folder: _files(folder) for folder in _OURS}
    waiting = os.listdir("deploy")
    with open("deploy/record.new", "w") as record:
        for kind, name, _, _ in lines:
            if kind == "!":
                continue
            if kind == "@":
                name = "romfs"
            folder, _, last = name.rpartition("/")
            if last in there.get(folder, ()):
                there[folder].remove(last)
            if name.replace("/", "+") in waiting:
                record.write("%s%s\n" % ("+" if _exists(name) else "*", name))
            other = name[:-2] + "mpy" if name[-3:] == ".py" else name[:-3] + "py" if name[-4:] == ".mpy" else ""
            if other and folder not in there and _exists(other):
                record.write("-%s\n" % other)  # a .py file would come before the .mpy
        for folder in _OURS:
            for last in there[folder]:
                record.write("-%s/%s\n" % (folder, last))
    os.rename("deploy/record.new", "deploy/record")
    if device.config["outbox_flash"]:
        try:
            device.outbox.save()
        except Exception as e:  # noqa: BLE001 - the update is what matters now
            log("outbox", "not saved: %s" % e)
    machine.reset()


def _files(folder):
    try:
        return [entry[0] for entry in os.ilistdir(folder) if not entry[1] & 0x4000]
    except OSError:
        return []


def _exists(name):
    try:
        os.stat(name)
        return True
    except OSError:
        return False
