"""What a Device does about its connection where that is lost or does not come about.
Loaded when it comes to that: code and words take memory.

It is a room of device.py, and knows its attributes.
"""

import sys
from errno import ECONNRESET
from micropython import const
from time import ticks_ms

from mqtt.errors import ConnectionClosed, ConnectionRefused, SubscribeError, Timeout, borrowed

from . import watchdog
from .log import log, rare, uptime

_HOUR = const(3600000)  # ms, more than any wait
_LOSSES = const(3)  # connections lost with the same data points on their way, after which it may be their fault


def failed(device, error):
    """What the client has raised. It may be about a subscription alone, and all else goes on; but not where the
    platform shows by it that it takes nothing of what we say."""
    if isinstance(error, SubscribeError) and not _explained(device, error):
        log("mqtt", str(error))
        return
    device._client.close()
    was_online = device._online_at is not None
    if isinstance(error, ConnectionRefused):
        device.wifi.proven()  # which takes no memory
    elif not was_online:
        device.wifi.doubt(error)
    elif device._batch and not isinstance(error, (Timeout, MemoryError, SubscribeError)):
        _suspect(device)
    if not was_online:
        _try_next_host(device)
    fault(device, error)


def _try_next_host(device):
    """Where the host did not let us in, the next one is tried next."""
    hosts = device.config["host"]
    if isinstance(hosts, list) and len(hosts) > 1:
        hosts.append(hosts.pop(0))
        device._client.host = hosts[0]


def without_wifi(device):
    device._client.close()
    fault(device, OSError("Wi-Fi lost"))


def fault(device, reason):
    """There is no connection any more, or none came about. Says why, and when the next one is tried.

    It is the last thing that is done here. Where a board forgets this module, its 2 KB go before the next attempt wants
    them, even if the collector takes a word on the stack for a use of it (py/gc.c, gc_collect_root())."""
    device._fault_at = ticks_ms()
    watchdog.patient(False)
    was_online = device._online_at is not None
    lasted = uptime() - device._online_at if was_online else 0
    device._online_at = None
    if device.config["tls"] and not device.clock.true_time(device.clock.now()):
        device.clock._ask_at = 0  # before the next attempt: by a clock that was never set no certificate is valid
    refused = isinstance(reason, SubscribeError) or isinstance(reason, ConnectionRefused) and reason.code != 3
    device._delay = device._backoff.next(min(lasted, 3600) * 1000, refused)
    try:
        words = _explained(device, reason) or rare("trouble").words(reason)
        if was_online and _is_cut(reason):
            last = borrowed("onenet.last").last_sent(device._client._tx)
            words += " (after %d s; the last packet sent was %s)" % (lasted, last)
    except MemoryError:  # which may be the reason
        words = str(reason) or "MemoryError"
    device._trouble = "%s; next attempt in %d s" % (words, device._delay // 1000)
    log("mqtt", device._trouble)
    if __name__ not in sys.modules:
        globals().clear()


def _explained(device, reason):
    """What the platform means by it, in words; None if there are no better ones than the network's."""
    if not isinstance(reason, (SubscribeError, ConnectionRefused, ConnectionClosed)):
        return None  # before more is loaded
    platform = device.config["platform"]
    room = borrowed("onenet.reasons").room_of(platform, reason)
    if not room:
        return None
    clock = device.clock
    now = clock.true_time(clock.now())
    since_1970 = now and now + 946684800
    return borrowed(room).explain(platform, reason, device.config, device._client.host, since_1970)


def _is_cut(reason):
    """Whether the server has closed the connection, or what is between."""
    return isinstance(reason, ConnectionClosed) or isinstance(reason, OSError) and reason.args[:1] == (ECONNRESET,)


def _suspect(device):
    """The connection was lost with the batch on its way. After some times fewer points go at once, down to one: the one
    that the platform dislikes. What follows shall not wait for ever."""
    device._losses += 1
    if device._losses < _LOSSES and not (device._most and device._count > 1):
        return
    device._platform.forget(device._batch)
    if device._count > 1:
        device._most = device._count >> 1
        device.outbox.send(0)
        device._backoff.next(_HOUR)  # something new is tried, so the waits start over
        log("mqtt", "lost again and again with the same %d data points: goes on with fewer" % device._count)
    else:
        log("stream", rare("refusal").culprit(device.outbox))
        device.outbox.done()  # it will never arrive
        device.outbox.dropped += 1
    device._batch = device._losses = 0
