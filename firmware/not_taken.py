"""What to do about data points that the current platform does not take. Loaded for that, and forgotten.

It is a room of device.py, and knows its attributes.
"""

from micropython import const

from .log import log

_ILLEGAL = const(98)  # of a product with data streams, whatever it does not take


def refused(device, code, words):
    """The platform does not take the batch under way: fewer points go at once, down to the one it dislikes."""
    words = "%s (code %d)" % (words or "no reason given", code)
    device._batch = device._losses = 0
    if device._count > 1:
        device._most = device._count >> 1
        device.outbox.send(0)
        return log("stream", "%d data points refused: %s; goes on with fewer" % (device._count, words))
    outbox = device.outbox
    outbox.rewind()
    outbox.next()
    name = bytes(outbox.buf[outbox.id_at : outbox.id_at + outbox.id_len]).decode()
    if code == _ILLEGAL and not device._things.modelled:
        words += "; a stream's name must be 1 to 30 of A-Z a-z 0-9 _ . $"
    log("stream", "%s: refused by the platform: %s" % (name.replace("\1", "event "), words))
    outbox.done()  # it will never arrive
    outbox.dropped += 1
