"""What a board answers and does from afar: only where it may, and only for who has the key."""

import hashlib
import json
from binascii import hexlify

import fakes
from current_device_bench import Streams, Studio
from device_bench import Bench
from fakes import machine
from flash_folder import Flash, files
from onenet.token import hmac
from support import replaced

from firmware import config_trial, crash, remote_act, remote_config, restart, update_trial
from firmware import log as log_module
from firmware.config import read

KEY = "a key for tests!"
ON = {"log": 512, "remote": True, "remote_key": KEY}
CONFIG = {
    "wifi": [{"ssid": "home", "password": "12345678"}],
    "device_id": "27654321",
    "product_id": "68790",
    "auth_info": "sn001-secret",
}


class Afar:
    """A board on the bench with this on, and its flash. A context that gives the bench."""

    def __init__(self, kind=Bench, before=None, on=ON, **config):
        self._flash = Flash({"config.json": json.dumps(dict(CONFIG, **on))})
        self._kind, self._before, self._config = kind, before, dict(on, **config)

    def __enter__(self):
        names = log_module.log.__globals__
        self._names = {name: names.get(name) for name in ("print", "sys", "ring")}
        self._flash.__enter__()
        machine.resets = 0
        machine.cause = machine.PWRON_RESET
        self.it = self._kind(self._before, **self._config)
        self.it.__enter__()
        self._ticks = fakes.Ticks(remote_act, restart)
        self._ticks.ticks_ms = self.it.ticks.ticks_ms
        self._ticks.__enter__()
        return self.it

    def __exit__(self, *args):
        self._ticks.__exit__()
        self.it.__exit__(*args)
        self._flash.__exit__(*args)
        names = log_module.log.__globals__
        for name in self._names:
            if self._names[name] is None:
                names.pop(name, None)
            else:
                names[name] = self._names[name]
        machine.rtc_memory = b""


def signature(number, words, key=KEY, device="27654321"):
    signed = "\n".join((device, number, words)).encode()
    return hexlify(hmac("sha256", key.encode(), signed)).decode()


def act(it, words, key=KEY):
    number = it.command(b"!hello").decode()
    return it.command(("!do %s %s" % (signature(number, words, key), words)).encode()).decode()


def restarted(it):
    """Time goes on until the board resets; whether it has."""
    for _ in range(100):
        it.ticks.go_on(100)
        it.turns(1)
        if machine.resets:
            return True
    return False


# How it is


def test_status():
    with Afar() as it:
        status = json.loads(it.command(b"!status"))
        assert status["up"] >= 0 and status["free_heap"] > 0 and status["reset"] == "power on"
        assert "version" in status and "micropython" in status and "machine" in status and "rssi" in status
        assert "crashes" not in status and "change" not in status and "alone" not in status


def test_the_log_and_the_crashes():
    with Afar() as it:
        ring = log_module.log.__globals__["ring"]
        ring.keep("with sn001-secret in it")
        head, _, text = it.command(b"!log").decode().partition("\n")
        boot, end, all_ = head.split(" ")
        assert boot == ring.boot and end == all_ == str(ring.end)
        assert text.endswith("with *** in it\n")
        ring.keep("next")
        assert it.command(("!log %s %s" % (boot, end)).encode()).decode().endswith("\nnext\n")
        assert it.command(b"!log other 999").decode().endswith("\nwith *** in it\nnext\n")
        for odd in (b"!log ", b"!log x y z", b"!log -1", b"!log %s 99999999" % boot.encode(), b"!crashes -"):
            assert not it.command(odd).startswith(b"error"), odd
        assert it.command(b"!crashes 0") == b"0 0\n"
        for n in range(30):
            crash.note(ValueError("number %d" % n), "command")
        text, at, size = "", 0, 1
        while at < size:
            head, _, part = it.command(b"!crashes %d" % at).decode().partition("\n")
            assert len(part) <= 400
            at, size = [int(number) for number in head.split(" ")]
            text += part
        assert text == files()["crashes"] and "number 29" in text


