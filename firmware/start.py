"""How main.py starts and ends, for boot.py: safe mode, the count of crashes, the watchdog. Loaded by its path, so that
the rest of the package is not in memory yet, and dropped when it is done.

Safe mode is a prompt without a program and without a watchdog, where mpremote can work in peace. The way into it is
- a file safe_mode: mpremote fs touch :safe_mode + reset, and out of it: mpremote fs rm :safe_mode + reset
- a file safe_mode_once and then machine.reset(): the file is deleted as it is seen, and the next start an ordinary one
- the BOOT button, or the pin that "safe_mode_pin" in config.json names, pressed right after reset or power-on
- Ctrl-C while main.py waits for its next try because it has crashed too often

A board with "sleep" in its configuration sleeps between two tries, too, after some seconds for whoever wants to get in:
see firmware/crash.py.

The count of crashes is in RTC memory, after a mark: count, state, ticks; what follows is across_resets.py's. A program
that keeps something else there is left alone, and nothing is counted.
"""

import gc
import json
import machine
import os
import sys
from micropython import const
from time import sleep_ms, ticks_diff, ticks_ms

_CRASHES = const(5)  # in a row, from which on each further try has to wait
_WINDOW = const(300)  # ms for somebody to press the button
_SETTLED = const(500)  # ms from start to prompt at least, on an ESP8266
_COLLECT = const(4096)  # bytes taken after which garbage goes
_MARK = b"crashes "
_SETUP = "setup wifi".split(" ")[0]  # a text of its own would become a name, for ever
_HEAD = const(14)  # bytes of the mark and what is ours after it
_RUNNING = const(0)  # states
_WAITED = const(1)  # the pause is over, and the board reset, or slept through it
_PROMPT = const(2)  # since ticks: whoever sits there may reset, which is no crash
_ESP8266 = sys.platform == "esp8266"
_BUTTON_RESETS = (machine.PWRON_RESET, machine.HARD_RESET) if _ESP8266 else (machine.PWRON_RESET,)
_PROGRAM_RESET = machine.SOFT_RESET if _ESP8266 else machine.HARD_RESET  # by machine.reset()
_GOOD_RESETS = _BUTTON_RESETS + (machine.DEEPSLEEP_RESET,) + (() if _ESP8266 else (machine.SOFT_RESET,))


def begin():
    """Before main.py: what boot.py is to do. None: leave main.py to MicroPython. True: run it; or else run what is
    returned, sources, the last of them its own. Raises RuntimeError in safe mode, where main.py is not to run."""
    try:
        return _begin_patiently(ticks_ms())
    finally:
        _drop()


def _begin_patiently(started):
    while True:
        try:
            return _begin(started)
        except KeyboardInterrupt:
            if __import__("firmware/keyboard").somebody():
                _at_prompt(started)
                raise
        except Exception as e:  # noqa: BLE001
            if isinstance(e, RuntimeError):
                raise
            sys.print_exception(e)
            return _main_py(0)  # whatever is wrong with this, main.py is to run


def _begin(started):
    # Loading a module leaves as much garbage as code. Where that goes early, what stays lies close together, and what
    # is free in one piece. An ESP32 would collect only when its heap is full, and have it grow, for good, where that
    # does not give a piece that is large enough (py/gc.c, gc_try_add_heap()).
    gc.threshold(_COLLECT)
    soft = _soft_reset(started)
    config = _read_config()
    way_out = _reason_for_safe_mode(config, soft)
    if way_out:
        import __main__  # type: ignore[import-not-found]

        __main__.safe_mode = True
        _write(0, _RUNNING)
        _at_prompt(started)
        raise RuntimeError("safe mode: main.py is not run; " + way_out)
    if soft or "main.py" not in os.listdir():
        if _ESP8266:
            _at_prompt(started)
        return None
    if "config.back" in os.listdir():  # changed from afar, and not proven yet
        __import__("firmware/config_trial").count()
        config = _read_config()
    setup = config.get(_SETUP) is True and _is_to_be_set_up(config)
    seconds = config.get("watchdog", 60)
    if seconds and isinstance(seconds, int) and _uses_firmware():
        _begin_watchdog(seconds)
    if setup and _has_page():
        return ('__import__("firmware.setup").setup.run()',)
    if "safe_mode_online" in os.listdir():
        os.remove("safe_mode_online")
        return ('__import__("firmware.alone").alone.run()',)
    return _main_py(config.get("outbox_size", 2048))


