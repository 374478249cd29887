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
from hashlib import sha256
from micropython import const

from . import watchdog
from .log import log, rare, uptime

_FOLDER = "outbox"
_STATE = "outbox/state"
_SEGMENT = const(4096)
_CHUNK = const(1024)  # bytes of records in one, at most
_HEAD = const(8)
_RECORD = const(7)  # bytes of a record besides its id and value
_SET = const(820000000)  # see clock.py
_LATER = const(60)  # seconds after a fault until flash is tried again
_TRIES = const(3)
_ENOENT = const(2)
_ENOSPC = const(28)
_JUMPS = const(8)  # epochs whose jumps are remembered


def do(box, what):
    if box._held:
        _close(box)
    if box.jumps is None:
        _begin(box)
    _jump(box, box.epoch)
    (_nothing, spill, save, load, _delivered, _settle)[what](box)


def _nothing(box):
    pass


def _begin(box):
    """Finds what an earlier run has left."""
    box.failures = box.skip = box.chunk = box.reading = box.at = box.noted = box.count = box._last = box.epoch = 0
    jumps = {}
    try:
        os.mkdir(_FOLDER)
    except OSError:  # mostly it is there
        pass
    state = _state()
    if state:
        box.noted = state["reading"][0]  # what the file says
        jumps = state["jumps"]
    _look(box)
    last_epoch = _look_at_last(box)
    now = box.device.clock.now()
    if state and rare("across_resets").clock_went_on() and now >= state["now"]:
        box.epoch = state["epoch"]
    else:
        box.epoch = (state["epoch"] if state else last_epoch) + 1 & 0xFF
        jumps.pop(str(box.epoch), None)
    if state and state["reading"][1] <= (_size(box.noted) or -1):  # else it is of another time
        box.reading, box.at = state["reading"]
        box.skip = state["skip"]
    if box.count:
        log("outbox", "%d KB in flash wait to be sent" % (box.count << 2))
    box.jumps = jumps
    _note(box)


def spill(box):
    """Moves to flash what is not on its way."""
    _write(box, box._start + max(box.copied, box._busy - box._start), True)


def save(box):
    """Moves to flash what is not on its way, and copies what is."""
    spill(box)
    _write(box, box._start + box.copied, False)


def load(box):
    """Brings back the next chunk, or as much of it as there is room for."""
    if box.loaded or box._busy != box._start:  # put() in a callback was faster
        return
    if not box.reading:
        wanted = box.device.config["outbox_flash"]
        box.reading = box._last if isinstance(wanted, dict) and wanted.get("newest_first") else box.first
        box.at = box.skip = 0
    data = _readable(box)
    if not data:
        return
    box.chunk = len(data)
    end = at = box.skip
    room = len(box.buf) - len(box) >> (1 if len(box) else 0)  # live values come in meanwhile
    points = box.device._points
    while end < len(data):
        size = data[end] << 8 | data[end + 1]
        id_len = data[end + 6]
        if size > len(box.buf) or points and not points.fits(id_len, size - _RECORD - id_len):
            # "outbox_size" or "tx_size" was larger when it was written
            if end > at:
                break
            box.dropped += 1
            log("outbox", "%d bytes are too long for outbox_size or tx_size: dropped" % size)
            end = at = box.skip = end + size
            continue
        if end + size - at > room:
            break
        end += size
    if end == at:
        if at >= box.chunk:
            _advance(box, box.at + _HEAD + box.chunk)
        return
    used = bytes(memoryview(box.buf)[box._start : box._end])
    loaded = end - at
    box.buf[:loaded] = data[at:end]
    box.buf[loaded : loaded + len(used)] = used
    box._start = box._busy = 0
    box._end = loaded + len(used)
    box.copied = box.loaded = loaded
    box.missed = 0


def _delivered(box):
    """All that was loaded has arrived, but for what had to make room."""
    if box.copied or not box.loaded:
        return
    box.skip += box.loaded - box.missed
    box.loaded = box.missed = 0
    if box.skip >= box.chunk:
        _advance(box, box.at + _HEAD + box.chunk)


def _settle(box):
    """Notes what has arrived of a chunk, lest all of it is sent again after sleep, and no chunk ever to its end."""
    if box.loaded:
        left = box.copied + box.missed
        box.skip += box.loaded - left
        box.loaded = left
        _note(box)


