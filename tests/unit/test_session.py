"""The session: packet identifiers, acknowledgements, retransmission, keep alive. No sockets; time is an argument."""

from mqtt import ProtocolError, Timeout
from mqtt.session import Session
from support import raises

PUBLISH_1, PUBLISH_2, SUBSCRIBE, UNSUBSCRIBE = 0x32, 0x34, 0x82, 0xA2  # first bytes
PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK = 4, 5, 7, 9, 11  # packet types
WRAP = 1 << 30  # where ticks_ms() starts over


def pump(session, now=0):
    """Sends all that is due; returns it as (first byte, packet identifier)."""
    sent = []
    while True:
        i = session.next()
        if i < 0:
            return sent
        sent.append((0x62 if session.releasing(i) else session.firsts[i], session.ids[i]))
        session.went(i, now)


def reconnect(session, clean_session=False, session_present=True, now=0):
    session.lost()
    session.connected(now, clean_session, session_present)


def owed(session):
    """The acknowledgement owed, as (first byte, packet identifier)."""
    word, session.owed = session.owed, 0
    return (word >> 16, word & 0xFFFF) if word else None


# Packet identifiers [2.3.1]


def test_packet_ids_count_from_1_and_1_follows_65535():
    session = Session()
    for n in range(65537):
        expected = n % 65535 + 1
        assert session.take(PUBLISH_1, b"t", b"") == expected
        session.went(session.next(), 0)
        assert session.acknowledged(PUBACK, expected)


def test_a_packet_id_in_flight_is_not_used_again():  # [MQTT-2.3.1-2]
    for first, kind in ((PUBLISH_1, PUBACK), (PUBLISH_2, PUBREC), (SUBSCRIBE, SUBACK), (UNSUBSCRIBE, UNSUBACK)):
        session = Session(window=3)
        session._last_id = 65534
        ids = [session.take(first, [("t", 0)], None) for _ in range(2)]
        assert ids == [65535, 1]
        pump(session)
        session._last_id = 65534  # as if the counter had been around once
        assert session.take(PUBLISH_1, b"t", b"") == 2
        reconnect(session)
        pump(session)
        done = session.acknowledged(kind, 65535, b"\0")
        session._last_id = 65534
        if first == PUBLISH_2:
            assert not done and session.full()  # it keeps its id until PUBCOMP
        else:
            assert done and session.take(PUBLISH_1, b"t", b"") == 65535


# The window


def test_the_window_is_full_when_as_many_are_unacknowledged():
    for window in (1, 2, 4, 7):
        session = Session(window=window)
        waiting = []
        for _ in range(3 * window):
            while not session.full():
                session.take(PUBLISH_1, b"t", b"")
            sent = pump(session)
            assert session.next() == -1
            waiting += [packet_id for _, packet_id in sent]
            assert len(waiting) == window
            assert session.acknowledged(PUBACK, waiting.pop(0))
            assert not session.full()


def test_acknowledgements_in_any_order_free_the_window():
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        session = Session(window=3)
        for _ in range(3):
            ids = [session.take(PUBLISH_1, b"t", b"") for _ in range(3)]
            assert session.full()
            pump(session)
            for i in order:
                assert session.acknowledged(PUBACK, ids[i])
            assert not session.full() and session.next() == -1


def test_packets_go_out_in_the_order_they_were_taken():  # [MQTT-4.6.0-1]
    session = Session(window=4)
    ids = [session.take(first, [b"t"], b"") for first in (PUBLISH_1, SUBSCRIBE, PUBLISH_2, UNSUBSCRIBE)]
    assert pump(session) == [(PUBLISH_1, ids[0]), (SUBSCRIBE, ids[1]), (PUBLISH_2, ids[2]), (UNSUBSCRIBE, ids[3])]


def test_what_is_kept_is_let_go_with_the_acknowledgement():
    session = Session(window=1)
    packet_id = session.take(PUBLISH_1, b"topic", b"payload")
    assert (session.topics[0], session.payloads[0]) == (b"topic", b"payload")
    pump(session)
    session.acknowledged(PUBACK, packet_id)
    assert (session.topics[0], session.payloads[0]) == (None, None)


