"""firmware/update_trial.py: when a new program is trusted, when the old one comes back, and who is told of it."""

import json
import os
import sys

from fakes import machine
from flash_folder import files, folders
from support import replaced
from update_bench import WHOLE, Updating

from firmware import update
from firmware import update_trial as module

HEAD = '{"onenet": 1, "version": "1.1", "stays": 60, "patience": 600}\n+main.py 3 x\n'
TRYING = {"deploy__record": "+main.py\n", "deploy__+head": HEAD, "deploy__+state": "1 600 0\n"}
DONE = {"deploy__+head": HEAD, "deploy__+state": "1 600 0\n", "deploy__+job": "{}"}
TASK = dict(DONE, **{"deploy__+job": '{"url": "http://a/p.pkg", "ota": 7}'})


class Trying(Updating):
    """A board that has started with these files, and is online for so many seconds when told so."""

    def __init__(self, platform="legacy", **waiting):
        super().__init__(platform=platform, **waiting)
        self.now = 100
        self._uptime = replaced(module, "uptime", lambda: self.now)

    def __enter__(self):
        super().__enter__()
        self._uptime.__enter__()
        module.begin(self.device)
        return self

    def __exit__(self, *args):
        self._uptime.__exit__(*args)
        super().__exit__(*args)

    def online(self, seconds):
        self.device._online_at = self.now
        self.now += seconds
        self.device._turn()

    def ended(self):
        with open("update.ended") as file:
            return file.read()


# What a start finds


def test_a_folder_without_anything_to_do_is_left():
    with Trying(deploy__other="x") as it:
        assert not it.device.busy() and "deploy/other" in files()


def test_an_update_that_was_under_way_goes_on():
    job = '{"url": "http://a/p.pkg", "digest": ""}'
    with Trying(**{"deploy__+job": job}) as it:
        assert isinstance(it.device._turn, update.Update)
        it.server.data = WHOLE
        it.run()
        assert machine.resets == 1 and "deploy/record" in files()


# The trial


def test_it_has_to_stay_online_as_long_as_its_package_says():
    with Trying(**TRYING) as it:
        assert it.log.lines == ["update: version 1.1 has to stay online for 60 s"]
        it.turns(3)
        it.now += 1000
        it.turns(3)
        assert it.device.turns == 6 and "deploy/record" in files(), "offline it proves nothing"
        it.online(59)
        assert "deploy/record" in files()
        it.now += 1
        it.turns(1)
        assert "deploy/record" not in files() and not machine.resets
        it.turns(1)
        assert it.device.said == ["upgraded to 1.1"] and it.ended() == "upgraded to 1.1"
        it.run()
        assert "deploy" not in folders() and not it.device.busy()


def test_another_connection_begins_anew():
    with Trying(**TRYING) as it:
        it.online(40)
        it.device._online_at = None
        it.turns(1)
        it.online(40)
        assert "deploy/record" in files()


def test_the_timer_that_counts_is_stopped():
    timer = machine.Timer(-1)
    timer.init(period=1000, callback=lambda timer: None)
    sys.modules["deploy"] = timer
    with Trying(**TRYING) as it:
        it.online(60)
        assert timer.callback is None and "deploy" not in sys.modules


def test_a_program_may_say_whether_it_is_well():
    for healthy in (lambda: True, lambda: 1, None):
        with Trying(**TRYING) as it:
            it.device.healthy = healthy
            it.online(60)
            assert "deploy/record" not in files() and not machine.resets

    def broken():
        raise ValueError("no sensor")

    why = "back healthy() has failed: ValueError: no sensor"
    for healthy, words in ((lambda: False, "back healthy() says no"), (lambda: None, None), (broken, why)):
        with Trying(**TRYING) as it:
            it.device.healthy = healthy
            it.online(60)
            assert machine.resets == 1 and "deploy/record" in files()
            assert files()["deploy/+state"] == (words or "back healthy() says no")
            assert it.log.lines[-1].endswith(": the old program comes back")
            assert "deploy/+new" not in files()


def test_a_package_whose_head_has_gone():
    for head in ("", "{", "no JSON"):
        with Trying(**dict(TRYING, **{"deploy__+head": head})) as it:
            assert it.log.lines == ["update: version ? has to stay online for 60 s"]
            it.online(60)
            assert "deploy/record" not in files()
    with Trying(deploy__record="") as it:
        assert it.log.lines == ["update: version ? has to stay online for 60 s"]


# How it has ended


def test_one_that_came_back_is_told():
    with Trying(**dict(DONE, **{"deploy__+back": "healthy() says no"})) as it:
        it.online(0)
        assert it.device.said == ["rolled back to ?: healthy() says no"] and it.ended() == it.device.said[0]
        it.run()
        assert it.device.said == [it.ended()] and "deploy" not in folders(), "once"


