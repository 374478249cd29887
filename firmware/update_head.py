"""The head of a package: a line of JSON that says for which boards it is, then a line for each file with its size and
SHA-256, and the signature. All of it is checked before anything of the program is written. Loaded for that, and
forgotten. What makes packages, and the form of the lines: tools/package/package.py.
"""

import hashlib
import json
import sys
from binascii import hexlify
from micropython import const

from mqtt.errors import borrowed

_MOST = const(16384)  # bytes of a head
_LONGEST = const(96)  # of a name
_FIRST = b'{"onenet": 1,'
# Never a package's, some for they would wait under the names of others in deploy/.
_OTHERS = (
    b"config.json config.back config.try config.new config.part config.undone crashes crashes.new romfs safe_mode "
    b"safe_mode_once safe_mode_online deploy outbox rom finish.py record record.new update.ended"
).split(b" ")


def look():
    """What deploy/+head says, a dict: version, stays and patience (s), size (bytes that follow), and of this head its
    `end` (bytes) and `digest` (SHA-256 in hex). None where more of it has to come; ValueError where it is not for this
    board, with the reason."""
    digest = hashlib.sha256()
    with open("deploy/+head", "rb") as file:
        line = file.readline()
        if line[: len(_FIRST)] != _FIRST:
            raise ValueError("this is no package of onenet package")
        head = None
        last = b""
        left = end = 0
        while line[-1:] == b"\n":
            end += len(line)
            if head is None:
                head = json.loads(line)
                _check_board(head)
                left = head["size"]
            elif line == b"unsigned\n" or line[:5] == b"hmac ":
                if left:
                    raise ValueError("the sizes in its head are wrong")
                head["end"] = end
                _check_signature(head, digest.digest(), str(line[5:-1], "utf-8") if line[:1] == b"h" else "")
                return head
            else:
                kind, name, size, _ = parts_of(line)
                if kind in "+=":
                    _check_name(name, last)
                    last = name
                if kind != "=":
                    left -= size
            digest.update(line)
            line = file.readline()
    if end + len(line) >= _MOST:
        raise ValueError("its head has no end")
    return None


def parts_of(line):
    """(kind, name, size, SHA-256 in hex) of a file's line; ValueError where it is none."""
    parts = line[1:-1].split(b" ")
    kind = chr(line[0])
    if kind not in "+=!@" or len(parts) != 3 or not parts[1].isdigit() or len(parts[1]) > 8 or len(parts[2]) != 64:
        raise ValueError("a line of its head is none")
    if kind in "!@" and parts[0] not in ((b"finish.py", b"+swap") if kind == "!" else (b"rom",)):
        raise ValueError("a line of its head is none")
    return kind, parts[0], int(parts[1]), str(parts[2], "utf-8")


def _check_board(head):
    here = sys.implementation
    mpy = getattr(here, "_mpy", 0) & 0x3FFF
    if head["chip"] != sys.platform:
        raise ValueError("it is for an %s, and this is an %s" % (head["chip"], sys.platform))
    if list(here.version[:2]) < head["micropython"]:
        words = ".".join([str(number) for number in head["micropython"]])
        raise ValueError("it needs MicroPython %s, and this is %d.%d" % (words, here.version[0], here.version[1]))
    if head["mpy"] and head["mpy"] != mpy:
        raise ValueError("its .mpy files are of version %d, and this loads %d" % (head["mpy"], mpy))
    if head["form"] != "romfs" and _in_romfs():
        raise ValueError("this board has its program in a ROMFS, and this is none")
    for key in ("size", "stays", "patience"):
        if not isinstance(head[key], int) or head[key] < 0:
            raise ValueError("its head is wrong: " + key)


def _in_romfs():
    try:
        with open("romfs") as file:
            return int(file.read()) >= 0
    except (OSError, ValueError):
        return False


def _check_name(name, last):
    parts = name.split(b"/")
    ok = 0 < len(name) <= _LONGEST and name > last and parts[0] not in _OTHERS
    ok = ok and name[0] != 45  # "-", with which swap.py begins the names of what it keeps
    for part in parts:
        ok = ok and part not in (b"", b".", b"..")
    for byte in name:
        ok = ok and byte > 32 and byte != 127 and byte not in b'\\:*?"<>|+'
    if not ok:
        raise ValueError("a name in its head must not be: " + repr(name))


def _check_signature(head, digest, signature):
    head["digest"] = str(hexlify(digest), "utf-8")
    with open("config.json") as file:
        key = json.load(file).get("update_key")
    if not key:
        return
    if not signature:
        raise ValueError("it is not signed, and this board has an update_key")
    right = hexlify(borrowed("onenet.token").hmac("sha256", key.encode(), digest))
    if signature.encode() != right:
        raise ValueError("its signature is not by this board's update_key")