# Life cycles of what we publish [4.3]


def test_qos_1_ends_with_puback():
    session = Session()
    packet_id = session.take(PUBLISH_1 | 1, b"t", b"")
    assert not session.acknowledged(PUBACK, packet_id) and session.ignored == 1  # it has not been sent yet
    assert pump(session) == [(PUBLISH_1 | 1, packet_id)]
    assert session.acknowledged(PUBACK, packet_id)
    assert not session.acknowledged(PUBACK, packet_id) and session.ignored == 2


def test_qos_2_is_publish_pubrec_pubrel_pubcomp():
    session = Session()
    packet_id = session.take(PUBLISH_2, b"t", b"")
    assert not session.acknowledged(PUBREC, packet_id) and session.ignored == 1  # it has not been sent yet
    assert pump(session) == [(PUBLISH_2, packet_id)]
    assert not session.acknowledged(PUBREC, packet_id)
    assert pump(session) == [(0x62, packet_id)]
    assert session.acknowledged(PUBCOMP, packet_id)
    assert session.next() == -1 and session.ignored == 1


def test_subscribe_and_unsubscribe_end_with_their_acknowledgement():
    session = Session()
    one = session.take(SUBSCRIBE, [("a", 0), ("b", 1)], None)
    two = session.take(UNSUBSCRIBE, ["a"], None)
    pump(session)
    assert session.filters(one) == [("a", 0), ("b", 1)] and session.filters(two) == ["a"]
    assert session.filters(77) is None
    assert session.acknowledged(UNSUBACK, two)
    assert session.acknowledged(SUBACK, one, b"\0\x80")
    assert session.filters(one) is None and session.filters(two) is None


def test_a_suback_with_another_number_of_codes_is_a_protocol_error():  # [MQTT-3.8.4-5]
    for codes in (b"", b"\0", b"\0\0\0"):
        session = Session()
        packet_id = session.take(SUBSCRIBE, [("a", 0), ("b", 1)], None)
        pump(session)
        raises(ProtocolError, session.acknowledged, SUBACK, packet_id, codes, match="2 filters")


def test_a_second_pubrec_is_answered_with_pubrel_again():
    session = Session()
    packet_id = session.take(PUBLISH_2, b"t", b"")
    pump(session)
    for _ in range(2):
        session.acknowledged(PUBREC, packet_id)
    assert pump(session) == [(0x62, packet_id)]  # both before we answered: once is enough
    session.acknowledged(PUBREC, packet_id)
    assert pump(session) == [(0x62, packet_id)]
    assert session.acknowledged(PUBCOMP, packet_id)
    assert session.next() == -1 and session.unsent == 0 and session.ignored == 0


def test_a_second_puback_or_pubcomp_is_ignored_and_counted():
    session = Session()
    one, two = session.take(PUBLISH_1, b"t", b""), session.take(PUBLISH_2, b"t", b"")
    pump(session)
    assert session.acknowledged(PUBACK, one) and not session.acknowledged(PUBACK, one)
    session.acknowledged(PUBREC, two)
    pump(session)
    assert session.acknowledged(PUBCOMP, two) and not session.acknowledged(PUBCOMP, two)
    assert session.ignored == 2
    assert not session.acknowledged(PUBREC, two) and session.next() == -1 and session.ignored == 3


def test_acknowledgements_of_unknown_ids_are_ignored_and_counted():
    session = Session()
    packet_id = session.take(PUBLISH_1, b"t", b"")
    pump(session)
    for n, kind in enumerate((PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK)):
        assert not session.acknowledged(kind, 999, b"\0")
        assert session.ignored == n + 1 and session.next() == -1
    assert session.acknowledged(PUBACK, packet_id)


