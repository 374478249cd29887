"""docs/api.md, from the signatures and docstrings of what a program may call."""

from typing import NamedTuple

import griffe

from ..files import board_directory

PAGE = "docs/api.md"
_LONGEST = 100  # characters of a call in one line


class Part(NamedTuple):
    """A class or a module in the page."""

    title: str
    called: str
    """What stands before the dot of a call."""
    names: str | None = None
    """Of what is shown of it; None for all that is public."""


ROOMS: dict[str, tuple[str, dict[str, Part]]] = {
    "firmware": (
        "For `main.py`, on a board. Its decorators are told with examples in [your sensor](your-sensor.md) and "
        "[commands and properties](commands-and-properties.md).",
        {
            "firmware.device.Device": Part("firmware.Device", "device"),
            "firmware.property.Property": Part("What device.property() makes", "light"),
            "firmware.wifi.Wifi": Part("device.wifi", "device.wifi", "connected rssi"),
            "firmware.clock.Clock": Part("device.clock", "device.clock", "now"),
            "firmware.health": Part(
                "firmware.health", "health", "free_heap free_idf_heap reset_cause chip_temperature"
            ),
        },
    ),
    "mqtt": (
        "An MQTT 3.1.1 client that knows nothing of OneNET, on MicroPython and CPython: "
        "[only the libraries](libraries.md).",
        {
            "mqtt.client.Client": Part("mqtt.Client", "client"),
            "mqtt.threaded.ThreadedClient": Part("mqtt.threaded.ThreadedClient", "client", "loop_start loop_stop"),
            "mqtt.websocket.WebSocket": Part("mqtt.websocket.WebSocket", "transport", ""),
            "mqtt.errors": Part(
                "What a client raises",
                "mqtt",
                "MQTTError ConnectionClosed ConnectionRefused ProtocolError SubscribeError Timeout",
            ),
        },
    ),
    "onenet": (
        "Tokens for OneNET's current platform, and payloads of all types of the older one's `$dp`.",
        {
            "onenet.token": Part("onenet.token", "onenet.token", "token"),
            "onenet.payloads": Part("onenet.payloads", "payloads", "data_points binary timed_text floats"),
        },
    ),
}
"""What is shown: by room, its words and its parts, by their paths."""

_HEAD = """\
# The API

What a program may call: of [the firmware](#firmware), and of the libraries alone, [mqtt](#mqtt) and [onenet](#onenet).
Written by `make docs` from the docstrings in the sources; do not edit it here. Whatever is not on this page may change
from one version to the next.
"""


def written() -> str:
    """The page."""
    board = board_directory()
    loader = griffe.GriffeLoader(search_paths=[board, board / "lib"], allow_inspection=False)
    parts = [_HEAD]
    for room, (words, shown) in ROOMS.items():
        loader.load(room)
        parts.append(f"## {room}\n\n{words}\n")
        for path, part in shown.items():
            parts += _sections(loader.modules_collection[path], part)
    return "\n".join(parts)


def _sections(thing: griffe.Object, part: Part) -> list[str]:
    """A class with its methods, or a module's functions and classes."""
    made = part.title.endswith(f".{thing.name}") and thing.is_class  # by the program, and not for it
    begin = thing.members["__init__"] if made else None
    assert begin is None or isinstance(begin, griffe.Function)
    sections = [_section(3, part.title, _call(part.title, begin) if begin else "", _text(thing))]
    if begin and begin.docstring:
        sections.append(f"{_text(begin)}\n")
    names = thing.members if part.names is None else part.names.split()
    for name in names:
        member = thing.members[name]
        if part.names is None and (name.startswith("_") or not member.is_function):
            continue
        call = f"{part.called}.{name}"
        if isinstance(member, griffe.Class):
            call += f"({', '.join(str(base) for base in member.bases)})"
        elif isinstance(member, griffe.Function):
            call = _call(call, member)
        sections.append(_section(4, name, call, _text(member)))
    return sections


def _section(level: int, title: str, call: str, text: str) -> str:
    code = f"```python\n{call}\n```\n\n" if call else ""
    return f"{'#' * level} {title}\n\n{code}{text}\n"


def _call(name: str, function: griffe.Function) -> str:
    """As it is called, with the defaults."""
    given = [_parameter(parameter) for parameter in function.parameters if parameter.name != "self"]
    line = f"{name}({', '.join(given)})"
    return line if len(line) <= _LONGEST else "\n".join([f"{name}(", *(f"    {one}," for one in given), ")"])


def _parameter(parameter: griffe.Parameter) -> str:
    if parameter.kind == griffe.ParameterKind.var_positional:
        return f"*{parameter.name}"
    if parameter.kind == griffe.ParameterKind.var_keyword:
        return f"**{parameter.name}"
    default = str(parameter.default).replace("'", '"')  # griffe's are Python's repr()
    return parameter.name if parameter.default is None else f"{parameter.name}={default}"


def _text(thing: griffe.Object | griffe.Alias) -> str:
    return thing.docstring.value if thing.docstring else ""