def test_it_is_told_whatever_happens_to_the_power():
    with Trying(**DONE) as it:
        it.online(0)
        it.device.outbox.append("what it was told by")
        it.turns(20)
        assert "deploy/+state" in files()
        it.device.outbox.pop()
        it.turns(1)
        assert "deploy" not in folders() and not it.device.busy()


def test_a_thing_model_takes_no_such_data_points():
    with Trying("studio", **DONE) as it:
        it.online(0)
        it.run()
        assert not it.device.said and it.ended() == "upgraded to 1.1" and "update: upgraded to 1.1" in it.log.lines


def test_a_full_flash_keeps_nobody_from_being_told():
    def full(name, mode="r"):
        raise OSError(28, "no room")

    with Updating() as it:
        module.open = full
        try:
            module.keep("words")
        finally:
            del module.open
        assert "update.ended" not in files() and not it.log.lines


def test_power_cuts_while_a_folder_is_cleared_do_not_make_another_end_of_it():
    """What tells a start that there is something to say goes before what says how it ended."""
    gone = []
    with Updating(**DONE):
        with open("deploy/+back", "w") as file:
            file.write("it crawls")
        with replaced(module, "os", Watched(gone)):
            module.clear()
    assert gone[:2] == ["deploy/+job", "deploy/+state"] and "deploy/+back" in gone[2:]


class Watched:
    """os that notes what is removed."""

    listdir, rmdir = os.listdir, os.rmdir

    def __init__(self, gone):
        self._gone = gone

    def remove(self, path):
        os.remove(path)
        self._gone.append(path)


def test_a_folder_that_is_not_there_is_cleared():
    with Updating():
        module.clear()
        assert "deploy" not in folders()
        os.mkdir("deploy")
        module.clear()
        assert "deploy" not in folders()


# The platform's own task


def told(why="", waiting=TASK, prepare=None):
    files_ = dict(waiting, **{"deploy__+back": why}) if why else waiting
    with Trying("dp", **files_) as it:
        if prepare:
            prepare(it)
        it.online(0)
        for _ in range(20):
            it.turns(1)
            it.ticks.go_on(500)
        return it.server, it.log.lines, "deploy" in folders()


def test_the_platform_is_told_by_its_numbers():
    for why, number in (
        ("", 201),
        ("MemoryError in main.py", 203),
        ("it was tried 3 times, and was not online", 207),
        ("healthy() says no", 206),
    ):
        server, _, there = told(why)
        assert server.steps() == [number] and not there, why
        method, path, body = server.told[1]
        assert (method, path) == ("POST", "/fuse-ota/aBcDeF1234/board1/version")
        assert sorted(json.loads(body)) == ["f_version", "s_version"]


def test_an_update_of_somebody_elses_is_none_of_the_platforms():
    for job in ("{}", "", '{"url": "http://a/b", "digest": ""}'):
        server, lines, there = told(waiting=dict(DONE, **{"deploy__+job": job}))
        assert not server.told and not there and lines == ["update: upgraded to 1.1"]


def test_a_platform_that_is_out_of_reach_is_told_later():
    with Trying("dp", **TASK) as it:
        it.server.fails = [OSError(113, "no route")]
        it.online(0)
        it.turns(10)
        assert "113" in it.log.lines[-1] and len(it.server.told) == 1
        it.ticks.go_on(9999)
        it.turns(3)
        assert len(it.server.told) == 1
        it.ticks.go_on(1)
        it.run()
        assert it.server.steps() == [201, 201] and "deploy" not in folders()


def saying(answer):
    return lambda it: it.server.answers.update({"status": answer})


def test_what_cannot_be_told_is_not_told_for_ever():
    for answer in (b"no JSON", b"[]", b"{}"):
        server, lines, there = told(prepare=saying(answer))
        assert lines[-1].startswith("update: the platform was not told: ") and not there
        assert len(server.told) == 1

    def without_memory(it):
        it.server.fails = [MemoryError()]

    _, lines, there = told(prepare=without_memory)
    assert lines[-1].startswith("update: the platform was not told: ") and not there
    _, lines, there = told(waiting=dict(DONE, **{"deploy__+job": "{"}))
    assert lines[-1].startswith("update: the platform was not told: ") and not there


def test_a_no_is_logged():
    _, lines, there = told(prepare=saying({"code": 6, "msg": "no such task"}))
    assert "update: status: code 6, no such task" in lines and not there
    _, lines, there = told(prepare=lambda it: setattr(it.server, "status", 500))
    assert lines[-1] == "update: the platform's status is 500" and there
