"""At which ports a console in a process of its own listens: with port 0 it takes free ones, and prints them."""

import re
from collections.abc import Iterable


def told_ports(lines: Iterable[str]) -> tuple[int, int]:
    """For MQTT and for HTTP; reads the lines until the console is ready."""
    told = ""
    for line in lines:
        told += line
        if "Ctrl-C ends it" in line:
            break
    found = re.search(r'http://localhost:(\d+)(?:.|\n)*"port": (\d+)', told)
    assert found, told
    return int(found[2]), int(found[1])
