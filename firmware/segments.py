"""Records of the outbox in files: outbox/1, outbox/2 … of 4 KB at most, a block of littlefs each. Loaded when something
is to be done with them; it is a room of flash_outbox.py, and knows its attributes.

A segment holds chunks, each of some records as the outbox has them, after a head: their size in two bytes, the epoch of
their times, a byte for later, and the first four bytes of the SHA-256 of all that. littlefs shows what was written to a
file when it is closed, all or nothing; elsewhere a power cut can leave the last chunk in part, and the sum tells.

Times below Clock's least belong to an epoch: from one start of the clock to the next. Where it was set later on, the
file outbox/state knows by how much it jumped; and it knows which chunk is to be read next. It may be missing: then some
records come twice, and times that nobody knows are sent as none.
"""

import json
import os
import sys
from hashlib import sha256
from machine import DEEPSLEEP_RESET, PWRON_RESET, reset_cause
from micropython import const

from .log import log, uptime

_FOLDER = "outbox"
_STATE = "outbox/state"
_SEGMENT = const(4096)
_CHUNK = const(1024)  # bytes of records in one, at most
_HEAD = const(8)
_SET = const(820000000)  # see clock.py
_LATER = const(60)  # seconds after a fault until flash is tried again
_TRIES = const(3)
_ENOSPC = const(28)
_JUMPS = const(8)  # epochs whose jumps are remembered


def begin(box):
    """Finds what an earlier run has left."""
    box.failures = box.skip = box.chunk = 0
    try:
        os.mkdir(_FOLDER)
    except OSError:
        pass
    numbers = _numbers()
    box.first = min(numbers or (0,))  # 0: there is none
    box.last = max(numbers or (0,))
    box.size = _whole(box.last)
    state = _state()
    box.reading, box.at = state["reading"]
    box.noted = box.reading  # what the file says
    if box.reading not in numbers:
        box.reading = box.at = 0
    box.jumps = state["jumps"]
    box.epoch = state["epoch"] if _clock_went_on() else state["epoch"] + 1 & 0xFF
    if numbers:
        log("outbox", "%d KB in flash wait to be sent" % (len(numbers) << 2))
    if box.epoch != state["epoch"] or box.reading != box.noted:
        _note(box)


def do(box, what):
    (spill, save, load, delivered)[what](box)


def spill(box):
    """Moves to flash what is not on its way."""
    _write(box, box._start + max(box.copied, box._busy - box._start), True)


def save(box):
    """Copies to flash all that is not there."""
    _write(box, box._start + box.copied, False)


def load(box):
    """Brings back the next chunk, or as much of it as there is room for."""
    if not box.reading:
        box.reading = box.last if box.newest_first else box.first
        box.at = box.skip = 0
    data = _readable(box)
    if not data:
        return
    box.chunk = len(data)
    end = at = box.skip
    room = len(box.buf) - len(box) >> (1 if len(box) else 0)  # live values come in meanwhile
    while end < len(data):
        size = data[end] << 8 | data[end + 1]
        if end + size - at > room:
            break
        end += size
    if end == at:
        if not len(box):  # "outbox_size" was larger when it was written
            box.dropped += 1
            box.loaded = data[at] << 8 | data[at + 1]
        return
    used = bytes(memoryview(box.buf)[box._start : box._end])
    loaded = end - at
    box.buf[:loaded] = data[at:end]
    box.buf[loaded : loaded + len(used)] = used
    box._start = box._busy = 0
    box._end = loaded + len(used)
    box.copied = box.loaded = loaded
    box.missed = 0


def delivered(box):
    """All that was loaded has arrived, but for what had to make room."""
    box.skip += box.loaded - box.missed
    box.loaded = box.missed = 0
    if box.skip >= box.chunk:
        _advance(box, box.at + _HEAD + box.chunk)


# Files


def _path(number):
    return "%s/%d" % (_FOLDER, number)


def _numbers():
    """The segments there are."""
    found = []
    for name in os.listdir(_FOLDER):
        if name.isdigit() and name[0] != "0" and len(name) < 10:
            found.append(int(name))
    return found


def _whole(number):
    """Bytes of the segment, if nothing is wrong with it, so that more can be added; or else as if it was full."""
    try:
        with open(_path(number), "rb") as file:
            at = 0
            while True:
                data = _next(file)
                if data is None:
                    return at
                at += _HEAD + len(data)
    except (OSError, ValueError):
        return _SEGMENT


def _next(file):
    """The chunk that follows; None at the end. ValueError for what is none."""
    head = file.read(_HEAD)
    if not head:
        return None
    data = file.read(head[0] << 8 | head[1]) if len(head) == _HEAD else b""
    if not data or head[4:] != _sum(head, data):
        raise ValueError("sum")
    return data


def _sum(head, data):
    digest = sha256(head[:4])
    digest.update(data)
    return digest.digest()[:4]


def _readable(box):
    """The chunk to be read next; None where it can't be, and is skipped, or tried again where that may help."""
    size = 0
    try:
        with open(_path(box.reading), "rb") as file:
            file.seek(box.at)
            head = file.read(_HEAD)
            size = head[0] << 8 | head[1] if len(head) == _HEAD else _SEGMENT
            file.seek(box.at)
            data = _timed(box, head, _next(file) or b"")
            box.failures = 0
            return data
    except OSError as e:
        log("outbox", "flash: %s" % e)
        box.failures += 1
        if box.failures < _TRIES:
            box.fault_until = uptime() + _LATER
            return
        size = _SEGMENT
    except ValueError as e:
        log("outbox", "not readable: %s at %d, wrong %s" % (_path(box.reading), box.at, e))
    box.dropped += 1
    _advance(box, box.at + _HEAD + size)


