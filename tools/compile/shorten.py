"""Shorter names for what is sent to a board: each name that a program knows costs it memory for good.

Two kinds are replaced, in place, so that lines stay as they are and a traceback's line still tells where:

- private names (_x) that these modules define themselves, and the public ones that only they know: see INNER;
- names of parameters, but for those of the classes and functions that programs call, or that get a dict of them with
  texts for names: see FACES.

What they become are names that every MicroPython has anyway (FREE), so they cost nothing: an attribute may well be
called append. Two become the same one where they never meet, in a class or a module's globals.

Everything else stays, so what imports, calls or inherits from these modules by their public names never notices.
"""

import ast
import itertools
import string
from collections.abc import Iterator, Mapping
from typing import TypeGuard

FACES = frozenset(
    {
        "Broker",
        "Client",
        "ThreadedClient",
        "Legacy",
        "Studio",
        "Streams",
        "Device",
        "lib/onenet/payloads.py",
        "firmware/doors.py",
        "firmware/health.py",
    }
)
"""Classes, and modules, whose public functions programs may call with parameters by name."""

INNER = frozenset(
    (
        "ack", "acknowledged", "add_to", "API", "ask_anew", "ask_desired", "asked_at", "asks", "Average", "Backoff",
        "bad_utf8", "bare", "Batch", "before_reset", "borrowed", "check", "check_packet_id", "check_puback",
        "check_publish", "check_qos", "checked", "chunk", "Clock", "clock_went_on", "codes", "ConfigError",
        "connecting", "Connection", "context_of", "copied", "ctrl_c", "culprit", "Current", "declare_property",
        "declare_service", "delivered", "describe", "DEVICE", "done", "doubt", "drift", "dropped_by", "early", "entity",
        "epoch", "EXPIRES", "explain", "failed", "failures", "fault", "fault_until", "filters", "fits",
        "FlashOutbox", "forget", "forget_crashes", "four_bytes", "full", "gather", "give_back", "glance", "go_on",
        "header", "heard", "hmac", "HOST", "id_at", "id_len", "ignored", "Incoming", "interrupted", "is_id", "is_known",
        "is_value", "jumps", "keep", "KEEP_ALIVE", "key_bytes", "last_sent", "late", "leased", "live", "loaded",
        "locked", "log_in", "log_in_by", "look", "lost", "make", "meaning", "message", "MICROPYTHON", "missed",
        "modelled", "moved", "name_of", "newest_first", "no_id", "not_obeyed", "note", "noted", "Notes", "nothing",
        "number_in", "octets", "OFFLINE", "ONLINE", "Outbox", "outcome", "oversize", "owed", "packed", "packet_id",
        "packet_size", "parse", "Parser", "patient", "ping_due", "pinged", "pinging", "pingreq", "plain", "points_room",
        "portion", "problems", "progress", "properties", "Property", "proven", "publish_header", "publish_points",
        "put_digits", "put_event", "put_groups", "put_id", "put_right", "put_seconds", "put_value", "Puts", "quoted",
        "rare", "reading", "refuse", "refused", "restore", "rewind", "room_of", "ruled", "save", "Sender", "sent",
        "services", "Session", "session", "session_present", "set_clock", "set_one", "show", "shows", "sign", "skip",
        "slept", "somebody", "spill", "stamp", "Standing", "STREAM_ID", "stream_id_of", "string", "Subscriptions",
        "take", "take_now", "tells", "TEXT", "Things", "things_of", "told", "topic_filter", "topic_name", "true_time",
        "try_next", "unanswered", "unasked", "undo", "unknown", "unlock", "unsent", "untimed", "uptime", "value_at",
        "value_len", "wait_after", "wait_for_config", "wakes", "went", "which", "Wifi", "without_secrets",
        "without_wifi", "woken", "words", "wrap",
    )
)  # fmt: skip
"""Public names with which these modules talk among themselves: no program has a use for them, and nothing of
MicroPython's is called so."""

FREE = (
    *("append", "args", "callable", "chr", "classmethod", "clear", "close", "copy", "count", "dir", "divmod", "end"),
    *("endswith", "eval", "exec", "extend", "find", "format", "from_bytes", "get", "hash", "id", "index", "insert"),
    *("isalpha", "isdigit", "islower", "isspace", "issubclass", "isupper", "items", "iter", "join", "key", "keys"),
    *("list", "little", "locals", "lower", "lstrip", "map", "next", "open", "ord", "pop", "popitem", "pow", "read"),
    *("readinto", "readline", "remove", "replace", "repr", "reverse", "rfind", "rindex", "round", "rsplit", "rstrip"),
    *("send", "sep", "set", "setdefault", "sort", "sorted", "split", "start", "startswith", "step", "stop", "strip"),
    *("sum", "throw", "to_bytes", "update", "upper", "value", "values", "write", "zip"),
    *("accept", "bind", "calcsize", "choice", "collect", "compile", "digest", "disable", "dump", "dumps", "enable"),
    *("freq", "getrandbits", "heapify", "heappop", "heappush", "hexlify", "idle", "irq", "listdir", "load", "loads"),
    *("localtime", "makefile", "match", "mktime", "pack", "randint", "recv", "search", "seed", "sendto", "sleep"),
    *("uniform", "unpack", "isenabled", "opt_level", "pack_into", "randrange", "unpack_from"),
)
"""Names of py/makeqstrdata.py's static_qstr_list, whose numbers are part of the .mpy format, but not what the compiler
knows; then those of modules that each ESP port has."""

