"""What this library has to reach in the bench, and whether it did."""

from dataclasses import dataclass

from .peers import PEERS
from .results import Results

_SIMPLE = next(peer for peer in PEERS if peer.name == "umqtt.simple")
_KIB = 1024


@dataclass(frozen=True)
class Verdict:
    """`met` is None where something was not measured."""

    target: str
    reached: str
    met: bool | None


def verdicts(results: Results) -> list[Verdict]:
    """Every target, in the order of the table."""
    found = [_none(results, key, name) for key, name in _NOTHING]
    found += [
        _most(results, "writes", "1 write a QoS 0 publish", 1, ""),
        _beside_best(results, "rate_publish_0", "QoS 0 at least 1.5 x the best other client", 1.5),
        _share(results, "rate_publish_0", "rate_raw", "QoS 0 at least 0.7 of ready-made packets", 0.7),
        _beside_best(results, "rate_publish_1", "QoS 1 one at a time at least 1.5 x the best other client", 1.5),
        _instructions(results),
        _most(results, "import_32", "import of lib/mqtt at most 8 KiB, 32-bit", 8 * _KIB, "bytes"),
        _most(results, "firmware_online_32", "lib/ and firmware/ online at most 20 KiB, 32-bit", 20 * _KIB, "bytes"),
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
    target = "a sixth of umqtt.simple's instructions a publish at most"
    ours, theirs = results.number("instructions"), results.number("instructions", _SIMPLE)
    if ours is None or theirs is None:
        return Verdict(target, "not measured", None)
    return Verdict(target, f"1/{theirs / ours:.1f}", ours <= theirs / 6)


def _shown(number: float | None, unit: str) -> str:
    return "not measured" if number is None else f"{number:,.0f} {unit}".strip()
