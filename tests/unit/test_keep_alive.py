"""The session's waits: keep alive, what is late, and what shows that a slow connection lives. Time is an argument."""

from mqtt.session import Session
from session_bench import PUBACK, PUBLISH_1, PUBLISH_2, PUBREC, SUBSCRIBE, UNSUBSCRIBE, WRAP, pump, reconnect

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


def test_silence_is_broken_whatever_is_awaited():  # [MQTT-3.1.2-23]
    for start in STARTS:
        session = Session(60000)
        session.connected(start, True, False)
        session.pinged(at(start, 30000))
        for ms in range(30000, 120000, 10000):
            session.heard = at(start, ms)  # of a long message, behind which PINGRESP stands
            assert session.ping_due(at(start, ms)) == (ms in (60000, 90000))
            assert not session.late(at(start, ms))
            if session.ping_due(at(start, ms)):
                session.pinged(at(start, ms))


def test_not_hearing_brings_one_ping_at_a_time():
    session = Session(60000)
    session.connected(0, True, False)
    session.pinged(30000)
    session.sent = 50000
    assert not session.ping_due(79999)
    session.pinging = False  # PINGRESP
    assert session.ping_due(59999)
    session.heard = 30100
    session.sent = 60000
    assert not session.ping_due(60099)
    assert session.ping_due(60100)


def test_a_missing_pingresp_is_a_timeout_within_one_and_a_half_keep_alives():
    for start in STARTS:
        session = Session(60000)
        session.connected(start, True, False)
        assert session.ping_due(at(start, 30000))
        session.pinged(at(start, 30000))
        assert not session.late(at(start, 30000 + 44999))
        assert "PINGRESP" in (session.late(at(start, 30000 + 45000)) or "")
        session.pinging = False
        assert not session.late(at(start, 30000 + 45000))


def test_the_pingresp_deadline_begins_anew_with_the_connection():
    session = Session(60000)
    session.connected(0, True, False)
    session.pinged(30000)
    reconnect(session, now=200000)
    assert not session.late(200001)
    assert not session.ping_due(229999) and session.ping_due(230000)


def test_keep_alive_0_never_pings():
    for start in STARTS:
        session = Session(0)
        session.connected(start, True, False)
        assert not session.ping_due(at(start, 10000000))
        assert not session.late(at(start, 10000000))


def test_an_acknowledgement_has_a_deadline():
    for start in STARTS:
        for first in (PUBLISH_1, PUBLISH_2, SUBSCRIBE, UNSUBSCRIBE):
            session = Session(timeout=10000)
            session.connected(start, True, False)
            packet_id = session.take(first, [("t", 0)], b"")
            assert not session.late(at(start, 500000))  # not sent, so not late
            pump(session, at(start, 500000))
            assert not session.late(at(start, 509999))
            assert "packet %d" % packet_id in (session.late(at(start, 510000)) or "")
            if first == PUBLISH_2:
                session.acknowledged(PUBREC, packet_id)
                assert not session.late(at(start, 900000))
                pump(session, at(start, 900000))
                assert not session.late(at(start, 909999))
                assert "packet %d" % packet_id in (session.late(at(start, 910000)) or "")


def test_the_acknowledgement_deadline_begins_anew_with_the_connection():
    session = Session(timeout=10000)
    session.take(PUBLISH_1, b"t", b"")
    pump(session, 0)
    reconnect(session, now=50000)
    assert not session.late(50000)
    pump(session, 50000)
    assert not session.late(59999)
    assert session.late(60000)


def test_each_packet_in_flight_has_its_deadline():
    session = Session(timeout=10000, window=3)
    one, two, three = [session.take(PUBLISH_1, b"t", b"") for _ in range(3)]
    for now in (0, 4000, 8000):
        session.went(session.next(), now)
    session.acknowledged(PUBACK, one)
    assert not session.late(13999)
    assert "packet %d" % two in (session.late(14000) or "")
    session.acknowledged(PUBACK, two)
    assert not session.late(17999)
    assert "packet %d" % three in (session.late(18000) or "")


def test_the_deadline_of_a_later_packet_holds_while_an_earlier_one_moves_on():
    session = Session(timeout=10000, window=2)
    one, two = session.take(PUBLISH_2, b"t", b""), session.take(PUBLISH_1, b"t", b"")
    pump(session, 0)
    session.acknowledged(PUBREC, one)
    pump(session, 8000)  # PUBREL goes out late
    assert not session.late(9999)
    assert "packet %d" % two in (session.late(10000) or "")


# Progress: a slow connection is alive


def test_the_wait_begins_when_the_last_byte_has_gone():
    for start in STARTS:
        session = Session(timeout=10000)
        session.connected(start, True, False)
        packet_id = session.take(PUBLISH_1, b"t", b"long")
        pump(session, at(start, 0))
        for ms in range(0, 100001, 5000):
            session.progress(at(start, ms))
            assert not session.late(at(start, ms))
        assert not session.late(at(start, 109999))
        assert "packet %d" % packet_id in (session.late(at(start, 110000)) or "")


def test_nothing_is_late_while_bytes_come_in_for_it_may_stand_behind_them():
    for start in STARTS:
        session = Session(60000, timeout=10000)
        session.connected(start, True, False)
        packet_id = session.take(PUBLISH_1, b"t", b"")
        pump(session, at(start, 0))
        session.pinged(at(start, 0))
        for ms in range(0, 200000, 5000):
            session.heard = at(start, ms)
            assert not session.late(at(start, ms + 4000))
        assert session.late(at(start, 195000 + 10000)) == "packet %d not acknowledged" % packet_id
        session.acknowledged(PUBACK, packet_id)
        assert session.late(at(start, 195000 + 45000)) == "no PINGRESP"


def test_where_bytes_come_in_for_ever_a_ping_settles_what_is_missing():
    for start in STARTS:
        for keepalive in (0, 600000):
            session = Session(keepalive, timeout=10000)
            session.connected(start, True, False)
            packet_id = session.take(PUBLISH_1, b"t", b"")
            pump(session, at(start, 1000))
            session.heard = session.sent = at(start, 11000)
            assert not session.ping_due(at(start, 11000))
            assert not session.late(at(start, 11000))
            assert session.ping_due(at(start, 11000))  # whatever the keep alive
            session.pinged(at(start, 11000))
            assert not session.ping_due(at(start, 11000))
            session.heard = at(start, 50000)
            assert not session.late(at(start, 50000))
            session.pinging = False
            assert session.late(at(start, 50000)) == "packet %d not acknowledged" % packet_id
            session.acknowledged(PUBACK, packet_id)
            assert not session.late(at(start, 50000)) and not session.ping_due(at(start, 50000))
