"""Staying connected, for programs whose main loop is the client's. Loaded by loop_forever()."""

from .backoff import Backoff
from .client import MICROPYTHON, ticks_diff, ticks_ms
from .errors import ConnectionRefused, MQTTError

if MICROPYTHON:
    from time import sleep_ms
else:
    from .host import sleep_ms


def stay_connected(client):
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
        except ConnectionRefused as e:
            slow = e.code != 3
        except (MQTTError, OSError):
            if client.connected():  # a callback's, or a SubscribeError
                raise
        if not client.stopped:
            since = client.online_since
            lasted = 0 if since is None else ticks_diff(ticks_ms(), since)
            for _ in range(backoff.next(lasted, slow) // 100):
                if client.stopped:
                    return
                sleep_ms(100)
