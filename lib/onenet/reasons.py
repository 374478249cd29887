"""What the reason of a lost or refused connection means on each platform, in words. A board loads this only for that,
and then the module that has them: by itself, for it has no memory for more. Keys and signatures are never in them."""

from mqtt.errors import ConnectionRefused, borrowed


def explain(platform, reason, config, host, now=0):
    """The words; None for no better ones than the exception's own. platform: "legacy" and so on; reason: an exception;
    config: what config.json has; host: the one that was tried; now: seconds since 1970, 0 where nobody knows."""
    room = room_of(platform, reason)
    return room and borrowed(room).explain(platform, reason, config, host, now)


def room_of(platform, reason):
    """The name of the module whose explain(), called as this one's, has words for a reason; None for none."""
    which = "legacy mqtt".find(platform)  # in one text, for short ones become names
    if which == 0:
        return "onenet.older"
    if which > 0:
        return "onenet.at_broker"
    if not isinstance(reason, ConnectionRefused):
        return "onenet.closed"
    return "onenet.refused" if reason.code in (2, 4, 5) else None
