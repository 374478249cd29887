"""Brings a deploy to its end. It travels with the deploy, as deploy/finish.py, and boot.py runs it: no module.

deploy/record says what is to be done, a line each: "+path" moves a file from deploy/ into its place, "-path" deletes
one. Where power goes in the middle, the next start does it all again, which comes to the same.
"""

import os
from micropython import const, kbd_intr

_ENOENT = const(2)


def finish():
    with open("deploy/record") as record:
        kbd_intr(-1)  # Ctrl-C would leave a mixture behind
        try:
            for line in record:
                path = line[1:].rstrip()
                folders = [path[:at] for at in range(len(path)) if path[at] == "/"]
                if line[0] == "+":
                    for folder in folders:
                        unless_done(os.mkdir, folder)
                    unless_done(os.rename, "deploy/" + path.replace("/", "+"), path)
                else:
                    unless_done(os.remove, path)
                    for folder in reversed(folders):  # an empty one would hide a package in ROMFS
                        unless_done(os.rmdir, folder)
        finally:
            kbd_intr(3)
    os.remove("deploy/record")
    unless_done(os.remove, "deploy/finish.py")
    unless_done(os.rmdir, "deploy")


def unless_done(change, *paths):
    try:
        change(*paths)
    except OSError as e:
        if e.errno != _ENOENT and change in (os.rename, os.remove):  # a full flash, say: the next start tries again
            raise


if __name__ == "__main__":
    finish()
