"""The proof: boards at a cluster, of which a node is killed; every number arrives, and the boards are back."""

import contextlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from .fleet import Board, Listener, wait_until_accepted
from .rabbitmq import ClusterError, RabbitMQ
from .whole_boards import whole_boards

_PATIENCE = 60.0  # seconds for what has to come in the end
_LATE = 20.0  # seconds that the attempts to connect may take, besides the waits


@dataclass(frozen=True)
class Outcome:
    """What came of it. Seconds are of the boards that were at the node killed: how long they were offline, and how long
    of that their back-off had them wait. `late` is the longest of the rest."""

    nodes: int
    boards: int
    seconds: float
    sent: int
    arrived: int
    twice: int
    missing: int
    hit: int
    back: int
    offline_median: float
    offline_longest: float
    waited_longest: float
    late: float
    attempts: int
    others_lost: int
    whole: int
    whole_arrived: int
    whole_missing: int
    whole_back: int
    whole_silent: float

    def lines(self) -> list[str]:
        return [
            f"{self.boards} boards at {self.nodes} nodes; one node killed after {self.seconds:.0f} s, for good",
            f"numbers sent with QoS 1: {self.sent:,}",
            f"arrived: {self.arrived:,}; missing: {self.missing:,}; twice: {self.twice:,}",
            f"boards at the node killed: {self.hit}; online again: {self.back}; "
            f"others that lost their connection: {self.others_lost}",
            f"offline: median {self.offline_median:.1f} s, longest {self.offline_longest:.1f} s, with {self.attempts} "
            f"attempts at most; of that, the back-off's waits {self.waited_longest:.1f} s at most, the rest "
            f"{self.late:.1f} s at most",
            f"{self.whole} virtual boards with the whole firmware: arrived {self.whole_arrived:,}, missing "
            f"{self.whole_missing}; sending again: {self.whole_back}; silent {self.whole_silent:.1f} s at most",
        ]

    @property
    def holds(self) -> bool:
        """Nothing is missing, every board is back, and none took longer than its back-off and its time-out allow."""
        back = 0 < self.hit == self.back and self.whole_back == self.whole
        return back and not self.missing and not self.whole_missing and self.late < _LATE


def prove(
    nodes: int,
    boards: int,
    interval: float,
    seconds: float,
    whole: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Runs it: `seconds` with all nodes, as long with one less, and then until all that was sent has come. The node
    that is killed is the first; the listener is at the last, where its queue is if there are but two. whole: how many
    virtual boards there are besides. Raises ClusterError.
    """
    say(f"starting {nodes} nodes of RabbitMQ")
    with RabbitMQ(nodes) as cluster, contextlib.ExitStack() as stack:
        hosts = [node.host for node in cluster.nodes]
        login = cluster.port, cluster.user, cluster.password
        wait_until_accepted(hosts, *login)
        listener = Listener([hosts[-1]], *login)
        names = stack.enter_context(whole_boards(whole, hosts, *login))
        fleet = [Board(f"board-{n}", _rotated(hosts, n), *login, interval) for n in range(boards)]
        _run(
            fleet,
            listener,
            _PATIENCE,
            False,
            lambda: all(board.online for board in fleet) and listener.last.keys() >= set(names),
            "boards to come online",
        )
        say(f"{boards} boards are online")
        _run(fleet, listener, seconds, True)
        victim = cluster.nodes[0]
        hit = [board for board in fleet if board.hosts[0] == victim.host]
        before = {board.name: len(board.outages) for board in fleet}
        victim.kill()
        last = {name: listener.last[name] for name in names}
        say(f"{victim.name} is killed, with {len(hit)} boards")
        _run(fleet, listener, seconds, True)
        say("waiting for what is left")
        _run(
            fleet,
            listener,
            _PATIENCE,
            False,
            lambda: (
                all(board.online and board.confirmed == board.sent for board in fleet)
                and not any(listener.missing(board.name, board.sent) for board in fleet)
                and all(listener.last[name] > last[name] + 5 for name in names)
            ),
            None,
        )
        outages = [board.outages[-1] for board in hit if len(board.outages) > before[board.name]]
        back = [outage for outage in outages if outage.seconds]
        outcome = Outcome(
            nodes,
            boards,
            seconds,
            sum(board.sent for board in fleet),
            sum(not name.startswith("whole") for name, _ in listener.came),
            sum(count - 1 for count in listener.came.values()),
            sum(listener.missing(board.name, board.sent) for board in fleet),
            len(hit),
            len(back),
            statistics.median([outage.seconds for outage in back] or [0]),
            max((outage.seconds for outage in back), default=0),
            max((outage.waited for outage in back), default=0),
            max((outage.seconds - outage.waited for outage in back), default=0),
            max((outage.attempts for outage in back), default=0),
            sum(len(board.outages) > before[board.name] for board in fleet if board not in hit),
            whole,
            sum(name in names for name, _ in listener.came),
            sum(map(listener.missing, names)),
            sum(listener.last[name] > last[name] + 5 for name in names),
            max((listener.gap[name] for name in names), default=0),
        )
        for board in fleet:
            board.close()
        listener.close()
        return outcome


def _rotated(hosts: list[str], n: int) -> list[str]:
    n %= len(hosts)
    return hosts[n:] + hosts[:n]


def _run(
    fleet: list[Board],
    listener: Listener,
    seconds: float,
    sending: bool,
    reached: Callable[[], bool] = lambda: False,
    what: str | None = None,
) -> None:
    """Runs all of them for so long, or until it is reached; ClusterError where it must be and is not."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            if what:
                raise ClusterError(f"waited {seconds:.0f} s in vain for {what}")
            return
        began = time.monotonic()
        for board in fleet:
            board.turn(sending)
        listener.turn()
        time.sleep(max(0.005, 0.05 - (time.monotonic() - began)))
