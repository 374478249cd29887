"""What outlives a reset, and deep sleep, in RTC memory, where nothing wears: the data points in the outbox, and what is
to be known at the next wake. Loaded to put it there, and to bring it back.

An ESP32 has 2,048 bytes that only power on clears (esp32/machine_rtc.c, RTC_NOINIT_ATTR), an ESP8266 492 (esp8266/
machine_rtc.c, MEM_USER_MAXLEN). machine.mem_backup() is the same memory, not more. It holds the mark of start.py and 6
bytes of its own; then, where there is something to keep, the first four bytes of the SHA-256 of all that follows: the
clock as it was, points dropped so far, the size of what sleep keeps, that, and records as the outbox has them. Their
times are true ones as far as anybody knows. A program that keeps something else there is left alone.
"""

import sys
from hashlib import sha256
from machine import DEEPSLEEP_RESET, PWRON_RESET, RTC, reset_cause
from micropython import const

from .log import log, rare

_MARK = b"crashes "
_HEAD = const(14)  # bytes up to what is here
_SUM = const(4)
_OWN = const(7)  # bytes before what sleep keeps
_RECORD = const(7)  # of a record besides its id and value
_SET = const(820000000)  # see clock.py
_SETTLE = const(5)  # of segments.do()
_SPACE = 492 if sys.platform == "esp8266" else 2048


def read():
    """What is kept, behind the sum; empty where there is nothing, or nothing whole."""
    data = RTC().memory()
    body = data[_HEAD + _SUM :]
    if len(body) < _OWN or data[: len(_MARK)] != _MARK or data[_HEAD : _HEAD + _SUM] != sha256(body).digest()[:_SUM]:
        return b""
    return body


def state():
    """What sleep keeps; empty for nothing."""
    body = read()
    return body[_OWN : _OWN + body[6]] if body else b""


def clock_went_on():
    """Whether the clock still counts from where it did before: an ESP32's does over any reset but power on (its RTC
    timer, esp32/modtime.c), an ESP8266's over deep sleep alone (see ntp.py)."""
    cause = reset_cause()
    return cause == DEEPSLEEP_RESET or sys.platform != "esp8266" and cause != PWRON_RESET


def restore(device):
    """Brings back what the run before has kept. It stays here, too, until it has arrived: whatever resets the board
    before repeats some, but loses none."""
    body = read()
    if not body:
        return
    at = _OWN + body[6]
    if at > _OWN and reset_cause() == DEEPSLEEP_RESET:
        rare("sleep").woken(device, body[_OWN:at])
    outbox = device.outbox
    outbox.dropped += body[4] << 8 | body[5]
    went_on = clock_went_on() and device.clock.now() >= _number(body, 0)
    count = 0
    while at + _RECORD < len(body):
        size = body[at] << 8 | body[at + 1]
        id_at = at + _RECORD
        value_at = id_at + body[at + 6]
        seconds = _number(body, at + 2)
        if seconds <= _SET and not went_on:
            seconds = 0xFFFFFFFF  # nobody knows when that was
        end = at + size
        if not value_at < end <= len(body):
            break
        try:
            outbox.put(body[id_at:value_at], body[value_at:end], seconds)
        except ValueError:  # "outbox_size" was larger
            outbox.dropped += 1
        count += 1
        at = end
    if count:
        log("outbox", "%d data points from before the reset wait to be sent" % count)


def save(device, state=b"", last=True):
    """Puts there what is in the outbox and not in flash, with what sleep keeps; returns how many data points. last: for
    the board is about to be reset; what has no room goes into flash, where the outbox may have some, or else is
    dropped, by "outbox_full"."""
    outbox = device.outbox
    outbox.unlock()
    room = _SPACE - _HEAD - _SUM - _OWN - len(state) if RTC().memory()[: len(_MARK)] in (b"", _MARK) else 0
    flash = device.config["outbox_flash"]
    begin = outbox._start + (outbox.copied if flash else 0)  # what is nowhere but in RAM
    if last:
        outbox.send(0)  # nothing is on its way any more
        if flash:
            outbox._do(_SETTLE)
        if outbox._end - begin > room and flash:
            outbox.save()
            begin = outbox._start + outbox.copied
    drop = 0
    while outbox._drop_oldest and outbox._end - begin > room:
        begin += outbox._size(begin)
        drop += 1
    end = begin
    while end < outbox._end and end + outbox._size(end) - begin <= room:
        end += outbox._size(end)
    at = end
    while at < outbox._end:
        at += outbox._size(at)
        drop += 1
    if last:
        outbox.dropped += drop
        if drop:
            log("outbox", "no room in RTC memory: %d data points dropped" % drop)
    return _write(device, state, bytearray(memoryview(outbox.buf)[begin:end])) if room else 0


def note(state):
    """What sleep keeps from now on, in place of what it kept before; the points stay as they are."""
    body = read()
    if body:
        memory = RTC().memory
        body = body[:6] + bytes((len(state),)) + state + body[_OWN + body[6] :]
        memory(memory()[:_HEAD] + sha256(body).digest()[:_SUM] + body)


def count(outbox):
    """How many data points are in RAM."""
    at = outbox._start
    n = 0
    while at < outbox._end:
        at += outbox._size(at)
        n += 1
    return n


def _write(device, state, records):
    memory = RTC().memory
    head = memory()[:_HEAD]
    if not state and not records:
        memory(head)
        return 0
    clock = device.clock
    at = count = 0
    while at < len(records):
        seconds = _number(records, at + 2)
        _put_number(records, at + 2, clock.true_time(seconds) or seconds)
        at += records[at] << 8 | records[at + 1]
        count += 1
    own = bytearray(_OWN)
    _put_number(own, 0, clock.now())
    dropped = min(device.outbox.dropped, 0xFFFF)
    own[4] = dropped >> 8
    own[5] = dropped & 0xFF
    own[6] = len(state)
    own += state
    own += records
    head = head or _MARK
    memory(head + bytes(_HEAD - len(head)) + sha256(own).digest()[:_SUM] + own)
    return count


def _number(data, at):
    return data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]


def _put_number(data, at, number):
    for i in range(4):
        data[at + i] = number >> (24 - 8 * i) & 0xFF
