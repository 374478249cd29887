"""What a client has sent last, in words, for whoever wonders why the connection was cut. A board loads this only for
that."""

_TYPES = "|CONNECT||PUBLISH|PUBACK|PUBREC|PUBREL|PUBCOMP|SUBSCRIBE||UNSUBSCRIBE||PINGREQ||DISCONNECT|"


def last_sent(buf):
    """The type of the packet that a client has sent last on its connection, or on the last one it had, and its topic,
    or its first topic filter: "PUBLISH to a/b". buf: its transmit buffer, whose first byte is 0 until there was one
    after CONNECT."""
    kind = buf[0] >> 4
    name = _TYPES.split("|")[kind or 1]
    if kind not in (3, 8, 10):
        return name
    at = 1
    while buf[at] & 0x80:  # remaining length
        at += 1
    at += 1 if kind == 3 else 3  # a packet identifier first, but for PUBLISH
    end = at + 2 + (buf[at] << 8 | buf[at + 1])
    return "%s %s%s" % (name, "to " if kind == 3 else "of ", bytes(buf[at + 2 : end]).decode())
