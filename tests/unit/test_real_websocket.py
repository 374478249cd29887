"""MQTT inside a WebSocket, with a real mosquitto, with TLS below it and without."""

from mqtt import Client, MQTTError, Timeout
from mqtt.websocket import WebSocket
from scripted import broker_options, listen_to, wait
from support import SkipTest, getenv, pattern, raises
from test_tls import refused, tls_context


def real(client_id, variable="MQTT_TEST_WEBSOCKET_PORT", **options):
    options = dict(broker_options(), transport=WebSocket(), **options)
    if not getenv(variable):
        raise SkipTest("no broker: %s is not set" % variable)
    options["port"] = int(getenv(variable))
    client = Client(client_id, **options)
    return client, listen_to(client)


def every_qos(client, events):
    """Publishes with each QoS what fits a frame and what does not, and has it back. mosquitto 2.0 sends a long message
    in pieces of 4 KB, ten a second: libwebsockets' writable callback comes with each turn of its loop."""
    large = pattern(5000)
    client.connect()
    client.subscribe("web/+", 2)
    wait(lambda: "subscribe" in [event[0] for event in events], client)
    expected = [("message", b"web/%d" % qos, data, qos, 0) for qos in (0, 1, 2) for data in (b"", pattern(300), large)]
    for _, topic, payload, qos, _ in expected:
        client.publish(topic, payload, qos)
    wait(lambda: len([event for event in events if event[0] == "message"]) == len(expected), client)
    assert [event for event in events if event[0] == "message"] == expected
    wait(lambda: len([event for event in events if event[0] == "publish"]) == 6, client)
    client.disconnect()


def test_real_websocket_every_qos_both_ways():  # [MQTT-6.0.0-1 to -3]
    client, events = real("web", rx_size=6000)
    for _ in range(2):
        every_qos(client, events)
        del events[:]


def over_tls(name="localhost", variable="MQTT_TEST_WEBSOCKET_TLS_PORT", **options):
    return real("web-tls", variable, ssl=tls_context(), server_hostname=name, **options)


def test_real_websocket_over_tls():
    every_qos(*over_tls(rx_size=6000))


def test_real_websocket_over_tls_that_fails_says_what_tls_does():
    refused(over_tls("elsewhere")[0], "TLS: the certificate is for another name than elsewhere")
    refused(over_tls(variable="MQTT_TEST_WEBSOCKET_PORT")[0], "TLS: the server ")
    for timeout in (300, 3000, 30000):  # a busy computer may take longer for TLS alone
        client, _ = over_tls(variable="MQTT_TEST_MUTE_PORT", timeout=timeout)
        error = raises(Timeout, client.connect)
        if "TLS" not in str(error):
            break
    assert "no answer to the WebSocket handshake" in str(error)


def test_real_websocket_is_asked_for_at_a_port_without():
    client, events = real("web", "MQTT_TEST_PORT")
    error = raises((OSError, MQTTError), client.connect)
    assert events == [("disconnect", error)]


def test_real_mqtt_is_spoken_to_a_websocket():
    client, _ = real("web")
    client._settings = client._settings[:2] + (None,) + client._settings[3:]
    raises((OSError, MQTTError), client.connect)


def test_real_websocket_will_comes_where_the_websocket_ended_without_disconnect():
    watcher, events = real("watcher")
    watcher.connect()
    watcher.subscribe("web-will", 1)
    wait(lambda: len(events) == 2, watcher)
    client, _ = real("willing", will=("web-will", "gone", 1, False))
    client.connect()
    client.close()
    wait(lambda: len(events) == 3, watcher)
    assert events[2] == ("message", b"web-will", b"gone", 1, 0)
    watcher.disconnect()
