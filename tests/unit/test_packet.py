"""The packet builder: every packet a client sends, byte for byte, and the refusal of every one it must not."""

from mqtt import packet
from mqtt.wire import bad_utf8
from support import BAD_UTF8, built, field, packet_of, publish_of, raises, refused, remaining_length, unhex

SEED = unhex(
    "10 28 00 04 4d 51 54 54 04 c0 00 64 00 09 37 38 39 35 34 36 38 30 35"
    "00 06 34 35 38 39 34 35 00 09 31 33 36 39 32 38 38 33 31"
)  # fmt: skip

GOOD_UTF8 = (
    "01", "7f", "c2 80", "df bf", "e0 a0 80", "ec bf bf", "ed 9f bf", "ee 80 80", "ef bf bf", "ef bb bf", "f0 90 80 80",
    "f4 8f bf bf", "61 e6 b8 a9 e5 ba a6 62", "f0 9f 98 80 c3 a9",
)  # fmt: skip


# Remaining length [2.2.3]


def test_remaining_length_takes_the_fewest_bytes():
    for length, expected in (
        (0, "00"), (1, "01"), (127, "7f"), (128, "80 01"), (321, "c1 02"), (16383, "ff 7f"), (16384, "80 80 01"),
        (2097151, "ff ff 7f"), (2097152, "80 80 80 01"), (268435455, "ff ff ff 7f"),
    ):  # fmt: skip
        buf = bytearray(b"\xaa" * 6)
        size = packet.header(buf, 0xD0, length)
        assert bytes(buf[:size]) == b"\xd0" + unhex(expected) == b"\xd0" + remaining_length(length)
        assert buf[size:] == b"\xaa" * (6 - size)
        assert packet.packet_size(None, length) == size + length


def test_a_publish_header_at_each_boundary_of_the_remaining_length():
    for length in (3, 127, 128, 16383, 16384, 2097151, 2097152, 268435455):
        for qos in (0, 1, 2):
            if length < 5 and qos:
                continue
            n = length - (5 if qos else 3)  # payload, under a topic of one byte
            expected = bytes([0x30 | qos << 1]) + remaining_length(length) + field("t")
            if qos:
                expected += b"\x12\x34"
            buf = bytearray(len(expected))
            assert packet.publish_header(buf, 0x123430 | qos << 1, b"t", n) == len(expected)
            assert bytes(buf) == expected
            assert packet.check_publish(None, b"t", n, qos, 0x1234) == len(expected) + n


def test_a_packet_over_the_largest_remaining_length_is_refused():
    buf = bytearray(20)
    for qos, n in ((0, 268435453), (1, 268435451), (2, 268435451)):
        assert packet.publish_header(buf, 0x130 | qos << 1, b"t", n) == -1
        raises(ValueError, packet.check_publish, None, b"t", n, qos, 1, match="268435455")
    assert buf == bytes(20)
    raises(ValueError, packet.packet_size, None, 268435456, match="packet")


# UTF-8 [1.5.3]


def test_bad_utf8_is_found_where_it_begins():
    for text, where in BAD_UTF8:
        text = unhex(text)
        for before, after in ((b"", b""), (b"ab", b""), (b"", b"ab"), (b"\xe6\xb8\xa9", b"\xe5\xba\xa6")):
            # what stands before start and after end must not be looked at
            whole = b"\x00\xe6" + before + text + after + b"\x80\x80\x80\x00"
            end = 2 + len(before + text + after)
            assert bad_utf8(whole, 2, end, 0) == 2 + len(before) + where


def test_good_utf8_is_let_through():
    for text in GOOD_UTF8:
        text = unhex(text)
        assert bad_utf8(b"\x00" + text + b"\x00", 1, 1 + len(text), 0) == -1
        assert bad_utf8(text * 3, 0, 3 * len(text), 1) == -1


def test_wildcards_are_bad_in_a_topic_name_only():  # [MQTT-4.7.1-1]
    for text in (b"a/+", b"a/#", b"\xe6\xb8\xa9#"):
        assert bad_utf8(text, 0, len(text), 0) == -1
        assert bad_utf8(text, 0, len(text), 1) == len(text) - 1


# CONNECT [3.1]


def test_connect_of_the_seeds():  # [MQTT-2.2.2-1]
    # device 789546805, product 458945, auth-info 136928831, keep alive 100 s, no clean session
    assert built(packet.connect, "789546805", "458945", "136928831", 100, False) == SEED