def _timed(box, head, data):
    """The chunk with times as true as they can be."""
    data = bytearray(data)
    if not data:
        raise ValueError("size")
    epoch = head[2]
    jump = _jump(box, epoch)
    at = 0
    while at < len(data):
        size = data[at] << 8 | data[at + 1]
        if size < 7 or at + size > len(data):
            raise ValueError("record")
        seconds = data[at + 2] << 24 | data[at + 3] << 16 | data[at + 4] << 8 | data[at + 5]
        if seconds <= _SET and (jump or epoch != box.epoch):
            seconds = seconds + jump if jump else 0xFFFFFFFF
            for i in range(4):
                data[at + 2 + i] = seconds >> (24 - 8 * i) & 0xFF
        at += size
    return data


def _write(box, begin, move):
    """Writes the records from begin on, chunk by chunk; `move`: they leave the outbox."""
    end = done = begin
    _jump(box, box.epoch)
    try:
        while done < box._end:
            file = _room(box)
            if not file:
                break
            with file:
                while end < box._end:
                    n = _fits(box, end, _SEGMENT - _HEAD - box.size)
                    if not n:
                        break
                    data = memoryview(box.buf)[end : end + n]
                    head = bytes((n >> 8, n & 0xFF, box.epoch, 0))
                    file.write(head + _sum(head, data))
                    file.write(data)
                    box.size += _HEAD + n
                    end += n
            if end == done:
                if not box.size:  # longer than a segment: it stays where it is, and with it what comes after
                    break
                box.size = _SEGMENT  # full, as far as this record is concerned
            done = end
    except OSError as e:
        box.size = _SEGMENT
        box.fault_until = uptime() + _LATER
        log("outbox", "flash: %s" % e)
        if e.errno == _ENOSPC and box.first != box.last and box._drop_oldest:
            _remove_oldest(box)
    if move and done > begin:
        box._move(done, begin)


def _fits(box, at, room):
    """Bytes of the whole records from `at` on that fit into so many, and into a chunk; one may be longer."""
    end = at
    while end < box._end:
        n = end + box._size(end) - at
        if n > room or n > _CHUNK and end > at:
            break
        end = at + n
    return end - at


def _room(box):
    """The segment to be added to, open; None where flash has no more for us."""
    if not box.first or box.size + _HEAD * 4 > _SEGMENT:
        if len(_numbers()) >= box.most:
            if not box._drop_oldest:
                return None
            _remove_oldest(box)
        file = open(_path(box.last + 1), "wb")  # noqa: SIM115 - for whoever asks
        box.last += 1
        box.first = box.first or box.last
        box.size = 0
        return file
    return open(_path(box.last), "ab")


def _remove_oldest(box):
    log("outbox", "no room in flash: the oldest there, %s, go" % _path(box.first))
    box.dropped += 1
    if box.reading == box.first:
        box.copied = box.loaded = 0  # what is loaded is in RAM alone now
    _remove(box, box.first)


def _remove(box, number):
    try:
        os.remove(_path(number))
    except OSError:
        pass
    numbers = _numbers()
    box.first = min(numbers or (0,))
    if number == box.last:
        box.last = max(numbers or (0,))
        box.size = _SEGMENT
    if box.reading == number:
        box.reading = box.at = box.skip = box.chunk = 0
    if box.noted == number:  # there may be another of this number
        _note(box)


def _advance(box, at):
    """Goes on to the next chunk, at `at`; a segment that has no more is removed."""
    size = 0
    try:
        size = os.stat(_path(box.reading))[6]
    except OSError:
        pass
    box.at = at
    box.skip = box.chunk = 0
    if at >= size:
        _remove(box, box.reading)
    else:
        _note(box)


# State


def _clock_went_on():
    """Whether the clock still counts from where it did before: an ESP32's does over any reset but power on (its RTC
    timer, esp32/modtime.c), an ESP8266's over deep sleep alone (see ntp.py)."""
    cause = reset_cause()
    return cause == DEEPSLEEP_RESET or sys.platform != "esp8266" and cause != PWRON_RESET


def _jump(box, epoch):
    """By how much the clock jumped when it was set, in this epoch; 0 where nobody knows."""
    now = box.device.clock._jump
    if epoch == box.epoch and now:
        if box.jumps.get(str(epoch)) != now:
            box.jumps[str(epoch)] = now
            _note(box)
        return now
    return box.jumps.get(str(epoch), 0)


def _state():
    try:
        with open(_STATE) as file:
            state = json.load(file)
        reading, at = state["reading"]
        if isinstance(reading + at + state["epoch"], int) and isinstance(state["jumps"], dict):
            return state
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return {"reading": [0, 0], "epoch": 0, "jumps": {}}


def _note(box):
    """Writes down what a later run has to know."""
    while len(box.jumps) > _JUMPS:
        box.jumps.pop(min(box.jumps))
    try:
        with open(_STATE, "w") as file:
            json.dump({"reading": [box.reading, box.at], "epoch": box.epoch, "jumps": box.jumps}, file)
        box.noted = box.reading
    except OSError as e:
        log("outbox", "flash: %s" % e)
