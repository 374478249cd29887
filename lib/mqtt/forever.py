"""Staying connected, for programs whose main loop is the client's. Loaded by loop_forever()."""

from micropython import const

from .backoff import Backoff
from .errors import MICROPYTHON, ConnectionRefused, MQTTError

if MICROPYTHON:
    from time import sleep_ms, ticks_diff, ticks_ms
else:
    from .host import sleep_ms, ticks_diff, ticks_ms

_ONLINE = const(3)


def _stay_connected(client, run=lambda turn, client: turn(client)):
    """Loops, and connects again after a pause that grows, until client.stopped.

    run(turn, client) is turn(client) with all other threads kept out: what is true of the client when a turn begins is
    true until it ends.
    """
    backoff = Backoff()
    since = None  # ticks when it came online
    while not client.stopped:
        reason = run(_turn, client)
        if since is None and client.state == _ONLINE:
            since = ticks_ms()
        if not client.stopped and not client.connected():  # on_disconnect may have connected anew
            slow = isinstance(reason, ConnectionRefused) and reason.code != 3
            lasted = 0 if since is None else ticks_diff(ticks_ms(), since)
            since = None
            for _ in range(backoff.next(lasted, slow) // 100):
                if client.stopped:
                    return
                sleep_ms(100)


def _turn(client):
    """Begins to connect, or loops once; returns the reason where that was the end of the connection."""
    try:
        if client.connected():
            client.loop(1000)
        elif not client.stopped:
            client.start()
    except (MQTTError, OSError) as e:
        if e is not client.reason:  # a callback's, or a SubscribeError
            raise
        return e
