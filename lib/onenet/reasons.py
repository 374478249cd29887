"""What the reason of a lost or refused connection means on each platform, in words; None for no better words. A board
loads this only for that. Keys and signatures are never in them."""

from micropython import const

from mqtt.errors import ConnectionClosed, ConnectionRefused, SubscribeError, borrowed

# In one text, for a short one would be a name for ever; and where each begins
_PLATFORMS = "legacy studio dp mqtt"
_LEGACY = const(0)
_STUDIO = const(7)
_DP = const(14)
_MQTT = const(17)


def explain(platform, reason, config, host, now=0):
    """platform: "legacy" and so on; reason: an exception; config: what config.json has; host: the one that was tried;
    now: seconds since 1970, 0 where nobody knows."""
    which = _PLATFORMS.find(platform)
    if which == _MQTT:
        return _of_broker(reason)
    if isinstance(reason, SubscribeError):
        return _wrong_product(which)
    if isinstance(reason, ConnectionRefused) and reason.code in (2, 4, 5):
        if which == _LEGACY:
            return borrowed("onenet.refused").by_older(reason.code, config, host)
        return borrowed("onenet.refused").by_current(reason.code, config, host, now)
    if isinstance(reason, ConnectionClosed):
        who = "device id" if which == _LEGACY else "device"
        if "before CONNACK" in str(reason):
            form = "device id or product id" if which == _LEGACY else "a name"
            return "closed before CONNACK, as the platform does where it dislikes the form of " + form
        return "closed, as the platform does when the same %s logs in elsewhere, or at what it dislikes" % who


def _of_broker(reason):
    if isinstance(reason, ConnectionRefused):
        if reason.code in (4, 5):
            return "user name or password refused (code %d)" % reason.code
        if reason.code == 2:
            return "client id refused: another client_id in config.json may do (code 2)"
    if isinstance(reason, ConnectionClosed) and "WebSocket" not in str(reason):  # which says more
        if "before CONNACK" in str(reason):
            return "closed before CONNACK: is there an MQTT broker at this port, and does it let this client in?"
        return "closed, as a broker does that stops, or when another client has the same client_id"


def _wrong_product(which):
    """For the current platform alone: it refuses the topics of the other kind of product."""
    if which == _STUDIO:
        return 'this product takes data streams, for it refuses thing/#: write "platform": "dp"'
    if which == _DP:
        return 'this product has a thing model, for it refuses cmd/request/+: write "platform": "studio"'
