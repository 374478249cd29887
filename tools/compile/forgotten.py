"""Short texts in modules that a board loads seldom and forgets: a text of up to ten bytes is a name to MicroPython's
compiler (py/parse.c, MICROPY_ALLOC_PARSE_INTERN_STRING_LEN), and names stay for ever. Made from bytes when the module
runs, it is an object like others, and goes with its module.

Lines stay as they are. Texts that look like names stay, too: most of them are some. But not what a module is borrowed
by, which a board may never want, and the keys of dicts, as config.json's are.
"""

import ast
import re
from collections.abc import Iterator, Mapping

PASSING = (
    *("about", "across_resets", "answers", "as_before", "begin", "by_name", "config", "config_mqtt", "config_studio"),
    *("config_tls", "config_trial", "connect", "crash", "declared", "doors", "dp", "drift", "entities", "faults"),
    *("flash_pins", "http", "https", "improv", "joining", "keyboard", "last_resort", "led", "legacy", "mqtt"),
    *("not_taken", "notes", "ntp", "refusal"),
    *("remote_act", "remote_command", "remote_config", "remote_log", "remote_status", "requests", "restart"),
    *("segments", "seldom", "setup_joined", "setup_write", "silent"),
    *("sleep", "start", "stream_rules", "studio", "tls", "tls_ca", "tls_room", "too_long", "trouble", "typed"),
    *("update", "update_command", "update_commit", "update_head", "update_ota", "update_rom", "update_trial", "visit"),
    *("wake", "wished"),
    *("mqtt.connect", "mqtt.handshake", "mqtt.losing", "mqtt.malformed", "mqtt.over_tls", "mqtt.tls_words"),
    *("mqtt.upgrade", "onenet.asking", "onenet.at_broker", "onenet.closed", "onenet.last", "onenet.older"),
    *("onenet.reasons", "onenet.refused", "onenet.token"),
)
"""What firmware/log.py's rare() and mqtt.errors' borrowed() are asked for, and what boot.py runs; but health, which
main.py keeps, and property, things and tls_name, whose classes stay."""

_INTERNED = 10  # bytes


def forget_texts(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources of a board's modules, by name, with such texts in those of PASSING made from bytes."""
    passing = {path_of(name) for name in PASSING}
    return {name: _forgetting(source) if name in passing else source for name, source in sources.items()}


def forget_const(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources of modules without what imports const: it is for the compiler alone (MicroPython, py/parse.c), and a
    global of each module on the board. It stays where it is asked for anything but `NAME = const(…)`."""
    return {name: _without_const(source) for name, source in sources.items()}


def _without_const(source: str) -> str:
    tree = ast.parse(source)
    for_the_compiler = {
        node.value.func
        for node in tree.body
        if isinstance(node, ast.Assign)
        and [type(target) for target in node.targets] == [ast.Name]
        and isinstance(node.value, ast.Call)
    }
    uses = {node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "const"}
    if not uses <= for_the_compiler:
        return source
    return re.sub(r"^from micropython import const$", "", source, flags=re.M)


def path_of(name: str) -> str:
    """The source of a module in PASSING."""
    package, _, module = name.rpartition(".")
    return f"lib/{package}/{module}.py" if package else f"firmware/{module}.py"


def _forgetting(source: str) -> str:
    tree = ast.parse(source)
    lines = [line.encode() for line in source.split("\n")]
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in docstrings]
    no_names = {text for node in ast.walk(tree) for text in _no_names(node)}
    for node in sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        text = node.value
        if not isinstance(text, str) or not text.isascii() or not 0 < len(text) <= _INTERNED:
            continue
        if text.isidentifier() and node not in no_names:
            continue
        assert node.end_col_offset is not None
        line = lines[node.lineno - 1]
        if node.end_lineno == node.lineno:
            new = b'str(b%s, "utf-8")' % line[node.col_offset : node.end_col_offset]
            lines[node.lineno - 1] = line[: node.col_offset] + new + line[node.end_col_offset :]
    return b"\n".join(lines).decode()


def _no_names(node: ast.AST) -> Iterator[ast.expr | None]:
    """What names nothing that the program has, if it is a text."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("rare",):
        yield from node.args[:1]
