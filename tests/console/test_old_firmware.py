"""What firmware for the old platform does that MQTT 3.1.1 or OneNET's documents do not have, and what comes of it."""

import queue
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from console_client import (
    DEVICE,
    PRODUCT,
    connect,
    dp,
    errors,
    notes,
    online,
    publish,
    raw_device,
    until,
    warnings,
)
from onenet_tools.console import connection
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.model import Device
from onenet_tools.console.pages.text import shown_bytes

PATIENCE = 60.0


def values(console: RunningConsole, device: Device, stream: str = "t") -> list[Any]:
    return [point.value for point in console.call(console.platform.points, device.id, stream)]


@pytest.fixture(scope="module")
def strict() -> Iterator[RunningConsole]:
    """A console that refuses what OneNET's newer document does not have."""
    with running_console(pages=False, rules=["qos_2=refused", "will=refused"]) as it:
        yield it


def test_subscribing_with_flags_0000(console: RunningConsole, device: Device) -> None:
    """As the vendor's SDK does: see packets/body.py."""
    with online(console, device.id, device.auth_info) as it:
        it.send(b"\x80\x08\x00\x01\x00\x03a/b\x00")
        assert it.receive("SUBACK").codes == b"\x00"
        assert console.call(console.platform.publish_message, "a/b", b"x") == 1
        assert it.receive("PUBLISH").payload == b"x"
        it.send(b"\xa0\x07\x00\x02\x00\x03a/b")
        assert it.receive("UNSUBACK").packet_id == 2
        assert console.call(console.platform.publish_message, "a/b", b"x") == 0
    assert errors(console, device.id) == []
    assert warnings(console, device.id) == [
        ("SUBSCRIBE", "byte 0: SUBSCRIBE with flags 0000, which only some servers take; expected 0010 [MQTT-3.8.1-1]"),
        ("UNSUBSCRIBE", "byte 0: UNSUBSCRIBE with flags 0000, which only some servers take; expected 0010"
        " [MQTT-3.10.1-1]"),
    ]  # fmt: skip


class Paho:
    """A device made of paho, which somebody else wrote."""

    def __init__(self, console: RunningConsole, device: Device, clean: bool = True) -> None:
        self.codes: queue.Queue[int] = queue.Queue()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, device.id, clean_session=clean)
        self.client.username_pw_set(PRODUCT, device.auth_info)
        self.client.on_connect = lambda client, data, flags, code, properties: self.codes.put(code.value)
        self._port = console.mqtt_port

    def __enter__(self) -> "Paho":
        self.client.connect("127.0.0.1", self._port)
        self.client.loop_start()
        assert self.codes.get(timeout=PATIENCE) == 0
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_qos_2_with_paho(console: RunningConsole, device: Device) -> None:
    with Paho(console, device) as it:
        for i in range(20):
            it.client.publish("$dp", dp(3, f'{{"t":{i}}}'), 2)
        last = it.client.publish("a/b", b"x", 2)
        last.wait_for_publish(PATIENCE)
        assert last.is_published()
        until(lambda: len(values(console, device)) == 20, patience=PATIENCE)
    assert values(console, device) == list(range(20))


def test_qos_2_is_taken_once(console: RunningConsole, device: Device) -> None:  # [MQTT-4.3.3-2]
    more = {"clean_session": False}
    with online(console, device.id, device.auth_info, **more) as it:
        it.send(publish("$dp", dp(3, '{"t":1}'), 2, 7))
        assert it.receive("PUBREC").packet_id == 7
        it.send(publish("$dp", dp(3, '{"t":1}'), 2, 7, dup=True))
        assert it.receive("PUBREC").packet_id == 7
    until(lambda: not console.call(console.platform.device, device.id).online)
    with online(console, device.id, device.auth_info, **more) as it:  # which did not hear of it
        it.send(publish("$dp", dp(3, '{"t":1}'), 2, 7, dup=True))
        assert it.receive("PUBREC").packet_id == 7
        it.send(b"\x62\x02\x00\x07")
        assert it.receive("PUBCOMP").packet_id == 7
        it.send(publish("$dp", dp(3, '{"t":2}'), 2, 7))  # another one
        it.receive("PUBREC")
        it.send(b"\x62\x02\x00\x08")  # nobody knows it, and yet it is answered
        assert it.receive("PUBCOMP").packet_id == 8
    assert values(console, device) == [1, 2]


def test_qos_2_reaches_others(console: RunningConsole, device: Device) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(b"\x82\x08\x00\x01\x00\x03a/b\x00")
        it.receive("SUBACK")
        it.send(publish("a/b", b"x", 2, 1))
        assert {it.receive().name, it.receive().name} == {"PUBREC", "PUBLISH"}