def test_nothing_of_a_secret_in_any_reply():
    with Afar() as it:
        ring = log_module.log.__globals__["ring"]
        for secret in ("sn001-secret", "12345678", KEY):
            ring.keep("it is " + secret)
            crash.note(ValueError(secret), secret)
        replies = it.command(b"!status") + it.command(b"!log") + it.command(b"!crashes 0")
        replies += act(it, "config led_pin=99").encode() + act(it, "nothing").encode()
        for secret in (b"sn001-secret", b"12345678", KEY.encode()):
            assert secret not in replies


def test_where_it_is_off_the_program_gets_it():
    with Afar(before=lambda device: device.command(lambda payload: payload), on={}) as it:
        for text in (b"!status", b"!log", b"!hello", b"!do x restart"):
            assert it.command(text) == text

    def settable(device):
        device.command(lambda payload: payload)
        device.property("p", every=None)(lambda: 1).setter(lambda value: None)

    with Afar(before=settable, on={}) as it:
        assert it.command(b"!status") == b"!status" and it.command(b"p=1") == b"ok"
    with Afar(before=settable) as it:
        assert b'"up"' in it.command(b"!status") and it.command(b"x") == b"x"
        assert act(it, "measure") == "ok"


def test_parts_of_it():
    with Afar(on={"log": 512}) as it:
        assert b'"up"' in it.command(b"!status") and b"error" not in it.command(b"!log")
        for text in (b"!hello", b"!do x restart", b"!", b"!nothing"):
            assert it.command(text) == b'error: "remote" is not true in config.json'
    with Afar(on={"remote": True, "remote_key": KEY}) as it:
        assert it.command(b"!log") == b'error: "log" in config.json is 0'
        assert act(it, "measure") == "ok"
    with Afar(on={"remote": True, "remote_key": KEY}, before=lambda device: device.command(lambda p: p)) as it:
        assert it.command(b"led=on") == b"led=on" and it.command(b"!nothing").startswith(b"error: there are !status")
        assert it.command(b"!\xff").startswith(b"error: ")


# Who may


def test_only_with_the_key_once_and_in_time():
    with Afar() as it:
        assert act(it, "measure") == "ok"
        assert "another key" in act(it, "measure", "another key 1234")
        number = it.command(b"!hello").decode()
        good = ("!do %s measure" % signature(number, "measure")).encode()
        assert it.command(good) == b"ok"
        assert b"!hello first" in it.command(good)  # again
        it.command(b"!hello")
        assert b"another key" in it.command(good)  # with the next number
        number = it.command(b"!hello").decode()
        other = signature(number, "measure", device="27654322")
        assert b"for another board" in it.command(("!do %s measure" % other).encode())
        number = it.command(b"!hello").decode()
        changed = ("!do %s restart" % signature(number, "measure")).encode()
        assert b"another key" in it.command(changed)
        number = it.command(b"!hello").decode()
        it.ticks.go_on(60001)
        assert b"!hello first" in it.command(("!do %s measure" % signature(number, "measure")).encode())
        for odd in (b"!do", b"!do ", b"!do  ", b"!do restart"):
            it.command(b"!hello")
            assert it.command(odd).startswith(b"error"), odd
        assert not restarted(it)


def test_numbers_are_not_guessed():
    with Afar() as it:
        numbers = [it.command(b"!hello") for _ in range(50)]
        assert len(set(numbers)) == 50 and all(len(number) == 16 for number in numbers)


def test_one_that_is_too_long():
    with Afar() as it:
        assert it.command(b"!do " + b"x" * 2000) == b"error: 2004 bytes are longer than rx_size".replace(
            b"2004", b"2004"
        )
        assert act(it, "x" * 300).startswith("error: there are restart")


# What


def test_measure():
    calls = []

    def program(device):
        @device.stream("t", every=3600)
        def t():
            calls.append(1)

    with Afar(before=program) as it:
        it.turns(2)
        assert len(calls) == 1
        assert act(it, "measure") == "ok"
        it.turns(2)
        assert len(calls) == 2


