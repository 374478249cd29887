"""Bytes as a server or a client might send them: packets or a ProtocolError, the same however they are cut, and what
is read, built anew, is what was sent."""

from mqtt import ProtocolError, packet, server
from mqtt.parser import Parser
from taken import Taken

_PARSERS = Parser, server.ServerParser, server.AnyParser
_SIZES = 16, 32, 64, 200
_MOST = 300  # bytes; more would be more of the same


def check(data):
    taken = Taken(data)
    kind, size = taken.one_of(_PARSERS), taken.one_of(_SIZES)
    steps = taken.some(4) or b"\1"
    stream = taken.rest()[:_MOST]
    whole = _read(kind(size), stream, b"\xff" * 4)
    for cuts in (steps, b"\1"):
        assert _read(kind(size), stream, cuts) == whole, "read otherwise in pieces of %s" % list(cuts)


def _read(parser, stream, steps):
    """What comes of the stream in pieces of so many bytes, in turn: packets, and the error at the end."""
    found = []
    at = end = begin = 0
    try:
        while at < len(stream):
            end = min(len(stream), at + (steps[0] or 256))
            steps = steps[1:] + steps[:1]
            while at < end:
                at = parser.feed(stream, at, end)
                if parser.type:
                    packet = _fields(parser)
                    found.append(packet)
                    _build_anew(parser, stream[begin:at])
                    begin = at
                assert parser.portion > 0
    except ProtocolError as e:
        assert e is parser.error and 0 <= e.where <= at + 256 and at <= end
        found.append((str(e), e.where))
    parser.reset()
    assert parser.feed(b"\x30\x04\0\1tx", 0, 6) == 6 and bytes(parser.payload) == b"x"
    return found


def _fields(parser):
    kind = parser.type
    fields = [kind, parser.packet_id]
    if kind == 1:
        fields += [parser.protocol_level, parser.clean_session, parser.keepalive, parser.client_id, parser.username]
        fields += [parser.password, parser.will_topic, parser.will_payload, parser.will_qos, parser.will_retain]
    elif kind == 2:
        fields += [parser.session_present, parser.code]
    elif kind == 3:
        fields += [parser.qos, parser.retain, parser.dup, bytes(parser.topic), bytes(parser.payload), parser.size]
        fields += [parser.oversize]
    elif kind in (8, 10):
        fields += [list(parser.filters)]
    elif kind == 9:
        fields += [bytes(parser.codes)]
    return tuple(fields)


def _build_anew(parser, sent):
    """Builds the packet that was read, where it is whole and its length is written as short as can be."""
    buf = bytearray(len(sent) + 8)
    kind = parser.type
    if kind == 3 and not parser.oversize:
        size = packet.publish(
            buf, bytes(parser.topic), bytes(parser.payload), parser.qos, parser.retain, parser.dup, parser.packet_id
        )
    elif kind == 1 and parser.protocol_level == 4 and (parser.client_id or parser.clean_session):
        will = parser.will_topic, parser.will_payload or b"", parser.will_qos, parser.will_retain
        size = packet.connect(
            buf, parser.client_id, parser.username, parser.password, parser.keepalive, parser.clean_session, *will
        )
    elif kind == 2:
        size = server.connack(buf, bool(parser.session_present), parser.code)
    elif kind in (4, 5, 6, 7, 11):
        size = packet.ack(buf, sent[0], parser.packet_id)
    elif kind == 8 and parser.filters:
        size = packet.subscribe(buf, parser.packet_id, parser.filters)
    elif kind == 9 and len(parser.codes):
        size = server.suback(buf, parser.packet_id, list(parser.codes))
    elif kind == 10 and parser.filters:
        size = packet.unsubscribe(buf, parser.packet_id, parser.filters)
    else:
        return
    assert size != len(sent) or buf[:size] == sent, "built anew: %s" % bytes(buf[:size])
    assert size <= len(sent)
