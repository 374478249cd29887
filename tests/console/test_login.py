"""Who is let in, and what others are told."""

import contextlib
import re
import threading
from collections.abc import Callable

import pytest
from console_client import AUTH_INFO, DEVICE, PRODUCT, connect, errors, notes, online, raw_device, until
from onenet_tools.console import connection, gate
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device, LoginRefused
from onenet_tools.loopback import has_ipv6

HOSTS = ["127.0.0.1", *(["::1"] if has_ipv6() else [])]


@pytest.mark.parametrize("host", HOSTS)
def test_the_example_device_comes_online_on_every_address(console: RunningConsole, host: str) -> None:
    # [MQTT-3.1.4-4], [MQTT-7.1.1-1]
    with raw_device(console, host) as it:
        assert it.log_in() == 0
        device = console.call(console.platform.device, DEVICE)
        assert device.online
        assert device.address == ("[::1]" if ":" in host else host) + f":{it.socket.getsockname()[1]}"
    until(lambda: not console.call(console.platform.device, DEVICE).online)


@pytest.mark.parametrize(
    ("device_id", "user", "password", "code"),
    [
        ("1", PRODUCT, AUTH_INFO, 2),
        ("", PRODUCT, AUTH_INFO, 2),
        ("board", PRODUCT, AUTH_INFO, 2),
        (DEVICE, "458946", AUTH_INFO, 4),
        (DEVICE, "", AUTH_INFO, 4),
        (DEVICE, PRODUCT, "136928832", 4),
        (DEVICE, PRODUCT, "", 4),
    ],
)
def test_refuses_wrong_ids_and_keys_with_a_code(
    console: RunningConsole, device_id: str, user: str, password: str, code: int
) -> None:  # [MQTT-3.1.3-8, -9], [MQTT-3.2.2-5]
    with raw_device(console) as it:
        assert it.log_in(device_id, user, password) == code
        assert it.is_closed()
    assert not console.call(console.platform.device, DEVICE).online


def test_an_api_key_is_a_password_too(console: RunningConsole) -> None:
    device, key = console.call(console.platform.register, "a serial number", "registered")
    for password in ("a serial number", key, console.platform.master_key):
        with raw_device(console) as it:
            assert it.log_in(device.id, PRODUCT, password) == 0
    with raw_device(console) as it:
        assert it.log_in(DEVICE, PRODUCT, key) == 4  # of another device


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (connect(user=None, password=None), "must have a user name"),
        (connect(password=None), "must have a user name"),
        (connect()[:12] + b"\xff" + connect()[13:], "client id: longer than the packet"),
        (b"\xc0\x00", "first packet must be CONNECT"),
        (b"GET / HTTP/1.1\r\n\r\n", "this is HTTP"),
        (b"\x10\x80\x80\x80\x80\x01", "remaining length of over 4 bytes"),
        (b"\x10\xff\xff\xff\x7f", "packet type 1: remaining length 268435455"),
        (b"\x10\xff\x7f" + bytes(16383), "at most 4096 are taken"),
        (b"\x30\xff\xff\xff\x7f", "at most 4096 are taken"),
        (bytes(20), "packet type 0: reserved"),
        (b"\x20\x02\x00\x00", "wrong direction"),
        (connect().replace(b"\0\4MQTT", b"\0\4MQTX"), "protocol name"),
        (connect()[:9] + b"\xc3" + connect()[10:], "reserved flag"),
    ],
)
def test_what_breaks_the_format_is_closed_without_connack_and_shown(
    console: RunningConsole, data: bytes, reason: str
) -> None:  # [MQTT-3.1.4-1], [MQTT-3.2.2-6], [MQTT-3.1.0-1]
    before = max((packet.number for packet in console.call(console.platform.packets)), default=0)
    with raw_device(console) as it:
        it.send(data)
        assert it.is_closed()
    # An earlier connection's end may be logged in between.
    logged = [packet for packet in console.call(console.platform.packets) if packet.number > before]
    (packet,) = [packet for packet in logged if packet.from_device]
    assert packet.explained.data
    assert re.search(reason, packet.explained.error), packet.explained
    assert any(re.search(f"closed: .*({reason})", note.explained.summary) for note in logged)


@pytest.mark.parametrize(
    "data",
    [
        connect()[:8] + b"\x03" + connect()[9:],
        connect()[:8] + b"\x05" + connect()[9:],
        b"\x10\x20\x00\x06MQIsdp\x03\xc2\x00\x3c\x00\x01a\x00\x06458945\x00\x07passwor",
    ],
)
def test_another_protocol_level_gets_code_1(console: RunningConsole, data: bytes) -> None:  # [MQTT-3.1.2-1, -2]
    with raw_device(console) as it:
        it.send(data)
        assert it.receive("CONNACK").data == b"\x20\x02\x00\x01"
        assert it.is_closed()


