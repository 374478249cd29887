"""What a client has sent last, in words."""

from onenet.last import last_sent
from scripted import Broker
from support import PINGRESP, publish_of


def online(**options):
    broker = Broker(**options)
    broker.connect()
    return broker


def test_connect_is_all_there_was():
    with online() as broker:
        assert last_sent(broker.client._tx) == "CONNECT"


def test_each_type_with_its_topic():
    with online() as broker:
        client = broker.client
        client.publish("a/b", b"x")
        assert last_sent(client._tx) == "PUBLISH to a/b"
        client.publish("温度/" + "x" * 200, b"x" * 100, 1)
        assert last_sent(client._tx) == "PUBLISH to 温度/" + "x" * 200
        client.publish("long", b"x" * 100000)
        assert last_sent(client._tx) == "PUBLISH to long"


def test_a_subscription_by_its_first_filter():
    with online() as broker:
        broker.client.subscribe([("a/#", 0), ("b/+", 1)])
        assert last_sent(broker.client._tx) == "SUBSCRIBE of a/#"
        broker.packet()
        broker.client.unsubscribe("a/#")
        assert last_sent(broker.client._tx) == "UNSUBSCRIBE of a/#"


def test_an_acknowledgement():
    with online() as broker:
        broker.send(publish_of("a", b"x", 1, 7))
        broker.packet()
        assert last_sent(broker.client._tx) == "PUBACK"


def test_after_the_end_and_on_the_next_connection():
    with online() as broker:
        broker.client.publish("a/b", b"x")
        broker.client.close()
        assert last_sent(broker.client._tx) == "PUBLISH to a/b"
        broker.connect()
        assert last_sent(broker.client._tx) == "CONNECT"
        broker.send(PINGRESP)
