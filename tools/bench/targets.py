"""What this library has to reach in the bench, and whether it did."""

from dataclasses import dataclass, replace

from .peers import PEERS
from .results import Results

_SIMPLE = next(peer for peer in PEERS if peer.name == "umqtt.simple")
_KIB = 1024

_INSTRUCTIONS = "QoS 0 publish at most 0.75 of umqtt.simple's instructions"
_INSTRUCTIONS_1 = "QoS 1 publish and its PUBACK at most umqtt.simple's instructions"
_INSTRUCTIONS_RECEIVED = "message received at most umqtt.simple's instructions"
_QOS_1 = "QoS 1 one at a time at least 0.85 of a ready packet and its PUBACK"
_RECEIVED = "messages received at least 1.3 x the best other client"
_IMPORT = "import of lib/mqtt at most 15 KiB, 32-bit"
_ONLINE = "lib/ and firmware/ online at most 36 KiB, 32-bit"
_ONLINE_ROM = "the same from a ROMFS at most 18 KiB"


@dataclass(frozen=True)
class Verdict:
    """`met` is None where something was not measured. `why` says, where it is not met, what stands in the way."""

    target: str
    reached: str
    met: bool | None
    why: str = ""


def verdicts(results: Results) -> list[Verdict]:
    """Every target, in the order of the table, with the reason where it is not met."""
    reasons = _reasons(results)
    return [
        replace(verdict, why=reasons.get(verdict.target, "")) if verdict.met is False else verdict
        for verdict in _verdicts(results)
    ]


def _verdicts(results: Results) -> list[Verdict]:
    found = [_none(results, key, name) for key, name in _NOTHING]
    found += [_none(results, key, name, "calls", "allocator calls") for key, name in _NO_CALLS]
    found += [
        _most(results, "writes", "1 write a QoS 0 publish", 1, ""),
        _instructions(results, "instructions", _INSTRUCTIONS, 0.75),
        _instructions(results, "instructions_1", _INSTRUCTIONS_1, 1),
        _instructions(results, "instructions_received", _INSTRUCTIONS_RECEIVED, 1),
        _beside_best(results, "rate_publish_0", "QoS 0 at least 1.5 x the best other client", 1.5),
        _share(results, "rate_publish_0", "rate_raw", "QoS 0 at least 0.7 of ready-made packets", 0.7),
        _share(results, "rate_publish_1", "rate_raw_1", _QOS_1, 0.85),
        _beside_best(results, "rate_received", _RECEIVED, 1.3),
        _most(results, "import_32", _IMPORT, 15 * _KIB, "bytes"),
        _most(results, "firmware_online_32", _ONLINE, 36 * _KIB, "bytes"),
        _most(results, "firmware_online_rom_32", _ONLINE_ROM, 18 * _KIB, "bytes"),
    ]
    return found


_NOTHING = (
    ("heap_publish_0", "a QoS 0 publish"),
    ("heap_publish_1", "a QoS 1 publish"),
    ("heap_publish_2", "a QoS 2 publish"),
    ("heap_ping", "a ping"),
    ("heap_idle", "an idle poll"),
    ("heap_received", "a message received"),
    ("heap_large", "a 4 KiB message beyond the buffer"),
    ("heap_large_whole", "a 4 KiB message within it"),
)

_NO_CALLS = (
    ("allocator_publish_0", "a QoS 0 publish"),
    ("allocator_publish_1", "a QoS 1 publish"),
    ("allocator_publish_2", "a QoS 2 publish"),
    ("allocator_received", "a message received"),
    ("allocator_ping", "a ping"),
    ("allocator_idle", "an idle poll"),
)


def _none(results: Results, key: str, name: str, unit: str = "bytes", what: str = "heap bytes") -> Verdict:
    number = results.number(key)
    return Verdict(f"0 {what} for {name}", _shown(number, unit), None if number is None else number == 0)


def _most(results: Results, key: str, target: str, most: float, unit: str) -> Verdict:
    number = results.number(key)
    return Verdict(target, _shown(number, unit), None if number is None else number <= most)


def _beside_best(results: Results, key: str, target: str, least: float) -> Verdict:
    ours, best = results.number(key), results.best_peer(key)
    if ours is None or best is None:
        return Verdict(target, "not measured", None)
    ratio = ours / best[1]
    return Verdict(target, f"{ratio:.2f} x {best[0].name}", ratio >= least)


def _share(results: Results, key: str, limit: str, target: str, least: float) -> Verdict:
    ours, most = results.number(key), results.number(limit)
    if ours is None or not most:
        return Verdict(target, "not measured", None)
    return Verdict(target, f"{ours / most:.2f}", ours / most >= least)


def _instructions(results: Results, key: str, target: str, most: float) -> Verdict:
    ours, theirs = results.number(key), results.number(key, _SIMPLE)
    if ours is None or theirs is None:
        return Verdict(target, "not measured", None)
    return Verdict(target, f"{ours / theirs:.2f}", ours <= theirs * most)


def _shown(number: float | None, unit: str) -> str:
    return "not measured" if number is None else f"{number:,.0f} {unit}".strip()


def _reasons(results: Results) -> dict[str, str]:
    """Why a target is out of reach, by target, with figures of this run where it has them."""

    def figure(key: str) -> str:
        return _shown(results.number(key), "")

    def microseconds(key: str) -> str:
        rate = results.number(key)
        return f"{1e6 / rate:.0f} µs" if rate else "not measured"

    calls = (
        "calls and look-ups of names are nearly all of it, and umqtt.simple, which waits inside publish() and keeps"
        " nothing, has few. Header, payload and write of a publish alone take "
        f"{figure('instructions_framed')}"
    )
    return {
        _INSTRUCTIONS: calls,
        _INSTRUCTIONS_1: (
            f"{calls}. A call costs about as much as ten look-ups of an attribute, and the slot in which a message is"
            " kept until its PUBACK, in any order and over reconnects, and a loop() that has deadlines and never blocks"
            ", make ten calls"
        ),
        _INSTRUCTIONS_RECEIVED: "the same: a turn of the loop has deadlines, and each topic is checked byte by byte",
        _QOS_1: (
            f"a message takes {microseconds('rate_publish_1')}, a ready-made packet and its PUBACK, with no client at"
            f" all, {microseconds('rate_raw_1')}; and that varies by half from run to run"
        ),
        _RECEIVED: "the broker takes its share of the same two cores, and varies from run to run",
        _IMPORT: (
            "bytecode alone is over half of it; viper functions count as bytecode here, too. Run from a ROMFS, where"
            f" that stays in flash, it keeps {figure('import_rom_32')}: names, functions, classes"
        ),
        _ONLINE: "the same, of the main loop and the platform's dialect too",
        _ONLINE_ROM: "names, functions, classes, and 3 KB of buffers",
    }
