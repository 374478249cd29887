"""In words what is wrong with a packet that came. Loaded by the first one, and dropped."""

from .errors import ProtocolError

_WORDS = (
    "packet type %d: wrong direction|packet type %d: reserved|PUBLISH: QoS 3|PUBLISH: DUP with QoS 0|"
    "packet type %d: flags %d|remaining length of over 4 bytes|packet type %d: remaining length %d|"
    "CONNACK: flags %d, return code %d|PUBLISH: topic longer than the packet|"
    "PUBLISH: topic empty, with wildcard, U+0000 or invalid UTF-8|PUBLISH: packet id 0|packet type %d: packet id 0|"
    "SUBACK: return code %d|PUBACK for packet %d, which is of QoS 2: this server does not do QoS 2, publish with QoS 1"
)


def check_puback(session, parsed):
    """A PUBACK fitted nothing. ProtocolError where it is for a message of QoS 2, which PUBREC would be owed: some
    servers know no QoS 2."""
    slot = session._find(parsed.packet_id)
    if slot and slot[0] & 0x70000F6 == 0x2000034:
        parsed._refuse(13, 0, parsed.packet_id)


def error(what, where, *values):
    """The ProtocolError of this number, see Parser, or with these words, at this byte of the packet."""
    words = what if isinstance(what, str) else _WORDS.split("|")[what]
    error = ProtocolError("%s (byte %d of the packet)" % (words % values, where))
    error.where = where
    return error
