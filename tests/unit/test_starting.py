"""firmware/start.py: how main.py starts and ends: safe mode, the count of crashes, the watchdog."""

import gc
import json
import sys

import fakes  # noqa: F401  # the way to firmware
from fakes import machine
from flash_folder import Flash, files
from support import raises, replaced

import __main__
from firmware import config_trial, crash, flash_pins, keyboard, watchdog
from firmware import start as module


class Clock(fakes.Ticks):
    """Ctrl-C comes at that time, ms after the start."""

    def __init__(self, now):
        super().__init__(module, keyboard, start=now)
        self.started = now
        self.ctrl_c_after = None

    def sleep_ms(self, ms):
        self.go_on(ms)
        if self.ctrl_c_after is not None and self.slept > self.ctrl_c_after:
            self.ctrl_c_after = None
            raise KeyboardInterrupt

    @property
    def slept(self):
        return self.now - self.started


class Board(Flash):
    """A board that has just been reset for this cause, with the level 1 at every pin but those held down. `prompts` are
    Ctrl-Cs that were asked about: whether somebody is there."""

    def __init__(self, cause=machine.PWRON_RESET, held=(), memory=b"", files=None, somebody=True, now=300):
        super().__init__(files or {})
        machine.cause = cause
        machine.levels.clear()
        machine.pulled.clear()
        machine.levels.update(dict.fromkeys(held, 0))
        machine.rtc_memory = memory
        self._clock = Clock(now)
        self._keyboard = replaced(keyboard, "somebody", lambda feed=None: somebody)

    @property
    def slept(self):
        return self._clock.slept

    def __enter__(self):
        sys.modules["firmware/keyboard"] = keyboard
        sys.modules["firmware/crash"] = crash
        sys.modules["firmware/flash_pins"] = flash_pins
        sys.modules["firmware/watchdog"] = watchdog
        watchdog._state.clear()
        self._clock.__enter__()
        self._keyboard.__enter__()
        return super().__enter__()

    def __exit__(self, *args):
        super().__exit__(*args)
        self._keyboard.__exit__()
        self._clock.__exit__()
        machine.rtc_memory = b""
        machine.cause = machine.PWRON_RESET
        for name in ("keyboard", "crash", "watchdog"):
            sys.modules.pop("firmware/" + name, None)

    def safe_mode(self, ctrl_c_after=None):
        self._clock.ctrl_c_after = ctrl_c_after
        sys.modules["firmware/keyboard"] = keyboard
        return module._reason_for_safe_mode(module._read_config())


# Safe mode


def test_an_ordinary_start():
    for cause in (1, 2, 3, 4, 5):
        with Board(cause) as board:
            assert board.safe_mode() is None
            assert board.slept == (300 if cause == machine.PWRON_RESET else 0)  # for the button


def test_the_file_that_stays():
    with Board(files={"safe_mode": ""}) as board:
        assert "delete the file safe_mode" in board.safe_mode()
        assert files() == {"safe_mode": ""} and not board.slept


def test_the_file_for_one_start():
    for also in ({}, {"safe_mode": ""}):
        with Board(machine.HARD_RESET, files=dict(also, safe_mode_once="")) as board:
            assert board.safe_mode()
            assert files() == also
            assert bool(board.safe_mode()) == bool(also)


def test_the_file_for_one_start_counts_for_the_reset_that_follows_it():
    """Where power went in between, or the watchdog came, nobody may be there who would end safe mode."""
    for cause in (machine.PWRON_RESET, machine.WDT_RESET, machine.SOFT_RESET):
        with Board(cause, files={"safe_mode_once": ""}) as board:
            assert board.safe_mode() is None
            assert not files()


def test_the_button_counts_when_somebody_has_reset_the_board():
    for cause in (1, 2, 3, 4, 5):
        with Board(cause, held=(0,)) as board:
            assert bool(board.safe_mode()) == (cause == machine.PWRON_RESET)
            assert machine.pulled == ([0] if cause == machine.PWRON_RESET else [])


