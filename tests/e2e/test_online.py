"""A board on the desk of somebody who has it all right."""

from typing import Any

from conftest import (
    ADDRESS,
    COUNTER,
    PATIENCE,
    PRODUCT_ID,
    QUICK,
    ROOMY,
    SSID,
    WATCHER,
    WATCHER_PASSWORD,
    WIFI_PASSWORD,
    Watcher,
    board,
    wait_online,
    watching,
)
from onenet_tools.broker import Mosquitto
from onenet_tools.datapoints import decode

LED = 2


def test_comes_online_and_its_data_points_arrive(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, device_id="27654321", intervals={"rssi": 1}, **kind) as it:
        assert wait_online(it) == "27654321"
        assert watcher.wait_for_point("free_heap") > (4_000 if kind["small"] else 100_000)
        if not kind["small"]:
            assert watcher.wait_for_point("chip_temperature") == 42
        assert watcher.wait_for_point("rssi") == -55
        assert all(point.at is None for batch in watcher.batches for point in decode(batch))
    assert f"as 27654321 (p2, c1, k120, u'{PRODUCT_ID}')" in broker.log


def test_commands_switch_the_led_and_are_answered(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, led_pin=LED, **kind) as it:
        wait_online(it)
        assert it.pins[LED] == 0
        assert watcher.command(b"led=on") == b"led=on"
        assert it.pins[LED] == 1
        assert watcher.command(b"led?") == b"led=on"
        assert watcher.command(b"led=off") == b"led=off"
        assert it.pins[LED] == 0
        assert watcher.command(b"jump").startswith(b"error: ")
        assert watcher.command(b"\xff\xfe\x00").startswith(b"error: ")
        assert watcher.command(b"led?") == b"led=off"


def test_a_led_that_is_on_when_the_pin_is_low(broker: Mosquitto, watcher: Watcher) -> None:
    with board(broker, led_pin=LED, led_active_low=True) as it:
        wait_online(it)
        assert it.pins[LED] == 1
        assert watcher.command(b"led=on") == b"led=on"
        assert it.pins[LED] == 0


def test_a_command_longer_than_the_buffer_does_not_disturb(
    broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]
) -> None:
    with board(broker, led_pin=LED, **kind) as it:
        wait_online(it)
        assert watcher.command(b"led?") == b"led=off"
        watcher.publish("$creq/long", b"x" * 20000)
        assert watcher.command(b"led=on") == b"led=on"
        it.wait_for("longer than rx_size", PATIENCE)
        assert len(it.link.connections) == 1


def test_chinese_streams_and_values(broker: Mosquitto, watcher: Watcher) -> None:
    main = (
        QUICK
        + """
device.stream("温度", every=1)(lambda: "二十度 \\"高\\"")
device.command(lambda payload: payload.decode() + " 好")
device.run()
"""
    )
    with board(broker, main) as it:
        wait_online(it)
        assert watcher.wait_for_point("温度") == '二十度 "高"'
        assert watcher.command("开灯".encode()).decode() == "开灯 好"


def test_points_measured_before_the_network_was_there_come_with_their_time(broker: Mosquitto, watcher: Watcher) -> None:
    main = (
        QUICK
        + """
import time
device.put("old", 1)
time.sleep(6)
device.put("fresh", 2)
device.run()
"""
    )
    with board(broker, main) as it:
        wait_online(it)
        watcher.wait_for_point("old")
        (old,) = [point for point in decode(watcher.batches[0]) if point.stream == "old"]
        assert old.at is not None and old.at > "2025-"  # the clock was set only after it


def test_the_smallest_buffers_there_may_be(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, led_pin=LED, tx_size=128, rx_size=128, outbox_size=256, intervals={"rssi": 1}, **kind) as it:
        wait_online(it)
        for stream in ("free_heap", "rssi"):
            watcher.wait_for_point(stream)
        assert watcher.command(b"led=on") == b"led=on"
        assert it.pins[LED] == 1


def test_without_an_answer_from_the_time_server(broker: Mosquitto, watcher: Watcher) -> None:
    with board(
        broker,
        COUNTER,
        routes={ADDRESS: ("127.0.0.1", broker.port), ("ntp.aliyun.com", 123): ("127.0.0.1", 9)},
        ntp_host="ntp.aliyun.com",
        **ROOMY,
    ) as it:
        it.wait_for("clock: no answer from ntp.aliyun.com", PATIENCE)
        wait_online(it)
        watcher.wait_for_number(20)
        watcher.batches_in_order(disturbances=0)
        assert all(point.at is None for batch in watcher.batches for point in decode(batch))


DIRECT = f"""
import network, time
from mqtt import Client

station = network.WLAN(network.STA_IF)
station.active(True)
station.connect({SSID!r}, {WIFI_PASSWORD!r})
while not station.isconnected():
    time.sleep_ms(5)

came = []
client = Client("direct", {ADDRESS[0]!r}, {ADDRESS[1]}, {WATCHER!r}, {WATCHER_PASSWORD!r}, keepalive=60, tx_size=256)
client.on_message = lambda topic, payload, qos, retain: came.append((bytes(topic), bytes(payload), qos, retain))
client.connect()
client.subscribe([("down/#", 2)])
client.publish("up/kept", b"kept by the broker", 1, True)
print("ready")
while True:
    client.loop(1000)
    while came:
        topic, payload, qos, retain = came.pop(0)
        client.publish(b"up/" + topic, b"%d%d " % (qos, retain) + payload, qos)
"""


def test_every_qos_both_ways_and_retained_messages(broker: Mosquitto, watcher: Watcher) -> None:
    watcher.publish("down/kept", b"from before", 1, retain=True)
    with board(broker, DIRECT) as it:
        it.wait_for("^ready", PATIENCE)
        kept = watcher.message("up/down/kept")
        assert (kept.payload, kept.qos) == (b"11 from before", 1)
        for qos in (0, 1, 2):
            for size in (0, 100, 240, 400):  # in and beyond the transmit buffer
                payload = bytes(range(256)) * 2
                topic = f"down/{qos}/{size}"
                watcher.publish(topic, payload[:size], qos)
                answer = watcher.message(f"up/{topic}")
                assert (answer.payload, answer.qos) == (b"%d0 " % qos + payload[:size], qos)
        with watching(broker) as latecomer:
            found = latecomer.message("up/kept")
            assert found.payload == b"kept by the broker" and found.retain
    watcher.publish("down/kept", b"", 1, retain=True)


FRUGAL = (
    QUICK
    + """
import gc

device.stream("once", every=86400)(lambda: 1)
client = device._client
client.session.keepalive = 1000  # ms: pings are due all the time
loop = client.loop
client.loop = lambda timeout_ms: loop(2)

def turns(count):
    while count:
        device._turn()
        count -= 1

def growth():
    before = gc.mem_alloc()
    turns(1000)
    return gc.mem_alloc() - before

while client.state != 3 or device._batch or len(device.outbox) or client.session.unsent or client.session.full():
    turns(1)
turns(100)
gc.collect()
gc.disable()
allocated = growth()
gc.enable()
print("allocated", allocated, "state", client.state)
device.run()
"""
)


def test_idling_online_allocates_nothing(broker: Mosquitto, watcher: Watcher) -> None:
    pings = broker.log.count("Received PINGREQ")
    with board(broker, FRUGAL) as it:
        watcher.wait_for_point("once")
        it.wait_for(r"^allocated 0 state 3$", PATIENCE)
        assert broker.log.count("Received PINGREQ") > pings
