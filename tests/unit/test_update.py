"""firmware/update.py: a package on its way, what it may meet, and that the board does not stand still for it."""

import hashlib
import json
import os
import sys
from binascii import hexlify

from fakes import machine
from flash_folder import files, folders
from support import raises, replaced
from update_bench import BIG, CHUNK, DIGEST, NEW, OLD, WHOLE, Updating, package

from firmware import restart, update_trial
from firmware import update as module

OTA = {"code": 0, "data": {"tid": 7, "md5": ""}}


def ended():
    with open("update.ended") as file:
        return file.read()


def refused(it, words):
    """It is over, nothing of it is left, and it is said why."""
    it.run()
    assert not machine.resets and "deploy" not in folders(), files()
    assert words in ended() and ended()[:9] == "refused: "
    assert it.device.said[-1] == ended()
    assert ("update: " + ended()) in it.log.lines
    assert it.server.closed


class WithoutMain:
    """For as long as it lasts, main.py does not run."""

    def __enter__(self):
        sys.modules["firmware.alone"] = module

    def __exit__(self, *args):
        del sys.modules["firmware.alone"]


def staged(name):
    with open("deploy/" + name, "rb") as file:
        return file.read()


# The whole of it


def test_a_package_comes_is_told_and_is_put_in_place():
    with Updating(WHOLE, **{"main.py": OLD}) as it:
        it.start("http://a/p.pkg#" + DIGEST)
        it.run()
        assert machine.resets == 1
        assert (it.server.host, it.server.path) == ("a", "/p.pkg")
        assert staged("big") == BIG and staged("main.py") == NEW and staged("finish.py") == b"x"
        assert staged("record") == b"*big\n+main.py\n" and files()["main.py"] == OLD
        assert it.device.said[0] == "? to 1.1" and it.device.said[-1] == "all is here; restarts to put it in place"
        told = it.device.said[1:-1]
        assert told == sorted(told, key=lambda text: int(text[:-2])) and told[-1] == "100 %" and len(told) <= 10
        assert it.device.turns > len(it.server.asked), "the board goes on meanwhile"


def test_each_byte_is_asked_for_once():
    with Updating(WHOLE) as it:
        it.start()
        it.run()
        head = len(WHOLE) - len(BIG) - len(NEW) - 3
        asked = it.server.asked[1:]  # behind the head's
        assert asked[0] == (head, head) and asked[-1] == (len(WHOLE) - len(NEW), len(WHOLE) - 1)
        for n in range(1, len(asked)):
            assert asked[n][0] == asked[n - 1][1] + 1 and asked[n][1] - asked[n][0] < CHUNK


def test_a_long_head_comes_in_pieces():
    names = [("+", "n%03d" % n, b"") for n in range(60)]
    with Updating(package(*names)[0]) as it:
        it.start()
        it.run()
        assert machine.resets == 1 and it.server.asked[1][0] == CHUNK
        assert staged("n059") == b"" and "*n059\n" in staged("record").decode()


def test_what_is_there_already_does_not_come_again():
    with Updating(package(("+", "big", BIG), ("+", "more", b"!"))[0], big=BIG.decode()) as it:
        it.start()
        it.run()
        assert len(it.server.asked) == 2 and it.server.asked[1][0] == it.server.asked[1][1]
        assert staged("record") == b"*more\n"


def test_a_version_that_is_there_already():
    data = package(("!", "finish.py", b"x"), ("+", "big", b"1"), ("=", "same", b"2"))[0]
    with Updating(data, big="1", same="2") as it:
        it.start()
        it.run()
        assert not machine.resets and it.device.said[-1] == "version 1.1 is here already"
        assert "deploy" not in folders() and not it.device.busy()


def test_the_platform_with_a_thing_model_takes_no_such_data_points():
    with Updating(WHOLE, "studio") as it:
        it.start()
        it.run()
        assert not it.device.said and "update: ? to 1.1" in it.log.lines


def test_what_is_measured_goes_out_before_the_reset():
    with Updating(WHOLE) as it:
        it.device.outbox.append("waits")
        it.start()
        it.turns(100)
        assert "restarts" in it.device.said[-1] and not machine.resets
        it.device.outbox.pop()
        it.turns(1)
        assert machine.resets == 1
    with Updating(WHOLE) as it:
        it.device.outbox.append("waits for ever")
        it.start()
        it.turns(100)
        assert not machine.resets
        it.ticks.go_on(30000)
        it.turns(1)
        assert machine.resets == 1


# Beginning


def test_an_address_that_cannot_be_changes_nothing():
    with Updating() as it:
        raises(ValueError, module.start, it.device, "ftp://a/b", match="must begin with http://")
        assert not it.device.busy() and not folders()