def test_which_pin_the_button_is_at():
    for text, pins in (
        ('{"safe_mode_pin": 12}', [12]),
        ('{"safe_mode_pin": "boot"}', [0]),
        ("{}", [0]),
        ('{"safe_mode_pin": -1}', []),
        ('{"safe_mode_pin": 1}', [1]),
        ('{"safe_mode_pin": "GPIO4"}', []),
        ('{"safe_mode_pin": 99}', []),
        ('{"safe_mode_pin": [1]}', []),
        ('{"safe_mode_pin": null}', []),
        ('{"safe_mode_pin": 12', [0]),
        ("[]", [0]),
        ("", [0]),
    ):
        with Board(held=pins, files={"config.json": text}) as board:
            assert bool(board.safe_mode()) == bool(pins), text
            assert machine.pulled == pins, text
    assert json.loads('{"safe_mode_pin": null}')["safe_mode_pin"] is None


def test_no_pin_is_made_where_there_is_no_button():
    pin = machine.Pin
    try:
        machine.Pin = None
        with Board(files={"config.json": '{"safe_mode_pin": -1}'}) as board:
            assert board.safe_mode() is None
    finally:
        machine.Pin = pin


def test_the_boot_button_of_a_risc_v_chip():
    class Implementation:
        _machine = "ESP32C3 module with ESP32C3"

    class Sys:
        implementation = Implementation

    with Board(held=(9,)) as board, replaced(module, "sys", Sys):
        assert board.safe_mode()
        assert machine.pulled == [9]


def test_no_pin_of_the_flash_is_touched():
    class Implementation:
        _machine = "Generic ESP32 module with ESP32"

    class Sys:
        implementation = Implementation

    for pin, pulled in ((6, []), (11, []), (5, [5]), (12, [12])):
        with Board(held=(pin,), files={"config.json": '{"safe_mode_pin": %d}' % pin}) as board:
            with replaced(module, "sys", Sys):
                assert bool(board.safe_mode()) == bool(pulled)
                assert machine.pulled == pulled


def crashes(cause, starts, memory=b""):
    """Whether there was a pause in each of so many starts, all for the same cause."""
    paused = []
    for _ in range(starts):
        with Board(cause, memory=memory) as board:
            assert board.safe_mode() is None
            paused.append(board.slept > 1000)
            assert board.slept in (0, 300, 600000)
            memory = machine.rtc_memory
    return paused


def test_after_five_crashes_each_try_waits_ten_minutes():
    for cause in (machine.WDT_RESET, machine.HARD_RESET, 0):
        assert crashes(cause, 7) == [False] * 4 + [True] * 3


def test_what_is_no_crash():
    for cause in (machine.PWRON_RESET, machine.DEEPSLEEP_RESET, machine.SOFT_RESET):
        assert not any(crashes(cause, 7))
        with Board(cause, memory=b"crashes \7") as board:
            assert board.safe_mode() is None and machine.rtc_memory == b""


def test_what_is_kept_behind_the_count_stays():
    """Data points and what sleep keeps: firmware/across_resets.py."""
    kept = b"crashes \4\0abcdkept"
    for cause, count in ((machine.WDT_RESET, 5), (machine.DEEPSLEEP_RESET, 0), (machine.PWRON_RESET, 0)):
        with Board(cause, memory=kept) as board:
            board.safe_mode()
            assert machine.rtc_memory == b"crashes " + bytes((count, 0, 0, 0, 0, 0)) + b"kept", cause


def test_a_reset_from_the_prompt_is_no_crash():
    """As onenet deploy resets a board in safe mode, and people after Ctrl-C."""
    try:
        with Board(files=dict(MAIN, safe_mode=""), memory=b"crashes \3"):
            raises(RuntimeError, module.begin)
            in_safe_mode = machine.rtc_memory
        for memory in (in_safe_mode, after(None, b"crashes \3")[2]):
            for cause in (machine.HARD_RESET, machine.WDT_RESET, 0):
                with Board(cause, files=MAIN, memory=memory):
                    assert module.begin() is True and machine.rtc_memory == b""
    finally:
        __main__.__dict__.pop("safe_mode", None)


