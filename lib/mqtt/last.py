"""What a client has sent last, in words: for whoever wants to know at what a server has closed the connection. Loaded
only for that."""

_TYPES = "|CONNECT||PUBLISH|PUBACK|PUBREC|PUBREL|PUBCOMP|SUBSCRIBE||UNSUBSCRIBE||PINGREQ||DISCONNECT|"


def sent(client):
    """The type of the last packet on the client's connection, or on the last one it had, and its topic, or its first
    topic filter: "PUBLISH to a/b". It is the one that stands in the transmit buffer, which is emptied for each
    connection."""
    buf = client._tx
    kind = buf[0] >> 4
    name = _TYPES.split("|")[kind or 1]
    at = 1
    while buf[at] & 0x80:  # remaining length
        at += 1
    at += 1 if kind == 3 else 3  # packet identifier first, but for PUBLISH
    if kind not in (3, 8, 10):
        return name
    end = at + 2 + (buf[at] << 8 | buf[at + 1])
    topic = bytes(buf[at + 2 : end])
    return "%s to %s" % (name, topic.decode()) if kind == 3 else "%s of %s" % (name, topic.decode())
