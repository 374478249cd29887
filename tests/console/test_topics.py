"""What a device may publish and subscribe to, and where it goes."""

import contextlib
import json
import re
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
import pytest
from console_client import PATIENCE, PRODUCT, built, connect, dp, errors, notes, online, publish, until
from mqtt import packet
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import CommandStatus, Device, PointsStored
from onenet_tools.console.platform import DeviceOffline

PINGREQ = b"\xc0\x00"


def subscribe(*topics: str, qos: int = 1) -> bytes:
    return built(packet.subscribe, 7, [(topic, qos) for topic in topics])


def values(console: RunningConsole, device: Device) -> dict[str, list[Any]]:
    """All values of a device by stream."""
    streams = console.call(console.platform.streams, device.id)
    return {it.id: [point.value for point in console.call(console.platform.points, device.id, it.id)] for it in streams}


# Data points


class AnyIndex:
    """Is what the index of binary data looks like, which has the device and the time in it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(r"[0-9]+_[0-9]{13}_pic", other) is not None


@pytest.mark.parametrize(
    ("payload", "stored"),
    [
        (dp(1, '{"datastreams":[{"id":"t","datapoints":[{"value":1},{"value":2.5}]}]}'), {"t": [1, 2.5]}),
        (
            dp(3, '{"t":22.5,"text":"<img src=x onerror=alert(1)>"}'),
            {"t": [22.5], "text": ["<img src=x onerror=alert(1)>"]},
        ),
        (
            dp(3, '{"<img src=x onerror=alert(1)>":{"lon":106,"lat":29}}'),
            {"<img src=x onerror=alert(1)>": [{"lon": 106, "lat": 29}]},
        ),
        (dp(4, '{"t":{"2015-03-22 22:31:12":22.5,"2015-03-22 22:31:13":23}}'), {"t": [22.5, 23]}),
        (dp(5, ",;t,2015-03-22 22:31:12,22.5;h,35%;1;"), {"t": ["22.5"], "h": ["35%"], "2": ["1"]}),
        (bytes.fromhex("86100B030E1801") + dp(6, ",;temp,22.5;humi,35")[1:], {"temp": ["22.5"], "humi": ["35"]}),
        (bytes.fromhex("8710 0B03 0E18 01 0001 0002 0000 0842 6666 A2C1"), {"1": [34.0, pytest.approx(-20.3)]}),
        (
            b"\x02\x00\x0f" + b'{"ds_id":"pic"}' + b"\0\0\0\4\xff\xd8\xff\xd9",
            {"pic": [{"index": AnyIndex()}]},
        ),
    ],
)
def test_every_type_of_data_points_is_stored(
    console: RunningConsole, device: Device, payload: bytes, stored: dict[str, list[Any]]
) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(publish("$dp", payload, 1, 513))
        assert it.receive("PUBACK").packet_id == 513
        assert values(console, device) == stored  # PUBACK means that


def test_times_are_beijing_time(console: RunningConsole, device: Device) -> None:
    text = '{"datastreams":[{"id":"t","datapoints":[{"at":"2013-04-22 22:22:22","value":1},{"value":2}]}]}'
    before = time.time()
    with online(console, device.id, device.auth_info) as it:
        it.send(publish("$dp", dp(1, text), 1))
        it.receive("PUBACK")
    first, second = console.call(console.platform.points, device.id, "t")
    assert first.at.isoformat() == "2013-04-22T14:22:22+00:00"
    assert before - 1 < second.at.timestamp() < time.time() + 1


def test_points_of_one_moment_are_all_kept_in_order(console: RunningConsole, device: Device) -> None:
    points = ",".join(f'{{"value":{i}}}' for i in range(500))
    with online(console, device.id, device.auth_info) as it:
        it.send(publish("$dp", dp(1, f'{{"datastreams":[{{"id":"t","datapoints":[{points}]}}]}}'), 1))
        it.receive("PUBACK")
    assert [it.value for it in console.call(console.platform.points, device.id, "t", 1000)] == list(range(500))


def test_a_later_point_of_the_same_time_takes_the_place(console: RunningConsole, device: Device) -> None:
    with online(console, device.id, device.auth_info) as it:
        for value in (1, 2):
            it.send(publish("$dp", dp(4, f'{{"t":{{"2015-03-22 22:31:12":{value}}}}}'), 1))
            it.receive("PUBACK")
    assert values(console, device) == {"t": [2]}


def test_qos_0_is_stored_too_and_listeners_hear_of_it(console: RunningConsole, device: Device) -> None:
    heard: list[Any] = []
    end = console.call(console.platform.listen, heard.append)
    with online(console, device.id, device.auth_info) as it:
        it.send(publish("$dp", dp(3, '{"t":1}')) + publish("$dp", dp(3, '{"t":2}')))
        until(lambda: sum(isinstance(event, PointsStored) for event in heard) == 2)
    console.call(end)
    stored = [event for event in heard if isinstance(event, PointsStored)]
    assert [(event.device_id, [(name, point.value) for name, point in event.points]) for event in stored] == [
        (device.id, [("t", 1)]),
        (device.id, [("t", 2)]),
    ]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "too short"),
        (b"\x00\x00\x00", "type 0 is not one of 1 to 7"),
        (b"\x08\x00\x00", "type 8"),
        (b"\x83\x00\x02{}", "flags"),
        (b"\x03\x00\x03{}", "says 3 bytes, 2 follow"),
        (dp(3, "{"), "property name"),
        (dp(3, '{"t":NaN}'), "NaN is no JSON"),
        (dp(3, '{"t":1e999}'), "too large"),
        (dp(3, '{"t":' + "9" * 30 + "}"), "more than 64 bits"),
        (dp(3, '{"t":null}'), "its value is null"),
        (dp(3, '{"t":"\\ud800"}'), "surrogate"),
        (dp(3, '{"t":' + "[" * 30000), "nested|deep|delimiter|Expecting"),
        (dp(3, '{"t":' + "[" * 20 + "1" + "]" * 20 + "}"), "16 levels"),
        (dp(3, '{"":1}'), "stream id"),
        (dp(3, '{"' + "x" * 257 + '":1}'), "stream id"),
        (dp(4, '{"t":{"yesterday":1}}'), "must be like 2015"),
        (dp(4, '{"t":{"0001-01-01 00:00:00":1}}'), "must be like 2015"),
        (dp(5, ",,1"), "separators"),
        (dp(5, ",;a,b,c,d"), "more than id, time and value"),
        (bytes.fromhex("861003 0E1801"), "too short for its time"),
        (bytes.fromhex("87100D030E1801 0001 0001 00000842"), "must be like 2015"),
        (bytes.fromhex("07 0001 0002 00000842"), "says 2 values, 1 follow"),
        (bytes.fromhex("07 0001 0001 0000807F"), "no number"),
        (b"\x02\x00\x02{}\0\0\0\0", "type 2"),
        (b"\x02\x00\x0f" + b'{"ds_id":"pic"}' + b"\xff\xff\xff\xff", "4294967295 bytes of data, 0 follow"),
    ],
)
def test_an_illegal_payload_drops_the_connection_and_is_shown(
    console: RunningConsole, device: Device, payload: bytes, reason: str
) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(publish("$dp", payload, 1))
        assert it.is_closed()
    until(lambda: notes(console, device.id))
    shown = [it.explained for it in console.call(console.platform.packets, device.id) if it.explained.error]
    assert [it.data for it in shown] == [publish("$dp", payload, 1)]
    assert re.search(f"bad .dp payload: .*({reason})", shown[0].error), shown[0].error
    assert values(console, device) == {}


def test_a_device_has_a_bounded_number_of_streams(console: RunningConsole, device: Device) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(publish("$dp", dp(3, json.dumps({f"s{i}": i for i in range(400)})), 1))
        assert it.receive("PUBACK")
        it.send(publish("$dp", dp(3, json.dumps({f"s{i}": i for i in range(399, 501)})), 1))
        assert it.is_closed()
    assert len(console.call(console.platform.streams, device.id)) == 400
    assert "more than 500 data streams" in errors(console, device.id)[-1][1]


# Topics of one's own


def test_subscriptions(console: RunningConsole, device: Device) -> None:
    # [MQTT-3.3.1-9], [MQTT-3.8.3-2], [MQTT-3.8.4-1, -4 to -6], [MQTT-3.9.3-1], [MQTT-3.10.4-1, -2, -4], [MQTT-3.12.4-1]
    with online(console, device.id, device.auth_info) as it:
        it.send(subscribe("a/b", "$creq/#", "$dp", "a/+", "#", "温度", "x" * 1024, "x" * 1025, "my-own_topic", qos=2))
        assert it.receive("SUBACK").codes.hex(" ") == "00 80 80 80 80 80 00 80 00"
        it.send(publish("my-own_topic", b"\x00\xff", 1, 9, retain=True))
        got = [it.receive(), it.receive()]
        assert {packet.name for packet in got} == {"PUBACK", "PUBLISH"}
        message = next(packet for packet in got if packet.name == "PUBLISH")
        assert (message.data[0], message.payload) == (0x30, b"\x00\xff")  # QoS 0, not retained
        it.send(built(packet.unsubscribe, 8, ["my-own_topic"]))
        it.receive("UNSUBACK")
        it.send(publish("my-own_topic", b"nobody hears", 1) + PINGREQ)
        assert {it.receive().name, it.receive().name} == {"PUBACK", "PINGRESP"}
    assert values(console, device) == {}


def test_messages_go_to_those_who_subscribed_and_are_online(
    console: RunningConsole, new_device: Callable[[], Device]
) -> None:  # [MQTT-3.3.2-3], [MQTT-4.5.0-1], [MQTT-4.6.0-5, -6]
    devices = [new_device() for _ in range(3)]
    with contextlib.ExitStack() as stack:
        sender, receiver, other = [stack.enter_context(online(console, it.id, it.auth_info)) for it in devices]
        receiver.send(subscribe("room/12"))
        other.send(subscribe("room/13"))
        receiver.receive("SUBACK")
        other.receive("SUBACK")
        for i in range(300):
            sender.send(publish("room/12", f"{i}"))
        assert [receiver.receive("PUBLISH").payload for i in range(300)] == [b"%d" % i for i in range(300)]
        other.send(PINGREQ)
        assert other.receive().name == "PINGRESP"


def test_nothing_is_retained(console: RunningConsole, device: Device) -> None:  # [MQTT-3.3.1-5, -12]
    with online(console, device.id, device.auth_info) as it:
        it.send(publish("kept", "x", 1, retain=True))
        it.receive("PUBACK")
        it.send(subscribe("kept") + PINGREQ)
        assert [it.receive().name, it.receive().name] in (["SUBACK", "PINGRESP"], ["PINGRESP", "SUBACK"])


def test_a_hundred_topics_and_no_more(console: RunningConsole, device: Device) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(subscribe(*(f"t/{i}" for i in range(100))))
        assert it.receive("SUBACK").codes == bytes(100)
        it.send(subscribe("one/more", "t/1"))
        assert it.receive("SUBACK").codes == b"\x80\x00"
        it.send(built(packet.unsubscribe, 8, ["t/1"]))
        it.receive("UNSUBACK")
        it.send(subscribe("one/more"))
        assert it.receive("SUBACK").codes == b"\x00"
        it.send(subscribe(*(f"t/{i}" for i in range(101))))
        assert it.is_closed()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (publish("$sys/x", "x"), "of those with \\$"),
        (publish("$creq/x", "x"), "of those with \\$"),
        (b"\x36\x05\x00\x01a\x00\x01", "QoS 3"),
        (b"\x30\x04\x00\x02a#", "wildcard"),
        (b"\x82\x02\x00\x01", "remaining|filter"),
        (b"\x82\x08\x00\x01\x00\x03a/b\x03", "QoS 3"),
        (b"\xd0\x00", "wrong direction"),
        (b"\x30\xff\xff\xff\x7f", "at most 131072"),
        (b"\xf0\x00", "reserved"),
    ],
)
def test_what_onenet_has_not_or_mqtt_forbids_drops_the_connection(
    console: RunningConsole, device: Device, data: bytes, reason: str
) -> None:  # [MQTT-3.3.5-2], [MQTT-4.8.0-1]
    with online(console, device.id, device.auth_info) as it:
        it.send(data)
        assert it.is_closed()
    until(lambda: errors(console, device.id))
    assert re.search(reason, errors(console, device.id)[-1][1])


def test_a_second_connect_drops_the_connection(console: RunningConsole, device: Device) -> None:  # [MQTT-3.1.0-2]
    with online(console, device.id, device.auth_info) as it:
        it.send(connect(device.id, PRODUCT, device.auth_info))
        assert it.is_closed()


def test_disconnect_is_no_fault(console: RunningConsole, device: Device) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(b"\xe0\x00")
        assert it.is_closed()
    assert not errors(console, device.id)
    assert notes(console, device.id) == ["closed: it has said DISCONNECT"]


# Commands


def test_a_command_reaches_its_device_alone_and_the_reply_comes_back(
    console: RunningConsole, new_device: Callable[[], Device]
) -> None:
    one, two = new_device(), new_device()
    with online(console, one.id, one.auth_info) as first, online(console, two.id, two.auth_info) as second:
        sent = console.call(console.platform.send_command, one.id, b"\x00 led=on")
        assert sent.status == CommandStatus.SENT
        got = first.receive("PUBLISH")
        assert (got.topic, got.payload, got.data[0]) == (f"$creq/{sent.uuid}", b"\x00 led=on", 0x30)
        assert console.call(console.platform.command, sent.uuid).status == CommandStatus.SENT

        second.send(publish(f"$crsp/{sent.uuid}", "not mine", 1))
        assert second.receive().name == "PUBACK"  # it got no command, and its reply is not taken
        assert console.call(console.platform.command, sent.uuid).reply is None
        assert "reply ignored" in until(lambda: notes(console, two.id))[-1]

        first.send(publish(f"$crsp/{sent.uuid}", b"\xff done", 1))
        first.receive("PUBACK")
        answered = console.call(console.platform.command, sent.uuid)
        assert (answered.status, answered.reply) == (CommandStatus.REPLIED, b"\xff done")
        assert 0 < answered.seconds < PATIENCE
        first.send(publish(f"$crsp/{sent.uuid}", "too late", 1))
        first.receive("PUBACK")
        assert console.call(console.platform.command, sent.uuid) == answered
        assert console.call(console.platform.commands, one.id) == [answered]


def test_a_command_waits_for_its_device(console: RunningConsole, device: Device) -> None:
    with pytest.raises(DeviceOffline, match=f"device not online: {device.id}"):
        console.call(console.platform.send_command, device.id, b"now")
    sent = [console.call(console.platform.send_command, device.id, b"%d" % i, 60) for i in range(3)]
    again = console.call(console.platform.send_command, device.id, b"until answered", 60, 1)
    console.call(console.platform.send_command, device.id, b"too late", 1)
    assert {command.status for command in sent} == {CommandStatus.CREATED}
    time.sleep(1.1)  # the last one's validity
    with online(console, device.id, device.auth_info) as it:
        assert [it.receive("PUBLISH").payload for _ in range(4)] == [b"0", b"1", b"2", b"until answered"]
    until(lambda: console.call(console.platform.command, sent[0].uuid).status == CommandStatus.SENT)
    with online(console, device.id, device.auth_info) as it:  # QoS 0 is over, QoS 1 is not
        assert it.receive("PUBLISH").payload == b"until answered"
        it.send(publish(f"$crsp/{again.uuid}", "yes", 1))
        it.receive("PUBACK")
    with online(console, device.id, device.auth_info) as it:
        it.send(PINGREQ)
        it.receive("PINGRESP")


def test_who_does_not_read_is_dropped(console: RunningConsole, device: Device) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(subscribe("big"))
        it.receive("SUBACK")
        for _ in range(400):
            console.call(console.platform.publish_message, "big", bytes(60000))
            if not console.call(console.platform.device, device.id).online:
                break
        until(lambda: not console.call(console.platform.device, device.id).online)
    assert "it does not read" in notes(console, device.id)[-1]


# The clients people have


def test_paho_as_the_device(console: RunningConsole, device: Device) -> None:
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, device.id)
    client.username_pw_set(PRODUCT, device.auth_info)
    client.on_message = lambda _c, _d, message: client.publish(
        message.topic.replace("$creq", "$crsp"), message.payload.upper(), 1
    )
    client.connect("127.0.0.1", console.mqtt_port, 60)
    client.loop_start()
    try:
        until(lambda: console.call(console.platform.device, device.id).online)
        client.publish("$dp", dp(3, '{"温度":21}'), 1).wait_for_publish(PATIENCE)
        assert values(console, device) == {"温度": [21]}
        sent = console.call(console.platform.send_command, device.id, b"led=on")
        until(lambda: console.call(console.platform.command, sent.uuid).reply == b"LED=ON")
        console.call(console.platform.remove_device, device.id)
        until(lambda: not client.is_connected())
    finally:
        client.disconnect()
        client.loop_stop()