def test_an_acknowledgement_of_the_wrong_type_is_ignored_and_counted():
    right = {PUBLISH_1: PUBACK, PUBLISH_2: PUBREC, SUBSCRIBE: SUBACK, UNSUBSCRIBE: UNSUBACK}
    for first, expected in right.items():
        for kind in (PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK):
            if kind == expected:
                continue
            session = Session()
            packet_id = session.take(first, [("t", 0)], None)
            pump(session)
            assert not session.acknowledged(kind, packet_id, b"\0")
            assert session.ignored == 1 and session.next() == -1
            session.acknowledged(expected, packet_id, b"\0")
            assert session.ignored == 1


def test_pubcomp_before_pubrec_is_ignored():
    session = Session()
    packet_id = session.take(PUBLISH_2, b"t", b"")
    pump(session)
    assert not session.acknowledged(PUBCOMP, packet_id) and session.ignored == 1
    session.acknowledged(PUBREC, packet_id)
    assert not session.acknowledged(PUBCOMP, packet_id) and session.ignored == 2  # PUBREL has not been sent
    pump(session)
    assert session.acknowledged(PUBCOMP, packet_id)


# Retransmission [4.4]


def test_after_a_loss_what_is_unacknowledged_goes_again_under_its_id_in_order_with_dup():
    # [MQTT-4.4.0-1], [MQTT-3.3.1-1]
    session = Session(window=5)
    firsts = (PUBLISH_1, PUBLISH_2 | 1, SUBSCRIBE, PUBLISH_2, UNSUBSCRIBE)
    ids = [session.take(first, [("t", 0)], b"") for first in firsts]
    pump(session)
    session.acknowledged(PUBREC, ids[3])
    pump(session)
    reconnect(session)
    assert pump(session) == [
        (PUBLISH_1 | 8, ids[0]),
        (PUBLISH_2 | 9, ids[1]),
        (SUBSCRIBE, ids[2]),
        (0x62, ids[3]),  # PUBREL, never PUBLISH after PUBREC [MQTT-4.3.3-1]
        (UNSUBSCRIBE, ids[4]),
    ]
    reconnect(session)
    assert len(pump(session)) == 5
    assert session.acknowledged(PUBACK, ids[0])
    session.acknowledged(PUBREC, ids[1])
    assert session.acknowledged(SUBACK, ids[2], b"\0")
    assert session.acknowledged(PUBCOMP, ids[3])
    assert session.acknowledged(UNSUBACK, ids[4])
    reconnect(session)
    assert pump(session) == [(0x62, ids[1])]


def test_what_was_never_sent_goes_without_dup():  # [MQTT-3.3.1-1]
    session = Session()
    one = session.take(PUBLISH_1, b"t", b"")
    reconnect(session)
    reconnect(session)
    assert pump(session) == [(PUBLISH_1, one)]
    reconnect(session)
    two = session.take(PUBLISH_2, b"t", b"")
    assert pump(session) == [(PUBLISH_1 | 8, one), (PUBLISH_2, two)]


def test_pubrel_owed_when_the_connection_went_is_sent_on_the_next():
    session = Session()
    packet_id = session.take(PUBLISH_2, b"t", b"")
    pump(session)
    session.acknowledged(PUBREC, packet_id)
    reconnect(session)
    assert pump(session) == [(0x62, packet_id)]


def test_old_and_new_keep_their_order_around_the_ring():
    session = Session(window=3)
    for _ in range(7):  # so that the ring's beginning has been everywhere
        ids = [session.take(PUBLISH_1, b"t", b"") for _ in range(2)]
        pump(session)
        reconnect(session)
        ids.append(session.take(PUBLISH_1, b"t", b""))
        assert pump(session) == [(PUBLISH_1 | 8, ids[0]), (PUBLISH_1 | 8, ids[1]), (PUBLISH_1, ids[2])]
        session.acknowledged(PUBACK, ids[1])
        reconnect(session)
        assert pump(session) == [(PUBLISH_1 | 8, ids[0]), (PUBLISH_1 | 8, ids[2])]
        for packet_id in ids[::2]:
            assert session.acknowledged(PUBACK, packet_id)


