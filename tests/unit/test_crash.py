"""The file crashes: what the program failed with, in a bounded file that power cuts leave whole."""

import os
import sys
import time

import fakes  # noqa: F401  # the way to firmware
from flash_folder import Flash, files
from support import replaced

from firmware import crash as module

CONFIG = '{"auth_info": "sn001-secret", "wifi": [{"ssid": "home", "password": "12345678"}, {"ssid": "open"}]}'


def error(kind=ValueError, *args):
    try:
        raise kind(*args)
    except BaseException as e:  # noqa: BLE001
        return e


def records():
    """Heads and texts."""
    text = files().get("crashes", "")
    assert len(text.encode()) <= 2048
    return [record.split("\n", 1) for record in text.split("\n\n") if record]


def test_a_record():
    with Flash({}):
        module.note(error(OSError, 19), "stream temperature", 3)
        ((head, text),) = records()
        number, date, clock, cause = head[2:].split(" ", 3)
        assert head[:2] == "# " and number == "3" and cause == "stream temperature"
        assert len(date) == 10 and len(clock) == 8
        assert text.startswith("Traceback") and "19" in text.split("\n")[-1]
        assert sorted(files()) == ["crashes"]


class Time:
    """A clock that was never set."""

    @staticmethod
    def gmtime():
        return (2000, 1, 1, 0, 0, 5, 5, 1)


def test_without_a_clock():
    with Flash({}), replaced(module, "time", Time):
        module.note(error(), "command")
        assert records()[0][0] == "# 0 - command"
    assert time.gmtime()[0] >= 2025


def test_the_last_ones_are_kept_oldest_first_in_2048_bytes():
    with Flash({}):
        for i in range(60):
            module.note(error(ValueError, "number %d" % i), "reset 1", i % 7)
        found = records()
        numbers = [int(text.rsplit(" ", 1)[1]) for _, text in found]
        assert numbers == list(range(60 - len(numbers), 60)) and len(numbers) > 5


def test_one_that_is_long_is_cut_in_its_middle():
    with Flash({}):
        for _ in range(5):
            module.note(error(ValueError, "begin" + "x\n\n" * 4000 + "end"), "reset 1")
        found = records()
        assert len(found) >= 2
        for _, text in found:
            assert text.startswith("Traceback") and text.endswith("end") and "..." in text


def test_no_secret_gets_into_it():
    with Flash({"config.json": CONFIG}):
        module.note(error(ValueError, "no login with sn001-secret at 12345678"), "reset 1")
        assert "no login with *** at ***" in records()[0][1]
    for config in ("", "[]", "{", '{"wifi": 7}', '{"auth_info": null, "wifi": [null]}'):
        with Flash({"config.json": config}):
            module.note(error(ValueError, "words"), "reset 1")
            assert "words" in records()[0][1]


def test_a_file_of_somebody_s_own_is_no_trouble():
    for text in ("", "x" * 3000, "x" * 2048, "\n\n" * 50):
        with Flash({"crashes": text}):
            module.note(error(), "reset 1")
            assert "ValueError" in files()["crashes"] and len(files()["crashes"]) <= 2048


def test_power_cuts_and_a_full_flash_leave_the_file_as_it_was():
    class Full:
        def rename(self, old, new):
            raise OSError(28)

    with Flash({}):
        module.note(error(ValueError, "first"), "reset 1")
        before = files()["crashes"]
        with replaced(module, "os", Full()):
            module.note(error(ValueError, "second"), "reset 1")  # is told, and no more
        assert files()["crashes"] == before
        module.note(error(ValueError, "third"), "reset 1")
        assert "first" in files()["crashes"] and "third" in files()["crashes"]
        assert "crashes.new" not in os.listdir()


def test_without_memory_nothing_is_kept_and_nothing_raised():
    def none(error):
        raise MemoryError

    with Flash({}), replaced(module, "_words", none):
        module.note(error(), "reset 1")
        module.show(error())
        assert files() == {}


def test_the_traceback_begins_with_the_program_s_own_file():
    class Sys:
        @staticmethod
        def print_exception(error, file):
            file.write('Traceback (most recent call last):\n  File "boot.py", line 60, in <module>\n')
            file.write('  File "<string>", line 3, in <module>\nOSError: 19\n')

    with replaced(module, "sys", Sys):
        text = module._words(error())
    assert text == 'Traceback (most recent call last):\n  File "main.py", line 3, in <module>\nOSError: 19\n'
    assert sys is not Sys