def test_restart_once_the_reply_is_there():
    with Afar() as it:
        assert act(it, "restart") == "ok" and not machine.resets
        assert restarted(it)
    with Afar() as it:
        assert act(it, "safe-mode") == "ok" and restarted(it)
        assert "safe_mode_online" in files()


def test_a_reply_that_never_arrives_does_not_hold_it_for_ever():
    with Afar() as it:
        number = it.command(b"!hello").decode()
        it.device._command_came(b"c9", ("!do %s restart" % signature(number, "restart")).encode())
        assert restarted(it)


def test_change_of_the_configuration():
    with Afar() as it:
        before = files()["config.json"]
        for wrong in ("config", "config led_pin", "config 9 led_pin=2", "config 3601 led_pin=2", "config 60"):
            assert act(it, wrong).startswith("error: it is config"), wrong
        for name in ("remote", "remote_key", "update_key"):
            assert act(it, "config %s=x" % name) == "error: %s is changed by cable alone" % name
        assert files()["config.json"] == before and not machine.resets
        assert act(it, "config 60 keep_alive=60") == "ok"
        there = files()
        assert json.loads(there["config.json"]) == dict(json.loads(before), keep_alive=60)
        assert there["config.back"] == before and there["config.try"] == "0 60"
        assert act(it, "config led_pin=3").startswith("error: the last change")
        assert restarted(it)
    for text, value in (('"a"', "a"), ("a b=c", "a b=c"), ("[1]", [1]), ("true", True)):
        with Afar() as it:
            assert act(it, "config ntp_host=" + text) == "ok"
            assert json.loads(files()["config.json"])["ntp_host"] == value
    with Afar(keep_alive=60, on=dict(ON, keep_alive=60)) as it:
        assert act(it, "config keep_alive=") == "ok"
        assert "keep_alive" not in json.loads(files()["config.json"])
    with Afar() as it:
        before = json.loads(files()["config.json"])
        assert act(it, "config keep_alive=") == "ok" and json.loads(files()["config.json"]) == before, "its default"


def test_power_goes_at_any_write_of_a_change():
    """What is there afterwards is the old configuration or the new one, whole, and the old one beside a new."""

    class Cut(Exception):
        pass

    class Os:
        def __init__(self, left):
            self.left = left

        def __getattr__(self, name):
            function = getattr(os_module, name)

            def counted(*args):
                if name in ("rename", "remove"):
                    if not self.left:
                        raise Cut
                    self.left -= 1
                return function(*args)

            return counted

    os_module = config_trial.os
    for left in range(8):
        with Flash({"config.json": json.dumps(dict(CONFIG, **ON))}):
            before = files()["config.json"]
            config_trial.os = Os(left)
            try:
                remote_config.change(Nobody, "keep_alive=60")
            except Cut:
                pass
            finally:
                config_trial.os = os_module
            there = files()
            if there["config.json"] != before:
                assert json.loads(there["config.json"])["keep_alive"] == 60
                assert there["config.back"] == before and there["config.try"] == "0 300"


class Nobody:
    """A device that restarts."""

    _streams = []


# A change on trial


def trial(starts=0, seconds=60):
    return {"config.back": "before", "config.json": "after", "config.try": "%d %d" % (starts, seconds)}


def test_three_starts():
    with Flash(trial()):
        for n in (1, 2, 3):
            config_trial.count()
            assert files() == trial(n)
        config_trial.count()
        assert files() == {"config.json": "before", "config.undone": "undone: not online in 3 starts"}
    with Flash({"config.back": "before", "config.json": "after"}):  # whatever became of the rest
        for _ in range(4):
            config_trial.count()
        assert files()["config.json"] == "before"


def test_a_full_flash_keeps_nothing_from_coming_back():
    class Full:
        def __getattr__(self, name):
            return getattr(os_module, name)

        def rename(self, old, new):
            if old == "config.part":
                raise OSError(28)
            os_module.rename(old, new)

    os_module = config_trial.os
    for starts in (0, 3):
        with Flash(trial(starts)), replaced(config_trial, "os", Full()):
            config_trial.count()
            assert files()["config.json"] == "before"


