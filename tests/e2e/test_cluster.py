"""A cluster of RabbitMQ of which a node dies: what `make cluster` shows with more boards and for longer."""

import pytest
from onenet_tools.cluster.fleet import Client, MQTTError, wait_until_accepted
from onenet_tools.cluster.proof import prove
from onenet_tools.cluster.rabbitmq import RabbitMQ, find_rabbitmq

pytestmark = pytest.mark.skipif(find_rabbitmq() is None, reason="needs rabbitmq-server: make cluster installs it")


def test_a_node_dies_and_every_number_arrives() -> None:
    outcome = prove(nodes=2, boards=20, interval=0.5, seconds=5, whole=1)
    assert outcome.holds, outcome.lines()
    assert outcome.hit == 10 and outcome.others_lost == 0
    assert outcome.sent >= 2 * 20 * 5 and outcome.arrived == outcome.sent


def test_rabbitmq_has_no_qos_2_and_the_client_says_so() -> None:
    with RabbitMQ(1) as cluster:
        login = cluster.nodes[0].host, cluster.port, cluster.user, cluster.password
        wait_until_accepted([login[0]], *login[1:])
        client = Client("two", *login, timeout=60_000)  # a busy computer
        granted: list[int] = []
        client.on_subscribe = lambda packet_id, codes: granted.append(codes[0])
        client.connect()
        client.subscribe("a", 2)
        client.publish("a", b"x", 2)
        with pytest.raises(MQTTError, match="does not do QoS 2, publish with QoS 1"):
            while True:
                client.loop(1000)
        assert granted in ([], [1])
