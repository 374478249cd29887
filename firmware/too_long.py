"""What is longer than rx_size, of what the platform says to a product with a thing model. Loaded for that, and
forgotten."""


def oversize(things, topic, size, start):
    """What came to this topic of the device is longer than rx_size: it is answered in its turn, where what fits of its
    text, `start`, tells the id. Whether it will be."""
    at = topic.find(b"/thing/")
    what = topic[at + 7 :]
    wants_reply = what in (b"property/set", b"property/get") or what[:8] == b"service/"
    request = _id_in(start) if wants_reply else None
    if at < 0 or request is None:
        return False
    things.device._command_came(what, (size, request))
    return True


def _id_in(start):
    """The id at the beginning of a message's text, as text; None where it stands farther behind, or is odd."""
    head, name, rest = start.partition(b'"id"')
    rest = rest.lstrip(b" \t\r\n:")
    if not name or head.count(b"{") != 1 or rest[:1] != b'"':
        return None
    text, end, _ = rest[1:].partition(b'"')
    return text.decode() if end and text.isdigit() else None
