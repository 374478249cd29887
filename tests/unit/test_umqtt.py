"""Programs that are written for umqtt.simple and umqtt.robust, against the real broker: the same calls, in the same
order. What micropython-lib's own examples do is tried by umqtt_examples.py, in the folder above."""

import gc
import ssl
import sys

import umqtt.robust
import umqtt.simple
from scripted import PATIENCE, broker_options, listen, unused_port
from support import ACCEPTED, MICROPYTHON, SkipTest, getenv, pattern, raises, replaced
from test_real_broker import restart_broker
from umqtt.simple import MQTTException

simple, robust = umqtt.simple.MQTTClient, umqtt.robust.MQTTClient


def made(kind, client_id, **options):
    """A client of the real broker, and the list of the messages that it calls back with."""
    broker = broker_options()
    options = dict({"user": broker["username"], "password": broker["password"], "port": broker["port"]}, **options)
    client = kind(client_id, broker["host"], **options)
    came = []
    client.set_callback(lambda topic, msg: came.append((topic, msg)))
    return client, came


def checked(client, came, n):
    """What check_msg() has called back with, once there are so many."""
    for _ in range(PATIENCE * 1000):
        if len(came) >= n:
            break
        client.check_msg()
    return came


def test_umqtt_publishes_and_subscribes():
    for kind in (simple, robust):
        for topic, text in ((b"umqtt/plain", b"hello"), ("umqtt/温度", "二十一度")):
            client, came = made(kind, b"both")
            assert client.connect() == 0
            assert client.sock
            client.subscribe(topic)
            client.publish(topic, text)
            assert client.wait_msg() == 0x30
            client.publish(topic, text, qos=1)
            client.publish(topic, b"")
            assert checked(client, came, 3) == came
            as_bytes = [x if isinstance(x, bytes) else x.encode() for x in (topic, text)]
            assert came == [tuple(as_bytes)] * 2 + [(as_bytes[0], b"")]
            assert client.check_msg() is None
            client.unsubscribe(topic)
            client.publish(topic, "after", qos=1)
            client.ping()
            assert client.check_msg() is None
            client.disconnect()
            assert client.sock is None


def test_umqtt_keeps_a_session_and_a_will():
    watcher, came = made(simple, "umqtt watcher")
    watcher.connect()
    watcher.subscribe(b"umqtt/will", 1)
    client, _ = made(simple, "umqtt session")
    client.connect()  # nothing is left of an earlier run
    client.disconnect()
    client, own = made(simple, "umqtt session", keepalive=60)
    client.set_last_will("umqtt/will", "走了", qos=1)
    assert client.connect(clean_session=False) == 0
    client.subscribe(b"umqtt/kept", 1)
    client.disconnect()
    watcher.publish(b"umqtt/kept", b"waits", qos=1)
    assert client.connect(clean_session=False) == 1
    assert checked(client, own, 1) == [(b"umqtt/kept", b"waits")]
    client.sock.close()  # without a word: the will is due
    watcher.wait_msg()
    assert came == [(b"umqtt/will", "走了".encode())]
    watcher.disconnect()


def test_umqtt_in_the_callback():
    client, _ = made(simple, "umqtt callback")
    came = []

    def answer(topic, msg):
        came.append(msg)
        client.check_msg()  # there is nothing to be done here
        if msg == b"ask":
            client.publish("umqtt/callback", "answer", qos=1)
        if msg == b"fail":
            raise ValueError("mine")

    client.set_callback(answer)
    client.connect()
    client.subscribe("umqtt/callback")
    client.publish("umqtt/callback", "ask", qos=1)
    assert checked(client, came, 2) == [b"ask", b"answer"]
    client.publish("umqtt/callback", "fail")
    raises(ValueError, client.wait_msg, match="mine")
    client.publish("umqtt/callback", "once more")
    client.wait_msg()
    assert came[-1] == b"once more"
    client.disconnect()