def test_not_while_another_has_to_prove_itself():
    with Updating(deploy__record="+main.py\n") as it:
        raises(ValueError, module.start, it.device, "http://a/b", match="prove itself first")
        assert not it.device.busy() and files()["deploy/record"] == "+main.py\n"


def test_the_same_one_goes_on_and_another_begins_anew():
    job = json.dumps({"url": "http://a/p.pkg", "digest": DIGEST})
    for address, kept in (("http://a/p.pkg#" + DIGEST, True), ("http://a/p.pkg", False), ("http://b/p.pkg", False)):
        with Updating(deploy__big="so far", **{"deploy__+job": job}) as it:
            it.start(address)
            assert ("deploy/big" in files()) == kept
            assert json.loads(files()["deploy/+job"])["url"] == address.split("#")[0]


def test_after_a_reset_it_goes_on_where_it_was():
    with Updating(WHOLE) as it:
        it.start()
        while "deploy/big" not in files() or len(staged("big")) < 2 * CHUNK:
            it.turns(1)
        it.server.asked = []
        it.device._turn = it.device.nothing = None
        del it.device._turn
        module.go_on(it.device)
        assert "update: goes on with http://a/p.pkg" in it.log.lines
        it.run()
        assert staged("big") == BIG and machine.resets == 1
        head = len(WHOLE) - len(BIG) - len(NEW) - 3
        assert it.server.asked[0][0] == head + 3 + 2 * CHUNK, "neither the head nor what was there"


def test_a_job_that_nobody_can_read_is_none():
    for text in ("", "{", "no JSON"):
        with Updating(**{"deploy__+job": text}) as it:
            module.go_on(it.device)
            assert not it.device.busy() and "deploy" not in folders()


# Going on


def test_without_wifi_it_waits_and_the_board_does_not():
    with Updating(WHOLE) as it:
        it.start()
        it.device.wifi.there = False
        it.turns(10)
        assert it.device.turns == 10 and not it.server.asked
        it.device.wifi.there = True
        it.run()
        assert machine.resets == 1


def test_one_that_has_been_replaced_does_nothing_more():
    with Updating(WHOLE) as it:
        first = it.start()
        second = it.start("http://b/p.pkg")
        first()
        assert it.device.turns == 1 and not it.server.asked
        assert it.device._turn is second


def test_a_lost_link_costs_time_and_no_bytes():
    with Updating(WHOLE) as it:
        it.server.fails = [None, None, OSError("gone"), OSError(104), None]
        it.start()
        it.turns(20)
        assert "update: gone; goes on in 2 s" in it.log.lines
        asked = len(it.server.asked)
        it.ticks.go_on(1999)
        it.turns(5)
        assert len(it.server.asked) == asked
        it.ticks.go_on(1)
        it.turns(5)
        assert "104" in it.log.lines[-1] and "goes on in 4 s" in it.log.lines[-1], "nothing has come meanwhile"
        it.ticks.go_on(4000)
        it.run()
        assert machine.resets == 1 and staged("big") == BIG


def test_attempts_grow_rarer_and_never_end():
    with Updating(WHOLE) as it:
        it.server.fails = [OSError(113)] * 12
        it.start()
        waits = []
        for _ in range(12):
            it.turns(3)
            assert it.log.lines[-1][-2:] == " s"
            waits.append(int(it.log.lines[-1].split(" ")[-2]))
            it.ticks.go_on(300000)
        assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
        it.run()
        assert machine.resets == 1


def turns_of(hashing=0, fetching=0):
    """How many turns an update takes whose work takes so many ms: for each file hashed, each fetched."""
    many = ["f%02d" % n for n in range(8)]
    data = package(*[("=", name, b"") for name in many] + [("+", "g%02d" % n, b"1") for n in range(8)])[0]
    with Updating(data) as it:
        it.flash.write(dict.fromkeys(many, ""))
        it.server.passes = lambda: it.ticks.go_on(fetching)
        it.start()
        hashed = module.hash_of
        with replaced(module, "hash_of", lambda name: it.ticks.go_on(hashing) or hashed(name)):
            it.run()
        assert machine.resets == 1
        return it.device.turns


def test_a_turn_has_its_time():
    """Hashing, or writing what has come, keeps the board no longer than a moment."""
    quick = turns_of()
    assert turns_of(hashing=30) >= quick + 4
    assert turns_of(fetching=60) >= quick + 8


def test_what_waits_too_large_begins_anew():
    job = {"deploy__+job": json.dumps({"url": "http://a/p.pkg", "digest": ""})}
    with Updating(package(("+", "main.py", NEW))[0], **dict(job, **{"deploy__main.py": "x" * 50})) as it:
        module.go_on(it.device)
        it.run()
        assert staged("main.py") == NEW and machine.resets == 1


# What is refused


