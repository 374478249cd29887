"""The session: packet identifiers, acknowledgements, retransmission. No sockets; time is an argument."""

from mqtt.session import Session
from session_bench import (
    PAYLOAD,
    PUBACK,
    PUBCOMP,
    PUBLISH_1,
    PUBLISH_2,
    PUBREC,
    SUBACK,
    SUBSCRIBE,
    TOPIC,
    UNSUBACK,
    UNSUBSCRIBE,
    owed,
    pump,
    reconnect,
)

TOPICS, PAYLOADS = (b"", b"a", b"b"), (b"", b"one", b"two")

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
        done = session.acknowledged(kind, 65535)
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
            assert session.next() is None
            waiting += [packet_id for _, packet_id in sent]
            assert len(waiting) == window
            assert session.acknowledged(PUBACK, waiting.pop(0))
            assert not session.full()


def test_a_late_acknowledgement_holds_back_nobody():
    session = Session(window=3)
    late = session.take(PUBLISH_1, b"t", b"late")
    for _ in range(10):
        ids = [session.take(PUBLISH_1, b"t", b"") for _ in range(2)]
        assert session.full()
        assert [packet_id for _, packet_id in pump(session)][-2:] == ids
        assert all(session.acknowledged(PUBACK, packet_id) for packet_id in ids)
        assert not session.full()
    assert session.acknowledged(PUBACK, late)


def test_acknowledgements_in_any_order_free_the_window():
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        session = Session(window=3)
        for _ in range(3):
            ids = [session.take(PUBLISH_1, b"t", b"") for _ in range(3)]
            assert session.full()
            pump(session)
            for i in order:
                assert session.acknowledged(PUBACK, ids[i])
            assert not session.full() and session.next() is None


def test_packets_go_out_in_the_order_they_were_taken():  # [MQTT-4.6.0-1]
    session = Session(window=4)
    ids = [session.take(first, [b"t"], b"") for first in (PUBLISH_1, SUBSCRIBE, PUBLISH_2, UNSUBSCRIBE)]
    assert pump(session) == [(PUBLISH_1, ids[0]), (SUBSCRIBE, ids[1]), (PUBLISH_2, ids[2]), (UNSUBSCRIBE, ids[3])]


def test_what_need_not_wait_is_taken_and_gone_at_once():
    session = Session(window=2)
    for n in (1, 2):
        assert session.take_now(PUBLISH_1, TOPICS[n], PAYLOADS[n], 7) == n << 8 | PUBLISH_1
        assert session.next() is None and session.sent == 7
    assert [(slot[TOPIC], slot[PAYLOAD]) for slot in session._slots] == [(TOPICS[n], PAYLOADS[n]) for n in (1, 2)]
    assert session.take_now(PUBLISH_1, b"t", b"", 8) == 0 and session.full()  # and none is overwritten
    assert session.acknowledged(PUBACK, 1) and session.acknowledged(PUBACK, 2)


def test_it_overtakes_nothing_that_waits():  # [MQTT-4.6.0-1]
    session = Session(window=3)
    waiting = session.take(PUBLISH_1, b"t", b"")
    assert session.take_now(PUBLISH_1, b"t", b"", 0) == 0
    assert pump(session) == [(PUBLISH_1, waiting)]
    assert session.take_now(PUBLISH_1, b"t", b"", 0) == waiting + 1 << 8 | PUBLISH_1


def test_what_was_not_sent_after_all_is_given_back():
    session = Session(window=2)
    first = session.take_now(PUBLISH_1, b"t", b"", 0)
    session.take_now(PUBLISH_1, b"t", b"", 0)
    session.give_back()
    assert not session.full() and session.acknowledged(PUBACK, first >> 8)
    assert session.take_now(PUBLISH_1, b"t", b"", 0) >> 8 == 2


def test_what_is_kept_is_let_go_with_the_acknowledgement():  # [MQTT-4.1.0-1]
    session = Session(window=1)
    packet_id = session.take(PUBLISH_1, b"topic", b"payload")
    slot = session._slots[0]
    assert (slot[TOPIC], slot[PAYLOAD]) == (b"topic", b"payload")
    pump(session)
    session.acknowledged(PUBACK, packet_id)
    assert (slot[TOPIC], slot[PAYLOAD]) == (None, None)


# Life cycles of what we publish [4.3]


def test_qos_1_ends_with_puback():  # [MQTT-4.3.2-1]
    session = Session()
    packet_id = session.take(PUBLISH_1 | 1, b"t", b"")
    assert not session.acknowledged(PUBACK, packet_id) and session.ignored == 1  # it has not been sent yet
    assert pump(session) == [(PUBLISH_1 | 1, packet_id)]
    assert session.acknowledged(PUBACK, packet_id)
    assert not session.acknowledged(PUBACK, packet_id) and session.ignored == 2


def test_qos_2_is_publish_pubrec_pubrel_pubcomp():  # [MQTT-4.3.3-1], [MQTT-2.3.1-6]
    session = Session()
    packet_id = session.take(PUBLISH_2, b"t", b"")
    assert not session.acknowledged(PUBREC, packet_id) and session.ignored == 1  # it has not been sent yet
    assert pump(session) == [(PUBLISH_2, packet_id)]
    assert not session.acknowledged(PUBREC, packet_id)
    assert pump(session) == [(0x62, packet_id)]
    assert session.acknowledged(PUBCOMP, packet_id)
    assert session.next() is None and session.ignored == 1