# Files


def _open(box, path, mode):
    """Opens a file to be written. An error of flash comes from the port through the middle of littlefs
    (esp32_partition.c, modesp.c), which then has the file in its list still. So it is held until it could be closed, by
    _close() or at the next occasion: collected before, its memory would be somebody else's, and littlefs go by it."""
    if box._held:
        _close(box)
    box._held = open(path, mode)
    return box._held


def _close(box):
    box._held.close()
    box._held = None


def _path(number):
    return "%s/%d" % (_FOLDER, number)


def _look(box):
    """Counts the segments, and finds the first and the last."""
    box.count = box.first = last = 0
    for entry in getattr(os, "ilistdir", os.listdir)(_FOLDER):  # a list of some hundred names would be long
        name = entry if isinstance(entry, str) else entry[0]
        if name.isdigit() and name[0] != "0" and len(name) < 10:
            number = int(name)
            box.count += 1
            box.first = min(box.first or number, number)
            last = max(last, number)
    box._last = max(last, box.noted)  # not to be used again before the state says so


def _size(number):
    """Bytes of a segment; None where there is none."""
    try:
        return os.stat(_path(number))[6]
    except OSError as e:
        if e.errno != _ENOENT:  # it may well be there
            raise
        return None


def _look_at_last(box):
    """Sets the size of the last segment, if nothing is wrong with it, so that more can be added; or else as if it was
    full. Returns the epoch of its last chunk."""
    box.size = _SEGMENT
    epoch = at = 0
    try:
        with open(_path(box._last), "rb") as file:
            while True:
                head, data = _next(file)
                if not head:
                    box.size = at
                    break
                epoch = head[2]
                at += _HEAD + len(data)
    except (OSError, ValueError):
        pass
    return epoch


def _next(file):
    """The chunk that follows, its head and its records; b"" at the end. ValueError for what is none."""
    head = file.read(_HEAD)
    if not head:
        return b"", b""
    data = file.read(head[0] << 8 | head[1]) if len(head) == _HEAD else b""
    if not data or head[4:] != _sum(head, data):
        raise ValueError("sum")
    return head, data


def _sum(head, data):
    digest = sha256(head[:4])
    digest.update(data)
    return digest.digest()[:4]


def _readable(box):
    """The chunk to be read next; None where it can't be, and is skipped, or tried again where that may help."""
    size = _size(box.reading)
    if size is None or box.at >= size:  # what was to be removed
        return _advance(box, box.at)
    size = _SEGMENT
    try:
        with open(_path(box.reading), "rb") as file:
            file.seek(box.at)
            head = file.read(_HEAD)
            size = head[0] << 8 | head[1] if len(head) == _HEAD else 0
            file.seek(box.at)
            data = _timed(box, *_next(file))
            box.failures = 0
            return data
    except OSError as e:
        box.failures += 1
        if box.failures < _TRIES:
            raise
        log("outbox", "flash: %s" % e)
        size = _SEGMENT
    except (ValueError, IndexError) as e:
        log("outbox", "not readable: %s at %d, wrong %s" % (_path(box.reading), box.at, e))
    box.dropped += 1
    _advance(box, box.at + _HEAD + (size or _SEGMENT))


def _timed(box, head, data):
    """The chunk with times as true as they can be."""
    data = bytearray(data)
    epoch = head[2]
    jump = _jump(box, epoch)
    at = 0
    while at < len(data):
        size = data[at] << 8 | data[at + 1]
        if size < _RECORD + data[at + 6] or at + size > len(data):
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
    try:
        while done < box._end:
            file = _room(box)
            if not file:
                break
            size, box.size = box.size, _SEGMENT  # whatever interrupts this, nothing is added after it
            new = not size
            while end < box._end:
                n = _fits(box, end, _SEGMENT - _HEAD - size)
                if not n:
                    break
                data = memoryview(box.buf)[end : end + n]
                head = bytes((n >> 8, n & 0xFF, box.epoch, 0))
                file.write(head + _sum(head, data))
                file.write(data)
                size += _HEAD + n
                end += n
            _close(box)
            if end == done and new:  # a record longer than a segment: it stays where it is, and what comes after it
                _remove(box, box._last)
                break
            if end > done:
                box.size = size
            done = end
    except OSError as e:
        box.fault_until = uptime() + _LATER
        log("outbox", "flash: %s" % e)
        if _size(box._last) == 0:  # begun, and nothing in it
            _remove(box, box._last)
        if e.errno == _ENOSPC and box.count > 1 and box._drop_oldest:
            _remove_oldest(box)
    finally:
        if move and done > begin:
            box._move(done, begin)


