"""python -m onenet_tools.cluster [--nodes 2] [--boards 200] [--interval 5] [--seconds 60] [--whole 2]"""

import argparse
import sys

from ..failures import complain
from .proof import prove
from .rabbitmq import ClusterError


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make cluster",
        description="Boards at a cluster of RabbitMQ, of which one node is killed: does everything arrive?",
    )
    parser.add_argument("--nodes", type=int, default=2, help="of the cluster (default: %(default)s)")
    parser.add_argument("--boards", type=int, default=200, help="(default: %(default)s)")
    parser.add_argument("--interval", type=float, default=5, help="s between a board's numbers (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="before and after the kill (default: %(default)s)")
    parser.add_argument("--whole", type=int, default=2, help="virtual boards with the firmware (default: %(default)s)")
    options = parser.parse_args()
    try:
        outcome = prove(options.nodes, options.boards, options.interval, options.seconds, options.whole, print)
    except ClusterError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    print("\n".join(outcome.lines()))
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main())
