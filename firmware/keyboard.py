"""Whether a Ctrl-C is somebody's: 0x03 comes as noise, too, when a cable is plugged in. Loaded only for that."""

import sys
from micropython import const
from select import POLLIN, poll
from time import sleep_ms, ticks_diff, ticks_ms

_PATIENCE = const(10000)  # ms
_TOO_FAST = const(200)  # ms in which only tools type, and they begin with control characters


def nothing():
    pass


def somebody(feed=nothing):
    """After a KeyboardInterrupt: True if anything more is typed within ten seconds, as mpremote does at once.
    What they send after Enter is left for the prompt. feed() is called all the time."""
    try:
        print("Ctrl-C: press it again, or any key, within %d s to stay at the prompt" % (_PATIENCE // 1000))
        keys = poll()
        keys.register(sys.stdin, POLLIN)
        start = ticks_ms()
        while ticks_diff(ticks_ms(), start) < _PATIENCE:
            feed()
            if not keys.poll(0):
                sleep_ms(10)
                continue
            key = sys.stdin.buffer.read(1)
            if not key:  # nobody will ever type anything
                return True
            fast = ticks_diff(ticks_ms(), start) < _TOO_FAST
            if key in b"\1\2\4\5\r\n" or b" " <= key < b"\x7f" and not fast:
                return True
    except KeyboardInterrupt:
        return True
    print("Ctrl-C: nobody there, going on")
    return False


def interrupted(text, seconds, feed=nothing):
    """Says the text and waits; True if somebody presses Ctrl-C meanwhile."""
    start = ticks_ms()
    while True:
        try:
            if text:
                print(text)
            text = None
            while ticks_diff(ticks_ms(), start) < seconds * 1000:
                feed()
                sleep_ms(100)
            return False
        except KeyboardInterrupt:
            if somebody(feed):
                return True
