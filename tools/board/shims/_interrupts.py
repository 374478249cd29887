"""machine.Timer and Pin.irq: what interrupts the program.

The surroundings keep the time and watch the pins, and send one byte for each interrupt over a connection of its own. A
thread of the interpreter waits there and does what the chip's interrupt routine does: it queues the callback, which
micropython.schedule() has run in the program's own thread between two of its byte codes, wherever it is. The queue is
as long as the port's, and what finds it full is lost, as mp_sched_schedule() does in py/scheduler.c.

A program that waits for the system, in poll() say, sees its callbacks run there on a board. Here only a signal ends
such a wait, and the only one this interpreter has for its threads is that of a collection. So interrupts collect
garbage while the program waits, which a board's do not. Callbacks do not share their queue with the program's own
micropython.schedule().
"""

import _thread
import gc
import micropython
import sys
import time

import _host

_FIRST_TIMER = 64  # numbers below are those of pins
_LAST_TIMER = 254

_handlers = {}  # number -> (function, its argument)
_DEPTH = 4 if _host.chip == "esp8266" else 8  # MICROPY_SCHEDULER_DEPTH of py/mpconfig.h and ports/esp32/mpconfigport.h
_queue = [None] * _DEPTH
_put = _taken = 0  # counts of all there have been
_IDLE = 0
_CALLED = 1
_RUNNING = 2
_state = _IDLE  # of _run()
_PATIENCE = 100  # milliseconds
_PROMPTLY = 2  # milliseconds in which a program that computes comes to _run()

_hardware = {}  # number -> its only Timer
_wire = None


def _listen():
    """The interrupt routine, in a thread of its own, which shares lists and small integers with the program's."""
    global _put, _state
    number = bytearray(1)
    while _wire.readinto(number):
        handler = _handlers.get(number[0])
        if not handler or _put - _taken == _DEPTH:
            continue
        _queue[_put % _DEPTH] = handler
        _put += 1
        for _ in range(_PATIENCE):
            if _state != _IDLE:
                break
            _state = _CALLED
            try:
                micropython.schedule(_run, None)
            except RuntimeError:  # the program has filled the interpreter's own queue
                _state = _IDLE
                time.sleep_ms(1)
        for _ in range(_PROMPTLY):
            if _state != _CALLED:
                break
            time.sleep_ms(1)
        else:
            gc.collect()


def _run(_):
    """The program's thread comes here between two byte codes."""
    global _taken, _state
    while _state != _IDLE:
        _state = _RUNNING
        while _taken != _put:
            handler = _queue[_taken % _DEPTH]
            function, argument = handler
            _taken += 1
            if isinstance(argument, Timer):
                argument._fired(handler)
            try:
                function(argument)
            except Exception as error:  # printed, and the program goes on: mp_call_function_1_protected()
                sys.print_exception(error)
        _state = _IDLE
        if _taken != _put:  # one more has come just now
            _state = _RUNNING


def _ask(question, **details):
    global _wire
    if _wire is None:
        wire = _host.socket.socket()
        wire.connect(_host.socket.getaddrinfo(*_host.ask("interrupts"))[0][-1])
        _wire = wire
        _thread.start_new_thread(_listen, ())
    _host.ask(question, **details)