def test_no_package_at_all():
    for data, words in ((b"<html>" + bytes(CHUNK), "no package"), (b"", "ends before byte 0"), (WHOLE[:60], "cut off")):
        with Updating(data) as it:
            it.start()
            refused(it, words)


def test_another_package_than_was_asked_for():
    with Updating(WHOLE) as it:
        it.start("http://a/p.pkg#" + "0" * 64)
        refused(it, "another package")


def test_a_package_that_ends_early():
    for end in (len(WHOLE) - 1, len(WHOLE) - len(NEW) - 7):
        with Updating(WHOLE[:end]) as it:
            it.start()
            refused(it, "the package is cut off")
    with Updating(WHOLE) as it:
        it.start()
        it.turns(3)
        it.server.short = True
        refused(it, "the package is cut off")


def test_a_file_that_is_corrupted():
    with Updating(WHOLE[:-1] + b"!") as it:
        it.start()
        refused(it, "deploy/main.py is corrupted")


def test_a_package_for_another_program():
    for there in ({}, {"same": "another"}, {"same": "two"}):
        with Updating(package(("+", "a", b"1"), ("=", "same", b"one"))[0], **there) as it:
            it.start()
            refused(it, "it is for a board with version 1.0: same is another")


class Full:
    """os with so many blocks of flash free."""

    def __init__(self, blocks):
        self._blocks = blocks

    def __getattr__(self, name):
        return getattr(os, name)

    def statvfs(self, path):
        return 4096, 4096, 100, self._blocks, self._blocks, 0, 0, 0, 0, 255


def test_room_is_counted_beforehand():
    data = package(("+", "there", b"1"), ("+", "two", b"x" * 5000))[0]
    with Updating(data, there="1") as it, replaced(module, "os", Full(9)):
        it.start()
        refused(it, "it needs 40 KB of flash, and 36 KB are free")
        assert len(it.server.asked) == 1, "nothing but the head has come"
    with Updating(data, there="1") as it, replaced(module, "os", Full(10)):
        it.start()
        it.run()
        assert machine.resets == 1


def test_the_flash_is_full_after_all():
    with Updating(WHOLE) as it:
        it.server.fails = [None, None, OSError(28, "no room")]
        it.start()
        refused(it, "the flash is full")


def lacking(it, fails):
    """The requests raise these, the first ones; and time goes on."""
    it.server.fails = fails
    it.start()
    go_on(it)


def go_on(it):
    for _ in range(60):
        if not machine.resets and it.device.busy():
            it.turns(5)
            it.ticks.go_on(300000)


def test_memory_that_is_lacking_now_and_again_is_borne():
    with Updating(WHOLE) as it:
        lacking(it, [MemoryError()] * 2 + [None, None] + [MemoryError()] * 2)
        assert machine.resets == 1 and "record" in os.listdir("deploy") and "safe_mode_online" not in files()


def test_where_memory_is_lacking_it_goes_on_without_main_py():
    """With what is there already."""
    with Updating(WHOLE) as it, replaced(restart, "now", lambda device: machine.reset()):
        lacking(it, [None] * 5 + [MemoryError()] * 3)
        assert machine.resets == 1 and files()["safe_mode_online"] == ""
        assert "+job" in os.listdir("deploy") and "record" not in os.listdir("deploy")
        assert it.log.lines[-1] == "update: goes on without main.py, to have its memory"
        there = len(staged("big"))
        assert 0 < there < len(BIG)
        machine.resets = 0
        del it.device._turn, it.server.asked[:]
        with WithoutMain():
            update_trial.begin(it.device)
            go_on(it)
        assert machine.resets == 1 and "record" in os.listdir("deploy") and staged("big") == BIG
        assert all(last - first < CHUNK for first, last in it.server.asked) and len(it.server.asked) < 6


def test_what_was_measured_is_sent_before_main_py_stops():
    with Updating(WHOLE) as it, replaced(restart, "now", lambda device: machine.reset()):
        it.device.outbox.append("a value")
        it.server.fails = [MemoryError()] * 3
        it.start()
        for _ in range(9):
            it.turns(5)
            it.ticks.go_on(2900)
        assert not machine.resets
        del it.device.outbox[:]
        it.turns(5)
        assert machine.resets == 1


def test_where_memory_is_lacking_without_main_py_too_it_is_refused():
    with WithoutMain():
        with Updating(WHOLE) as it:
            lacking(it, [MemoryError()] * 9)
            assert machine.resets == 1 and "record" in os.listdir("deploy")
        with Updating(WHOLE) as it:
            lacking(it, [MemoryError()] * 10)
            refused(it, "not enough memory")


