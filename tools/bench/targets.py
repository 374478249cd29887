"""What this library has to reach in the bench, and whether it did."""

from dataclasses import dataclass, replace

from .peers import PEERS
from .results import Results

_SIMPLE = next(peer for peer in PEERS if peer.name == "umqtt.simple")
_KIB = 1024

_QOS_1 = "QoS 1 one at a time at least 1.5 x the best other client"
_INSTRUCTIONS = "a sixth of umqtt.simple's instructions a publish at most"
_IMPORT = "import of lib/mqtt at most 8 KiB, 32-bit"
_ONLINE = "lib/ and firmware/ online at most 20 KiB, 32-bit"


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
    found += [
        _most(results, "writes", "1 write a QoS 0 publish", 1, ""),
        _beside_best(results, "rate_publish_0", "QoS 0 at least 1.5 x the best other client", 1.5),
        _share(results, "rate_publish_0", "rate_raw", "QoS 0 at least 0.7 of ready-made packets", 0.7),
        _beside_best(results, "rate_publish_1", _QOS_1, 1.5),
        _instructions(results),
        _most(results, "import_32", _IMPORT, 8 * _KIB, "bytes"),
        _most(results, "firmware_online_32", _ONLINE, 20 * _KIB, "bytes"),
        _most(results, "flash", "all .mpy files at most 40 KiB", 40 * _KIB, "bytes"),
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


def _none(results: Results, key: str, name: str) -> Verdict:
    number = results.number(key)
    return Verdict(f"0 heap bytes for {name}", _shown(number, "bytes"), None if number is None else number == 0)


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


def _instructions(results: Results) -> Verdict:
    ours, theirs = results.number("instructions"), results.number("instructions", _SIMPLE)
    if ours is None or theirs is None:
        return Verdict(_INSTRUCTIONS, "not measured", None)
    return Verdict(_INSTRUCTIONS, f"1/{theirs / ours:.1f}", ours <= theirs / 6)


def _shown(number: float | None, unit: str) -> str:
    return "not measured" if number is None else f"{number:,.0f} {unit}".strip()


def _reasons(results: Results) -> dict[str, str]:
    """Why a target is out of reach, by target, with figures of this run where it has them."""

    def figure(key: str) -> str:
        return _shown(results.number(key), "")

    def microseconds(key: str) -> str:
        rate = results.number(key)
        return f"{1e6 / rate:.0f} µs" if rate else "not measured"

    return {
        _QOS_1: (
            f"the round trip through kernel and broker is most of it: a message takes {microseconds('rate_publish_1')},"
            f" a ready-made packet and its PUBACK, with no client at all, {microseconds('rate_raw_1')};"
            " and that varies by half from run to run"
        ),
        _INSTRUCTIONS: (
            "the interpreter takes them: header, payload and write alone, three calls without a check, take "
            f"{figure('instructions_framed')}; a sixth of umqtt.simple's is about one of them"
        ),
        _IMPORT: (
            "bytecode alone is over half of it. Late loading of what only some programs use and dropping what builds"
            " CONNECT took off 7 KB. Run from a ROMFS, where bytecode stays in flash, it keeps"
            f" {figure('import_rom_32')}: names, functions, classes"
        ),
        _ONLINE: (
            "the same; buffers and outbox are 3 KB of it, and configuration and packet builder are dropped once used."
            f" From a ROMFS, as on the ESP8266, {figure('firmware_online_rom_32')}"
        ),
    }