_TEXT = 200
"""Characters of a text up to which its words may be names: longer ones are docstrings."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Edits = dict[tuple[int, int], tuple[str, str]]
"""What stands from (line, column in bytes) on, and what it becomes."""


def shorten(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources of a program's modules, by name, with shorter names. All of them at once: they know each other's.

    Raises SyntaxError where one is none.
    """
    trees = {name: ast.parse(source, name) for name, source in sources.items()}
    private = _private_names(trees)
    by_keyword = {node.arg for tree in trees.values() for node in _walk(tree) if isinstance(node, ast.keyword)}
    shortened = {}
    for name, source in sources.items():
        edits: _Edits = {}
        for node in _walk(trees[name]):
            line, column, old = _place(node)
            if old in private:
                edits[line, column] = old, private[old]
        for function in _inner_functions(trees[name], name in FACES):
            _rename_parameters(function, by_keyword, private, edits)
        shortened[name] = _edited(source, edits)
    return shortened


def function_at(source: str, line: int) -> str | None:
    """The name of the innermost function around a line, for a traceback that shows a short one."""
    found = None
    for node in ast.walk(ast.parse(source)):  # outer ones first
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            found = node.name
    return found


def _walk(node: ast.AST) -> list[ast.AST]:
    """As ast.walk(), but without contexts, three nodes of ten, and in three fifths of its time."""
    nodes = [node]
    for each in nodes:
        for field in each._fields:
            if field != "ctx":
                value = getattr(each, field, None)
                if isinstance(value, ast.AST):
                    nodes.append(value)
                elif type(value) is list:
                    nodes += [item for item in value if isinstance(item, ast.AST)]
    return nodes


def _edited(source: str, edits: _Edits) -> str:
    lines = [line.encode() for line in source.split("\n")]
    for (line, column), (old, new) in sorted(edits.items(), reverse=True):
        text = lines[line - 1]
        at = text.index(old.encode(), column)
        lines[line - 1] = text[:at] + new.encode() + text[at + len(old.encode()) :]
    return b"\n".join(lines).decode()


def _place(node: ast.AST) -> tuple[int, int, str]:
    """Where in the source a node's name stands, or where to look for it from, and the name; "" for none."""
    if isinstance(node, ast.Name):
        return node.lineno, node.col_offset, node.id
    if isinstance(node, ast.Attribute):
        assert node.end_lineno is not None and node.end_col_offset is not None
        return node.end_lineno, node.end_col_offset - len(node.attr.encode()), node.attr
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.lineno, node.col_offset, node.name
    if isinstance(node, ast.arg):
        return node.lineno, node.col_offset, node.arg
    if isinstance(node, ast.alias):
        return node.lineno, node.col_offset, node.name
    return 0, 0, ""


# Private names


def _is_private(name: str) -> bool:
    return len(name) > 1 and name[0] == "_" != name[1]


def _private_names(trees: Mapping[str, ast.Module]) -> dict[str, str]:
    """What each private name becomes that is defined in these modules."""
    nodes = [node for tree in trees.values() for node in _walk(tree)]
    families = _families(nodes)
    stored = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    # What others set is an attribute of whose private names they know; and what nobody has, perhaps of anybody.
    given = _given(trees)
    families = [_with_given(family | stored.difference(*families), family, given) for family in families]
    bound = [*map(_globals, trees.values()), *families]
    meetings = [*(_with_given(_plain_names(tree), _globals(tree), given) for tree in trees.values()), *families]
    defined = {name for names in bound for name in names if _is_private(name) or name in INNER}
    for node in nodes:
        defined.difference_update(_kept(node))
    said = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    meet: dict[str, set[str]] = {name: said.copy() for name in defined}
    for names in meetings:
        for name in names & defined:
            meet[name] |= names
    short: dict[str, str] = {}
    for name in sorted(defined, key=lambda name: (-len(meet[name]), name)):
        used = {short.get(other, other) for other in meet[name]}
        short[name] = next(new for new in _short_names("_") if new not in used)
    return short


