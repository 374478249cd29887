"""What the reason of a lost or refused connection means on each platform, in words; None for no better words. A board
loads this only for that."""

from mqtt.errors import ConnectionClosed, ConnectionRefused


def legacy(reason):
    if isinstance(reason, ConnectionRefused) and reason.code in (2, 4, 5):
        return "device id, product id or auth-info refused (code %d)" % reason.code
    if isinstance(reason, ConnectionClosed):
        if "before CONNACK" in str(reason):
            return "closed before CONNACK, as the platform does where it dislikes the form of device id or product id"
        return "closed, as the platform does when the same device id logs in elsewhere, or at data it dislikes"


def studio(reason):
    if isinstance(reason, ConnectionRefused) and reason.code in (2, 4, 5):
        return (
            "device name, product id or key refused (code %d): the key must be this device's, or else the product's "
            "access_key; a token must not have expired" % reason.code
        )
    if isinstance(reason, ConnectionClosed):
        if "before CONNACK" in str(reason):
            return "closed before CONNACK, as the platform does where it dislikes the form of a name"
        return "closed, as the platform does when the same device logs in elsewhere, or at what it dislikes"


def mqtt(reason):
    if isinstance(reason, ConnectionRefused):
        if reason.code in (4, 5):
            return "user name or password refused (code %d)" % reason.code
        if reason.code == 2:
            return "client id refused: another client_id in config.json may do (code 2)"
    if isinstance(reason, ConnectionClosed):
        if "before CONNACK" in str(reason):
            return "closed before CONNACK: is there an MQTT broker at this port, and does it let this client in?"
        return "closed, as a broker does that stops, or when another client has the same client_id"
