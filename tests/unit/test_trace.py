"""trace: the packets on the console are those on the wire, and no password is among them."""

import fakes
from scripted import Broker, listen_to
from support import ACCEPTED, connect_of, field, packet_of, publish_of, unhex

from firmware import trace as module

PASSWORD = b"s3cret-auth-info"


class Traced(Broker):
    """A scripted broker and a client whose packets are shown; `log` has the lines."""

    def __init__(self, **options):
        super().__init__(**options)
        self.log = fakes.Log(module)
        self.log.__enter__()
        module.trace(self.client)

    def __exit__(self, *args):
        super().__exit__(*args)
        self.log.__exit__()

    def shown(self, direction):
        """The digits shown for this direction so far."""
        lines = [line.split(" ") for line in self.log.lines]
        assert all(line[0] == "trace:" and len(line) == 3 and len(line[2]) <= 128 for line in lines)
        return "".join([digits for _, which, digits in lines if which == direction])


def test_all_that_is_sent_and_received_is_shown():
    with Traced() as it:
        sent = it.connect()
        received = ACCEPTED
        for payload in (b"", b"21.5", bytes(range(256)), b"x" * 2000):  # the last one longer than the buffer
            it.client.publish("a/b", payload)
            sent += it.packet()
            received += publish_of("c", payload[:100], qos=1, packet_id=7)
            it.send(publish_of("c", payload[:100], qos=1, packet_id=7))
            sent += it.packet()
        assert unhex(it.shown(">")) == sent
        assert unhex(it.shown("<")) == received


def test_the_password_is_masked():
    for options in ({}, {"will": ("topic", b"payload", 0, False)}, {"password": PASSWORD + b"y" * 200}):
        given = {"username": "68790", "password": PASSWORD}
        given.update(options)
        with Traced(**given) as it:
            listen_to(it.client)
            sent = it.connect()
            shown = it.shown(">")
            n = len(given["password"])
            assert shown[-2 * n :] == "**" * n
            assert unhex(shown[: -2 * n]) == sent[:-n]
            assert sent.endswith(given["password"])


def test_without_a_password_there_is_nothing_to_mask():
    with Traced(username="someone") as it:
        it.connect()
        assert "*" not in it.shown(">") and b"someone" in unhex(it.shown(">"))
    with Traced() as it:
        assert it.connect() == connect_of("device")
        assert unhex(it.shown(">")) == connect_of("device")


def test_where_a_password_begins():
    body = b"\0\4MQTT\4\xc2\0\x78" + field("1") + field("2") + field("3")
    assert module._password(packet_of(0x10, body)) == len(packet_of(0x10, body)) - 1
    long = b"\0\4MQTT\4\xc2\0\x78" + field("1") + field("2") + field(b"3" * 200)  # two bytes of remaining length
    assert module._password(packet_of(0x10, long)) == len(packet_of(0x10, long)) - 200
