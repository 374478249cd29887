"""Virtual boards with the whole firmware, among the fleet: the real main loop, outbox and list of hosts."""

import contextlib
import json
from collections.abc import Iterator, Sequence

from ..board import VirtualBoard, Wifi
from ..files import board_directory, board_modules

_SSID, _PASSWORD = "home", "12345678"
_PORT = 1883
_MAIN = """
from firmware import Device

device = Device("config.json")
n = 0

@device.stream("n", every=1)
def count():
    global n
    n += 1
    return n

device.run()
"""


@contextlib.contextmanager
def whole_boards(count: int, hosts: Sequence[str], port: int, user: str, password: str) -> Iterator[list[str]]:
    """Boards whose names it gives, each counting by the second to the first of these hosts that lets it in."""
    with contextlib.ExitStack() as stack:
        names = [f"whole-{n}" for n in range(count)]
        for name in names:
            stack.enter_context(_board(name, hosts, port, user, password))
        yield names


def _board(name: str, hosts: Sequence[str], port: int, user: str, password: str) -> VirtualBoard:
    nodes = {f"node{n}.example": host for n, host in enumerate(hosts, 1)}
    config = {
        "wifi": [{"ssid": _SSID, "password": _PASSWORD}],
        "platform": "mqtt",
        "host": list(nodes),
        "device_name": name,
        "username": user,
        "password": password,
        "ntp_host": "",
    }
    files = {module: board_directory() / module for module in ["boot.py", *board_modules()]}
    return VirtualBoard(
        files={**files, "main.py": _MAIN, "config.json": json.dumps(config)},
        wifi=Wifi({_SSID: _PASSWORD}),
        routes={(node, _PORT): (host, port) for node, host in nodes.items()},
    )
