"""Device: faults of the network and of the server, and how it comes back."""

import fakes.timeserver as timeserver
from device_bench import Bench, answered, counter, obeying
from mqtt.client import OFFLINE, ONLINE
from mqtt.errors import ConnectionClosed
from support import publish_of, replaced

from firmware import ntp


def test_a_refusal_is_told_in_words_and_tried_again_slowly():
    with Bench(online=False) as it:
        for code in (4, 5, 2):
            it.accept()
            it.packet()
            it.send(b"\x20\2\0" + bytes([code]))
            it.until(lambda: it.client.state == OFFLINE, "the refusal")
            assert "device id, product id or auth-info refused (code %d)" % code in it.log
            assert 750 <= it.device._delay <= 1250
        it.go_online()


def test_server_unavailable_is_no_slower_than_any_other_fault():
    with Bench(online=False) as it:
        it.accept()
        it.packet()
        it.send(b"\x20\2\0\3")
        it.until(lambda: it.client.state == OFFLINE)
        assert it.device._delay < 200


def test_losing_wifi_closes_the_connection_and_finding_it_opens_one():
    with Bench() as it:
        it.device.put("n", 1)
        it.air.lose()
        it.turns(3)
        assert it.client.state == OFFLINE and "Wi-Fi lost" in it.log
        it.air.settle()
        it.go_online()
        assert it.upload() == [("n", 1)]


def test_wifi_is_told_what_comes_through_it():
    with Bench(online=False) as it:
        told = []
        it.device.wifi.doubt = told.append
        it.device.wifi.proven = lambda: told.append("proven")
        it.accept()
        it.packet()
        it.close()
        it.until(lambda: it.client.state == OFFLINE, "the end")
        assert len(told) == 1 and isinstance(told[0], ConnectionClosed)
        it.go_online()
        it.turns(1)
        assert told[1:] and set(told[1:]) == {"proven"}


def test_one_call_that_may_block_a_turn():
    """A lookup of half a minute by NTP, and another for the server, are two turns: the watchdog is fed between."""
    with replaced(ntp, "socket", timeserver), Bench(ntp_host="ntp.example", online=False) as it:
        timeserver.reset(lambda: 850000000000)
        it.turns(1)
        assert timeserver.asked == ["ntp.example"] and "connecting" not in it.log
        it.turns(1)
        assert len(timeserver.asked) == 1 and "connecting" in it.log


def test_uploads_go_on_at_once_after_days_offline():
    """Ticks are wrong about what is more than six days ago."""
    for days in (3, 6, 7, 13, 25):
        with Bench(upload_interval=4) as it:
            it.device.put("n", 1)
            assert it.upload() == [("n", 1)]
            it.air.lose()
            it.turns(2)
            for _ in range(days * 4):
                it.ticks.go_on(6 * 3600 * 1000)
                it.turns(1)
            it.device.put("n", 2)
            it.air.settle()
            it.go_online()
            it.turns(3)
            assert it.upload() == [("n", 2)], days


def test_a_stream_keeps_its_interval_whatever_the_ticks():
    for start in (0, 0x1FFFFF00, 0x3FFFFF00):
        with Bench(online=False) as it:
            it.air.lose()
            it.ticks.now = start
            calls = counter(it.device, 86400)
            for n in range(1, 20):
                it.turns(1)
                assert len(calls) == n
                for _ in range(4):
                    it.ticks.go_on(6 * 3600 * 1000)
                    it.turns(1)
                assert len(calls) == n + 1


def test_a_loop_that_did_not_come_round_for_a_week_goes_on_at_once():
    with Bench(upload_interval=4) as it:
        calls = counter(it.device, 10)
        it.turns(1)
        it.upload()
        it.air.lose()
        it.turns(1)
        it.ticks.go_on(7 * 86400 * 1000)
        it.turns(1)
        assert len(calls) == 2
        it.air.settle()
        it.go_online()
        it.turns(3)
        assert it.upload() == [("n", 2)]


def test_streams_are_measured_while_offline():
    with Bench(online=False) as it:
        it.air.lose()
        counter(it.device, 10)
        for _ in range(31):
            it.turns(1)
            it.ticks.go_on(1000)
        it.air.settle()
        it.go_online()
        assert it.upload()[:4] == [("n", 1), ("n", 2), ("n", 3), ("n", 4)]


def test_nonsense_from_the_server_is_a_reconnect():
    for nonsense in (b"\0\0", b"\xff" * 10, b"\x20\2\0\0", b"\x30\2\0\5", b"\x36\5\0\1a\0\1", b"\x32\4\0\1a\0"):
        with Bench() as it:
            it.send(nonsense)
            it.until(lambda: it.client.state == OFFLINE, "the end after %r" % nonsense)
            it.go_online()


def test_a_board_with_everything_unacknowledged_comes_back():
    """An upload and replies fill the window; the subscription must not stand in their way."""
    with Bench(obeying(lambda payload: payload), online=False, subscribe_commands=True) as it:
        for i in range(3):
            it.go_online()
            it.device.put("n", i)
            it.send(b"".join([publish_of("$creq/c%d" % j, b"x") for j in range(4)]))
            it.ticks.go_on(2000)
            it.turns(8)
            it.close()
            it.until(lambda: it.client.state == OFFLINE, "the end")
        it.go_online()
        it.turns(3)
        assert it.client.state == ONLINE, it.log.lines
        replies = b""
        for _ in range(20):
            packet = answered(it)
            replies += packet
            if b"c3" in replies and b"$dp" in replies and b"$creq/#" in replies:
                return
        raise AssertionError("not everything came: %r" % replies)


def test_commands_are_subscribed_to_once_on_each_connection():
    with Bench(subscribe_commands=True) as it:
        for _ in range(3):
            it.turns(3)
            found = []
            for _ in range(6):
                packet = answered(it)
                if packet:
                    found.append(packet)
            assert len(found) == 1 and found[0][0] == 0x82 and b"\0\7$creq/#\0" in found[0], found
            it.close()
            it.go_online()


def test_a_refused_subscription_is_told_and_the_device_stays_online():
    """The platform refuses $creq/#, and delivers commands without it."""
    with Bench(obeying(lambda payload: payload), subscribe_commands=True) as it:
        packet = it.packet()
        assert packet[0] == 0x82
        it.send(b"\x90\3" + packet[2:4] + b"\x80")
        it.turns(3)
        assert it.client.state == ONLINE and "$creq/#" in it.log
        assert it.command(b"x") == b"x"


def test_without_being_told_to_nothing_is_subscribed_to():
    with Bench() as it:
        assert it.silent()


def test_the_clock_is_set_when_the_network_is_there():
    timeserver.reset(lambda: 850000000000)
    with replaced(ntp, "socket", timeserver), Bench(ntp_host="ntp.example"):
        assert timeserver.asked == ["ntp.example"]