def test_messages_of_qos_2_that_are_never_released_are_bounded(
    console: RunningConsole, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_MOST_UNRELEASED", 3)
    with online(console, device.id, device.auth_info) as it:
        for i in range(1, 5):
            it.send(publish("a", b"x", 2, i))
        assert [it.receive("PUBREC").packet_id for _ in range(3)] == [1, 2, 3]
        assert it.is_closed()


def test_a_will_with_paho(console: RunningConsole, device: Device) -> None:
    with Paho(console, device) as listener:
        heard: queue.Queue[bytes] = queue.Queue()
        listener.client.on_message = lambda client, data, message: heard.put(message.payload)
        granted: queue.Queue[Any] = queue.Queue()
        listener.client.on_subscribe = lambda client, data, mid, codes, properties: granted.put(codes)
        listener.client.subscribe("gone")
        granted.get(timeout=PATIENCE)
        lost = console.call(console.platform.add_device, "is lost")
        will = {"will_topic": "gone", "will_payload": b"is lost"}
        with online(console, lost.id, lost.auth_info, **will):
            pass
        assert heard.get(timeout=PATIENCE) == b"is lost"
        with online(console, lost.id, lost.auth_info, **will) as it:
            it.send(b"\xe0\x00")
            assert it.is_closed()
        assert any("will published to gone" in note for note in notes(console, lost.id))
        until(lambda: not console.call(console.platform.device, lost.id).online)
        assert heard.empty()  # [MQTT-3.1.2-10]


@pytest.mark.parametrize(("topic", "note"), [("$dp", "will published to $dp"), ("$sys/x", "will not published: topic")])
def test_a_will_is_a_message_like_others(console: RunningConsole, device: Device, topic: str, note: str) -> None:
    will = {"will_topic": topic, "will_payload": dp(3, '{"t":"gone"}')}
    with online(console, device.id, device.auth_info, **will):
        pass
    until(lambda: any(note in each for each in notes(console, device.id)))
    assert values(console, device) == (["gone"] if topic == "$dp" else [])


def test_by_a_rule_a_will_is_refused_with_a_code_and_qos_2_acknowledged_but_not_stored(strict: RunningConsole) -> None:
    with raw_device(strict) as it:
        assert it.log_in(will_topic="a", will_payload=b"x") == 5
        assert it.is_closed()
    with online(strict) as it:
        it.send(publish("$dp", dp(3, '{"t":1}'), 2, 7))
        assert it.receive("PUBREC").packet_id == 7
        it.send(b"\x62\x02\x00\x07")
        assert it.receive("PUBCOMP").packet_id == 7
        it.send(publish("$dp", dp(3, '{"t":2}'), 1, 8))
        it.receive("PUBACK")
    points = strict.call(strict.platform.points, DEVICE, "t")
    assert [point.value for point in points] == [2]
    assert any("not stored: OneNET has no QoS 2" in note for note in notes(strict, DEVICE))


def test_no_session_is_present_after_a_clean_one(console: RunningConsole, device: Device) -> None:
    """[MQTT-3.1.2-6]: whether it is still there, or has just gone."""
    kept = connect(device.id, PRODUCT, device.auth_info, clean_session=False)
    with online(console, device.id, device.auth_info) as it:
        it.send(b"\x82\x08\x00\x01\x00\x03a/b\x01")
        it.receive("SUBACK")
        with raw_device(console) as second:
            second.send(kept)
            assert second.receive("CONNACK").data == b"\x20\x02\x00\x00"
            assert it.is_closed()
            assert console.call(console.platform.publish_message, "a/b", b"x") == 0
            with online(console, device.id, device.auth_info), raw_device(console) as fourth:
                fourth.send(kept)
                assert fourth.receive("CONNACK").data == b"\x20\x02\x00\x00"
    until(lambda: not console.call(console.platform.device, device.id).online)
    with raw_device(console) as it:
        it.send(kept)
        assert it.receive("CONNACK").data == b"\x20\x02\x01\x00"  # that of the fourth


def test_type_7_with_group_0(console: RunningConsole, device: Device) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(publish("$dp", bytes.fromhex("07 0000 0001 0000 0842"), 1))
        it.receive("PUBACK")
    assert values(console, device, "0") == [34.0]


def test_a_reply_that_ends_in_nul_is_text() -> None:
    assert shown_bytes(b"ok\0") == "ok"
    assert shown_bytes(b"\0") == "␀"
    assert shown_bytes(b"o\0k") == "o␀k"
    assert shown_bytes(b"\xff\0") == "ff 00"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (connect()[:20], f"{len(connect()) - 20} of the {len(connect())} bytes of CONNECT are missing"),
        (connect()[:1], "only 1 byte of a packet came"),
        (b"GET / HTTP/1.1\r\n\r\n", "this is HTTP, and here is MQTT"),
        (b"POST /devices HTTP/1.1\r\n\r\n", "this is HTTP, and here is MQTT"),
        (b"\x16\x03\x01\x02\x00\x01", "this is TLS, and here is MQTT"),
        (b"\x10\x15\x00\x03EDP\x01\x40\x00\x3c\x00\x09789546805\x00", "this is EDP, another of OneNET's protocols"),
    ],
)
def test_what_is_no_whole_connect_is_named(console: RunningConsole, sent: bytes, reason: str) -> None:
    before = max((packet.number for packet in console.call(console.platform.packets)), default=0)
    with raw_device(console) as it:
        it.send(sent)
        it.socket.shutdown(1)
        assert it.is_closed()

    def said() -> list[str]:
        logged = [packet for packet in console.call(console.platform.packets) if packet.number > before]
        return [packet.explained.summary for packet in logged if not packet.data]

    until(lambda: any(reason in words for words in said()), f"{reason}: {said()}")


def test_so_is_one_that_takes_too_long(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_CONNECT_TIME", 0.2)
    with raw_device(console) as it:
        it.send(connect()[:20])
        assert it.is_closed()
    reason = f"no CONNECT within 0 s: {len(connect()) - 20} of the {len(connect())} bytes of CONNECT are missing"
    until(lambda: any(error == reason for _, error in errors(console)))
