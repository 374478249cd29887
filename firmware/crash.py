"""What is done when the user's program fails: it is written down, and tried again later. Loaded only for that.

The file crashes holds the last failures, at most 2048 bytes, oldest first. Each begins with a line "# count time
cause": how many times in a row, 0 where that is not known or the program went on; the time in UTC, or -; what had
failed, or started the board. The traceback follows, and an empty line.
"""

import io
import json
import machine
import os
import sys
import time
from micropython import const

_ROOM = const(2048)  # bytes of the file
_LONGEST = const(600)  # characters of one traceback
_PAUSES = (5, 15, 60, 180, 600)  # seconds
_WINDOW = const(10)  # seconds awake before a board sleeps until the next try, where somebody may just have come
_WOKEN = const(5)  # and at each wake
_PIECE = const(4200)  # seconds that an ESP8266 can sleep at once: see sleep.py


def wait_after(error, count, read_config):
    """After main.py has raised this, and had failed count times in a row before. False: reset the board, for another
    try; True: somebody is there. Sleeps until the next try where the configuration, which read_config() has, says so:
    a battery would not last for pauses awake."""
    keyboard = __import__("firmware/keyboard")
    watchdog = sys.modules.get("firmware.watchdog")
    feed = watchdog.feed if watchdog else keyboard.nothing
    if isinstance(error, KeyboardInterrupt):
        return bool(error.args) or keyboard.somebody(feed)  # the port's own has none: see asynchronous.py
    count += 1
    print("boot: main.py has failed:")
    show(error)
    note(error, "reset %d" % machine.reset_cause(), count)
    seconds = _PAUSES[min(count, len(_PAUSES)) - 1]
    text = "boot: main.py has failed, %d in a row; the next try is in %d s, unless Ctrl-C"
    wanted = _sleep_of(read_config())
    if wanted:
        seconds = _WOKEN if machine.reset_cause() == machine.DEEPSLEEP_RESET else _WINDOW
        text = "boot: main.py has failed, %d in a row; the board sleeps in %d s, unless Ctrl-C"
    return keyboard.interrupted(text % (count, seconds), seconds, feed) or _sleep(wanted)


def sleep(config):
    """Ten minutes, so that mpremote gets a word in and yet a board on a roof goes on trying; or ten seconds, and sleep.
    True at Ctrl-C."""
    wanted = _sleep_of(config)
    text = "boot: main.py has crashed again and again; the next try is %s, unless Ctrl-C"
    text %= "after a sleep" if wanted else "in 10 minutes"
    return __import__("firmware/keyboard").interrupted(text, _WINDOW if wanted else 600) or _sleep(wanted)


def _sleep_of(config):
    """The seconds that a board sleeps between two measurements; 0 for none, or where an update is on trial: that has
    its own count of starts, and its time, and a sleep is neither."""
    try:
        os.stat("deploy/record")
        return 0
    except OSError:
        pass
    wanted = config.get("sleep")
    if isinstance(wanted, dict):
        wanted = wanted.get("seconds")
    if not wanted or not isinstance(wanted, int):
        return 0
    return max(10, min(wanted, _PIECE if sys.platform == "esp8266" else 604800))


def _sleep(seconds):
    """Deep sleep, after which main.py is tried again; False for 0."""
    if not seconds:
        return False
    try:
        _count_sleep(seconds)
    except Exception as e:  # noqa: BLE001 - no memory, say: the clock will be off by a little
        sys.print_exception(e)
    time.sleep_ms(20)  # for what the UART still has
    machine.deepsleep(seconds * 1000)


def _count_sleep(seconds):
    """For the clock's drift, see drift.py."""
    from firmware import across_resets, notes

    kept = notes.load()
    kept.slept += seconds
    across_resets.note(kept.packed())


def show(error):
    try:
        print(_words(error), end="")
    except MemoryError:
        sys.print_exception(error)


def note(error, cause, count=0):
    """Adds it to the file; not where there is no room for that, in memory or flash."""
    try:
        now = time.gmtime()
        when = "%04d-%02d-%02d %02d:%02d:%02d" % tuple(now[:6]) if now[0] >= 2025 else "-"
        lines = [line for line in without_secrets(_words(error)).split("\n") if line]
        _add("# %d %s %s\n%s\n\n" % (count, when, cause, "\n".join(lines)))
    except (OSError, MemoryError) as e:
        print("boot: not kept: %s" % (e or "no memory"))


def _words(error):
    """The traceback, beginning with the program's own file. An ESP8266 does not know that file's name."""
    text = io.StringIO()
    sys.print_exception(error, text)
    lines = [line for line in text.getvalue().split("\n") if 'File "boot.py"' not in line]
    text = "\n".join(lines).replace('"<string>"', '"main.py"')
    if len(text) > _LONGEST:
        text = text[: _LONGEST // 2] + "\n...\n" + text[-_LONGEST // 2 :]
    return text


def without_secrets(text):
    """The text with *** for all that config.json has of them."""
    try:
        with open("config.json") as file:
            config = json.load(file)
        secrets = [network.get("password") for network in config.get("wifi", ())]
        secrets += [
            config.get(key) for key in "auth_info device_key access_key token password update_key remote_key".split(" ")
        ]
        secrets.append((config.get("token") or "").partition("&sign=")[2])
    except (OSError, ValueError, AttributeError, TypeError):
        return text
    secrets = [secret for secret in secrets if isinstance(secret, str)]
    secrets.sort(key=len, reverse=True)  # or of one that another begins with the rest would stay
    for secret in secrets:
        if len(secret) > 3:
            text = text.replace(secret, "***")
    return text


def _add(record):
    """The next file is complete before it takes the place of the last one, so power may go at any moment."""
    record = record.encode()
    try:
        old = open("crashes", "rb")
    except OSError:
        old = None
    with open("crashes.new", "wb") as file:
        if old:
            with old:
                _copy(old, file, _ROOM - len(record))
        file.write(record)
    os.rename("crashes.new", "crashes")


def _copy(old, file, room):
    """Of the last failures as many as there is room for; by lines, for there may be no memory for all in one piece."""
    over = old.seek(0, 2) - room  # bytes of the oldest that have to go
    old.seek(0)
    for line in old:
        if over <= 0:
            file.write(line)
        else:
            over -= len(line)
            if line != b"\n" and over <= 0:  # a failure goes as a whole
                over = 1
