"""Whatever comes from the network, the console lives on, and so do the devices that do nothing wrong."""

import random
import threading
from collections.abc import Iterator

import pytest
from console_client import RawDevice, connect, dp, errors, online, publish, raw_device, until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onenet_tools.console import packetlog
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.console.packetlog import PacketLog

PINGREQ = b"\xc0\x00"
LEGAL = [
    connect(),
    publish("$dp", dp(3, '{"t":1}'), 1),
    publish("a/b", b"x" * 300),
    publish("$crsp/81572aae-fc34-5deb-8f06-ab45d73cb12b", b"x", 1),
    b"\x82\x08\x00\x01\x00\x03a/b\x01",
    b"\xa2\x07\x00\x01\x00\x03a/b",
    PINGREQ,
    b"\x40\x02\x00\x01",
    b"\xe0\x00",
]


@pytest.fixture(scope="module")
def bystander(console: RunningConsole) -> Iterator[RawDevice]:
    """A device that is online all the time."""
    device = console.call(console.platform.add_device, "bystander")
    with online(console, device.id, device.auth_info) as it:
        yield it


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Legal packets in any order, with some bytes changed, left out or put in."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(LEGAL), min_size=1, max_size=5))))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
    return bytes(data)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=broken() | st.binary(max_size=200), logged_in=st.booleans())
def test_nonsense(console: RunningConsole, bystander: RawDevice, data: bytes, logged_in: bool) -> None:
    with raw_device(console) as it:
        if logged_in:
            assert it.log_in() == 0
        it.send(data)
        it.socket.shutdown(1)
        while True:
            try:
                if not it.socket.recv(65536):
                    break
            except ConnectionError:
                break
    bystander.send(PINGREQ)
    assert bystander.receive().name == "PINGRESP"
    for packet in console.call(console.platform.packets)[-10:]:
        assert packet.explained is not None


def test_a_flood_is_taken_in_order_and_others_get_their_turn(
    console: RunningConsole, bystander: RawDevice, device: Device
) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(b"\x82\x08\x00\x01\x00\x03a/b\x01")
        it.receive("SUBACK")
        flood = b"".join(publish("a/b", f"{i}") + publish("$dp", dp(3, f'{{"t":{i}}}')) for i in range(3000))
        threading.Thread(target=it.send, args=[flood]).start()
        for i in range(3000):
            assert it.receive("PUBLISH").payload == b"%d" % i
            if i % 100 == 0:
                bystander.send(PINGREQ)
                assert bystander.receive().name == "PINGRESP"
        it.send(publish("$dp", dp(3, '{"t":3000}'), 1))
        it.receive("PUBACK")
    points = console.call(console.platform.points, device.id, "t", 5000)
    assert [point.value for point in points] == list(range(3001))


def test_a_byte_at_a_time_and_all_at_once(console: RunningConsole, device: Device) -> None:
    data = connect(device.id, "458945", device.auth_info) + publish("$dp", dp(3, '{"t":1}'), 1) + PINGREQ
    with raw_device(console) as it:
        for i in range(len(data)):
            it.send(data[i : i + 1])
        assert it.receive("CONNACK").data[3] == 0
        assert {it.receive().name, it.receive().name} == {"PUBACK", "PINGRESP"}
    with raw_device(console) as it:
        it.send(data)
        assert it.receive("CONNACK").data[3] == 0  # nothing is looked at before
        assert {it.receive().name, it.receive().name} == {"PUBACK", "PINGRESP"}


def test_the_largest_packet(console: RunningConsole, device: Device) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(publish("big", bytes(131_072 - 7), 1) + PINGREQ)
        assert {it.receive().name, it.receive().name} == {"PUBACK", "PINGRESP"}
        it.send(publish("big", bytes(131_072 - 8), 1)[:10])
        it.socket.shutdown(1)
        assert it.is_closed()
    until(lambda: errors(console, device.id))
    assert errors(console, device.id)[-1] == (
        "PUBLISH",
        "it has closed the connection: 131065 of the 131075 bytes of PUBLISH are missing",
    )


def test_the_packet_log_is_bounded() -> None:
    log = PacketLog()
    randomly = random.Random(1)
    for i in range(5000):
        log.add(f"{i % 2}", True, bytes(randomly.choice([2, 100, 100_000])))
    for packets, most in ((log.packets(), 1 << 20), (log.packets("0"), 1 << 18)):
        assert sum(len(packet.data) for packet in packets) <= most
        assert packets[-1].number in (5000, 4999)
    for _ in range(1000):
        log.add("0", True, PINGREQ)
    assert len(log.packets()) == len(log.packets("0")) == packetlog.KEPT
    assert [packet.number for packet in log.packets()] == list(range(5501, 6001))
    log.forget("0")
    assert log.packets("0") == []