def ended(error):
    """After main.py, which has raised this, None if nothing. Resets the board for another try, but where somebody is
    there: then it raises RuntimeError, for MicroPython is not to run main.py once more."""
    try:
        if error:
            _write(_count(), _WAITED)
            if not _wait_after(error):
                machine.reset()
        watchdog = sys.modules.get("firmware.watchdog")
        if watchdog:
            watchdog.stop()
        _at_prompt(0)
        raise RuntimeError("stopped: Ctrl-D starts main.py again")
    finally:
        _drop()


def _wait_after(error):
    """Until it is time for the next try, where the board does not sleep until then; True if somebody is there."""
    if not isinstance(error, KeyboardInterrupt):
        for name in list(sys.modules):  # boot.py has freed main.py's own
            if name[:9] in ("firmware", "firmware.") and name != "firmware.watchdog" or name[:4] in ("mqtt", "onen"):
                del sys.modules[name]
        gc.collect()
    try:
        return __import__("firmware/crash").wait_after(error, _count(), _read_config)
    except Exception as e:  # noqa: BLE001 - no memory, most likely; the board is to try again whatever it is
        sys.print_exception(error)
        sys.print_exception(e)
        sleep_ms(9000)  # less than any watchdog
        return False


def _drop():
    """Nothing of this stays. Clearing what is left is for the collector, which takes anything on the stack that looks
    like a module for a use of it."""
    for name in "start crash keyboard config_trial flash_pins".split():
        sys.modules.pop("firmware/" + name, None)
    if "/" in __name__:
        globals().clear()


def _begin_watchdog(seconds):
    """For what main.py does before Device.run(), which knows it as its own."""
    try:
        watchdog = sys.modules["firmware.watchdog"] = __import__("firmware/watchdog")
        watchdog.start(max(10, min(seconds, 600)))
    except Exception as e:  # noqa: BLE001 - a board without is better than none
        sys.print_exception(e)


def _soft_reset(now):
    """True if this is one, where somebody or a tool is at the prompt."""
    if not _ESP8266:
        return machine.reset_cause() == machine.SOFT_RESET
    # It tells nothing of Ctrl-D, but its ticks go on. What it calls a soft reset is machine.reset().
    if not _ours():
        return now > 10000  # from 0 on, so no ticks_diff(): it is wrong after six days
    return _state() == _PROMPT and now >= int.from_bytes(machine.RTC().memory()[10:14], "little")


def _at_prompt(started):
    """Leaves word for the next start. An ESP8266 tells a soft reset by the ticks: a start takes about the same time
    each time, so this waits until its ticks are certainly beyond those of the next one."""
    if _ESP8266:
        while ticks_diff(ticks_ms(), started) < _SETTLED:
            sleep_ms(20)
    _write(_count(), _PROMPT, ticks_ms())


def _has_page():
    """Whether the program has brought what belongs to "setup", which an ESP8266's has only if it asks for it."""
    try:
        __import__("firmware/setup_dns")
        del sys.modules["firmware/setup_dns"]
        return True
    except ImportError:
        print("boot: \"setup\" needs a line in main.py, '# onenet: setup', and another deploy")
        return False


def _is_to_be_set_up(config):
    """Whether the access point is to open: what was answered there has not worked, or there are no networks yet and
    somebody has just switched the board on, or reset it."""
    files = os.listdir()
    if "setup.json" in files:
        return "config.back" not in files  # which is a trial
    somebody = machine.reset_cause() in _BUTTON_RESETS + (0,) or _ours() and not _count()  # 0: by an ESP32-C3's own USB
    return "wifi" not in config and somebody


# RTC memory


def _ours():
    return machine.RTC().memory()[:8] in (b"", _MARK)


def _count():
    return (machine.RTC().memory() + b"\0" * 9)[8] if _ours() else 0


def _state():
    return (machine.RTC().memory() + b"\0" * 10)[9] if _ours() else _RUNNING


def _write(crashes, state, ticks=0):
    kept = machine.RTC().memory()
    if kept[:8] in (b"", _MARK):
        if crashes or state or kept[_HEAD:]:
            kept = _MARK + bytes((crashes, state)) + ticks.to_bytes(4, "little") + kept[_HEAD:]
        else:
            kept = b""
        machine.RTC().memory(kept)


