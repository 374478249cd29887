"""What a broker means that is not OneNET's, in words. A board loads this only for that."""

from mqtt.errors import ConnectionClosed, ConnectionRefused


def explain(platform, reason, config, host, now):
    """As onenet.reasons has it."""
    if isinstance(reason, ConnectionRefused):
        if reason.code in (4, 5):
            return "user name or password refused (code %d)" % reason.code
        if reason.code == 2:
            return "client id refused: another client_id in config.json may do (code 2)"
    if isinstance(reason, ConnectionClosed) and "WebSocket" not in str(reason):  # which says more
        if "before CONNACK" in str(reason):
            return "closed before CONNACK: is there an MQTT broker at this port, and does it let this client in?"
        return "closed, as a broker does that stops, or when another client has the same client_id"