def test_the_count_does_not_overflow():
    assert crashes(machine.WDT_RESET, 3, b"crashes \xfe") == [True] * 3


def test_ctrl_c_ends_the_pause():
    with Board(machine.WDT_RESET, memory=b"crashes \7") as board:
        assert board.safe_mode(ctrl_c_after=5000)
        assert 5000 < board.slept < 6000
    with Board(machine.WDT_RESET, memory=b"crashes \7", somebody=False) as board:
        assert board.safe_mode(ctrl_c_after=5000) is None
        assert board.slept == 600000


def test_what_a_program_keeps_in_rtc_memory_is_its_own():
    with Board(machine.WDT_RESET, memory=b"mine") as board:
        for _ in range(10):
            assert board.safe_mode() is None
        module._write(0, 0)
        assert machine.rtc_memory == b"mine"


def test_forgetting_crashes():
    with Board(machine.WDT_RESET, memory=b"crashes \7"):
        module._write(0, 0)
        assert machine.rtc_memory == b""


# main.py's start

MAIN = {"main.py": "from firmware import Device"}


def test_main_py_is_run_after_a_hard_start_and_left_to_micropython_after_a_soft_one():
    for cause in (1, 2, 3, 4, 0):
        with Board(cause, files=MAIN):
            assert module.begin() is True
    with Board(machine.SOFT_RESET, files=MAIN):
        assert module.begin() is None


def test_what_loading_a_module_leaves_goes_before_it_has_broken_up_the_heap():
    for cause in (machine.PWRON_RESET, machine.SOFT_RESET):
        gc.threshold(-1)
        with Board(cause, files=MAIN):
            module.begin()
        assert gc.threshold() == 4096
    gc.threshold(-1)


def test_where_there_is_no_main_py_nothing_is_run():
    with Board():
        assert module.begin() is None


def test_safe_mode_is_told_to_boot_py_and_to_onenet_boards():
    try:
        with Board(files=dict(MAIN, safe_mode=""), memory=b"crashes \3"):
            raises(
                RuntimeError, module.begin, match="safe mode: main.py is not run; delete the file safe_mode and reset"
            )
            assert __main__.safe_mode is True and machine.rtc_memory[:10] == b"crashes \0\2"
    finally:
        del __main__.safe_mode


def test_noise_does_not_stop_the_start():
    with Board(files=MAIN, somebody=False) as board:
        board._clock.ctrl_c_after = 100
        assert module.begin() is True
    with Board(files=MAIN) as board:
        board._clock.ctrl_c_after = 100
        raises(KeyboardInterrupt, module.begin)


def test_the_watchdog_runs_before_main_py_where_that_will_feed_it():
    for text, config, seconds in (
        ("from firmware import Device", "{}", 60),
        ("#" * 123 + "from firmware import Device", '{"watchdog": 30}', 30),
        ("#" * 120 + "from firmware import Device", '{"watchdog": 5}', 10),
        ("#" * 2000 + "import firmware", '{"watchdog": 99999}', 600),
        ("import firmware", '{"watchdog": "a minute"}', None),
        ("import firmware", '{"watchdog": 0}', None),
        ("import firmware", "no JSON", 60),
        ("while True: pass", "{}", None),
        ("", "{}", None),
    ):
        machine.WDT.made = None
        with Board(files={"main.py": text, "config.json": config}):
            assert module.begin() is True
        made = machine.WDT.made
        assert (made and made.timeout) == (seconds and seconds * 1000), (text, config)
    watchdog._state.clear()


def test_nothing_of_it_stays():
    with Board(files=MAIN):
        sys.modules["firmware/start"] = module
        module.begin()
        assert not [name for name in sys.modules if name.startswith("firmware/") and name != "firmware/watchdog"]


# From afar


