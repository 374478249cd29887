"""loop_forever()."""

import mqtt.forever
import mqtt.handshake
from mqtt import ConnectionClosed, ConnectionRefused, SubscribeError
from mqtt.client import OFFLINE, ONLINE
from scripted import Broker, Trouble
from support import ACCEPTED, raises, replaced, unhex


def serving(broker, connacks):
    """Has the broker answer CONNECT with each of connacks in turn, empty to close instead; returns what came."""
    packets = []

    def answer(packet):
        packets.append(packet)
        if packet[0] == 0x10:
            return connacks.pop(0) or None
        return b""

    broker.serve(answer)
    return packets


def test_loop_forever_connects_again_until_disconnect():
    pauses = []
    with Broker() as broker, replaced(mqtt.forever, "sleep_ms", pauses.append):
        client = broker.client
        packets = serving(broker, [b"", ACCEPTED, b"\x20\2\0\3", ACCEPTED])

        def on_connect(session_present):
            broker.events.append(("connect", session_present))
            if len(broker.told("connect")) == 1:
                broker.close()
            else:
                client.disconnect()

        client.on_connect = on_connect
        client.loop_forever()
        assert [packet[0] for packet in packets] == [0x10] * 4
        reasons = [type(reason) for (reason,) in broker.told("disconnect")]
        assert reasons == [ConnectionClosed, ConnectionClosed, ConnectionRefused, type(None)]
        assert sum(pauses) >= 3 * 1500  # it has not stormed the server
        assert client.state == OFFLINE


def test_loop_forever_waits_long_after_refused_credentials():
    for code, least in ((1, 45000), (2, 45000), (3, 1500), (4, 45000), (5, 45000)):
        pauses = []
        with Broker() as broker, replaced(mqtt.forever, "sleep_ms", pauses.append):
            serving(broker, [bytes([0x20, 2, 0, code]), ACCEPTED])
            broker.client.on_connect = lambda session_present: broker.client.disconnect()  # noqa: B023
            broker.client.loop_forever()
            assert least - 100 <= sum(pauses) and (code != 3 or sum(pauses) <= 2500)


def test_loop_forever_takes_a_connection_for_good_only_once_it_was_online():
    """A server that never answers CONNECT, and takes minutes for that, is not asked again after the shortest pause."""
    ticks = [0]
    pauses = [0]

    def passes(ms):
        pauses[-1] += ms
        ticks[0] += ms

    with Broker() as broker, replaced(mqtt.forever, "sleep_ms", passes):
        client = broker.client
        loop = client.loop

        def slow(timeout_ms):
            ticks[0] += 30000  # a turn takes long, on a poor line
            return loop(timeout_ms)

        client.loop = slow
        serving(broker, [b"", b"", b"", b"", ACCEPTED])
        client.on_disconnect = lambda reason: pauses.append(0)
        client.on_connect = lambda session_present: client.disconnect()
        with replaced(mqtt.forever, "ticks_ms", lambda: ticks[0]):
            with replaced(mqtt.forever, "ticks_diff", lambda end, start: end - start):
                client.loop_forever()
        assert len(pauses) >= 5 and pauses[4] >= 4 * pauses[1], pauses


def test_loop_forever_tells_of_a_name_that_is_not_found():
    def not_found(*args):
        raise OSError(-2)

    with Broker() as broker, replaced(mqtt.forever, "sleep_ms", lambda ms: broker.client.disconnect()):
        with replaced(mqtt.handshake, "getaddrinfo", not_found):
            broker.client.loop_forever()
        assert [type(reason) for (reason,) in broker.told("disconnect")] == [OSError]
        assert broker.client.state == OFFLINE


def test_loop_forever_ends_when_disconnect_is_called_while_it_pauses():
    with Broker() as broker, replaced(mqtt.forever, "sleep_ms", lambda ms: broker.client.disconnect()):
        serving(broker, [b""])
        broker.client.loop_forever()
        assert broker.client.state == OFFLINE


def test_loop_forever_lets_exceptions_of_callbacks_through():
    for exception in (Trouble, OSError):
        pauses = []
        with Broker() as broker, replaced(mqtt.forever, "sleep_ms", pauses.append):
            serving(broker, [ACCEPTED])

            def on_connect(session_present):
                raise exception  # noqa: B023

            broker.client.on_connect = on_connect
            raises(exception, broker.client.loop_forever)
            assert broker.client.state == ONLINE and not pauses and not broker.told("disconnect")


def test_loop_forever_raises_a_refused_subscription_where_nobody_listens():
    pauses = []
    with Broker() as broker, replaced(mqtt.forever, "sleep_ms", pauses.append):
        broker.client.on_subscribe = None
        broker.client.subscribe("a/b")
        broker.serve(lambda packet: ACCEPTED if packet[0] == 0x10 else unhex("90 03 00 01 80"))
        raises(SubscribeError, broker.client.loop_forever, match="a/b")
        assert broker.client.state == ONLINE and not pauses


def test_loop_forever_goes_on_where_on_disconnect_has_connected_anew():
    pauses = []
    with Broker() as broker, replaced(mqtt.forever, "sleep_ms", pauses.append):
        client = broker.client
        packets = serving(broker, [ACCEPTED, ACCEPTED])

        def on_connect(session_present):
            if len(packets) == 1:
                broker.close()
            else:
                client.disconnect()

        client.on_connect = on_connect
        client.on_disconnect = lambda reason: reason and client.start()
        client.loop_forever()
        assert len(packets) == 2 and not pauses