def test_power_goes_while_it_is_undone():
    with Flash(trial(3)):
        with open("config.undone", "w") as file:
            file.write("undone: not online in 3 starts")
        config_trial.count()
        assert files()["config.json"] == "before" and "config.back" not in files()


def test_how_the_last_update_ended():
    with Afar() as it:
        assert "update" not in json.loads(it.command(b"!status"))
        update_trial.keep("rolled back to 1.0: healthy() says no" + "x" * 200)
        assert json.loads(it.command(b"!status"))["update"][:41] == "rolled back to 1.0: healthy() says noxxxx"
        assert len(json.loads(it.command(b"!status"))["update"]) == 120


def test_one_that_proves_itself():
    with Afar() as it:
        Flash.write(None, {"config.back": "before", "config.try": "1 60", "config.undone": "undone: x"})
        config_trial.begin(it.device, 0)
        assert json.loads(it.command(b"!status"))["change"] == "on trial"
        with fakes.Ticks(log_module) as up:
            log_module._counted[:] = [log_module.ticks_ms(), 1000]
            it.device._online_at = 1000
            for _ in range(30):
                up.go_on(1000)
                it.ticks.go_on(1000)
                it.turns(1)
        assert "config.back" not in files() and "config.undone" not in files() and not machine.resets
        assert b"" not in [stream[0] for stream in it.device._streams]
        log_module._counted[:] = [log_module.ticks_ms(), 0]


def test_one_that_stays_offline_comes_back():
    with Afar(online=False) as it:
        Flash.write(None, {"config.back": "before", "config.try": "1 60"})
        config_trial.begin(it.device, 0)
        with fakes.Ticks(log_module) as up:
            log_module._counted[:] = [log_module.ticks_ms(), 0]
            for n in range(62):
                assert ("config.back" in files()) == (n <= 60), n
                up.go_on(1000)
                it.ticks.go_on(1000)
                it.device._measure()
        assert files()["config.json"] == "before" and machine.resets
        log_module._counted[:] = [log_module.ticks_ms(), 0]


def test_one_that_the_table_refuses_comes_back_at_once():
    machine.resets = 0
    before = json.dumps(CONFIG)
    with Flash({"config.json": json.dumps(dict(CONFIG, led_pin=99)), "config.back": before, "config.try": "1 60"}):
        config, why = read("config.json")
        assert config is None and "led_pin: must be" in why
        assert files()["config.json"] == before and machine.resets == 1
        assert "led_pin: must be" in files()["config.undone"]
        assert read("config.json")[0] and machine.resets == 1


# On the current platform


def test_a_product_with_a_thing_model():
    with Afar(Studio) as it:
        answer = it.asks("service/board/invoke", {"command": "!status"})
        assert answer["code"] == 200 and "up" in json.loads(answer["data"]["reply"])
        number = it.asks("service/board/invoke", {"command": "!hello"})["data"]["reply"]
        words = "!do %s measure" % signature(number, "measure", device="board1")
        assert it.asks("service/board/invoke", {"command": words})["data"]["reply"] == "ok"
        for odd in ({}, {"command": 7}, {"command": None}):
            assert it.asks("service/board/invoke", odd)["data"]["reply"].startswith("error: ")


def test_a_product_with_data_streams():
    with Afar(Streams) as it:
        assert b'"up"' in it.command(b"!status")
        number = it.command(b"!hello", "c2").decode()
        words = "!do %s measure" % signature(number, "measure", device="board1")
        assert it.command(words.encode(), "c3") == b"ok"


def test_the_signature_is_what_others_make_it():
    """HMAC of RFC 2104 by hand."""
    key = KEY.encode() + bytes(64 - len(KEY))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]) + b"27654321\nab\nrestart").digest()
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]) + inner).digest()
    assert signature("ab", "restart") == hexlify(outer).decode()