def test_umqtt_long_messages():
    class Roomy(simple):
        BUFFER = 5000

    lines = []
    for kind, fits in ((Roomy, True), (simple, False)):
        client, came = made(kind, "umqtt long")
        client.connect()
        client.subscribe("umqtt/long")
        umqtt.simple.print = lines.append
        client.publish("umqtt/long", pattern(4000))
        client.publish("umqtt/long", "end")
        while not came or came[-1][1] != b"end":
            client.wait_msg()
        del umqtt.simple.print
        assert [msg for _, msg in came] == ([pattern(4000)] if fits else []) + [b"end"]
        client.disconnect()
    assert lines == ["mqtt: a message of 4000 bytes is dropped: MQTTClient.BUFFER is 1024"]


def test_umqtt_says_no():
    client, _ = made(simple, "umqtt no", password="wrong")
    assert raises(MQTTException, client.connect).args == (5,)
    client, _ = made(simple, "umqtt no")
    raises(OSError, client.publish, "t", "x", match="not connected")
    raises(OSError, client.check_msg, match="not connected")
    client.disconnect()  # nothing to say
    client.connect()
    raises(ValueError, client.publish, "t/#", "x", match="topic")
    raises(TypeError, client.publish, "t", 21.5)
    raises(ValueError, client.publish, "t", "x", qos=2, match="mqtt.Client")
    raises(ValueError, client.subscribe, "t/#/x", match="filter")
    client.publish("t", "whole", qos=1)  # nothing of those was sent
    client.disconnect()
    raises(OSError, client.publish, "t", "x", match="not connected")
    nobody = simple("umqtt no", "127.0.0.1")
    raises(ValueError, nobody.subscribe, "t", match="set_callback")


def test_umqtt_never_waits_for_ever():
    raises(OSError, simple("umqtt", "127.0.0.1", unused_port()).connect)
    listener, port = listen()  # which never answers
    raises(OSError, lambda: simple("umqtt", "127.0.0.1", port).connect(timeout=0.2), match="no CONNACK")
    listener.close()


def test_umqtt_simple_tells_of_a_loss():
    client, _ = made(simple, "umqtt loss")
    client.connect()
    restart_broker()
    raises(OSError, client.publish, "t", "x")  # the first one after the loss, with qos 0
    client.connect()
    client.publish("t", "x", qos=1)
    client.disconnect()


def test_umqtt_robust_connects_again():
    told = []

    class Told(robust):
        DELAY = 0.01

        def log(self, in_reconnect, e):
            told.append(in_reconnect)

    client, came = made(Told, "umqtt robust")

    def wait_for(topic, text):  # at least once is what is promised
        while (topic, text) not in came:
            client.wait_msg()

    client.connect()
    client.subscribe("umqtt/robust", 1)
    client.subscribe("umqtt/other")
    client.unsubscribe("umqtt/other")
    restart_broker()
    client.publish("umqtt/robust", "first after it", qos=0)
    wait_for(b"umqtt/robust", b"first after it")
    assert told[0] is False
    restart_broker()
    client.publish("umqtt/other", "for nobody", qos=1)
    client.publish("umqtt/robust", "second", qos=1)
    wait_for(b"umqtt/robust", b"second")
    restart_broker()
    client.subscribe("umqtt/more")
    client.publish("umqtt/more", "third")
    wait_for(b"umqtt/more", b"third")
    restart_broker()
    client.publish("umqtt/robust", "fourth", qos=1)  # it has kept what it was subscribed to
    wait_for(b"umqtt/robust", b"fourth")
    assert not [topic for topic, _ in came if topic == b"umqtt/other"]
    client.disconnect()


def test_umqtt_robust_waits_longer_each_time():
    waited = []
    client = robust("umqtt", "127.0.0.1", unused_port())

    class Time:
        sleep = waited.append

    with replaced(umqtt.robust, "time", Time):
        for i in range(1, 9):
            client.delay(i)
    assert waited == [2, 4, 8, 16, 32, 64, 64, 64]