def test_no_secret_is_in_the_log(console: RunningConsole) -> None:
    with online(console):
        pass
    with raw_device(console) as it:
        assert it.log_in(password="secret of somebody") == 4
    shown = [
        repr(packet.explained.fields) + packet.explained.summary for packet in console.call(console.platform.packets)
    ]
    assert any("CONNECT" in text for text in shown) or shown
    assert not [text for text in shown if AUTH_INFO in text or "secret of somebody" in text]


def test_the_newest_login_wins(console: RunningConsole, device: Device) -> None:  # [MQTT-3.1.4-2]
    with online(console, device.id, device.auth_info) as first, online(console, device.id, device.auth_info) as second:
        assert first.is_closed()
        second.send(b"\xc0\x00")
        assert second.receive("PINGRESP")
        assert console.call(console.platform.device, device.id).address.endswith(f":{second.socket.getsockname()[1]}")
    assert any("logged in from" in note for note in notes(console, device.id))


def test_many_logins_at_once_leave_exactly_one(console: RunningConsole, device: Device) -> None:
    """Of all that come at the same moment, again and again, one stays, and it is the one that works."""
    with contextlib.ExitStack() as stack:
        raws = [stack.enter_context(raw_device(console)) for _ in range(20)]
        threads = [
            threading.Thread(target=raw.send, args=[connect(device.id, PRODUCT, device.auth_info)]) for raw in raws
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        alive = []
        for raw in raws:
            try:
                raw.receive("CONNACK")
                raw.send(b"\xc0\x00")
                raw.receive("PINGRESP")
                alive.append(raw)
            except (EOFError, ConnectionError):
                continue
        until(lambda: console.call(console.platform.device, device.id).online)
        address = console.call(console.platform.device, device.id).address
        alive[-1].send(b"\xc0\x00")
        survivors = [raw for raw in alive if address.endswith(f":{raw.socket.getsockname()[1]}")]
        assert len(survivors) == 1


def test_who_says_nothing_is_closed(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_CONNECT_TIME", 0.2)
    with raw_device(console) as silent, raw_device(console) as slow:
        slow.send(connect()[:5])
        assert silent.is_closed()
        assert slow.is_closed()
    until(lambda: any("no CONNECT within 0 s" in error for _, error in errors(console)))


def test_of_many_who_say_nothing_the_oldest_goes(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_MOST_STRANGERS", 3)
    with contextlib.ExitStack() as stack:
        raws = [stack.enter_context(raw_device(console)) for _ in range(5)]
        assert raws[0].is_closed()
        assert raws[1].is_closed()
        assert raws[4].log_in() == 0


def test_keep_alive_is_enforced_one_and_a_half_times(console: RunningConsole, device: Device) -> None:
    # [MQTT-3.1.2-24]
    with online(console, device.id, device.auth_info, keepalive=1) as it:
        it.send(b"\xc0")  # half a packet does not count
        assert it.is_closed()
    note = "closed: nothing came for 1.5 s, 1.5 times its keep alive: only 1 byte of a packet came"
    assert note in notes(console, device.id)


def test_listeners_hear_who_was_refused(console: RunningConsole) -> None:
    heard: list[object] = []
    end = console.call(console.platform.listen, heard.append)
    with raw_device(console) as it:
        assert it.log_in(password="wrong") == 4
    refusal = until(lambda: next((event for event in heard if isinstance(event, LoginRefused)), None))
    assert (refusal.device_id, refusal.reason) == (DEVICE, "password: is not the auth-info of this device (code 4)")
    console.call(end)


def test_clean_session_0_keeps_subscriptions(console: RunningConsole, new_device: Callable[[], Device]) -> None:
    # [MQTT-3.1.2-4, -6], [MQTT-3.1.4-3], [MQTT-3.2.2-1 to -3]
    device = new_device()
    more = {"clean_session": False}
    with raw_device(console) as it:
        it.send(connect(device.id, PRODUCT, device.auth_info, **more))
        assert it.receive("CONNACK").data[2] == 0
        it.send(b"\x82\x08\x00\x01\x00\x03a/b\x01")
        assert it.receive("SUBACK").codes == b"\x00"
    until(lambda: not console.call(console.platform.device, device.id).online)
    with raw_device(console) as it:
        it.send(connect(device.id, PRODUCT, device.auth_info, **more))
        assert it.receive("CONNACK").data[2] == 1
        assert console.call(console.platform.publish_message, "a/b", b"still here") == 1
        assert it.receive("PUBLISH").payload == b"still here"
    until(lambda: not console.call(console.platform.device, device.id).online)
    with raw_device(console) as it:
        it.send(connect(device.id, PRODUCT, device.auth_info))
        assert it.receive("CONNACK").data[2] == 0
        assert console.call(console.platform.publish_message, "a/b", b"gone") == 0
