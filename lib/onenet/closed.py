"""What OneNET's current platform means where it closes a connection or refuses a subscription, in words. A board loads
this only for that."""

from mqtt.errors import ConnectionClosed, SubscribeError


def explain(platform, reason, config, host, now):
    """As onenet.reasons has it. The platform refuses the topics of the other kind of product."""
    if isinstance(reason, SubscribeError):
        if platform[0] == "d":
            return 'this product has a thing model, for it refuses cmd/request/+: write "platform": "studio"'
        return 'this product takes data streams, for it refuses thing/#: write "platform": "dp"'
    if isinstance(reason, ConnectionClosed):
        if "before CONNACK" in str(reason):
            return "closed before CONNACK, as the platform does where it dislikes the form of a name"
        return "closed, as the platform does when the same device logs in elsewhere, or at what it dislikes"