def test_umqtt_by_tls():
    port, ca = getenv("MQTT_TEST_TLS_PORT"), getenv("MQTT_TEST_CA")
    if not port:
        raise SkipTest("no broker: MQTT_TEST_TLS_PORT is not set")
    with open(ca, "rb") as file:
        data = file.read()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=data)
    with open(getenv("MQTT_TEST_OTHER_CA"), "rb") as file:
        other = file.read()
    name = {"server_hostname": "localhost"}
    for ssl_, params, good in (
        (True, {}, True),  # as nearly all programs do: it might be anybody
        (True, name, True),
        (True, dict(name, cert_reqs=ssl.CERT_REQUIRED, cadata=data), True),
        (True, dict(name, cert_reqs=ssl.CERT_REQUIRED, cadata=other), False),
    ):
        client, came = made(simple, "umqtt tls", port=int(port), ssl=ssl_, ssl_params=params)
        if not good:
            raises((OSError, ValueError), client.connect)
            continue
        client.connect()
        client.subscribe("umqtt/tls")
        client.publish("umqtt/tls", "secret", qos=1)
        assert checked(client, came, 1) == [(b"umqtt/tls", b"secret")]
        client.disconnect()
    user, password = getenv("MQTT_TEST_USER"), getenv("MQTT_TEST_PASSWORD")
    client = simple("umqtt tls", "localhost", int(port), user, password, 60, context)
    client.connect()
    client.disconnect()


def test_umqtt_publish_takes_nothing_from_the_heap():
    if not MICROPYTHON:
        raise SkipTest("counts MicroPython's heap")
    for kind in (simple, robust):
        for qos in (0, 1):
            client, _ = made(kind, "umqtt heap")
            client.connect()
            for i in range(110):
                if i == 10:
                    gc.collect()
                    gc.disable()
                    before = gc.mem_alloc()
                client.publish(b"umqtt/heap", b"21.5", False, qos)
            after = gc.mem_alloc()
            gc.enable()
            client.disconnect()
            assert after == before, (kind, qos, after - before)


def test_umqtt_asks_in_one_packet():
    """What a server is sent by subscribe() and unsubscribe(), also where the length takes two bytes [2.2.3]."""
    try:
        import _thread
    except ImportError:
        raise SkipTest("no threads") from None
    for topic in (b"abcd", b"a" * 123, b"a" * 124):
        for first, answer, extra in (
            (0x82, b"\x90\x03\0\x01\0", b"\0"),
            (0xA2, b"\xb0\x02\0\x01", b""),
        ):
            listener, port = listen()
            listener.setblocking(True)
            sent = []

            def serve(listener=listener, sent=sent, answer=answer):
                sock = listener.accept()[0]
                sock.recv(1000)
                sock.send(b"\x20\x02\0\0")
                sent.append(sock.recv(1000))
                sock.send(answer)
                sock.recv(1)
                sock.close()

            _thread.start_new_thread(serve, ())
            client = simple("cid", "127.0.0.1", port)
            client.set_callback(print)
            client.connect()
            (client.subscribe if first == 0x82 else client.unsubscribe)(topic)
            client.sock.close()
            body = b"\0\x01" + bytes([0, len(topic)]) + topic + extra
            n = len(body)
            length = bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7])
            assert sent == [bytes([first]) + length + body]
            listener.close()


class Scripted:
    """A server that takes one connection after the other, each a list of what it answers to what comes, and then closes
    it; "" is nothing, and (n, answer) that to n bytes. A context; `of(kind)` is a client of it, which is connected, and
    the list of what came."""

    def __init__(self, *connections):
        try:
            import _thread
        except ImportError:
            raise SkipTest("no threads") from None
        self._listener, self._port = listen()
        self._listener.setblocking(True)
        self._connections = connections
        _thread.start_new_thread(self._serve, ())

    def _serve(self):
        for answers in self._connections:
            try:
                sock = self._listener.accept()[0]
            except OSError:  # the test is over
                return
            sock.settimeout(PATIENCE)
            for answer in answers:
                least, answer = answer if isinstance(answer, tuple) else (1, answer)
                while least > 0:
                    data = sock.recv(1000)
                    least -= len(data) or least
                if answer:
                    sock.send(answer)
            sock.close()

    def of(self, kind):
        client = kind("cid", "127.0.0.1", self._port)
        came = []
        client.set_callback(lambda topic, msg: came.append((topic, msg)))
        client.connect()
        return client, came

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self._listener.close()


# QoS 1, packet identifier 9. The first may come while connect() still waits, so the second is what is waited for.
RETAINED = b"\x33\x06\0\x01t\0\x09x"


