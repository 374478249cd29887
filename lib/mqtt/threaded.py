"""A client whose loop runs in a thread, for ports that have _thread. A board's main loop does not need it."""

import _thread
import sys
from micropython import const

from .client import Client
from .errors import MICROPYTHON
from .forever import _stay_connected, sleep_ms

_STACK = const(16384)  # bytes; an ESP32 gives a thread 4096, too few for a callback


class ThreadedClient(Client):
    """A Client whose loop_forever() can run in a thread; all its calls may then be made from any thread.

    Callbacks come in the loop's thread. An exception of one ends it, and the connection, and is told to on_disconnect.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._lock = _thread.allocate_lock()
        self._owner = None  # the thread that holds _lock
        self._running = False

    def loop_start(self):
        """Starts the thread; it connects, and again after a loss, as loop_forever() does."""
        if not self._running:
            self._running = True
            self.stopped = False
            if MICROPYTHON and sys.platform not in ("linux", "darwin"):
                _thread.stack_size(_STACK)
            _thread.start_new_thread(self._run, ())

    def loop_stop(self):
        """Disconnects and waits for the thread to end."""
        self.disconnect()
        while self._running and self._owner != _thread.get_ident():
            sleep_ms(10)

    def _run(self):
        try:
            _stay_connected(self, self._alone)
        except BaseException as e:  # a callback's; nobody would look after the connection
            self._locked(self._give_up, e)
            raise
        finally:
            self._running = False

    def _alone(self, turn, client):
        try:
            return self._locked(turn, client)
        finally:
            sleep_ms(1)  # locks are not fair: let the others in

    def _give_up(self, reason):
        self.close()
        self.reason = reason
        if self.on_disconnect:
            self.on_disconnect(reason)  # type: ignore[operator]

    def _locked(self, call, *args, **kwargs):
        me = _thread.get_ident()
        if self._owner == me:
            return call(*args, **kwargs)
        with self._lock:
            self._owner = me
            try:
                return call(*args, **kwargs)
            finally:
                self._owner = None

    def start(self):
        return self._locked(super().start)

    def connect(self):
        return self._locked(super().connect)

    def reconnect(self):
        return self._locked(super().reconnect)

    def close(self):
        return self._locked(super().close)

    def credentials(self, username, password):
        if hasattr(self, "_lock"):
            return self._locked(super().credentials, username, password)
        return super().credentials(username, password)  # in __init__()

    def loop(self, timeout_ms=0):
        if self._running:
            timeout_ms = min(timeout_ms, 20)  # the others wait for the lock meanwhile
        return self._locked(super().loop, timeout_ms)

    def publish(self, topic, payload=b"", qos=0, retain=False):
        return self._locked(super().publish, topic, payload, qos, retain)

    def subscribe(self, filters, qos=0):
        return self._locked(super().subscribe, filters, qos)

    def unsubscribe(self, filters):
        return self._locked(super().unsubscribe, filters)

    def disconnect(self):
        return self._locked(super().disconnect)
