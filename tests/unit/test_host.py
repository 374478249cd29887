"""What the client puts in place of MicroPython's own calls on a computer. On MicroPython there is nothing of it."""

import select

from mqtt.errors import MICROPYTHON
from scripted import listen, online
from support import SkipTest, packet_of, puback, publish_of

if not MICROPYTHON:
    from mqtt import host


def _only_cpython():
    if MICROPYTHON:
        raise SkipTest("MicroPython has the calls itself")


class WithoutPoll:
    """As the module select is where there is no poll(), on Windows."""

    def __enter__(self):
        _only_cpython()
        self.poll = select.poll
        del select.poll

    def __exit__(self, *args):
        select.poll = self.poll


def test_where_the_system_has_no_poll_a_client_works_all_the_same():
    with WithoutPoll(), online() as broker:
        client = broker.client
        broker.send(publish_of("in", b"1", 1, 7))
        assert broker.packet() == puback(7)
        assert broker.told("message") == [(b"in", b"1", 1, False)]
        client.publish(b"out", bytes(100000))  # longer than what a socket takes at once: waits until it is writable
        assert broker.packet() == packet_of(0x30, b"\0\3out" + bytes(100000))
        broker.send(publish_of("in", b"2"))
        broker.until(lambda: len(broker.told("message")) == 2, "what comes after that")


def test_poll_tells_what_a_socket_is_ready_for_and_nothing_once_it_is_unregistered():
    _only_cpython()
    with WithoutPoll():
        without = host.poll()
    for poller in (host.poll(), without):
        listener, port = listen()
        sock = host.socket()
        sock.connect(("127.0.0.1", port))
        poller.register(sock, host.POLLIN)
        assert not poller.ipoll(0), "nothing has come"
        poller.modify(sock, host.POLLOUT)
        assert [events for _, events in poller.ipoll(1000)] == [host.POLLOUT]
        there, _ = select.select([listener], [], [], 60) and listener.accept()
        there.send(b"x")
        poller.modify(sock, host.POLLIN)
        assert poller.ipoll(60000) == [(sock, host.POLLIN)]
        poller.modify(sock, host.POLLIN | host.POLLOUT)
        assert poller.ipoll(60000) == [(sock, host.POLLIN | host.POLLOUT)]
        poller.unregister(sock)
        assert not poller.ipoll(0)
        for it in (sock, there, listener):
            it.close()
