"""A client whose loop runs in a thread: its calls from this one, what arrives from that one."""

import _thread

import mqtt.forever
from mqtt import MQTTError
from mqtt.client import OFFLINE, ONLINE
from mqtt.threaded import ThreadedClient
from scripted import Broker, Trouble, broker_options, listen_to, sleep_ms, wait
from support import ACCEPTED, DISCONNECT, publish_of, replaced, unhex


class Threaded(Broker):
    """A scripted broker whose client loops by itself."""

    def __init__(self, kind=ThreadedClient, **options):
        super().__init__(kind=kind, **options)
        self.step = lambda: sleep_ms(1)

    def __exit__(self, *args):
        self.client.loop_stop()
        self.close()
        self.listener.close()

    def connect(self, connack=ACCEPTED):
        self.client.loop_start()
        self.accept()
        packet = self.packet()
        self.send(connack)
        self.until(lambda: self.client.state == ONLINE, "CONNACK")
        return packet


def short_pauses():
    """The pauses before reconnecting, a hundred times shorter."""
    return replaced(mqtt.forever, "sleep_ms", lambda ms: sleep_ms(ms // 100))


def test_the_thread_connects_delivers_and_acknowledges():
    with Threaded() as broker:
        assert broker.connect()[0] == 0x10
        threads = []
        broker.client.on_message = lambda *args: threads.append(_thread.get_ident())
        broker.send(publish_of("t", b"x", 1, 7))
        assert broker.packet() == unhex("40 02 00 07")
        assert threads and threads[0] != _thread.get_ident()


def test_publish_and_subscribe_from_another_thread():
    with Threaded() as broker:
        broker.connect()
        client = broker.client
        client.publish("t", b"x")
        assert client.publish("t", b"y", 1) == 1
        assert client.subscribe("a/#", 1) == 2
        assert client.unsubscribe("a/#") == 3
        assert broker.packet() == publish_of("t", b"x")
        assert broker.packet() == publish_of("t", b"y", 1, 1)
        assert broker.packet()[0] == 0x82
        assert broker.packet()[0] == 0xA2
        broker.send("40 02 00 01 90 03 00 02 01 b0 02 00 03")
        broker.until(lambda: broker.told("unsubscribe"), "UNSUBACK")
        assert broker.told("publish") == [(1,)] and broker.told("subscribe") == [(2, b"\1")]


def test_packets_of_several_threads_do_not_mix():
    times, threads = 50, 4
    with Threaded(tx_size=64) as broker:
        broker.connect()
        done = []

        def publish(n):
            for i in range(times):
                broker.client.publish("thread/%d" % n, b"%d" % i * 100)
            done.append(n)

        for n in range(threads):
            _thread.start_new_thread(publish, (n,))
        expected = [[publish_of("thread/%d" % n, b"%d" % i * 100) for i in range(times)] for n in range(threads)]
        for _ in range(times * threads):
            packet = broker.packet()
            of = [packets for packets in expected if packets and packets[0] == packet]
            assert len(of) == 1  # whole, and in the order of its thread
            of[0].pop(0)
        broker.until(lambda: len(done) == threads, "the threads")


def test_a_callback_may_publish():
    with Threaded() as broker:
        broker.connect()
        broker.client.on_message = lambda topic, payload, qos, retain: broker.client.publish("echo", bytes(payload))
        for n in range(20):
            broker.send(publish_of("t", b"%d" % n))
            assert broker.packet() == publish_of("echo", b"%d" % n)


def test_a_full_window_is_waited_for_in_the_calling_thread():
    with Threaded(window=1) as broker:
        broker.connect()
        broker.client.publish("t", b"one", 1)
        broker.send("40 02 00 01")
        assert broker.client.publish("t", b"two", 1) == 2
        assert broker.packet() == publish_of("t", b"one", 1, 1)
        assert broker.packet() == publish_of("t", b"two", 1, 2)
        broker.send("40 02 00 02")
        broker.until(lambda: len(broker.told("publish")) == 2, "PUBACK")


def test_the_thread_connects_again_after_a_loss():
    with short_pauses(), Threaded() as broker:
        for n in range(1, 4):
            broker.connect()
            assert len(broker.told("connect")) == n
            broker.close()
            broker.until(lambda: len(broker.told("disconnect")) == n, "the loss")  # noqa: B023
        broker.connect()
        assert broker.client.state == ONLINE


def test_loop_stop_disconnects_and_ends_the_thread():
    with Threaded() as broker:
        client = broker.client
        client.loop_stop()  # was never started
        for _ in range(3):
            broker.connect()
            client.loop_start()  # once is enough
            client.loop_stop()
            assert client.state == OFFLINE
            assert broker.ended() == DISCONNECT
            sleep_ms(5)
            assert not client._running
            client.loop_stop()
        assert broker.told("disconnect") == [(None,)] * 3


def test_loop_stop_right_after_loop_start():
    for _ in range(20):
        with Threaded() as broker:
            broker.client.loop_start()
            broker.client.loop_stop()
            assert broker.client.state == OFFLINE and not broker.client._running


def test_loop_stop_ends_a_pause_before_reconnecting():
    with short_pauses(), Threaded() as broker:
        broker.connect()
        broker.listener.close()
        broker.close()
        broker.until(lambda: broker.told("disconnect"), "the loss")
        broker.client.loop_stop()
        assert not broker.client._running


def test_loop_stop_in_a_callback_ends_the_thread():
    with Threaded() as broker:
        broker.connect()
        broker.client.on_message = lambda *args: broker.client.loop_stop()
        broker.send(publish_of("t", b"x"))
        assert broker.ended() == DISCONNECT
        broker.until(lambda: not broker.client._running, "the end of the thread")


def test_real_broker_both_ways():
    client = ThreadedClient("threaded", **broker_options())
    events = listen_to(client)
    client.loop_start()
    wait(lambda: sleep_ms(1) or events)
    client.subscribe("threaded/+", 2)
    wait(lambda: sleep_ms(1) or len(events) == 2)
    for qos in (0, 1, 2):
        for n in range(10):
            client.publish("threaded/%d" % qos, b"%d" % n, qos)
    wait(lambda: sleep_ms(1) or len(events) == 52)
    client.loop_stop()
    messages = [event[1:] for event in events if event[0] == "message"]
    for qos in (0, 1, 2):
        topic = b"threaded/%d" % qos
        assert [m for m in messages if m[0] == topic] == [(topic, b"%d" % n, qos, 0) for n in range(10)]


def test_close_and_reconnect_from_another_thread_leave_the_loop_alive():
    class Quick:
        def next(self, *args):
            return 10

    for call in ("close", "reconnect"):
        client = ThreadedClient("threaded", **broker_options())
        with replaced(mqtt.forever, "Backoff", Quick):
            client.loop_start()
            wait(lambda: sleep_ms(1) or client.state == ONLINE)  # noqa: B023
            for _ in range(30):
                try:
                    getattr(client, call)()
                except (MQTTError, OSError):  # the loop's thread was quicker
                    pass
                sleep_ms(3)
            assert client._running
            wait(lambda: sleep_ms(1) or client.state == ONLINE)  # noqa: B023
            client.loop_stop()
            assert not client._running


class Interrupted(ThreadedClient):
    """Where the loop's thread has just learnt that there is no connection, another thread does `act`, once: it is given
    a moment for it, or it waits for its turn."""

    act = None

    def connected(self):
        answer = super().connected()
        act = self.act
        if act and not answer:
            self.act = None
            done = []
            _thread.start_new_thread(lambda: done.append(act()), ())
            for _ in range(50):
                if done:
                    break
                sleep_ms(1)
        return answer


def test_another_thread_that_connects_first_does_no_harm():
    with Threaded(kind=Interrupted) as broker:
        client = broker.client

        def start():
            try:
                client.start()
            except MQTTError:  # the loop's thread was quicker
                pass

        client.act = start
        broker.connect()
        assert client._running


def test_loop_stop_between_two_attempts_ends_the_thread():
    with Threaded(kind=Interrupted) as broker:
        broker.client.act = broker.client.disconnect
        broker.client.loop_start()
        broker.until(lambda: not broker.client._running, "the end of the thread")
        assert broker.client.state == OFFLINE


def test_an_exception_of_a_callback_is_told_before_the_thread_ends():
    reasons = []
    client = ThreadedClient("threaded", **broker_options())
    client.on_disconnect = reasons.append

    def on_connect(session_present):
        raise Trouble

    client.on_connect = on_connect
    client.loop_start()
    wait(lambda: sleep_ms(1) or not client._running)
    assert [type(reason) for reason in reasons] == [Trouble] and client.state == OFFLINE