# Safe mode


def _read_config():
    """config.json as it stands there; {} if that is none. Device will say what is wrong with it."""
    try:
        with open("config.json") as file:
            config = json.load(file)
        return config if isinstance(config, dict) else {}
    except (OSError, ValueError, MemoryError):
        return {}


def _reason_for_safe_mode(config, soft=False):
    """What the way out of safe mode is, if there is to be safe mode; None if main.py may run."""
    files = os.listdir()
    once = "safe_mode_once" in files
    if once:
        os.remove("safe_mode_once")
        # Who wanted it resets the board at once. If something else has come in between, nobody may be there any more.
        once = machine.reset_cause() == _PROGRAM_RESET
    if "safe_mode" in files:
        return "delete the file safe_mode and reset to leave it"
    if once or _button_pressed(config) or _crashed_often(soft) and _pause(config):
        return "reset to leave it"
    return None


def _button_pressed(config):
    if machine.reset_cause() not in _BUTTON_RESETS:
        return False  # nobody pressed reset, so nobody is there to press this one
    pin = config.get("safe_mode_pin", "boot")
    named = pin != "boot"
    if not named:
        pin = 9 if any(chip in sys.implementation._machine for chip in ("C2", "C3", "C6", "H2")) else 0
    if pin == -1:
        return False
    try:
        if named and __import__("firmware/flash_pins").check(pin, sys.implementation._machine):
            return False  # the board would never start
        button = machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP)
    except (ValueError, TypeError):  # no such pin, or none with a resistor
        return False
    for _ in range(_WINDOW // 20):
        if not button.value():
            return True
        sleep_ms(20)
    return False


def _crashed_often(soft=False):
    """True if main.py has ended in a reset several times in a row, be it a crash, the watchdog or its own doing, and
    there was no pause yet.

    Power-on, the reset button, Ctrl-D and any reset from the prompt, as onenet's, begin a new count, and so does
    Device.run() when it has been up for a minute, and a sleep that is not one between two tries.
    """
    cause = machine.reset_cause()
    waited = _state() == _WAITED
    between = waited and cause == machine.DEEPSLEEP_RESET
    if soft or cause in _GOOD_RESETS and not between or _state() == _PROMPT:
        _write(0, _RUNNING)
        return False
    _write(min(_count() + 1, 255), _RUNNING)
    return _count() >= _CRASHES and not waited


def _pause(config):
    """True at Ctrl-C."""
    _write(_count(), _WAITED)  # it may be asleep
    if __import__("firmware/crash").sleep(config):
        return True
    _write(_count(), _RUNNING)
    return False


# main.py


def _uses_firmware():
    """True if main.py has this word: another program would not feed the watchdog."""
    with open("main.py", "rb") as file:
        before = b""
        while True:
            text = file.read(128)
            if b"firmware" in before + text:
                return True
            if not text:
                return False
            before = text[-8:]


def _main_py(size):
    """What boot.py is to do to run it. size: see _sources()."""
    try:
        return _sources(size) if _ESP8266 else True
    except MemoryError:
        return ("raise MemoryError('main.py is too long for this board: put parts of it into modules')",)


def _sources(size):
    """main.py's text, in a buffer of that size at least: the interpreter keeps it as long as main.py runs, and Device
    makes it the outbox's. As the first large object it breaks up nothing.

    Before it, what loads the package that it begins with. For as long as main.py runs, exec() keeps on the stack where
    it had its parse tree (mp_parse_compile_execute() in py/runtime.c), which the collector takes for a use of what
    comes to lie there next. That was, for one main.py in three, what loading the package needs once only: 2.3 KB."""
    import __main__

    if not isinstance(size, int) or not 256 <= size <= 65536:
        size = 2048
    n = os.stat("main.py")[6]
    buf = __main__.boot_buffer = bytearray(max(n + 1, size))
    buf[0] = 10  # so that each line is after a newline
    with open("main.py", "rb") as file:
        file.readinto(memoryview(buf)[1:])
    text = memoryview(buf)[1 : n + 1]
    if b"\nfrom firmware" in buf or b"\nimport firmware" in buf:
        return '__import__("firmware");__import__("gc").collect()', text
    return (text,)
