"""Runs onenet's command line as on Windows, as far as another system can be made to look like that.

python windows.py ARGUMENT…     without one: imports all modules there, and says which of them Windows cannot have

The packages that onenet uses are imported before: how they come by what Windows has in place of these modules is their
own affair. What is missing there is said in CPython's documentation, under Availability: Unix, of each of these names.
"""

import asyncio
import importlib
import importlib.abc
import importlib.machinery
import os
import pkgutil
import select
import signal
import sys
import types
from collections.abc import Sequence

import onenet_tools

GONE = {"fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
NOT_THERE = {
    os: ("fork", "forkpty", "geteuid", "getuid", "killpg", "mkfifo", "openpty", "setsid", "uname"),
    select: ("POLLERR", "POLLHUP", "POLLIN", "POLLOUT", "epoll", "poll"),
    signal: ("SIGKILL", "SIGWINCH", "SIGHUP", "pthread_kill", "setitimer"),
}
ON_THE_BOARD = (".shims", ".bench.board", ".shim", "._board", ".__main__")


def modules() -> list[str]:
    """The names of all modules of the tools that are for a computer."""
    found = pkgutil.walk_packages(onenet_tools.__path__, "onenet_tools.", onerror=lambda name: None)
    return [module.name for module in found if not any(part in module.name for part in ON_THE_BOARD)]


class _Nowhere(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name in GONE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def _no_signal_handler(*_: object) -> None:
    raise NotImplementedError


def become_windows() -> None:
    """From here on."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("onenet_tools", "mqtt", "onenet")]:
        del sys.modules[name]
    for name in GONE:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Nowhere())
    sys.platform = "win32"
    for module, names in NOT_THERE.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    asyncio.SelectorEventLoop.add_signal_handler = _no_signal_handler  # type: ignore[method-assign, assignment]


def main(arguments: list[str]) -> int:
    names = modules()
    for name in names:
        if not name.startswith("onenet_tools.board.launch"):  # runs at once
            importlib.import_module(name)
    become_windows()
    if arguments:
        return int(importlib.import_module("onenet_tools.cli").main(arguments))
    not_on_windows = importlib.import_module("onenet_tools.failures").NotOnWindows
    for name in names:
        try:
            importlib.import_module(name)
        except not_on_windows:
            print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