def test_a_change_of_the_configuration_gets_three_starts():
    change = dict(MAIN)
    change.update({"config.json": '{"watchdog": 30}', "config.back": '{"watchdog": 20}', "config.try": "0 60"})
    with Board(files=change):
        for seconds in (30, 30, 30, 20, 20):
            machine.WDT.made = None
            watchdog._state.clear()
            sys.modules["firmware/config_trial"] = config_trial
            assert module.begin() is True
            assert machine.WDT.made.timeout == seconds * 1000
        assert "config.back" not in files() and "config.try" not in files()
        assert not [name for name in sys.modules if name.startswith("firmware/config")]
    with Board(machine.SOFT_RESET, files=change):  # somebody is there
        module.begin()
        assert files()["config.try"] == "0 60"
    watchdog._state.clear()


def test_safe_mode_online_once():
    with Board(files=dict(MAIN, safe_mode_online="")):
        assert module.begin() == ('__import__("firmware.alone").alone.run()',)
        assert module.begin() is True


# An ESP8266


class esp8266:  # noqa: N801
    """with esp8266(): the module as it is there."""

    def __enter__(self):
        module._ESP8266 = True

    def __exit__(self, *args):
        module._ESP8266 = False


def test_an_esp8266_knows_a_soft_reset_by_what_was_left_at_the_prompt():
    """It tells nothing of Ctrl-D: reset_cause() is that of the last hard reset."""
    for mark in (b"", b"crashes \2\0" + bytes(4)):
        with esp8266(), Board(files=MAIN, memory=mark):
            assert module.begin() is not None
            __main__.__dict__.pop("boot_buffer")
    with esp8266(), Board(files=MAIN, now=4000) as board:
        raises(RuntimeError, module.ended, None)
        at_prompt = machine.rtc_memory
    for now, soft in ((4000, True), (4001, True), (0x3FFFFFFF, True), (3999, False), (250, False)):
        with esp8266(), Board(files=MAIN, memory=at_prompt, now=now):
            assert (module.begin() is None) == soft, now
            __main__.__dict__.pop("boot_buffer", None)
    with esp8266(), Board(files=dict(MAIN, safe_mode=""), now=300) as board:
        raises(RuntimeError, module.begin)
        assert board.slept >= 500  # the next hard start is certainly earlier
        assert module._soft_reset(board._clock.now) and not module._soft_reset(700)
    del __main__.safe_mode


def test_an_esp8266_whose_program_has_the_rtc_memory_goes_by_its_ticks():
    for now, soft in ((300, False), (9999, False), (10001, True), (0x20000005, True), (0x3FFFFFFF, True)):
        with esp8266(), Board(files=MAIN, memory=b"mine", now=now):
            assert (module.begin() is None) == soft
            assert machine.rtc_memory == b"mine"
            __main__.__dict__.pop("boot_buffer", None)


def test_an_esp8266_gets_the_source_in_what_becomes_the_outbox():
    for size, config in (
        (2048, "{}"),
        (4096, '{"outbox_size": 4096}'),
        (2048, '{"outbox_size": -1}'),
    ):
        with esp8266(), Board(files=dict(MAIN, **{"config.json": config})):
            source = module.begin()[-1]
            assert bytes(source) == MAIN["main.py"].encode()
            buf = __main__.__dict__.pop("boot_buffer")
            assert len(buf) == size and bytes(buf[1 : 1 + len(source)]) == bytes(source)
    long = "# firmware" + "x" * 5000
    with esp8266(), Board(files={"main.py": long}):
        assert bytes(module.begin()[-1]) == long.encode()
        assert len(__main__.__dict__.pop("boot_buffer")) == len(long) + 1


def test_an_esp8266_loads_the_package_before_it_compiles_a_main_py_that_begins_with_it():
    """And no other: the package takes half of its heap."""
    for text, loads in (
        ("from firmware import Device", True),
        ('"""Mine."""\nimport dht\nfrom firmware import Device\n', True),
        ("import firmware", True),
        ("# from firmware import Device\nimport mqtt  # without import firmware", False),
        ("def late():\n    from firmware import Device\n", False),
        ("", False),
    ):
        with esp8266(), Board(files={"main.py": text}):
            sources = module.begin()
            assert len(sources) == 1 + loads and bytes(sources[-1]) == text.encode(), text
            assert not loads or sources[0].startswith('__import__("firmware");')
            __main__.__dict__.pop("boot_buffer")