def test_a_start_that_lacks_the_memory_to_go_on_leaves_main_py_out_and_then_forgets_the_update():
    """Or the old program, which is good, would never run again."""
    with Updating(deploy__big="x") as it, replaced(module, "go_on", lambda device: raise_(MemoryError())):
        it.flash.write({"deploy/+job": '{"url": "http://a/p.pkg", "digest": ""}'})
        update_trial.begin(it.device)
        assert machine.resets == 1 and files()["safe_mode_online"] == "" and "+job" in os.listdir("deploy")
        with WithoutMain():
            update_trial.begin(it.device)
        assert machine.resets == 1 and "deploy" not in folders() and "not enough memory" in ended()


def raise_(error):
    raise error


# As a task of the platform's


def test_a_task_is_fetched_and_its_steps_are_told():
    thirds = [("+", "f%d" % n, BIG[n:]) for n in range(3)]
    data = package(("!", "finish.py", b"x"), *thirds)[0]
    with Updating(data, "dp") as it:
        md5 = hexlify(hashlib.md5(data).digest()).decode() if hasattr(hashlib, "md5") else ""
        it.server.answers["check"] = {"code": 0, "data": {"tid": 7, "md5": md5}}
        module.ask(it.device)
        it.run()
        assert machine.resets == 1 and staged("f2") == BIG[2:]
        assert it.server.path == "/fuse-ota/aBcDeF1234/board1/7/download"
        assert it.server.more[:15] == "Authorization: " and it.server.more[-2:] == "\r\n"
        steps = it.server.steps()
        assert steps == [10, 30, 60, 101], "100 would be the end"
        assert json.loads(files()["deploy/+job"])["ota"] == 7


def test_no_task_is_no_news():
    for answer in ({"code": 11}, {"code": 1178, "msg": "none"}, {"code": 5, "msg": "who?"}, b"<html>", {"code": 0}):
        with Updating(platform="dp") as it:
            it.server.answers["check"] = answer
            module.ask(it.device)
            it.run()
            assert not it.device.said and "deploy" not in folders() and not machine.resets


def test_asking_may_fail():
    for error, words in ((OSError(113), "113"), (MemoryError(), "update: there is not enough memory to ask for one")):
        with Updating(platform="dp") as it:
            it.server.fails = [error]
            module.ask(it.device)
            it.run()
            assert words in it.log.lines[-1] and not it.device.said
    with Updating(platform="dp") as it:
        it.server.answers["check"] = {"code": 0, "data": {"tid": 7}}  # and no MD5
        module.ask(it.device)
        it.run()
        assert not it.device.busy() and not it.server.asked


def test_nobody_asks_while_one_is_under_way():
    with Updating(platform="dp", **{"deploy__+job": "{}"}) as it:
        module.ask(it.device)
        assert not it.device.busy()


def failed_task(it):
    """The steps that the platform is told of a task that fails."""
    it.server.answers["check"] = OTA
    module.ask(it.device)
    it.run()
    assert not machine.resets and "deploy" not in folders() and it.device.said[-1][:9] == "refused: "
    assert ended() == it.device.said[-1]
    return it.server.steps()


def test_the_platform_knows_why_it_has_failed():
    with Updating(WHOLE, "dp") as it:
        it.server.fails = [None, None, None, OSError(28, "no room")]
        assert failed_task(it)[-1] == 102
    with Updating(b"<html>" + bytes(100), "dp") as it:
        assert failed_task(it) == [107]
    with Updating(WHOLE[:-1] + b"!", "dp") as it:
        assert failed_task(it)[-1] == 107
    if hasattr(hashlib, "md5"):  # an ESP8266's port has none
        with Updating(WHOLE, "dp") as it:
            assert failed_task(it)[-2:] == [101, 205]
            assert "its MD5 is not the platform's" in ended()
    with Updating(WHOLE, "dp") as it:
        it.server.fails = [None, None] + [MemoryError()] * 10
        it.server.answers["check"] = OTA
        module.ask(it.device)
        with WithoutMain():
            go_on(it)
        assert it.server.steps() == [103] and "deploy" not in folders()


def test_a_platform_that_cannot_be_told_is_not_told():
    with Updating(b"<html>" + bytes(100), "dp") as it:
        it.server.answers["status"] = b"no JSON"
        assert failed_task(it) == [107]


def test_a_task_whose_version_is_there_is_done():
    with Updating(package(("+", "big", b"1"))[0], "dp", big="1") as it:
        it.server.answers["check"] = OTA
        module.ask(it.device)
        it.run()
        assert it.server.steps()[-1] == 201 and not machine.resets and "deploy" not in folders()
        assert it.server.told[-1][1] == "/fuse-ota/aBcDeF1234/board1/version"


class NoMd5:
    sha256 = hashlib.sha256


def test_a_port_without_md5_has_the_signature():
    with Updating(WHOLE, "dp") as it, replaced(module, "hashlib", NoMd5):
        it.server.answers["check"] = {"code": 0, "data": {"tid": 7, "md5": "another"}}
        module.ask(it.device)
        it.run()
        assert machine.resets == 1
