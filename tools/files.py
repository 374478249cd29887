"""Where the files for a board are, and which of them go to one."""

import sys
from pathlib import Path

_HERE = Path(__file__).parent

HOST_ONLY = frozenset(
    {
        "lib/mqtt/host.py",
        "lib/mqtt/server.py",
        "firmware/manifest.py",
        "firmware/finish.py",
        "firmware/swap.py",
        "firmware/prove.py",
    }
)
"""Modules that no board loads; the last three are for boot.py to run."""

_PLAIN = "lib/plain/"
"""Here lie, by their names in lib/, the modules that an ESP8266 gets instead: without machine code, which it has no
room for."""


ON_REQUEST = "lib/umqtt/"
"""Here lies what goes to a board whose program imports it, and to no other."""


def board_directory() -> Path:
    """The directory with boot.py, main.py, config.json.example, lib/ and firmware/: in an installed package its own
    copy, in a clone the clone's top."""
    installed = _HERE / "_board"
    return installed if installed.is_dir() else _HERE.parent


def board_modules() -> list[str]:
    """The modules every board needs besides boot.py and main.py, as "lib/mqtt/client.py", in order of their names."""
    directory = board_directory()
    found = [path for top in ("lib", "firmware") for path in (directory / top).rglob("*.py")]
    names = sorted(path.relative_to(directory).as_posix() for path in found)
    return [name for name in names if name not in HOST_ONLY and not name.startswith((_PLAIN, ON_REQUEST))]


def source_for(arch: str, name: str, source: Path) -> Path:
    """The source that a board with a processor of this architecture gets as the module `name`: `source`, or, where that
    is one of ours and the board an ESP8266, its twin without machine code."""
    twin = board_directory() / name.replace("lib/", _PLAIN, 1)
    return twin if arch == "xtensa" and source == board_directory() / name and twin.is_file() else source


def use_board_libraries() -> None:
    """Makes `import mqtt` and `import onenet` find the very libraries that run on the board."""
    for directory in (_HERE / "shim", board_directory() / "lib"):
        if str(directory) not in sys.path:
            sys.path.append(str(directory))