def test_an_esp8266_with_trouble_before_main_py_runs_it_all_the_same():
    with esp8266(), Board(files=MAIN), replaced(module, "_read_config", lambda: raise_(AttributeError)):
        assert bytes(module.begin()[-1]) == MAIN["main.py"].encode()
        __main__.__dict__.pop("boot_buffer")
    with esp8266(), Board(files=MAIN), replaced(module, "_sources", lambda size: raise_(MemoryError)):
        raises(MemoryError, exec, module.begin()[0], match="main.py is too long for this board")


# main.py's end


class Reset(BaseException):
    pass


def reset():
    raise Reset


def after(error, memory=b"", ctrl_c_after=None, somebody=True, files_=None, cause=machine.HARD_RESET):
    """What ended() raises, as text, or Reset, or the ms asleep; ms it took before; the board's memory and files
    afterwards."""
    modules = dict(sys.modules)
    with Board(cause, memory=memory, somebody=somebody, files=files_) as board, replaced(machine, "reset", reset):
        board._clock.ctrl_c_after = ctrl_c_after
        try:
            module.ended(error)
        except RuntimeError as e:
            result = str(e)
        except Reset:
            result = Reset
        except machine.Asleep as e:
            result = e.args[0]
        finally:
            sys.modules.update(modules)
        return result, board.slept, machine.rtc_memory, files()


def raise_(kind):
    raise kind


def failure(kind=ValueError, *args):
    try:
        raise kind(*args)
    except BaseException as e:  # noqa: BLE001
        return e


def test_a_program_that_comes_to_its_end_leaves_the_prompt():
    assert after(None)[:2] == ("stopped: Ctrl-D starts main.py again", 0)


def kept_after(kind, crashes):
    """The pause in ms that follows one of this kind, after so many crashes."""
    memory = b"crashes " + bytes((crashes, 0)) + bytes(4) if crashes else b""
    result, slept, memory, kept = after(failure(kind), memory)
    assert result is Reset
    assert memory[8:10] == bytes((crashes, 1))
    assert kind.__name__ in kept["crashes"] and kept["crashes"].startswith("# %d " % (crashes + 1))
    return slept


def test_whatever_it_raises_is_kept_and_it_is_tried_again():
    for kind in (ValueError, SyntaxError, ImportError, OSError, MemoryError, SystemExit, GeneratorExit, RuntimeError):
        assert kept_after(kind, 0) == 5_000


def test_it_is_tried_again_later_and_later():
    for crashes, seconds in ((0, 5), (1, 15), (2, 60), (3, 180), (4, 600), (5, 600), (254, 600)):
        assert kept_after(ValueError, crashes) == seconds * 1000


def test_whatever_is_wrong_with_the_pause_the_board_tries_again():
    for wrong in (MemoryError, ImportError, OSError, AttributeError):
        with replaced(crash, "wait_after", lambda error, count, read_config, wrong=wrong: raise_(wrong)):
            result, slept, memory, kept = after(failure())
        assert result is Reset and slept == 9000 and memory[8:10] == b"\0\1" and kept == {}


def test_after_that_pause_there_is_no_second_one():
    memory = b"crashes \7\1" + bytes(4)
    with Board(machine.HARD_RESET, memory=memory, files=MAIN) as board:
        assert module.begin() is True and board.slept == 0
        assert machine.rtc_memory[8:10] == b"\x08\0"


def test_ctrl_c_in_the_pause_leaves_the_prompt_where_somebody_is_there():
    result, slept, _, _ = after(failure(), ctrl_c_after=2000)
    assert result == "stopped: Ctrl-D starts main.py again" and slept < 2500
    result, slept, _, _ = after(failure(), ctrl_c_after=2000, somebody=False)
    assert result is Reset and slept == 5000


def test_ctrl_c_with_nobody_there_is_no_end():
    assert after(failure(KeyboardInterrupt))[0] == "stopped: Ctrl-D starts main.py again"
    result, _, _, kept = after(failure(KeyboardInterrupt), somebody=False)
    assert result is Reset and kept == {}


