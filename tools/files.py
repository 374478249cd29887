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
room for, and in place of what it cannot do, the words for that."""

SETUP = frozenset(f"firmware/setup{part}.py" for part in ("", "_dns", "_form", "_http", "_joined", "_page"))
"""The access point's page, which is for an ESP8266 whose program asks for it, in place of INSTEAD, Improv and
WebSocket: its ROMFS has no room for all."""
INSTEAD = frozenset({"firmware/improv.py", "lib/mqtt/upgrade.py", "lib/mqtt/websocket.py"})

_LEFT_OUT = {
    "xtensa": frozenset(
        {
            "firmware/https.py",
            "firmware/tls.py",
            "firmware/tls_ca.py",
            "firmware/tls_name.py",
            "firmware/tls_room.py",
            "lib/mqtt/tls_words.py",
        }
    )
    | SETUP
}
"""By processor, what its boards never load: an ESP8266 has no TLS. What it says to "tls": true is in config_tls.py, to
an https address in http.py, and to a context for a Client in lib/plain/."""

ON_REQUEST = "lib/umqtt/"
"""Here lies what goes to a board whose program imports it, and to no other."""


def board_directory() -> Path:
    """The directory with boot.py, main.py, config.json.example, lib/ and firmware/: in an installed package its own
    copy, in a clone the clone's top."""
    installed = _HERE / "_board"
    return installed if installed.is_dir() else _HERE.parent


def board_modules(arch: str = "") -> list[str]:
    """The modules every board needs besides boot.py and main.py, as "lib/mqtt/client.py", in order of their names; with
    the name of a processor, those that a board with it needs."""
    directory = board_directory()
    found = [path for top in ("lib", "firmware") for path in (directory / top).rglob("*.py")]
    names = sorted(path.relative_to(directory).as_posix() for path in found)
    others = HOST_ONLY | _LEFT_OUT.get(arch, frozenset())
    return [name for name in names if name not in others and not name.startswith((_PLAIN, ON_REQUEST))]


def board_modules_at_most(arch: str) -> list[str]:
    """The same, with what a program may ask for of firmware/."""
    return sorted({*board_modules(arch), *SETUP})


def is_left_out(arch: str, name: str, source: Path) -> bool:
    """Whether `source`, the module `name`, is one of ours that boards with a processor of this architecture need not
    get."""
    return name in _LEFT_OUT.get(arch, ()) and source == board_directory() / name


def source_for(arch: str, name: str, source: Path) -> Path:
    """The source that a board with a processor of this architecture gets as the module `name`: `source`, or, where that
    is one of ours and the board an ESP8266, its twin in lib/plain/."""
    twin = board_directory() / name.replace("lib/", _PLAIN, 1)
    return twin if arch == "xtensa" and source == board_directory() / name and twin.is_file() else source


def use_board_libraries() -> None:
    """Makes `import mqtt` and `import onenet` find the very libraries that run on the board."""
    for directory in (_HERE / "shim", board_directory() / "lib"):
        if str(directory) not in sys.path:
            sys.path.append(str(directory))
