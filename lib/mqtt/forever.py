"""Staying connected, for programs whose main loop is the client's. Loaded by loop_forever()."""

from .backoff import Backoff
from .errors import MICROPYTHON, ConnectionRefused, MQTTError

if MICROPYTHON:
    from time import sleep_ms, ticks_diff, ticks_ms
else:
    from .host import sleep_ms, ticks_diff, ticks_ms


def _stay_connected(client):
    """Loops, and connects again after a pause that grows, until client.stopped."""
    backoff = Backoff()
    while not client.stopped:
        slow = False
        client.online_since = None
        try:
            if not client.connected():
                client.start()
            while client.connected():
                client.loop(1000)
        except (MQTTError, OSError) as e:
            if e is not client.reason:  # a callback's, or a SubscribeError
                raise
            slow = isinstance(e, ConnectionRefused) and e.code != 3
        if not client.stopped and not client.connected():  # on_disconnect may have connected anew
            since = client.online_since
            lasted = 0 if since is None else ticks_diff(ticks_ms(), since)
            for _ in range(backoff.next(lasted, slow) // 100):
                if client.stopped:
                    return
                sleep_ms(100)