def test_clean_session_publishes_anew_without_dup():  # [MQTT-3.1.2-6]
    session = Session(window=4)
    ids = [session.take(first, [("t", 0)], b"") for first in (PUBLISH_1, PUBLISH_2, PUBLISH_2, SUBSCRIBE)]
    pump(session)
    session.acknowledged(PUBREC, ids[1])
    pump(session)
    session.acknowledged(PUBREC, ids[2])
    for _ in range(2):
        reconnect(session, clean_session=True, session_present=False)
        sent = pump(session)
        assert [first for first, _ in sent] == [PUBLISH_1, PUBLISH_2, PUBLISH_2, SUBSCRIBE]
    for kind, (_, packet_id) in zip((PUBACK, PUBREC, PUBREC, SUBACK), sent):  # noqa: B905
        session.acknowledged(kind, packet_id, b"\0")
    assert [first for first, _ in pump(session)] == [0x62, 0x62]


# What is published to us [4.3]


def test_each_qos_owes_its_acknowledgement():
    session = Session()
    assert session.message(0, 0) and owed(session) is None
    assert session.message(1, 0x1234) and owed(session) == (0x40, 0x1234)
    assert session.message(2, 65535) and owed(session) == (0x50, 65535)
    session.release(65535)
    assert owed(session) == (0x70, 65535)


def test_qos_1_twice_is_delivered_twice():
    session = Session()
    for _ in range(2):
        assert session.message(1, 5)
        assert owed(session) == (0x40, 5)


def test_qos_2_is_delivered_once_until_it_is_released():  # [MQTT-4.3.3-2]
    session = Session()
    assert session.message(2, 5)
    assert owed(session) == (0x50, 5)
    for _ in range(3):
        assert not session.message(2, 5)
        assert owed(session) == (0x50, 5)
    assert session.message(1, 5) and session.message(2, 6)  # others are others
    for _ in range(2):
        session.release(5)
        assert owed(session) == (0x70, 5)
    assert session.message(2, 5)  # the id is free: a new message


def test_pubrel_of_an_unknown_id_is_answered():  # [MQTT-4.3.3-2]
    session = Session()
    session.release(77)
    assert owed(session) == (0x70, 77)


def test_qos_2_is_delivered_once_over_a_loss_where_the_session_is_present():
    session = Session()
    session.message(2, 5)
    reconnect(session)
    assert owed(session) is None  # what was owed to the old connection
    assert not session.message(2, 5)
    assert owed(session) == (0x50, 5)


def test_where_the_server_has_no_session_its_ids_begin_anew():
    for clean_session in (False, True):
        session = Session()
        session.message(2, 5)
        reconnect(session, clean_session, session_present=False)
        assert session.message(2, 5)


def test_more_qos_2_messages_at_once_than_can_be_kept_is_a_protocol_error_not_a_duplicate():
    session = Session(incoming=3)
    for packet_id in (1, 2, 3):
        assert session.message(2, packet_id)
    raises(ProtocolError, session.message, 2, 4, match="3 QoS 2")
    session = Session(incoming=3)
    for packet_id in range(1, 20):
        assert session.message(2, packet_id)
        session.release(packet_id)


# Keep alive [3.1.2.10]: time is given in ms, and every one of these holds where it wraps

