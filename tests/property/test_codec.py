"""Builder and parser against each other and against amqtt's codec, for whatever legal packets there are; and what
the parsers make of bytes that are none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mqtt import ProtocolError, packet
from mqtt.parser import Parser
from mqtt.server import AnyParser, ServerParser
from mqtt.wire import bad_utf8
from packets import KINDS, amqtt_decode, build

SIZE = 40000  # of the parsers' buffers: room for every packet here
any_kind = st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), kind.fields))
parsers = st.sampled_from([Parser, ServerParser, AnyParser])


def feed(parser, data, cuts=()):
    """Feeds data in pieces that end at cuts; yields after each packet."""
    at = 0
    for end in (*sorted(cuts), len(data)):
        while at < end:
            at = parser.feed(data, at, end)
            if parser.type:
                yield parser.type


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_both_codecs_build_the_same_bytes(kind):
    @settings(max_examples=60)
    @given(kind.fields)
    def check(fields):
        assert kind.ours(fields) == kind.theirs(fields).to_bytes()

    check()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_amqtt_reads_what_is_built(kind):
    @settings(max_examples=60)
    @given(kind.fields)
    def check(fields):
        assert kind.decoded(amqtt_decode(kind.ours(fields))) == fields

    check()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_each_side_reads_what_amqtt_builds(kind):
    @settings(max_examples=60)
    @given(kind.fields)
    def check(fields):
        data = kind.theirs(fields).to_bytes()
        for parser, takes in ((Parser, kind.to_client), (ServerParser, kind.to_server), (AnyParser, True)):
            side = parser(SIZE)
            if takes:
                assert list(feed(side, data)) == [kind.number]
                assert kind.parsed(side) == fields
            else:
                with pytest.raises(ProtocolError):
                    list(feed(side, data))

    check()


@settings(max_examples=150)
@given(st.lists(any_kind, min_size=1, max_size=6), st.data())
def test_a_stream_of_packets_cut_anywhere_is_read_the_same(packets, data):
    stream = b"".join([kind.ours(fields) for kind, fields in packets])
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    parser = AnyParser(SIZE)
    found = feed(parser, stream, cuts)
    for kind, fields in packets:
        assert next(found) == kind.number
        assert kind.parsed(parser) == fields
    assert next(found, None) is None and not parser.first


@settings(max_examples=150)
@given(st.integers(16, 300), st.lists(KINDS[2].fields, min_size=1, max_size=5), st.integers(1, 400))
def test_a_publish_over_the_buffer_tells_its_size_topic_and_id(size, messages, step):
    stream = b"".join([build(packet.publish, **fields) for fields in messages])
    parser = Parser(size)
    found = feed(parser, stream, range(step, len(stream), step))
    for fields in messages:
        assert next(found) == 3
        topic = fields["topic"].encode()
        body = 2 + len(topic) + len(fields["payload"]) + (2 if fields["qos"] else 0)
        assert parser.oversize == (body > size)
        assert parser.size == len(fields["payload"])
        assert parser.packet_id == fields["packet_id"]
        assert parser.topic == (topic if 2 + len(topic) <= size else b"")
        fitted = size - (body - len(fields["payload"]))
        assert parser.payload == fields["payload"][: max(fitted, 0)]
    assert next(found, None) is None


def survives(parser, data, cuts):
    """Bytes from anywhere are packets or a ProtocolError within what was fed; then, after reset(), all is well."""
    try:
        for _ in feed(parser, data, cuts):
            pass
    except ProtocolError as e:
        assert 0 <= e.where <= len(data)
    parser.reset()
    kind = KINDS[2]
    assert list(feed(parser, b"\x30\x04\0\1tx")) == [kind.number]
    assert (parser.topic, parser.payload) == (b"t", b"x")


@settings(max_examples=150)
@given(parsers, st.integers(16, 64), st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_random_bytes_raise_nothing_but_protocol_error(parser, size, data, cuts):
    survives(parser(size), data, [cut for cut in cuts if cut <= len(data)])


@settings(max_examples=150)
@given(parsers, any_kind, st.data())
def test_damaged_packets_raise_nothing_but_protocol_error(parser, packet_and_kind, data):
    kind, fields = packet_and_kind
    stream = bytearray(kind.ours(fields))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, min(len(stream) - 1, 60)))
        stream[at] = data.draw(st.integers(0, 255))
    survives(parser(data.draw(st.sampled_from([16, 64, SIZE]))), bytes(stream) + b"\0" * 5, ())


@settings(max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=12),
        st.lists(
            st.sampled_from([b"a", b"\0", b"\xc3", b"\xa9", b"\xe6\xb8", b"\xf0\x9f", b"\x98\x80", b"\xed\xa0"])
        ).map(b"".join),
        st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
    )
)
def test_utf8_is_judged_as_python_judges_it(data):
    try:
        expected = data.decode().encode().find(b"\0")
    except UnicodeDecodeError as e:
        nul = data.find(b"\0")
        expected = nul if 0 <= nul < e.start else e.start
    assert bad_utf8(data, 0, len(data), 0) == expected


def well_formed(name):
    """[4.7.1] read plainly: a level is +, or # and the last, or has neither in it."""
    levels = name.split("/")
    return bool(name) and all(
        level == "+" or (level == "#" and i == len(levels) - 1) or not set(level) & {"+", "#"}
        for i, level in enumerate(levels)
    )


@settings(max_examples=150)
@given(st.text("ab/+#温", max_size=8))
def test_topic_filters_are_judged_level_by_level(name):
    if well_formed(name):
        assert packet.subscribe(None, 1, [(name, 0)]) == 7 + len(name.encode())
    else:
        with pytest.raises(ValueError, match="topic filter"):
            packet.subscribe(None, 1, [(name, 0)])


@settings(max_examples=150)
@given(
    st.text(max_size=20) | st.binary(max_size=20), st.binary(max_size=200), st.integers(-1, 3), st.integers(0, 65536)
)
def test_publish_is_legal_or_refused_with_the_buffer_untouched(topic, payload, qos, packet_id):
    buf = bytearray(b"\xaa" * 150)
    try:
        size = packet.publish(buf, topic, payload, qos, packet_id=packet_id)
    except ValueError:
        assert buf == b"\xaa" * 150
    else:
        parser = ServerParser(150)
        assert list(feed(parser, bytes(buf[:size]))) == [3]
        assert parser.topic == (topic.encode() if isinstance(topic, str) else topic)
        assert parser.payload == payload
        assert buf[size:] == b"\xaa" * (150 - size)


@settings(max_examples=150)
@given(st.integers(0, 268435455))
def test_any_remaining_length_is_read_as_written(length):
    buf = bytearray(8)
    size = packet.header(buf, 0x30, length)
    assert packet.packet_size(None, length) == size + length
    parser = Parser(16)
    if length > 2:
        assert parser.feed(buf, 0, size) == size
        assert parser._length == length