def test_subscribe_and_unsubscribe_end_with_their_acknowledgement():
    session = Session()
    one = session.take(SUBSCRIBE, [("a", 0), ("b", 1)], None)
    two = session.take(UNSUBSCRIBE, ["a"], None)
    pump(session)
    assert session.acknowledged(UNSUBACK, two)
    assert session.acknowledged(SUBACK, one)
    assert not session.full() and session.next() is None


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
    assert session.next() is None and session.unsent == 0 and session.ignored == 0


def test_a_second_puback_or_pubcomp_is_ignored_and_counted():
    session = Session()
    one, two = session.take(PUBLISH_1, b"t", b""), session.take(PUBLISH_2, b"t", b"")
    pump(session)
    assert session.acknowledged(PUBACK, one) and not session.acknowledged(PUBACK, one)
    session.acknowledged(PUBREC, two)
    pump(session)
    assert session.acknowledged(PUBCOMP, two) and not session.acknowledged(PUBCOMP, two)
    assert session.ignored == 2
    assert not session.acknowledged(PUBREC, two) and session.next() is None and session.ignored == 3


def test_acknowledgements_of_unknown_ids_are_ignored_and_counted():
    session = Session()
    packet_id = session.take(PUBLISH_1, b"t", b"")
    pump(session)
    for n, kind in enumerate((PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK)):
        assert not session.acknowledged(kind, 999)
        assert session.ignored == n + 1 and session.next() is None
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
            assert not session.acknowledged(kind, packet_id)
            assert session.ignored == 1 and session.next() is None
            session.acknowledged(expected, packet_id)
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
    assert session.acknowledged(SUBACK, ids[2])
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


def test_pubrel_owed_when_the_connection_went_is_sent_on_the_next():  # [MQTT-4.4.0-1]
    session = Session()
    packet_id = session.take(PUBLISH_2, b"t", b"")
    pump(session)
    session.acknowledged(PUBREC, packet_id)
    reconnect(session)
    assert pump(session) == [(0x62, packet_id)]


def test_old_and_new_keep_their_order():  # [MQTT-4.6.0-1]
    session = Session(window=3)
    for _ in range(7):
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
        session.acknowledged(kind, packet_id)
    assert [first for first, _ in pump(session)] == [0x62, 0x62]


# What is published to us [4.3]


def test_each_qos_owes_its_acknowledgement():  # [MQTT-3.3.4-1]
    session = Session()
    assert session.message(0, 0) and owed(session) is None
    assert session.message(1, 0x1234) and owed(session) == (0x40, 0x1234)
    assert session.message(2, 65535) and owed(session) == (0x50, 65535)
    session.release(65535)
    assert owed(session) == (0x70, 65535)


def test_qos_1_twice_is_delivered_twice():  # [MQTT-4.3.2-2]
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


def test_qos_2_is_delivered_once_over_a_loss_where_the_session_is_present():  # [MQTT-3.1.2-4]
    session = Session()
    session.message(2, 5)
    reconnect(session)
    assert owed(session) is None  # what was owed to the old connection
    assert not session.message(2, 5)
    assert owed(session) == (0x50, 5)


def test_where_the_server_has_no_session_its_ids_begin_anew():  # [MQTT-3.1.2-6], [MQTT-3.2.2-3]
    for clean_session in (False, True):
        session = Session()
        session.message(2, 5)
        reconnect(session, clean_session, session_present=False)
        assert session.message(2, 5)


def test_any_number_of_qos_2_messages_may_be_under_way():
    session = Session()
    ids = [n % 65535 + 1 for n in range(64000, 67000)]
    for packet_id in ids:
        assert session.message(2, packet_id)
    for packet_id in ids:
        assert not session.message(2, packet_id)
    for n, packet_id in enumerate(ids):
        session.release(packet_id)
        assert session.message(2, packet_id) and not session.message(2, ids[-1])
        session.release(packet_id)
        if n % 100 == 0:
            assert [session.message(2, other) for other in ids[n + 1 : n + 3]] == [False, False][: len(ids) - n - 1]
        if n > 300:
            break


def test_qos_2_messages_may_be_released_in_any_order():
    session = Session()
    for packet_id in range(1, 21):
        session.message(2, packet_id)
    for packet_id in (3, 20, 1, 11, 10, 12, 7):
        session.release(packet_id)
    left = [packet_id for packet_id in range(1, 21) if not session.message(2, packet_id)]
    assert left == [2, 4, 5, 6, 8, 9, 13, 14, 15, 16, 17, 18, 19]


def test_more_ranges_of_qos_2_messages_than_can_be_kept_lose_nothing():
    session = Session()
    for packet_id in range(1, 2001, 2):  # QoS 1 in between
        assert session.message(1, packet_id + 1) and session.message(2, packet_id)
    for packet_id in range(1, 2001, 2):
        session.release(packet_id)
    for packet_id in range(1, 2001):
        assert session.message(2, packet_id)
