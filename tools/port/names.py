"""Names of modules: which file on a board would be loaded in place of one of ours, or of MicroPython's own.

MicroPython looks for a module at the root first, then in what is frozen into it, then in /lib and in a ROMFS; boot.py
puts the root behind our folders. What is built in comes first of all, but for those that py/objmodule.h calls
extensible: they come last.
"""

from collections.abc import Iterable

from ..language import _
from .errors import PortError

OUR_PACKAGES = ("firmware", "mqtt", "onenet")
NEEDED = frozenset(
    ("binascii", "errno", "hashlib", "io", "json", "machine", "os", "random", "select", "socket", "struct", "time")
)  # fmt: skip
"""Extensible modules of MicroPython's without which this firmware does not run."""

_NAMES = """
    aioble aioespnow apa106 array asyncio binascii bluetooth btree builtins cmath collections cryptolib deflate dht
    ds18x20 errno esp esp32 espnow flashbdev framebuf gc hashlib heapq inisetup io json lwip machine math micropython
    mip neopixel network ntptime onewire openamp os platform random re requests select socket ssl struct sys time tls
    uarray uasyncio ubinascii ucollections ucryptolib uctypes uerrno uhashlib uheapq uio ujson umachine umqtt uos upip
    uplatform upysh urandom ure urequests uselect usocket ussl ustruct usys utime uwebsocket uzlib vfs webrepl
    webrepl_setup websocket zlib _asyncio _boot _onewire _thread _webrepl
"""
PORTS_MODULES = frozenset(_NAMES.split())
"""Modules that MicroPython brings on an ESP32 or an ESP8266, built in or frozen."""


def module_of(name: str) -> str:
    """The module, or package, that a file at the root makes, as "mqtt" for mqtt.py, mqtt.mpy and mqtt/client.py; or
    empty."""
    top, slash, _ = name.partition("/")
    if slash:
        return top
    stem, _, suffix = name.rpartition(".")
    return stem if suffix in ("py", "mpy") else ""


def hides_ours(name: str) -> str:
    """Which of our packages would not be found any more with this file on a board; or empty."""
    module = module_of(name)
    if module not in OUR_PACKAGES or name.startswith("firmware/"):  # where our own lies
        module = module_of(name.removeprefix("lib/")) if name.startswith("lib/") else ""
        beside = name in {f"lib/{package}{suffix}" for package in OUR_PACKAGES for suffix in (".py", ".mpy")}
        return module if beside or name.startswith("lib/firmware/") else ""
    return module


def _hidden(name: str) -> str:
    """What this firmware needs and would not be found any more with this file at the root of a board, in words."""
    if module := hides_ours(name):
        return _("this firmware's own {module}").format(module=module)
    module = module_of(name)
    return _("MicroPython's own {module}, which this firmware needs").format(module=module) if module in NEEDED else ""


def check_sent(names: Iterable[str]) -> None:
    """Raises PortError if one of these files, by their names on the board, would hide what we need."""
    for name in names:
        if hidden := _hidden(name):
            top = name.partition("/")[0] if "/" in name and not name.startswith("lib/") else name
            raise PortError(
                _(
                    "{name} would be loaded in place of {hidden}, and the board would stay offline; give the folder "
                    "another name"
                ).format(name=top, hidden=hidden)
                if top != name
                else _(
                    "{name} would be loaded in place of {hidden}, and the board would stay offline; give the file "
                    "another name"
                ).format(name=name, hidden=hidden)
            )


def check_present(names: Iterable[str], port: str) -> None:
    """Raises PortError if one of these files, which are on the board, hides what we need."""
    for name in names:
        if hidden := _hidden(name):
            raise PortError(
                _(
                    "{name} on the board would be loaded in place of {hidden}, and the board would stay "
                    "offline; the program was not sent; {way_out}"
                ).format(name=name, hidden=hidden, way_out=_way_out(name, port))
            )


def _way_out(name: str, port: str) -> str:
    top, slash, _rest = name.partition("/")
    if slash and top != "lib":
        return _("keep a copy and delete it: mpremote connect {port} cp -r :{top} . + rm -r :{top}").format(
            port=port, top=top
        )
    return _("keep a copy and delete it: mpremote connect {port} cp :{name} old-{file} + rm :{name}").format(
        port=port, name=name, file=name.rpartition("/")[2]
    )


def hidden_of_micropython(names: Iterable[str]) -> list[tuple[str, str]]:
    """Which of these files would be loaded in place of a module of MicroPython's own, and which module that is."""
    found = {module: name for name in names if (module := module_of(name)) in PORTS_MODULES}
    return [(name, module) for module, name in sorted(found.items())]
