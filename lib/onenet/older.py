"""What OneNET's older platform means by it, in words. A board loads this only for that."""

from mqtt.errors import ConnectionClosed, ConnectionRefused


def explain(platform, reason, config, host, now):
    """As onenet.reasons has it."""
    if isinstance(reason, ConnectionRefused) and reason.code in (2, 4, 5):
        words = "device id, product id or auth-info refused (code %d): are all three of one device?" % reason.code
        if host in ("mqtts.heclouds.com", "mqttstls.heclouds.com") or host.endswith("cmcconenet.cn"):
            return words + ' "host" is one of the current platform'
        return (
            words + ' With a device name and a key it is of the current platform: write "platform": "studio", or "dp"'
        )
    if isinstance(reason, ConnectionClosed):
        if "before CONNACK" in str(reason):
            return "closed before CONNACK, as the platform does where it dislikes the form of device id or product id"
        return "closed, as the platform does when the same device id logs in elsewhere, or at what it dislikes"