def connect_of(client_id, username, password, keepalive, clean_session, will):
    """CONNECT as the standard's tables put it, one step after the other."""
    flags = 0x02 if clean_session else 0
    payload = field(client_id)
    if will:
        topic, message, qos, retain = will
        flags |= 0x04 | qos << 3 | (0x20 if retain else 0)
        payload += field(topic) + field(message)
    if username is not None:
        flags |= 0x80
        payload += field(username)
    if password is not None:
        flags |= 0x40
        payload += field(password)
    variable = field("MQTT") + bytes([4, flags, keepalive >> 8, keepalive & 255])
    return packet_of(0x10, variable + payload)


def test_connect_in_every_legal_combination():  # [MQTT-3.1.2-9, -18 to -21], [MQTT-3.1.3-1, -3]
    wills = [None] + [
        (topic, message, qos, retain)
        for topic, message in (("will", b""), ("遗嘱/状态", "离线"), (b"w", b"\x00\xff"))
        for qos in (0, 1, 2)
        for retain in (False, True)
    ]
    logins = [(None, None)] + [(u, p) for u in ("", "用户") for p in (None, "", b"\x00\xff", "密码")]
    n = 0
    for will in wills:
        for username, password in logins:
            for client_id, clean_session in (("device", True), ("设备", False), (b"device", False), ("", True)):
                keepalive = (0, 1, 60, 65535)[n % 4]  # with everything, though not every everything
                n += 1
                options = {}
                if will:
                    topic, message, qos, retain = will
                    options = {"will_topic": topic, "will_payload": message, "will_qos": qos, "will_retain": retain}
                assert built(
                    packet.connect, client_id, username, password, keepalive, clean_session, **options
                ) == connect_of(client_id, username, password, keepalive, clean_session, will)
    for keepalive in (0, 1, 60, 65535):
        assert built(packet.connect, "d", None, None, keepalive) == connect_of("d", None, None, keepalive, True, None)


def test_connect_fields_may_be_65535_bytes_long():
    long = "x" * 65535
    for args, options in (
        ((long,), {}),
        (("d", long), {}),
        (("d", "u", long), {}),
        (("d",), {"will_topic": long}),
        (("d",), {"will_topic": "w", "will_payload": long}),
    ):
        data = built(packet.connect, *args, **options)
        assert field(long) in data
        assert data[:4] == b"\x10" + remaining_length(len(data) - 4)


def test_connect_refuses_a_will_without_a_topic():
    # [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-15]
    for options in ({"will_qos": 1}, {"will_qos": 2}, {"will_retain": True}, {"will_payload": b"x"}):
        refused("will", packet.connect, "d", **options)


def test_connect_refuses_a_password_without_a_user_name():  # [MQTT-3.1.2-22]
    refused("password", packet.connect, "d", None, "secret")


def test_connect_refuses_an_empty_client_id_without_clean_session():  # [MQTT-3.1.3-7]
    refused("client id", packet.connect, "", clean_session=False)


def test_connect_refuses_numbers_out_of_range():
    for keepalive in (-1, 65536):
        refused("keep alive", packet.connect, "d", None, None, keepalive)
    for qos in (-1, 3, 4):
        refused("will qos", packet.connect, "d", will_topic="w", will_qos=qos)  # [MQTT-3.1.2-14]


def test_connect_refuses_strings_that_are_none():  # [MQTT-3.1.3-4, -10, -11]
    for text, _ in BAD_UTF8:
        text = unhex(text)
        refused("client id", packet.connect, text)
        refused("user name", packet.connect, "d", text)
        refused("will topic", packet.connect, "d", will_topic=text)
    for topic in ("a/#", "+", "", "\ud800", "\0"):
        refused("will topic", packet.connect, "d", will_topic=topic)
    refused("client id", packet.connect, "\udfff")


def test_connect_refuses_fields_over_65535_bytes():
    long = "温" * 21846
    refused("client id", packet.connect, long)
    refused("user name", packet.connect, "d", long)
    refused("password", packet.connect, "d", "u", long)
    refused("will topic", packet.connect, "d", will_topic=long)
    refused("will payload", packet.connect, "d", will_topic="w", will_payload=long)


def test_connect_refuses_other_types():
    for value in (42, None, ["d"], 1.5):
        refused("client id", packet.connect, value, kind=TypeError)
        if value is not None:
            refused("user name", packet.connect, "d", value, kind=TypeError)
            refused("password", packet.connect, "d", "u", value, kind=TypeError)
            refused("will topic", packet.connect, "d", will_topic=value, kind=TypeError)
        refused("will payload", packet.connect, "d", will_topic="w", will_payload=value, kind=TypeError)