class Timer:
    """On the ESP32, ports/esp32/machine_timer.c: four hardware timers (two on a C3) and any number of virtual ones.
    On the ESP8266, ports/esp8266/modmachine.c: virtual ones only, whatever the number; the constructor starts none."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __new__(cls, id=None, *arguments, **settings):
        if _host.chip == "esp8266":
            if id is None or arguments or settings:
                given = (id is not None) + len(arguments)
                raise TypeError(f"function takes 1 positional arguments but {given} were given")
            return object.__new__(cls)
        id = -1 if id is None else id
        there_are = 4 if _host.chip == "esp32" else 2
        if id >= there_are:
            raise ValueError(f"Timer({id}) doesn't exist, there are only {there_are} hardware timers")
        return _hardware.get(id) or object.__new__(cls)

    def __init__(self, id=-1, *arguments, **settings):
        if not hasattr(self, "_number"):
            self._id = id
            self._number = None
            self._period = 0
            self._repeat = 0
            if id >= 0 and _host.chip != "esp8266":
                _hardware[id] = self
        if arguments or settings:
            self.init(*arguments, **settings)

    def init(self, *, mode=1, callback=None, period=0xFFFFFFFF, tick_hz=1000, freq=None, hard=False):
        self.deinit()
        if hard and _host.chip != "esp8266":
            raise ValueError("hard Timers are not implemented")
        microseconds = int(1000000 / freq) if freq is not None else period * 1000000 // tick_hz
        if microseconds <= 0:
            if _host.chip != "esp8266":
                raise ValueError("Timer period is too short for this timer")
            microseconds = 100  # ESP_TIMER_US_MIN there
        self._period = microseconds
        self._repeat = mode
        function = _without_heap(callback) if hard else callback
        number = _FIRST_TIMER
        while number in _handlers:
            number += 1
        if number > _LAST_TIMER:
            raise OSError(12)
        self._number = number
        _handlers[number] = function, self
        _ask("timer", number=number, us=microseconds, repeat=bool(mode))

    def deinit(self):
        if self._number is not None:
            _host.ask("timer", number=self._number, us=0, repeat=False)
            _handlers.pop(self._number)
            self._number = None

    def _fired(self, handler):
        """One that fires once is free to go, and its number with it, unless it has been started again meanwhile."""
        if not self._repeat and _handlers.get(self._number) is handler:
            _handlers.pop(self._number)
            self._number = None

    def __repr__(self):
        if _host.chip == "esp8266":
            return f"Timer({id(self):x})"
        mode = "PERIODIC" if self._repeat else "ONE_SHOT"
        return f"Timer({self._id}, mode={mode}, period={self._period // 1000})"


def _without_heap(callback):
    """`callback` as esp_timer_cb() of the ESP8266 calls a hard one: it must not allocate. An error is printed each
    time: the end that the C code means to put to it only reaches periods of more than seven minutes."""

    def call(timer):
        micropython.heap_lock()
        try:
            callback(timer)
        except Exception as error:
            micropython.heap_unlock()
            print("uncaught exception in timer callback")
            sys.print_exception(error)
        else:
            micropython.heap_unlock()

    return call


_triggers = {}


def pin_irq(pin, handler=None, trigger=3, *, wake=None, hard=None):
    """Pin.irq(), as ports/esp32/machine_pin.c and ports/esp8266/machine_pin.c have it. Levels do not wake here."""
    number = pin._id
    if _host.chip == "esp8266":
        if wake is not None:
            raise TypeError("extra keyword arguments given")
        if number >= 16:
            raise OSError("pin does not have IRQ capabilities")
        if hard:
            raise ValueError("hard IRQ not supported")
    elif hard is not None:
        raise TypeError("extra keyword arguments given")
    elif wake is not None and trigger in (4, 5) and not (isinstance(wake, int) and 2 <= wake <= 7):
        raise ValueError("bad wake value")
    if handler is None:
        trigger = 0
        _handlers.pop(number, None)
    else:
        _handlers[number] = handler, pin
    _set_trigger(number, trigger)
    return _Irq(number)


def _set_trigger(number, trigger):
    _triggers[number] = trigger
    _ask("pin_irq", pin=number, trigger=trigger)


class _Irq:
    def __init__(self, number):
        self._number = number

    def __call__(self):
        handler = _handlers.get(self._number)
        if handler:
            handler[0](handler[1])

    def trigger(self, trigger=None):
        before = _triggers.get(self._number, 0)
        if trigger is not None:
            _set_trigger(self._number, trigger)
        return before
