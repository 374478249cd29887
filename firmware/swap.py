"""Puts a program in place that came over the air, or the old one back: all of it or nothing, whenever power goes.

It travels in the package, as deploy/+swap, and firmware/prove.py runs it: no module. A line of deploy/record is "+path"
for a file that takes another's place, "*path" for one that is new, "-path" for one that goes. What was there before is
kept as deploy/-path until the new program is trusted, which removes the record: see firmware/update_trial.py.
deploy/+state: nothing yet, the swap is under way; "3 600", the new program has started three times, and has 600 s each
time; "back" and why, the old one is on its way back. Its second line is the last failure from before. Each step may be
done twice.
"""

import json
import machine
import os
from micropython import const, kbd_intr

_ENOENT = const(2)
_STATE = "deploy/+state"


def main():
    kbd_intr(-1)  # Ctrl-C would leave a mixture behind
    try:
        state, known, failure = read(_STATE).partition("\n")
        if not state:
            swap()
        elif state[:4] == "back":
            put_back(state[5:], failed_since(failure) if known else "")
        else:
            words = "it has started %s times, and did not stay online" % state.split(" ")[0]
            put_back(words, failed_since(failure))
    finally:
        kbd_intr(3)


def swap():
    try:
        for kind, path, folders in lines():
            forward(kind, path, folders)
        with open("deploy/+head") as file:
            patience = json.loads(file.readline())["patience"]
        write(_STATE, "0 %d\n%s" % (patience, last_failure()))
    except OSError as e:  # a full flash, say
        write(_STATE, "back it could not be put in place: %s" % e)
    restart()


def put_back(why, failure):
    try:
        write(_STATE, "back " + why + failure)
    except OSError:  # a full flash, say, which has room when the new program is gone; until then each start comes here
        pass
    for kind, path, folders in lines():
        backward(kind, path, folders)
    write("deploy/+back", why + failure)
    os.remove("deploy/record")
    restart()


def lines():
    with open("deploy/record") as record:
        for line in record:
            path = line[1:].rstrip()
            yield line[0], path, [path[:at] for at in range(len(path)) if path[at] == "/"]


def forward(kind, path, folders):
    staged = "deploy/" + path.replace("/", "+")
    old = "deploy/-" + path.replace("/", "+")
    if kind == "-":
        if there(path) and not there(old):
            keep(path, old)
        unless_done(os.remove, path)
        for folder in reversed(folders):  # an empty one would hide a package in ROMFS
            unless_done(os.rmdir, folder)
        return
    if not there(staged):
        return
    if kind == "+" and not there(old):
        keep(path, old)
    for folder in folders:
        unless_done(os.mkdir, folder)
    os.rename(staged, path)


def keep(path, old):
    """boot.py is copied, for without it nobody would go on with this; so is what is before it in its folder: if the
    power goes while littlefs moves that one, it hides the next one, too, at the start."""
    if "/" in path or path > "boot.py":
        os.rename(path, old)
        return
    with open(path, "rb") as before, open("deploy/+copy", "wb") as copy:
        data = before.read(256)
        while data:
            copy.write(data)
            data = before.read(256)
    os.rename("deploy/+copy", old)


def backward(kind, path, folders):
    old = "deploy/-" + path.replace("/", "+")
    if kind == "*":
        unless_done(os.remove, path)
        for folder in reversed(folders):
            unless_done(os.rmdir, folder)
    elif there(old):
        for folder in folders:
            unless_done(os.mkdir, folder)
        os.rename(old, path)


def failed_since(failure):
    """What is to be said of the last failure, where that is another one than this."""
    last = last_failure()
    return ": " + last if last != failure else ""


def last_failure():
    """The last line of the file crashes, which firmware/crash.py writes."""
    try:
        with open("crashes", "rb") as file:
            lines = [line for line in file.read(2048).split(b"\n") if line]
            return str(lines[-1], "utf-8") if lines else ""
    except (OSError, ValueError):
        return ""


def restart():
    memory = machine.RTC().memory
    if memory()[:8] == b"crashes ":  # this reset is no crash
        memory(b"")
    machine.reset()


def there(path):
    """OSError where the flash does not tell: what is taken for missing would be left as it is, in a mixture."""
    try:
        os.stat(path)
        return True
    except OSError as e:
        if e.errno != _ENOENT:
            raise
        return False


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def write(path, text):
    with open("deploy/+new", "w") as file:
        file.write(text)
    os.rename("deploy/+new", path)


def unless_done(change, *paths):
    try:
        change(*paths)
    except OSError as e:
        if e.errno != _ENOENT and change in (os.rename, os.remove):
            raise


if __name__ == "__main__":
    main()
