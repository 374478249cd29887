"""Figures gathered over the rounds of a run, and what is made of them."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from .cases import Case
from .peers import OURS, Peer
from .run import Absent, Figure


@dataclass
class Results:
    """What was measured, in the order of the cases; `facts` are words about the run, `single` figures of no client."""

    peers: list[Peer]
    cases: list[Case] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    _figures: dict[tuple[str, str], list[Figure]] = field(default_factory=dict)

    def add(self, case: Case, peer: Peer, figure: Figure) -> None:
        if case not in self.cases:
            self.cases.append(case)
        self._figures.setdefault((case.key, peer.name), []).append(figure)

    def all(self, key: str, peer: Peer) -> list[Figure]:
        return self._figures.get((key, peer.name), [])

    def figure(self, key: str, peer: Peer = OURS) -> Figure:
        """The median of the rounds; where most of them failed, why."""
        rounds = self.all(key, peer)
        numbers = [figure for figure in rounds if not isinstance(figure, Absent)]
        failures = [figure for figure in rounds if isinstance(figure, Absent)]
        if len(numbers) > len(failures):
            return statistics.median(numbers)
        return failures[0] if failures else Absent("")

    def number(self, key: str, peer: Peer = OURS) -> float | None:
        figure = self.figure(key, peer)
        return None if isinstance(figure, Absent) else figure

    def best_peer(self, key: str) -> tuple[Peer, float] | None:
        """The best of the others and its figure."""
        case = next((case for case in self.cases if case.key == key), None)
        found = [(peer, figure) for peer, figure in self._others(key) if case]
        if not case or not found:
            return None
        return (max if case.more_is_better else min)(found, key=lambda pair: pair[1])

    def _others(self, key: str) -> Iterable[tuple[Peer, float]]:
        for peer in self.peers:
            number = self.number(key, peer)
            if peer is not OURS and number is not None:
                yield peer, number