# PUBLISH [3.3]


def test_publish_with_each_flag():  # [MQTT-2.3.1-5], [MQTT-3.3.2-1]
    for qos in (0, 1, 2):
        for retain in (False, True):
            for dup in (False, True) if qos else (False,):
                for packet_id in (1, 0x1234, 65535) if qos else (0,):
                    assert built(packet.publish, "a/b", b"\x00\xff", qos, retain, dup, packet_id) == publish_of(
                        "a/b", b"\x00\xff", qos, packet_id, dup, retain
                    )


def test_publish_without_payload_or_with_much():
    for n in (0, 1, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 16377, 16378, 16379, 16380, 16381, 16382):
        payload = bytes([i & 255 for i in range(n)])
        assert built(packet.publish, "abc", payload) == publish_of("abc", payload)
        assert built(packet.publish, "abc", payload, 1, packet_id=7) == publish_of("abc", payload, 1, 7)


def test_publish_counts_utf8_bytes():
    assert built(packet.publish, "设备/温度", "二十度") == b"\x30\x18\x00\x0d" + "设备/温度二十度".encode()


def test_publish_takes_str_and_anything_bytes_like():
    expected = publish_of("topic/温", "payload/度".encode())
    for kind in (lambda text: text, str.encode, lambda text: bytearray(text.encode())):
        assert built(packet.publish, kind("topic/温"), kind("payload/度")) == expected
    topic, payload = memoryview(b"##topic/\xe6\xb8\xa9##")[2:-2], memoryview(b"##payload/\xe5\xba\xa6##")[2:-2]
    assert built(packet.publish, topic, payload) == expected
    buf = bytearray(40)
    n = packet.publish(memoryview(buf), "topic/温", "payload/度")  # the buffer may be a memoryview as well
    assert bytes(buf[:n]) == expected


def test_publish_topic_may_be_65535_bytes_long():  # [MQTT-4.7.3-3]
    for topic in ("t" * 65535, "温" * 21845):
        assert built(packet.publish, topic, "x", 1, packet_id=1) == publish_of(topic, b"x", 1, 1)
    refused("topic", packet.publish, "t" * 65536)
    refused("topic", packet.publish, "温" * 21846)


def test_publish_refuses_topics():
    # empty [MQTT-4.7.3-1], wildcards [MQTT-3.3.2-2], U+0000 [MQTT-4.7.3-2], surrogate [MQTT-1.5.3-1]
    for topic in ("", "#", "+", "a/#", "a/+/b", "a+", "a\0b", "\ud800", "a/\udfff/温", b"", b"\xff"):
        for qos in (0, 1, 2):
            refused("topic", packet.publish, topic, b"x", qos, packet_id=1 if qos else 0)
    for text, _ in BAD_UTF8:
        refused("topic", packet.publish, unhex(text), b"x")
        refused("topic", packet.publish, "温".encode() + unhex(text), b"x")


def test_publish_refuses_other_types():
    for value in (42, None, ["t"], 1.5):
        refused("topic", packet.publish, value, b"x", kind=TypeError)
        refused("payload", packet.publish, "t", value, kind=TypeError)


def test_publish_refuses_qos():  # [MQTT-3.3.1-4]
    for qos in (-1, 3, 4):
        refused("qos", packet.publish, "t", b"x", qos, packet_id=1)


def test_publish_refuses_dup_with_qos_0():  # [MQTT-3.3.1-2]
    refused("dup", packet.publish, "t", b"x", 0, False, True)


def test_publish_header_leaves_the_buffer_alone_where_it_refuses():
    buf = bytearray(b"\xaa" * 20)
    for first, topic, packet_id, n in (
        (0x30, b"", 0, 0),
        (0x30, b"a/#", 0, 0),
        (0x30, b"\xff", 0, 0),
        (0x30, b"\xe6\xb8\xa9\0", 0, 0),
        (0x30, b"t", 0, -1),
        (0x32, b"t", 0, 0),
        (0x32, b"t", 65536, 0),
        (0x36, b"t", 1, 0),
        (0x30, b"t" * 17, 0, 0),
        (0x30, b"t" * 16, 0, 112),
        (0x32, b"t" * 15, 1, 0),
    ):
        assert packet.publish_header(buf, packet_id << 8 | first, topic, n) == -1
        assert buf == b"\xaa" * 20
    assert packet.publish_header(buf, 0x30, b"t" * 16, 0) == 20


# PUBACK, PUBREC, PUBREL, PUBCOMP [3.4 to 3.7]


