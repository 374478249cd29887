"""firmware/update_head.py: which packages a board takes, and that a head is not believed before it is whole."""

import hashlib
import json
import sys
from binascii import hexlify

import fakes  # noqa: F401  # the path to firmware/, and a board's modules
from flash_folder import Flash
from onenet import token
from support import raises

from firmware import update_head as module

DIGEST = "0" * 64
KEY = "a key for tests only"
RIGHT = [("!", "finish.py", 10), ("!", "+swap", 20), ("+", "boot.py", 300), ("=", "lib/a.mpy", 7), ("+", "main.py", 4)]


def made(files=RIGHT, key="", **changes):
    """The bytes of a head with these lines, right but for the changes."""
    head = {
        "onenet": 1,
        "version": "1.1",
        "chip": sys.platform,
        "form": "mpy",
        "mpy": 0,
        "micropython": [1, 23],
        "stays": 60,
        "patience": 600,
        "size": sum([size for kind, _, size in files if kind != "="]),
    }
    if sys.implementation.name != "micropython":
        head["micropython"] = [3, 8]
    head.update(changes)
    first = '{"onenet": 1, ' + ", ".join(['"%s": %s' % (k, json.dumps(v)) for k, v in head.items() if k != "onenet"])
    lines = first.encode() + b"}\n"
    for kind, name, size in files:
        lines += ("%s%s %s %s\n" % (kind, name, size, DIGEST)).encode()
    if not key:
        return lines + b"unsigned\n"
    return lines + b"hmac " + hexlify(token.hmac("sha256", key.encode(), hashlib.sha256(lines).digest())) + b"\n"


def look(data, key="", **files):
    """What it says of these bytes."""
    config = {"update_key": key} if key else {"update": True}
    with Flash({"config.json": json.dumps(config)}) as flash:
        flash.write(files)
        flash.write({"deploy/other": ""})
        with open("deploy/+head", "wb") as file:
            file.write(data)
        return module.look()


def refused(match, data, **more):
    raises(ValueError, look, data, match=match, **more)


def test_a_right_one():
    head = look(made() + b"what follows")
    assert head["version"] == "1.1" and head["end"] == len(made())
    assert head["digest"] == str(hexlify(hashlib.sha256(made()[: -len(b"unsigned\n")]).digest()), "utf-8")


def test_not_before_it_is_whole():
    whole = made(key=KEY)
    for end in range(len(b'{"onenet": 1,'), len(whole)):
        assert look(whole[:end], KEY) is None, end
    assert look(whole, KEY)["end"] == len(whole)


def test_what_is_no_package():
    for data in (b"", b"<html>", b'{"onenet": 2, "x": 1}\n', b'{"onenet":1}\n', b"\0" * 100, b"\xff\xfe\n"):
        refused("no package", data)
    raises(ValueError, look, b'{"onenet": 1,\n')
    raises(KeyError, look, b'{"onenet": 1, "chip": "%s"}\n' % sys.platform.encode())


def test_for_another_board():
    refused("it is for an esp32s9, and this is an " + sys.platform, made(chip="esp32s9"))
    refused("it needs MicroPython 9.1, and this is", made(micropython=[9, 1]))
    refused(".mpy files are of version", made(mpy=0x3FFF))
    refused("in a ROMFS, and this is none", made(), romfs="0\n")
    assert look(made(), romfs="-1\n") and look(made(form="romfs"), romfs="0\n")
    for key in ("size", "stays", "patience"):
        for value in (-1, "1", None, 1.5):
            raises((ValueError, TypeError), look, made(**{key: value}))
    for key in ("chip", "micropython", "mpy", "size"):
        raises((ValueError, TypeError), look, made(**{key: "x"}))


def test_names_that_must_not_be():
    for name in (
        "../boot.py", "/boot.py", "lib/../boot.py", "lib//a.py", "lib/", "./a.py", "lib/./a.py", ".", "..", "",
        "config.json", "crashes", "crashes.new", "romfs", "safe_mode", "safe_mode_once", "deploy/record", "deploy",
        "outbox/1", "rom", "finish.py", "record", "record.new", "a\\b", "c:a", "a*", 'a"', "a<b", "a|b", "a+b",
        "a\x7fb", "a\tb", "-a", "n" * 97,
    ):  # fmt: skip
        raises(ValueError, look, made([("+", name, 1)]), match="")
    assert look(made([("+", "n" * 96, 1)]))
    assert look(made([("+", "\u6e29.py", 1)]))
    assert look(made([("+", "a/-b.py", 1)]))


def test_names_in_their_order():
    for names in (("b", "a"), ("a", "a")):
        refused("must not be", made([("+", name, 1) for name in names]))
    refused("must not be", made([("+", "a", 1), ("=", "a", 1)]))


def test_lines_that_are_none():
    for line in (b"+a\n", b"+a 1\n", b"+a x %s\n", b"+a -1 %s\n", b"+a 123456789 %s\n", b"?a 1 %s\n", b"+a 1 %s0\n"):
        data = made([]).replace(b"unsigned\n", (line % DIGEST.encode() if b"%s" in line else line) + b"unsigned\n")
        refused("line of its head", data)
    for kind, name in (("!", "main.py"), ("!", "boot.py"), ("@", "main.py"), ("@", "../rom")):
        refused("line of its head", made([(kind, name, 1)]))
    refused("line of its head", made([]).replace(b"unsigned\n", b"unsigned \n"))


def test_sizes():
    for size in (0, 1, 333, 335, 10**8):
        refused("sizes", made(size=size))


def test_a_head_without_an_end():
    line = "+%s 1 %s\n"
    data = made([])[: -len(b"unsigned\n")]
    n = 0
    while len(data) < 16384:
        data += (line % ("f%05d" % n, DIGEST)).encode()
        n += 1
    refused("no end", data)
    assert look(data[:16000]) is None


def test_signatures():
    assert look(made(key=KEY), KEY)
    assert look(made(key=KEY))  # a board without a key takes any
    refused("not signed", made(), key=KEY)
    refused("signature is not by", made(key=KEY + "!"), key=KEY)
    refused("signature is not by", made(key=KEY).replace(b'"1.1"', b'"1.2"'), key=KEY)
    refused("signature is not by", made(key=KEY).replace(b"boot.py", b"boos.py"), key=KEY)
    refused("signature is not by", made(key=KEY)[:-2] + b"\n", key=KEY)
    refused("not signed", made(key=KEY)[:-70] + b"hmac \n", key=KEY)