def _fits(box, at, room):
    """Bytes of the whole records from `at` on that fit into so many, and into a chunk; one may be longer."""
    end = at
    while end < box._end:
        size = box._size(end)
        n = end + size - at
        if n > room or n > _CHUNK and end > at or size < _RECORD:
            break
        end = at + n
    return end - at


def _room(box):
    """The segment to be added to, open; None where flash has no more for us."""
    watchdog.feed()
    if not box.first or box.size + _HEAD * 4 > _SEGMENT:
        wanted = box.device.config["outbox_flash"]
        if box.count >= (wanted if isinstance(wanted, int) else wanted["kb"]) >> 2:  # segments of 4 KB
            if not box._drop_oldest:
                return None
            _remove_oldest(box)
        file = _open(box, _path(box._last + 1), "wb")
        box._last += 1
        box.count += 1
        box.first = box.first or box._last
        box.size = 0
        return file
    return _open(box, _path(box._last), "ab")


def _remove_oldest(box):
    log("outbox", "no room in flash: the oldest there, %s, go" % _path(box.first))
    box.dropped += _unsent(box, box.first)
    if box.reading == box.first:
        box.copied = box.loaded = 0  # what is loaded is in RAM alone now
    _remove(box, box.first)


def _unsent(box, number):
    """How many records of a segment are neither sent nor loaded; 1 where that cannot be told."""
    n = at = 0
    try:
        with open(_path(number), "rb") as file:
            if box.reading == number:
                file.seek(box.at)
                at = box.skip + box.loaded
            while True:
                head, data = _next(file)
                if not head:
                    return n
                while at < len(data):
                    at += data[at] << 8 | data[at + 1]
                    n += 1
                at = 0
    except (OSError, ValueError, IndexError):
        return n or 1


def _remove(box, number):
    try:
        os.remove(_path(number))
    except OSError as e:
        if e.errno != _ENOENT:
            raise
    if box.reading == number:
        box.reading = box.at = box.skip = box.chunk = 0
    if box.noted == number:  # there may be another of this number
        _note(box)
    if number == box._last:
        box.size = _SEGMENT
    _look(box)


def _advance(box, at):
    """Goes on to the next chunk, at `at`; a segment that has no more is removed."""
    box.at = at
    box.skip = box.chunk = 0
    if at >= (_size(box.reading) or 0):
        _remove(box, box.reading)
    else:
        _note(box)


# State


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
    """What an earlier run has noted; None for nothing, or nothing that can be."""
    try:
        with open(_STATE) as file:
            state = json.load(file)
        reading, at = state["reading"]
        jumps = state["jumps"]
        state["skip"] = skip = state.get("skip", 0)
        numbers = [(reading, 10**9), (at, _SEGMENT + 1), (state["epoch"], 256), (state["now"], 1 << 32)]
        numbers.append((skip, _SEGMENT + 1))
        numbers += [(int(epoch), 256) for epoch in jumps] + [(jumps[epoch], 1 << 31) for epoch in jumps]
        if all(isinstance(number, int) and 0 <= number < end for number, end in numbers):
            return state
    except (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError):
        pass
    return None


def _note(box):
    """Writes down what a later run has to know."""
    while len(box.jumps) > _JUMPS:
        ages = [((box.epoch - int(epoch)) & 0xFF, epoch) for epoch in box.jumps]
        box.jumps.pop(max(ages)[1])
    state = {"reading": [box.reading, box.at], "epoch": box.epoch, "jumps": box.jumps, "now": box.device.clock.now()}
    if box.skip:
        state["skip"] = box.skip  # bytes of this chunk that have arrived
    try:
        json.dump(state, _open(box, _STATE, "w"))
        _close(box)
        box.noted = box.reading
    except OSError as e:
        log("outbox", "flash: %s" % e)