def test_a_ctrl_c_that_somebody_has_answered_is_not_asked_about_again():
    """By asynchronous.py, where it came in a turn of the loop."""
    result, _, _, kept = after(KeyboardInterrupt("answered"), somebody=False)
    assert result == "stopped: Ctrl-D starts main.py again" and kept == {}


# A board that sleeps


SLEEPER = {"config.json": '{"sleep": 600}'}


def test_a_board_that_sleeps_sleeps_until_the_next_try_too():
    """Awake for a battery's sake only as long as somebody takes to get in."""
    for cause, seconds in ((machine.HARD_RESET, 10), (machine.PWRON_RESET, 10), (machine.DEEPSLEEP_RESET, 5)):
        for crashes in (0, 1, 7):
            memory = b"crashes " + bytes((crashes, 0)) + bytes(4)
            result, slept, memory, kept = after(failure(), memory, files_=SLEEPER, cause=cause)
            assert (result, slept) == (600000, seconds * 1000)
            assert memory[8:10] == bytes((crashes, 1)) and kept["crashes"].startswith("# %d " % (crashes + 1))


def test_such_a_sleep_goes_on_with_the_count():
    memory = b"crashes \3\1" + bytes(4)
    with Board(machine.DEEPSLEEP_RESET, memory=memory, files=dict(MAIN, **SLEEPER)) as board:
        assert module.begin() is True and board.slept == 0
        assert machine.rtc_memory[8:10] == b"\4\0"
    with Board(machine.DEEPSLEEP_RESET, memory=b"crashes \3\0" + bytes(4), files=MAIN):  # between two measurements
        assert module.begin() is True and machine.rtc_memory == b""


def test_its_pause_is_asleep_too():
    with Board(machine.WDT_RESET, memory=b"crashes \7", files=SLEEPER) as board:
        try:
            board.safe_mode()
            raise AssertionError
        except machine.Asleep as e:
            assert e.args == (600000,) and board.slept == 10000
        assert machine.rtc_memory[8:10] == b"\x08\1"
    with Board(machine.WDT_RESET, memory=b"crashes \7", files=SLEEPER) as board:
        assert board.safe_mode(ctrl_c_after=5000) and board.slept < 6000


def test_somebody_who_is_there_keeps_it_awake():
    result, slept, _, _ = after(failure(), ctrl_c_after=2000, files_=SLEEPER)
    assert result == "stopped: Ctrl-D starts main.py again" and slept < 2500
    assert after(failure(KeyboardInterrupt), somebody=False, files_=SLEEPER)[0] is Reset  # noise


def test_an_update_on_trial_is_tried_again_at_once():
    """It counts starts, and a wake is none: see firmware/prove.py."""
    trial = dict(SLEEPER, **{"deploy/record": "+main.py"})
    assert after(failure(), files_=trial)[:2] == (Reset, 5000)


def test_a_sleep_that_cannot_be_is_a_reset():
    for wanted, ms in (('{"seconds": 3600, "awake": 9}', 3600000), ("1", 10000), ("99999999", 604800000)):
        assert after(failure(), files_={"config.json": '{"sleep": %s}' % wanted})[0] == ms
    for wanted in ('"600"', "[]", "{}", '{"seconds": null}', "null", "0"):
        assert after(failure(), files_={"config.json": '{"sleep": %s}' % wanted})[0] is Reset


def test_what_the_clock_needs_to_know_of_it_is_kept():
    from firmware import across_resets, notes

    kept = notes.Notes(b"")
    kept.slept, kept.which = 1200, 3
    before = machine.rtc_memory
    try:
        machine.rtc_memory = b"crashes " + bytes(6)
        own = bytes(6) + bytes((len(kept.packed()),)) + kept.packed() + b"points of no kind"
        digest = across_resets.sha256(own).digest()[:4]
        result, _, memory, _ = after(failure(), machine.rtc_memory + digest + own, files_=SLEEPER)
        assert result == 600000
        machine.rtc_memory = memory
        now = notes.load()
        assert (now.slept, now.which) == (1800, 3) and memory.endswith(b"points of no kind")
    finally:
        machine.rtc_memory = before
