"""What is measured: exact figures, which repeat to the byte or nearly, and timed ones, which depend on the machine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .heap32 import Heap32, board_flash, flash
from .life import BackOnline, boot
from .peers import OURS, PEERS, Peer
from .run import Absent, Figure, Runner


@dataclass(frozen=True)
class Case:
    """A line of a table. `once`: the same every time, so measured in one round only.

    `quick`: with which clients a quick run measures it: "all", "two" (ours and umqtt.simple) or "none".
    """

    key: str
    title: str
    unit: str
    measure: Callable[[Runner, Peer, float], Figure]
    """Gets the seconds that a timed case is to take."""
    exact: bool = True
    more_is_better: bool = False
    once: bool = False
    quick: Literal["all", "two", "none"] = "all"


def _heap(case: str, *arguments: object) -> Callable[[Runner, Peer, float], Figure]:
    return lambda runner, peer, seconds: runner.run(case, peer, *arguments)


def _rate(case: str, *arguments: object) -> Callable[[Runner, Peer, float], Figure]:
    return lambda runner, peer, seconds: runner.run(case, peer, *arguments, seconds, seconds=seconds)


def _import(runner: Runner, peer: Peer, seconds: float) -> Figure:
    return runner.finish(runner.command("heap_import", peer, peer.imports))


def _heap32(measure: Callable[[Heap32, Peer], float | str]) -> Callable[[Runner, Peer, float], Figure]:
    def measured(runner: Runner, peer: Peer, seconds: float) -> Figure:
        if isinstance(runner.heap32, Absent):
            return Absent("-")
        figure = measure(runner.heap32, peer)
        return Absent(figure) if isinstance(figure, str) else figure

    return measured


def _case32(case: str, *arguments: object) -> Callable[[Runner, Peer, float], Figure]:
    return _heap32(lambda heap32, peer: heap32.case(case, peer, *arguments))


def _instructions(case: str, *arguments: object, most: int = 3000) -> Callable[[Runner, Peer, float], Figure]:
    def measure(runner: Runner, peer: Peer, seconds: float) -> Figure:
        counts = runner.counts(case, peer, *arguments, most=most)
        return counts if isinstance(counts, Absent) else counts.instructions

    return measure


def _allocations(what: object, qos: object) -> Callable[[Runner, Peer, float], Figure]:
    """Of ours and umqtt.simple, for it takes a while; a ping takes half a second."""

    def measure(runner: Runner, peer: Peer, seconds: float) -> Figure:
        if peer.name not in TWO:
            return Absent("")
        few, most = (2, 4) if what == "ping" else (10, 200)
        counts = runner.counts("work", peer, what, qos, few=few, most=most)
        return counts if isinstance(counts, Absent) else counts.allocations

    return measure


TWO = (OURS.name, "umqtt.simple")
"""Those that are measured where there is no time for all."""


def _limit(case: str) -> Callable[[Runner, Peer, float], Figure]:
    def measure(runner: Runner, peer: Peer, seconds: float) -> Figure:
        return runner.run(case, OURS, seconds, seconds=seconds) if peer is OURS else Absent("")

    return measure


BYTES = "bytes"
RATE = "per second"

HEAP_CASES = [
    Case("heap_publish_0", "heap: QoS 0 publish", BYTES, _heap("heap_publish", 0)),
    Case("heap_publish_1", "heap: QoS 1 publish", BYTES, _heap("heap_publish", 1)),
    Case("heap_publish_2", "heap: QoS 2 publish", BYTES, _heap("heap_publish", 2)),
    Case("heap_received", "heap: message received", BYTES, _heap("heap_received")),
    Case("heap_ping", "heap: ping and its answer", BYTES, _heap("heap_ping")),
    Case("heap_idle", "heap: idle poll", BYTES, _heap("heap_idle")),
    Case("heap_large", "heap: 4 KiB message, default buffers", BYTES, _heap("heap_large", False)),
    Case("heap_large_whole", "heap: 4 KiB message, delivered whole", BYTES, _heap("heap_large", True)),
    Case("heap_import", "heap kept by import", BYTES, _import),
    Case("heap_online", "heap kept by a client online", BYTES, _heap("heap_online")),
]

ALLOCATOR_CASES = [
    Case(f"allocator_{key}", f"allocator calls: {title}", "calls", _allocations(*work), once=True, quick="two")
    for key, title, *work in (
        ("publish_0", "QoS 0 publish", "publish", 0),
        ("publish_1", "QoS 1 publish", "publish", 1),
        ("publish_2", "QoS 2 publish", "publish", 2),
        ("received", "message received", "received", 0),
        ("ping", "ping and its answer", "ping", 0),
        ("idle", "idle poll", "idle", 0),
    )
]

EXACT_CASES = [
    *HEAP_CASES,
    Case("writes", "writes a QoS 0 publish", "writes", _heap("writes")),
    Case("wire_bytes", "bytes on the wire for it", BYTES, _heap("wire_bytes")),
    Case(
        "instructions",
        "x86 instructions a QoS 0 publish",
        "instructions",
        _instructions("work", "publish", 0),
        once=True,
        quick="two",
    ),
    Case(
        "instructions_1",
        "x86 instructions a QoS 1 publish and its PUBACK",
        "instructions",
        _instructions("work", "publish", 1, most=1000),
        once=True,
        quick="two",
    ),
    Case(
        "instructions_received",
        "x86 instructions a message received",
        "instructions",
        _instructions("work", "received", 0),
        once=True,
        quick="two",
    ),
    Case(
        "instructions_framed",
        "header, payload and write of a publish alone",
        "instructions",
        lambda runner, peer, seconds: (
            _instructions("instructions_framed")(runner, peer, seconds) if peer is OURS else Absent("")
        ),
        once=True,
    ),
    *ALLOCATOR_CASES,
    Case(
        "smallest_heap",
        "smallest heap that works",
        "KiB",
        lambda runner, peer, seconds: runner.smallest_heap(peer),
        once=True,
        quick="two",
    ),
]

HEAP32_CASES = [
    Case("import_32", "heap kept by import", BYTES, _heap32(lambda heap32, peer: heap32.imported(peer)), once=True),
    Case(
        "import_rom_32",
        "heap kept by import from a ROMFS",
        BYTES,
        _heap32(lambda heap32, peer: heap32.imported(peer, romfs=True)),
        once=True,
    ),
    Case(
        "online_32", "heap kept by a client online", BYTES, _heap32(lambda heap32, peer: heap32.online(peer)), once=True
    ),
    Case("publish_32_0", "heap: QoS 0 publish", BYTES, _case32("heap_publish", 0), once=True),
    Case("publish_32_1", "heap: QoS 1 publish", BYTES, _case32("heap_publish", 1), once=True, quick="two"),
    Case("publish_32_2", "heap: QoS 2 publish", BYTES, _case32("heap_publish", 2), once=True),
    Case("received_32", "heap: message received", BYTES, _case32("heap_received"), once=True),
    Case("ping_32", "heap: ping and its answer", BYTES, _case32("heap_ping"), once=True, quick="two"),
    Case("idle_32", "heap: idle poll", BYTES, _case32("heap_idle"), once=True),
    Case(
        "large_32", "heap: 4 KiB message, default buffers", BYTES, _case32("heap_large", False), once=True, quick="two"
    ),
    Case(
        "large_whole_32",
        "heap: 4 KiB message, delivered whole",
        BYTES,
        _case32("heap_large", True),
        once=True,
        quick="two",
    ),
    Case("mpy", "library's .mpy files", BYTES, lambda runner, peer, seconds: flash(peer, runner.build), once=True),
    Case(
        "firmware_online_32",
        "lib/ and firmware/, heap kept online",
        BYTES,
        _heap32(lambda heap32, peer: heap32.firmware() if peer is OURS else ""),
        once=True,
    ),
    Case(
        "firmware_online_rom_32",
        "lib/ and firmware/, heap kept online, from a ROMFS",
        BYTES,
        _heap32(lambda heap32, peer: heap32.firmware(romfs=True) if peer is OURS else ""),
        once=True,
    ),
    Case(
        "flash",
        "lib/ and firmware/, .mpy files",
        BYTES,
        lambda runner, peer, seconds: board_flash() if peer is OURS else Absent(""),
        once=True,
    ),
]

TIMED_CASES = [
    Case("rate_publish_0", "QoS 0 publishes", RATE, _rate("rate_publish", 0), False, True),
    Case("rate_raw", "writes of a ready packet (the limit)", RATE, _limit("rate_raw"), False, True),
    Case("rate_publish_1", "QoS 1 publishes, one at a time", RATE, _rate("rate_publish", 1), False, True),
    Case("rate_raw_1", "ready packet and its PUBACK (the limit)", RATE, _limit("rate_raw_acknowledged"), False, True),
    Case("rate_received", "messages received", RATE, _rate("rate_received"), False, True),
    Case("boot", "from main.py to CONNACK, Wi-Fi 0.5 s", "seconds", boot, False, quick="two"),
    Case("back_online", "back online after the broker", "seconds", BackOnline(PEERS), False, quick="none"),
]
