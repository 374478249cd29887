"""The main loop beside other tasks of asyncio: what Device.start() does. Loaded for that, and stays.

A turn of the loop does not wait for the network, but looks whether something is there, and the waiting is asyncio's.
What a stream or a command awaits is awaited in a task of its own, so that the connection goes on meanwhile. It is a
room of device.py, and knows its attributes.
"""

import asyncio
from micropython import const
from select import POLLIN, poll
from sys import stdin
from time import ticks_diff, ticks_ms

from . import watchdog
from .log import keep, log, rare

_PAUSE = const(20)  # ms between turns, at most
_STEADY = const(60000)  # ms after which the program is taken not to crash
_COMPLAIN = const(500)  # pauses between complaints of a configuration that is wrong

_ID = const(0)  # of a stream, see device.py
_MEASURE = const(2)
_STATE = const(4)
_COUNTED = const(1 << 20)  # in _STATE: there was a first value, or somebody else counts
_MANY = const(10)  # times without a value, and the log tells


async def start(device):
    """Keeps the device online, until it is cancelled, or Ctrl-C."""
    if not device.config:
        return await _complain(device)
    beside = _Beside(device)
    watchdog.start(device.config["watchdog"])
    keys = poll()
    keys.register(stdin, POLLIN)
    began = ticks_ms()
    try:
        while True:
            try:
                watchdog.feed()
                beside.look_at_streams()
                device._turn()
                for _ in keys.ipoll(0):
                    device._key_pressed(keys)
                if began is not None and ticks_diff(ticks_ms(), began) > _STEADY:
                    began = rare("seldom").forget_crashes(device)
            except KeyboardInterrupt:
                if rare("seldom").ctrl_c(device):
                    raise KeyboardInterrupt("answered")  # for boot.py, which would ask anew
            await asyncio.sleep_ms(min(beside.wait, _PAUSE))
    finally:
        beside.end()


async def _complain(device):
    """The file is wrong: says so, and again, for whoever connects later."""
    while True:
        rare("connect").tells(device)
        for _ in range(_COMPLAIN):
            watchdog.feed()
            await asyncio.sleep_ms(_PAUSE)


class _Beside:
    """What takes the place of parts of a Device where its loop is a task."""

    def __init__(self, device):
        self.device = device
        self.wait = _PAUSE  # ms until something is to be measured
        self._tasks = []  # of those under way
        self._coroutine = None  # what the command's function has returned, where that is to be awaited
        self._replies = []  # (command id, reply) that were awaited
        self._answering = device._answer
        self._obeying = device._obey
        device._measure = self._measure
        device._answer = self._answer
        if device._obey:
            device._obey = self._obey

    def end(self):
        """Everything is as before, and the connection closed."""
        device = self.device
        for task in self._tasks:
            task.cancel()
        for stream in device._streams:
            if isinstance(stream[_MEASURE], _Measuring):
                stream[_MEASURE] = stream[_MEASURE]._measure
        del device._measure
        device._answer = self._answering
        if self._obeying:
            device._obey = self._obeying
        device._client.close()
        device._online_at = None

    # Streams

    def look_at_streams(self):
        for stream in self.device._streams:
            if not isinstance(stream[_MEASURE], _Measuring):
                stream[_MEASURE] = _Measuring(self, stream)

    def _measure(self):
        self.wait = type(self.device)._measure(self.device)
        return 0  # so that nothing waits for the network

    def begin(self, coroutine):
        """A task of ours, which ends with us."""
        self._tasks.append(asyncio.create_task(self._watched(coroutine)))

    async def _watched(self, coroutine):
        try:
            await coroutine
        finally:
            self._tasks.remove(asyncio.current_task())

    # Commands

    def _answer(self):
        device = self.device
        while self._replies and device._client.can_publish(1):
            self._coroutine = None
            self._reply(*self._replies.pop(0))
        if device._things and device._things.modelled:
            return self._answering()
        while device._commands and not self._coroutine and device._client.can_publish(1):
            command_id, payload = device._commands.pop(0)
            reply = device._reply_to(payload)
            if self._coroutine:
                self.begin(self._await(command_id))  # and the others wait for their turn
            else:
                self._reply(command_id, reply)

    def _reply(self, command_id, reply):
        try:
            self.device._platform.reply(command_id, reply)
        except ValueError as e:  # an id longer than any of the platform's
            rare("seldom").unanswered(e)
        else:
            log("command", "answered")

    def _obey(self, payload):
        """In place of the command's function."""
        result = self._obeying(payload)
        if not hasattr(result, "throw"):
            return result
        if self.device._things and self.device._things.modelled:
            raise TypeError("command: async is for platforms without a thing model; take async away")
        self._coroutine = result
        return ""

    async def _await(self, command_id):
        device = self.device
        try:
            reply = await self._coroutine
            if reply is None:
                reply = "ok"
            elif not isinstance(reply, (str, bytes, bytearray)):
                reply = rare("seldom").reply(device, reply)
        except asyncio.CancelledError:
            raise
        except Exception as e:  # noqa: BLE001 - the sender is to know, and the board to stay online
            reply = rare("seldom").reply(device, e)
        self._replies.append((command_id, reply))


class _Measuring:
    """Stands in a stream for the program's function: what that awaits is awaited in a task. `get` is what gives the
    value now, as of a Property."""

    def __init__(self, beside, stream):
        self._measure = measure = stream[_MEASURE]
        self.get = getattr(measure, "get", measure)  # of an Average what it is of
        self._beside = beside
        self._stream = stream
        self._under_way = False
        self._nothing = 0 if self.get is measure else _MANY  # how often there was none in place of a first value
        stream[_STATE] |= _COUNTED

    def __call__(self):
        if self._under_way:
            return None  # the last measurement takes longer than its interval
        value = self._measure()
        if not hasattr(value, "throw"):
            return self._looked_at(value)
        self._under_way = True
        self._beside.begin(self._finish(value))
        return None

    def _looked_at(self, value):
        if value is not None:
            self._nothing = _MANY
        elif self._nothing < _MANY:
            self._nothing += 1
            if self._nothing == _MANY:
                rare("silent").nothing(self._stream)
        return value

    async def _finish(self, coroutine):
        stream = self._stream
        try:
            value = self._looked_at(await coroutine)
            if value is not None:
                self._beside.device.put(stream[_ID], value)
        except asyncio.CancelledError:
            raise
        except Exception as e:  # noqa: BLE001 - a broken sensor must not take the board offline
            keep("stream" + " " + stream[_ID].decode(), e, stream[_STATE] & 1)
            stream[_STATE] |= 1
        finally:
            self._under_way = False