def _kept(node: ast.AST) -> Iterator[str]:
    """The names that stay because of a node: they stand in a text, or where no edit finds them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):  # for getattr() and the like
        yield node.value
        if len(node.value) < _TEXT:
            yield from filter(_is_private, node.value.split())
    elif isinstance(node, ast.keyword | ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        yield (node.arg if isinstance(node, ast.keyword) else node.name) or ""
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names
    elif _is_constant(node):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.Import):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.asname for alias in node.names if alias.asname)


_Given = list[tuple[set[str], set[str]]]


def _given(trees: Mapping[str, ast.Module]) -> _Given:
    """For each expression by which a module or function calls an object of another's class, say `box`: which private
    names it knows of it besides those it sets, and which attributes it sets."""
    found = []
    for tree in trees.values():
        for scope in [tree, *(node for node in _walk(tree) if isinstance(node, _Function))]:
            objects: dict[str, tuple[set[str], set[str]]] = {}
            for node in _walk(scope):
                if isinstance(node, ast.Attribute) and (what := ast.unparse(node.value)) != "self":
                    private, given = objects.setdefault(what, (set(), set()))
                    if isinstance(node.ctx, ast.Store):
                        given.add(node.attr)
                    elif _is_private(node.attr):
                        private.add(node.attr)
            found += [(private - given, given) for private, given in objects.values() if private - given and given]
    return found


def _with_given(names: set[str], known: set[str], given: _Given) -> set[str]:
    """Names, and those that others set of whatever knows these."""
    return names.union(*(more for private, more in given if private <= known))


def _plain_names(tree: ast.Module) -> set[str]:
    """What a module calls its globals, locals and parameters, and the builtins it uses."""
    nodes = _walk(tree)
    methods = {part for node in nodes if isinstance(node, ast.ClassDef) for part in node.body}
    plain = ast.Name | ast.arg | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    named = {_place(node)[2] for node in nodes if isinstance(node, plain) and node not in methods}
    imported = {name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for name in _bound(node)}
    return named | _globals(tree) | imported


def _globals(tree: ast.Module) -> set[str]:
    return {name for node in tree.body for name in _bound(node)}


def _families(nodes: list[ast.AST]) -> list[set[str]]:
    """The names of each class's methods and attributes, together with those of the classes it inherits from."""
    own: dict[str, set[str]] = {}
    bases: dict[str, set[str]] = {}
    imported = [alias for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names if alias.asname]
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            names = own.setdefault(node.name, set())
            names.update(bound for part in node.body for bound in _bound(part))
            names.update(part.attr for part in _walk(node) if isinstance(part, ast.Attribute))
            called = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
            called |= {alias.name for alias in imported if alias.asname in called}
            bases.setdefault(node.name, set()).update(called)

    def kin(name: str, known: set[str]) -> set[str]:
        """Of a class and of all it inherits from, by whatever way."""
        known.add(name)
        for base in bases[name]:
            if base in own and base not in known:
                kin(base, known)
        return known

    return [set[str]().union(*(own[one] for one in kin(name, set()))) for name in own]


def _is_constant(node: ast.AST) -> TypeGuard[ast.Assign]:
    """_X = const(…), whose name the compiler forgets if it begins with an underscore, and only then."""
    return isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("const(")


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement binds where it stands; not constants, which are gone once compiled."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if _is_constant(node):
        return
    for part in _walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
        elif isinstance(part, ast.alias):
            yield (part.asname or part.name).partition(".")[0]
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):  # in one branch of an if
            yield part.name


# Parameters


def _inner_functions(node: ast.AST, is_face: bool) -> Iterator[_Function]:
    """The functions whose parameters nobody outside names."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.ClassDef):
            yield from _inner_functions(part, part.name in FACES)
        elif isinstance(part, _Function):
            if not is_face or isinstance(part, ast.Lambda) or _is_private(part.name):
                yield part
            yield from _inner_functions(part, False)
        else:
            yield from _inner_functions(part, is_face)


def _rename_parameters(
    function: _Function, by_keyword: set[str | None], private: Mapping[str, str], edits: _Edits
) -> None:
    names = {_place(node)[2] for node in _walk(function)}
    used = {private.get(name, name) for name in names}
    inner = [node for node in _walk(function) if isinstance(node, _Function | ast.ClassDef) and node is not function]
    # What an inner function mentions stays: its own parameters get the same letters.
    theirs = {_place(node)[2] for part in inner for node in _walk(part)}
    words = _short_names()
    for parameter in [*function.args.posonlyargs, *function.args.args]:
        old = parameter.arg
        if old == "self" or old in by_keyword or old in theirs or len(old) == 1:
            continue
        new = next(word for word in words if word not in used)
        for node in _walk(function):
            if isinstance(node, ast.Name | ast.arg) and _place(node)[2] == old:
                line, column, _ = _place(node)
                edits[line, column] = old, new


def _short_names(prefix: str = "") -> Iterator[str]:
    """Those that cost nothing, then others."""
    yield from FREE
    for length in itertools.count(1):
        for word in itertools.product(string.ascii_lowercase, repeat=length):
            yield prefix + "".join(word)