def test_acknowledgements():  # [MQTT-2.2.2-1], [MQTT-3.6.1-1]
    for first in (0x40, 0x50, 0x62, 0x70):
        for packet_id in (1, 255, 256, 65535):
            assert built(packet.ack, first, packet_id) == bytes([first, 2, packet_id >> 8, packet_id & 255])


def test_packet_id_is_1_to_65535():  # [MQTT-2.3.1-1]
    for packet_id in (-1, 0, 65536):
        refused("packet id", packet.ack, 0x40, packet_id)
        refused("packet id", packet.publish, "t", b"x", 1, packet_id=packet_id)
        refused("packet id", packet.publish, "t", b"x", 2, packet_id=packet_id)
        refused("packet id", packet.subscribe, packet_id, [("t", 0)])
        refused("packet id", packet.unsubscribe, packet_id, ["t"])


# SUBSCRIBE [3.8], UNSUBSCRIBE [3.10]

FILTERS = (
    "a",
    "#",
    "+",
    "/",
    "a/#",
    "/#",
    "+/a",
    "a/+",
    "a/+/b",
    "+/+/#",
    "$SYS/#",
    " ",
    "设备/+/温度/#",
    "a//b",
)
NO_FILTERS = ("", "a#", "#a", "a/#/b", "#/", "##", "a+", "+a", "a/b+", "a/+b/c", "++", "+#", "a/温#", "\0", "\ud800")


def test_subscribe():  # [MQTT-3.8.1-1]
    assert built(packet.subscribe, 10, [("a/b", 1), ("c/d", 2)]) == unhex(
        "82 0e 00 0a 00 03 61 2f 62 01 00 03 63 2f 64 02"  # the example of [3.8.3]
    )
    every = [(name, i % 3) for i, name in enumerate(FILTERS)]
    expected = b"".join([field(name) + bytes([qos]) for name, qos in every])
    assert built(packet.subscribe, 65535, every) == packet_of(0x82, b"\xff\xff" + expected)


def test_unsubscribe():  # [MQTT-3.10.1-1], [MQTT-3.10.3-1]
    assert built(packet.unsubscribe, 10, ["a/b", b"c/d"]) == unhex("a2 0c 00 0a 00 03 61 2f 62 00 03 63 2f 64")
    expected = b"".join([field(name) for name in FILTERS])
    assert built(packet.unsubscribe, 1, list(FILTERS)) == packet_of(0xA2, b"\0\1" + expected)


def test_filters_come_as_anything_bytes_like():
    for kind in (bytes, bytearray, memoryview):
        name = kind("a/温/+".encode())
        assert built(packet.subscribe, 1, [(name, 2)]) == packet_of(0x82, b"\0\1" + field("a/温/+") + b"\2")
        assert built(packet.unsubscribe, 1, [name]) == packet_of(0xA2, b"\0\1" + field("a/温/+"))


def test_misplaced_wildcards_and_strings_that_are_none_are_refused_as_filters():  # [MQTT-4.7.1-2], [MQTT-4.7.1-3]
    for name in NO_FILTERS + tuple([unhex(text) for text, _ in BAD_UTF8]):
        refused("topic filter", packet.subscribe, 1, [("good", 0), (name, 0)])
        refused("topic filter", packet.unsubscribe, 1, ["good", name])
    refused("topic filter", packet.subscribe, 1, [(42, 0)], kind=TypeError)


def test_a_filter_may_be_65535_bytes_long():  # [MQTT-4.7.3-3]
    name = "x" * 65535
    assert built(packet.subscribe, 1, [(name, 0)]) == packet_of(0x82, b"\0\1" + field(name) + b"\0")
    assert built(packet.unsubscribe, 1, [name]) == packet_of(0xA2, b"\0\1" + field(name))
    refused("topic filter", packet.subscribe, 1, [("x" * 65536, 0)])
    refused("topic filter", packet.unsubscribe, 1, ["x" * 65536])


def test_at_least_one_filter_is_needed():  # [MQTT-3.8.3-3], [MQTT-3.10.3-2]
    refused("topic filter", packet.subscribe, 1, [])
    refused("topic filter", packet.unsubscribe, 1, [])


def test_subscribe_refuses_qos():  # [MQTT-3.8.3-4]
    for qos in (-1, 3, 128):
        refused("qos", packet.subscribe, 1, [("a", 0), ("b", qos)])


# PINGREQ [3.12], DISCONNECT [3.14]


def test_pingreq_and_disconnect():  # [MQTT-2.2.2-1]
    assert built(packet.pingreq) == b"\xc0\0"
    assert built(packet.disconnect) == b"\xe0\0"
