"""The last lines of the log, kept in memory: bounded, whole lines, no secret, and nothing where it is off."""

import sys

import fakes  # noqa: F401  # the way to firmware
from device_bench import Bench, device_of
from flash_folder import Flash
from support import raises

from firmware import log as log_module
from firmware.log_ring import LogRing

SECRETS = {
    "wifi": '"wifi": [{"ssid": "home", "password": "of-the-wifi"}, {"ssid": "b", "password": "of-the-wifi-2"}]',
    "auth_info": '"auth_info": "the-auth-info"',
    "device_key": '"device_key": "ZGV2aWNlLWtleQ=="',
    "access_key": '"access_key": "YWNjZXNzLWtleQ=="',
    "token": '"token": "version=2018-10-31&res=products%2Fp&et=1&method=sha256&sign=c2lnbmF0dXJl%3D"',
    "password": '"password": "of-the-broker"',
    "update_key": '"update_key": "the-key-of-updates"',
    "remote_key": '"remote_key": "the-key-of-remote"',
}
VALUES = [
    "of-the-wifi",
    "of-the-wifi-2",
    "the-auth-info",
    "ZGV2aWNlLWtleQ==",
    "YWNjZXNzLWtleQ==",
    "of-the-broker",
    "version=2018-10-31&res=products%2Fp&et=1&method=sha256&sign=c2lnbmF0dXJl%3D",
    "c2lnbmF0dXJl%3D",
    "the-key-of-updates",
    "the-key-of-remote",
]
CONFIG = "{" + ", ".join([SECRETS[name] for name in SECRETS]) + "}"


def all_of(ring, piece=400):
    """All lines that are there, read in pieces."""
    text = ""
    at = 0
    while at != ring.end:
        part, at = ring.read(at, piece)
        assert part and len(part.encode()) <= piece and part[-1] == "\n"
        text += part
    return text


def test_the_last_whole_lines():
    ring = LogRing(512)
    lines = ["%d %s" % (n, "x" * (n % 57)) for n in range(500)]
    for n in range(500):
        ring.keep(lines[n])
        there = all_of(ring).split("\n")[:-1]
        assert there == lines[n + 1 - len(there) : n + 1]
        assert len(there) == n + 1 or sum([len(line) + 1 for line in there]) > 512 - 120
    assert len(ring.buf) == 512


def test_a_reader_goes_on_where_it_was_or_with_the_oldest():
    ring = LogRing(512)
    ring.keep("one\ntwo")
    assert ring.read(0, 400) == ("one\ntwo\n", 8)
    assert ring.read(4, 400) == ("two\n", 8)
    assert ring.read(8, 400) == ("", 8)
    assert ring.read(9, 400) == ("one\ntwo\n", 8)  # nobody was told that: of another board, perhaps
    assert ring.read(-3, 400) == ("one\ntwo\n", 8)
    for n in range(100):
        ring.keep("line %d" % n)
    assert ring.read(4, 400)[0].startswith("line ")


def test_characters_of_all_sizes():
    ring = LogRing(513)
    for n in range(300):
        ring.keep("温度é😀"[: n % 5] * (n % 40))
        assert all_of(ring).count("\n") > 0 or not n % 5 or not n % 40 or n < 6
    ring.keep("温" * 1000)
    last = all_of(ring).split("\n")[-2]
    assert last == "温" * 80  # 240 bytes


def test_what_is_cut_has_lost_its_secrets_before():
    with Flash({"config.json": CONFIG}):
        for secret in VALUES:
            for before in range(190, 245):
                ring = LogRing(512)
                ring.keep("x" * before + secret + "y" * 60)
                text = all_of(ring)
                for n in range(4, len(secret) + 1):
                    assert secret[:n] not in text, (secret, before)


def test_nothing_while_it_is_at_it():
    """A timer's callback may log in the middle of a line."""
    ring = LogRing(512)
    ring._busy = True
    ring.keep("another")
    ring._busy = False
    ring.keep("one")
    assert all_of(ring) == "one\n"


def test_lines_and_tracebacks_of_a_program():
    with Flash({"config.json": CONFIG}):
        names = log_module.log.__globals__
        before = {name: names.get(name) for name in ("print", "sys", "ring")}
        try:
            device = device_of(log=1024)
            device.log("pump", "hello")
            device.log("pump", 7)
            log_module.log("trace", "> 1020")
            try:
                raise ValueError("of the sensor")
            except ValueError as e:
                log_module.keep("stream t", e, True)
            text = all_of(names["ring"])
        finally:
            for name in before:
                if before[name] is None:
                    names.pop(name, None)
                else:
                    names[name] = before[name]
    assert " pump: hello\n" in text and " pump: 7\n" in text
    assert " stream t: failed:\n" in text and "Traceback" in text and "ValueError: of the sensor\n" in text
    assert "1020" not in text
    assert names["sys"] is sys


def test_off_it_is_not_there():
    sys.modules.pop("firmware.log_ring", None)
    device = device_of()
    device.log("pump", "hello")
    assert "firmware.log_ring" not in sys.modules and "ring" not in log_module.log.__globals__
    __import__("firmware.log_ring")


def test_the_stream():
    names = log_module.log.__globals__
    before = names.get("print"), names["sys"]
    with Flash({"config.json": CONFIG}):
        try:
            with Bench(log={"size": 512, "stream": True}) as it:
                (point,) = it.upload()
                assert point[0] == "log" and point[1].startswith("started: ")
                log_module.log("pump", "the-auth-info is it")  # as Device.log() does
                log_module.log("mqtt", "not this")
                assert it.upload() == [("log", "pump: *** is it")]
                try:
                    raise ValueError("x" * 3000 + "end")
                except ValueError as e:
                    log_module.keep("stream t", e, True)
                ((name, text),) = it.upload()
                assert name == "log" and text.rstrip().endswith("end")
        finally:
            if before[0]:
                names["print"] = before[0]
            else:
                names.pop("print", None)
            names["sys"] = before[1]
            names.pop("ring", None)


def test_what_may_be_configured():
    for wrong in (1, 511, 8193, True, "1024", {}, {"size": 1}, {"size": 512, "stream": 1}, {"size": 512, "x": 1}):
        device = device_of(log=wrong)
        assert device.config is None and "log: must be" in device._trouble, wrong
    raises(AttributeError, lambda: LogRing(512).nothing_of_sys)