def robust_of_a_test(told=(), waited=()):
    class Quick(robust):
        def delay(self, i):
            waited.append(i)

        def log(self, in_reconnect, e):
            told.append(in_reconnect)
            super().log(in_reconnect, e)

    told, waited = list(told), list(waited)
    Quick.told, Quick.waited = told, waited
    return Quick


def test_umqtt_a_subscription_that_is_refused():
    with Scripted([ACCEPTED, b"\x90\x03\0\x01\x80", ""]) as server:
        client, _ = server.of(simple)
        assert raises(MQTTException, client.subscribe, "t").args == (0x80,)
        client.disconnect()


def test_umqtt_in_the_callback_nothing_is_waited_for():
    """A refusal of what was asked for there does not meet who waits for something else."""
    acknowledged = b"\x90\x03\0\x01\x80\x40\x02\0\x02\x40\x02\0\x03\x40\x02\0\x04"
    said = []

    class Asks(simple):
        def ask(self, topic, msg):
            self.subscribe("refused")
            for _ in range(3):
                self.publish("t", "x", qos=1)
            said.append(raises(OSError, self.publish, "t", "x", qos=1).args)

        def set_callback(self, f):
            super().set_callback(self.ask)

    with Scripted([ACCEPTED + RETAINED, (14 + 3 * 8 + 4, acknowledged), (7, b"\xb0\x02\0\x05"), ""]) as server:
        client, _ = server.of(Asks)
        client.unsubscribe("u")
        assert said == [(-1, "window full")]
        client.disconnect()


def test_umqtt_robust_waits_for_a_message_through_losses():
    connections = [ACCEPTED], [ACCEPTED], [""], [""], [ACCEPTED + RETAINED, RETAINED, "", ""]
    with Scripted(*connections) as server:
        kind = robust_of_a_test()
        client, came = server.of(kind)
        assert client.wait_msg() == 0x33 and came[0] == (b"t", b"x")
        assert kind.told == [False, False, True, True] and kind.waited == [1, 2]
        client.disconnect()


def test_umqtt_robust_looks_for_messages_through_so_many_losses():
    for attempts in (1, 2):
        connections = [[ACCEPTED] for _ in range(attempts)] + [[ACCEPTED, "", ""]]
        with Scripted(*connections) as server:
            kind = robust_of_a_test()
            client, _ = server.of(kind)
            for _ in range(PATIENCE * 1000):
                if len(kind.told) == attempts:
                    break
                assert client.check_msg(attempts) is None
            assert kind.told == [False] * attempts and not kind.waited
            assert client.check_msg() is None, "this connection stays"
            client.disconnect()


def test_umqtt_robust_says_what_it_does_where_that_is_wanted():
    for wanted in (False, True):
        said = []
        umqtt.robust.print = said.append
        try:
            with Scripted([ACCEPTED], [""], [ACCEPTED + RETAINED, RETAINED, "", ""]) as server:
                kind = robust_of_a_test()
                kind.DEBUG = wanted
                client, _ = server.of(kind)
                client.wait_msg()
                client.disconnect()
        finally:
            del umqtt.robust.print
        assert [line.partition(":")[0] for line in said] == (["mqtt", "mqtt reconnect"] if wanted else [])


def test_umqtt_tls_with_a_certificate_of_ones_own():
    class Context:
        verify_mode = None

        def load_verify_locations(self, cadata):
            self.trusted = cadata

        def load_cert_chain(self, certificate, key):
            self.own = certificate, key

        def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
            self.name = server_hostname
            raise OSError(-29312)

    class Ssl:
        PROTOCOL_TLS_CLIENT, CERT_NONE, CERT_REQUIRED = 0, 0, 2

        def SSLContext(self, protocol):
            return context

    for more, mode in (({}, 0), ({"cert_reqs": 2, "cadata": b"ca"}, 2)):
        context = Context()
        with Scripted([""]) as server:
            params = dict(more, cert="cert", key="key", server_hostname="broker.example")
            client = simple("cid", "127.0.0.1", server._port, ssl=True, ssl_params=params)
            before, sys.modules["ssl"] = sys.modules["ssl"], Ssl()
            try:
                raises(OSError, client.connect)
            finally:
                sys.modules["ssl"] = before
        assert context.own == ("cert", "key") and context.name == "broker.example"
        assert context.verify_mode == mode and getattr(context, "trusted", None) == more.get("cadata")
