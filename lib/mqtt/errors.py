"""What goes wrong with a server, as exceptions. Wrong arguments are ValueError and TypeError, the network's OSError."""


class MQTTError(Exception):
    """Base of them all. The connection is closed by the time one is raised, except for SubscribeError."""


class ProtocolError(MQTTError):
    """The server sent what the standard forbids. `where` is the offset of the byte in its packet, from 0."""

    def __init__(self, what, where):
        super().__init__("%s (byte %d of the packet)" % (what, where))
        self.where = where


_CODES = "unacceptable protocol version|client id rejected|server unavailable|bad user name or password|not authorized"


class ConnectionRefused(MQTTError):
    """The server answered CONNECT with a return code other than 0 [3.2.2.3]; `code` is that number, 1 to 5."""

    def __init__(self, code):
        super().__init__("connection refused, code %d: %s" % (code, _CODES.split("|")[code - 1]))
        self.code = code


class ConnectionClosed(MQTTError):
    """The server closed the connection."""


class Timeout(MQTTError):
    """A wait reached its deadline; the text says which one."""


class SubscribeError(MQTTError):
    """The server refused (SUBACK 0x80) a subscription and nobody listens to on_subscribe. The connection is up."""