STARTS = (0, 1, WRAP - 1, WRAP - 20000, WRAP - 45000, WRAP // 2)


def at(start, ms):
    return (start + ms) & WRAP - 1


def test_a_ping_is_due_after_half_the_keep_alive_without_sending():  # [MQTT-3.1.2-23]
    for start in STARTS:
        session = Session(60000)
        session.connected(start, True, False)
        for ms in range(0, 120000, 10000):
            session.heard = at(start, ms)  # there is always something to hear
            assert session.ping_due(at(start, ms)) == (ms >= 30000)
        session.sent = session.heard = at(start, 120000)
        assert not session.ping_due(at(start, 149999))
        assert session.ping_due(at(start, 150000))


def test_a_ping_is_due_after_half_the_keep_alive_without_hearing():
    for start in STARTS:
        session = Session(60000)
        session.connected(start, True, False)
        for ms in range(0, 120000, 10000):
            session.sent = at(start, ms)
            assert session.ping_due(at(start, ms)) == (ms >= 30000)


def test_one_ping_at_a_time():
    session = Session(60000)
    session.connected(0, True, False)
    session.pinged(30000)
    assert not session.ping_due(100000)
    session.pinging = False  # PINGRESP
    session.heard = 30100
    assert not session.ping_due(59999)
    assert session.ping_due(60000)


def test_a_missing_pingresp_is_a_timeout_within_one_and_a_half_keep_alives():
    for start in STARTS:
        session = Session(60000)
        session.connected(start, True, False)
        assert session.ping_due(at(start, 30000))
        session.pinged(at(start, 30000))
        session.check(at(start, 30000 + 44999), 0)
        raises(Timeout, session.check, at(start, 30000 + 45000), 0, match="PINGRESP")
        session.check(at(start, 30000 + 45000), 0x30)  # it may stand behind the packet under way
        session.pinging = False
        session.check(at(start, 30000 + 45000), 0)


def test_the_pingresp_deadline_begins_anew_with_the_connection():
    session = Session(60000)
    session.connected(0, True, False)
    session.pinged(30000)
    reconnect(session, now=200000)
    session.check(200001, 0)
    assert not session.ping_due(229999) and session.ping_due(230000)


def test_keep_alive_0_never_pings():
    for start in STARTS:
        session = Session(0)
        session.connected(start, True, False)
        assert not session.ping_due(at(start, 10000000))
        session.check(at(start, 10000000), 0)


def test_an_acknowledgement_has_a_deadline():
    for start in STARTS:
        for first in (PUBLISH_1, PUBLISH_2, SUBSCRIBE, UNSUBSCRIBE):
            session = Session(timeout=10000)
            session.connected(start, True, False)
            packet_id = session.take(first, [("t", 0)], b"")
            session.check(at(start, 500000), 0)  # not sent, so not late
            pump(session, at(start, 500000))
            session.check(at(start, 509999), 0)
            raises(Timeout, session.check, at(start, 510000), 0, match="packet %d" % packet_id)
            if first == PUBLISH_2:
                session.acknowledged(PUBREC, packet_id)
                session.check(at(start, 900000), 0)
                pump(session, at(start, 900000))
                session.check(at(start, 909999), 0)
                raises(Timeout, session.check, at(start, 910000), 0, match="packet %d" % packet_id)


def test_the_acknowledgement_deadline_begins_anew_with_the_connection():
    session = Session(timeout=10000)
    session.take(PUBLISH_1, b"t", b"")
    pump(session, 0)
    reconnect(session, now=50000)
    session.check(50000, 0)
    pump(session, 50000)
    session.check(59999, 0)
    raises(Timeout, session.check, 60000, 0)


def test_each_packet_in_flight_has_its_deadline():
    session = Session(timeout=10000, window=3)
    one, two, three = [session.take(PUBLISH_1, b"t", b"") for _ in range(3)]
    for now in (0, 4000, 8000):
        session.went(session.next(), now)
    session.acknowledged(PUBACK, one)
    session.check(13999, 0)
    raises(Timeout, session.check, 14000, 0, match="packet %d" % two)
    session.acknowledged(PUBACK, two)
    session.check(17999, 0)
    raises(Timeout, session.check, 18000, 0, match="packet %d" % three)


def test_the_deadline_of_a_later_packet_holds_while_an_earlier_one_moves_on():
    session = Session(timeout=10000, window=2)
    one, two = session.take(PUBLISH_2, b"t", b""), session.take(PUBLISH_1, b"t", b"")
    pump(session, 0)
    session.acknowledged(PUBREC, one)
    pump(session, 8000)  # PUBREL goes out late
    session.check(9999, 0)
    raises(Timeout, session.check, 10000, 0, match="packet %d" % two)
