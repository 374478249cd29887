"""Every name is this board's: what whoever has joined its access point is told, so that a phone finds the page."""

import struct


def answer(query, address):
    """The answer to a query [RFC 1035 4.1], both bytes: this address, four of them, where one of IPv4 is asked for, and
    none for others. None for what is no query with one question."""
    if not 12 < len(query) <= 512:
        return None
    _, flags, questions, answers, authorities = struct.unpack(">HHHHH", query[:10])
    if flags & 0xF800 or questions != 1 or answers or authorities:  # no standard query
        return None
    at = 12
    while True:  # the labels of the name
        if at >= len(query):
            return None
        size = query[at]
        at += size + 1
        if not size:
            break
        if size > 63 or at - 12 > 254:  # a pointer, which has no place in a question, or too long [RFC 1035 2.3.4]
            return None
    if at + 4 > len(query):
        return None
    kind, network = struct.unpack(">HH", query[at : at + 4])
    found = network in (1, 255) and kind in (1, 255)  # IN, A, or any
    # It is an answer, of the one who knows, that repeats whether recursion is desired, and has it
    head = query[:2] + struct.pack(">HHHHH", 0x8480 | flags & 0x100, 1, found, 0, 0)
    record = struct.pack(">HHHIH", 0xC00C, 1, 1, 1, 4) + address if found else b""  # for one second
    return head + query[12 : at + 4] + record
