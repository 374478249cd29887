"""Logs the device in to any MQTT broker. Loaded only for that."""

from micropython import const

from mqtt.client import Client
from onenet.mqtt import Broker

_FRAME = const(1024)  # bytes of a packet that go in one frame of a WebSocket
# Keys that are wanted no more afterwards, and those that only discovery wants, which is there or not
_USED = "transport path client_id username clean_session qos retain".split(" ")
_FOR_DISCOVERY = ("topic status_topic command_topic reply_topic set_topic device_name discovery_prefix entities").split(
    " "
)


def log_in(device, options):
    """The device's platform and the class of its data points, by its configuration. options: those of mqtt.Client."""
    config = device.config
    config["device_id"] = name = config["device_name"]
    host = config["host"]
    config["host"] = hosts = [host] if isinstance(host, str) else host
    status, command, reply, settings, topic = [
        config[key].replace("{device}", name).encode()
        for key in ("status_topic", "command_topic", "reply_topic", "set_topic", "topic")
    ]
    if config["transport"] == "websocket":
        try:
            from mqtt.websocket import WebSocket
        except ImportError:
            raise ImportError("transport: WebSocket is not on an ESP8266 whose main.py has '# onenet: setup'")

        options["transport"] = WebSocket(config["path"], min(config["tx_size"], _FRAME))
    client = Client(
        config["client_id"] or name,
        hosts[0],
        config["port"],
        config["username"] or None,
        config["password"] or None,
        config["keep_alive"],
        config["clean_session"],
        (status, b"offline", 1, True),
        **options,
    )
    settings = settings.replace(b"{stream}", b"+")
    platform = Broker(client, status, command, reply, settings, config["qos"], config["retain"])
    platform.on_connect = device._connected
    used = _USED
    if config["discovery_prefix"]:
        from .discovery import Discovery

        Discovery(device, platform)
    else:
        used = _USED + _FOR_DISCOVERY
    for key in used:
        del config[key]
    return platform, _points(topic, (status, command, reply))


def _points(topic, taken):
    """What makes the data points: a message each, or documents."""
    if b"{stream}" in topic:
        from onenet import messages

        before, after = topic.split(b"{stream}")
        return lambda outbox, clock, room: messages.Points(outbox, clock, room, before, after, taken)

    from onenet import documents

    return lambda outbox, clock, room: documents.Points(outbox, clock, room, topic)
