"""What each of the board's modules costs: source lines, .mpy bytes, and the heap that importing it keeps.

The heap is measured in MicroPython's webassembly build, whose words are 32 bits wide as a board's are. Each module is
imported when those it needs have been, so that each has its own cost and no other's. Its viper functions count as plain
ones. What names and the table of modules cost is made even: MicroPython takes room for them in steps, which would fall
on one module or another.
"""

import ast
import io
import json
import re
import tempfile
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..bench.peers import BOARD
from ..bench.webassembly import ROMFS_SETUP, WebAssembly, plain_mpy
from ..compile.mpy import compile_board
from ..compile.romfs import romfs_image
from ..files import board_directory, board_modules
from .dialects import run_dialects
from .heap import run_heap
from .heap_update import run_updates

ARCHITECTURES = ("xtensa", "xtensawin", "rv32imc")
RECORD = Path(__file__).with_suffix(".json")
"""The heap of each module as it was when last recorded."""
MOST_GROWTH = 1.1
_GRAIN = 100  # bytes by which a small module's figure may move with what others do

_NAME = 8  # bytes in a pool for each new name, besides its characters
_FILLER = 208  # bytes of the heap that one settle() takes


@dataclass(frozen=True)
class Size:
    """One module; sizes in bytes, `mpy` by architecture."""

    name: str
    lines: int
    mpy: dict[str, int]
    heap: int
    heap_romfs: int
    """The heap it keeps where it is run from a ROMFS and not from a file."""
    names: int
    """Names it brings that MicroPython had not interned yet."""


def measure(build: Path, names: list[str] | None = None) -> list[Size]:
    """The sizes of the board's modules, or of these and all they need, in the order of their import.

    Raises WebAssemblyError, CompileError, PeerError.
    """
    order = list(_in_order(names or board_modules()))
    mpy: dict[str, dict[str, int]] = {name: {} for name in order}
    with tempfile.TemporaryDirectory() as folder:
        for arch in ARCHITECTURES:
            for module in compile_board(arch, Path(folder, arch), order):
                mpy[module.name][arch] = module.size
    webassembly = WebAssembly(build / "bench")
    compiled = _compiled(order)
    heaps, in_romfs = _heap(webassembly, compiled), _heap(webassembly, compiled, romfs=True)
    return [
        Size(name, code_lines((board_directory() / name).read_text("utf-8")), mpy[name], heap, heap_romfs, names)
        for name, (heap, names), (heap_romfs, _) in zip(order, heaps, in_romfs, strict=True)
    ]


def code_lines(source: str) -> int:
    """Lines that are more than blanks, comments or docstrings."""
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in nothing:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def _in_order(names: list[str]) -> Iterator[str]:
    """The modules and those they import at their top, each after what it needs; a package's __init__ after its own."""
    known = set(board_modules())
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        done.add(name)
        for needed in _needs(name):
            if needed in known and needed != _init_of(name):
                yield from visit(needed)
        yield name

    for name in sorted(names, key=lambda name: name.endswith("__init__.py")):
        yield from visit(name)


def _init_of(name: str) -> str:
    return f"{name.rpartition('/')[0]}/__init__.py"


def _needs(name: str) -> Iterator[str]:
    """Files that the module's top-level imports would be in, whether there are such files or not."""
    package = name.rpartition("/")[0]
    tree = ast.parse((board_directory() / name).read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            if node.level:
                modules = [node.module] if node.module else [alias.name for alias in node.names]
                yield from (f"{package}/{module}.py" for module in modules)
            elif node.module:
                path = node.module.replace(".", "/")
                yield from (f"lib/{path}.py", f"lib/{path}/__init__.py", f"{path}.py", f"{path}/__init__.py")
                for alias in node.names:
                    yield from (f"lib/{path}/{alias.name}.py", f"{path}/{alias.name}.py")


_SETUP = """
import sys
sys.path[:] = ["", ".frozen", "/board", "/rom"]
import gc, micropython, binascii, collections, errno, json, os, random, struct, time
import standin
class X:
    pass
def settle(i):
    getattr(X, "%0200d" % i, None)
for i in range(1500):
    getattr(X, "filler%d" % i, None)
for i in range(100):
    sys.modules["filler%d" % i] = X
for i in range(100):
    del sys.modules["filler%d" % i]
i = before = 0
"""
_BEFORE = "settle({i}); gc.collect()"
_NOTE = "before = gc.mem_alloc(); micropython.qstr_info()"
_IMPORT = "__import__({module!r})"
_AFTER = "print('HEAP', {module!r}, gc.mem_alloc() - before); micropython.qstr_info()"


def _compiled(order: list[str]) -> dict[str, bytes]:
    """The modules as .mpy files, by their paths, in this order. Each can be imported alone."""
    return {f"{_path(name)}.mpy": plain_mpy(board_directory() / name, name.removeprefix("lib/")) for name in order}


def _path(name: str) -> str:
    path = name.removeprefix("lib/").removesuffix(".py")
    package, _, last = path.rpartition("/")
    # An __init__ would bring its whole package when the first of it is imported; so it comes last, as a module.
    return f"{package}/init__" if last == "__init__" else path


def _heap(webassembly: WebAssembly, compiled: dict[str, bytes], romfs: bool = False) -> Iterator[tuple[int, int]]:
    """For each module the heap that its import keeps, from a file or from a ROMFS, and the names it brings."""
    modules = [path.removesuffix(".mpy").replace("/", ".") for path in compiled]
    packages = sorted({module.rpartition(".")[0] for module in modules} - {""})
    steps = [ROMFS_SETUP + _SETUP if romfs else _SETUP]
    steps += [_IMPORT.format(module=package) for package in packages]
    for i, module in enumerate(modules):
        steps += [_BEFORE.format(i=2 * i), _NOTE.format(), _IMPORT.format(module=module)]
        steps += [_BEFORE.format(i=2 * i + 1), _AFTER.format(module=module)]
    files = {f"{package}/__init__.py": b"" for package in packages} | compiled
    placed = {"/romfs.img": romfs_image(files)} if romfs else {f"/board/{path}": files[path] for path in files}
    standin = {"/board/standin.mpy": plain_mpy(BOARD / "standin.py", "standin.py")}
    return _read(webassembly.run({**standin, **placed}, steps))


_QSTRS = re.compile(r"qstr pool: n_pool=(\d+), n_qstr=(\d+), n_str_data_bytes=(\d+), n_total_bytes=(\d+)")


def _read(output: str) -> Iterator[tuple[int, int]]:
    """Reads what the steps printed: the state of the names, the heap, the state of the names, for each module."""
    infos = [tuple(map(int, found)) for found in _QSTRS.findall(output)]
    heaps = [int(found) for found in re.findall(r"^HEAP \S+ (-?\d+)", output, re.MULTILINE)]
    for i, heap in enumerate(heaps):
        (_, names, characters, total), (_, names_after, characters_after, total_after) = infos[2 * i : 2 * i + 2]
        pools = (total_after - characters_after) - (total - characters)
        new = names_after - names - 1
        yield heap - _FILLER - pools + new * _NAME, new


def table(sizes: list[Size]) -> Table:
    """All sizes and their sums, beside the recorded heap where it differs."""
    recorded = load_record()
    found = Table(title="What the board's modules cost, in bytes", title_justify="left", show_footer=True)
    found.add_column("module", "total", no_wrap=True)
    columns = [("lines", sum(size.lines for size in sizes))]
    columns += [(f".mpy {arch}", sum(size.mpy[arch] for size in sizes)) for arch in ARCHITECTURES]
    columns += [("names", sum(size.names for size in sizes)), ("heap, 32-bit", sum(size.heap for size in sizes))]
    columns += [("in ROMFS", sum(size.heap_romfs for size in sizes))]
    for heading, total in columns:
        found.add_column(heading, f"{total:,}", justify="right")
    found.add_column("since recorded", justify="right")
    for size in sizes:
        cells = [size.lines, *(size.mpy[arch] for arch in ARCHITECTURES), size.names, size.heap, size.heap_romfs]
        found.add_row(size.name, *(f"{cell:,}" for cell in cells), _since(size, recorded.get(size.name)))
    return found


def _since(size: Size, before: int | None) -> str:
    if before is None:
        return "new"
    change = size.heap - before
    style = "[red]" if grown(size, before) else ""
    return f"{style}{change:+,}" if change else ""


def grown(size: Size, before: int) -> bool:
    return size.heap > max(before * MOST_GROWTH, before + _GRAIN)


def load_record() -> dict[str, int]:
    """The recorded heap by module; empty where none was recorded."""
    try:
        record: dict[str, int] = json.loads(RECORD.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return record


def record(sizes: list[Size]) -> None:
    """Writes the heap of every module into the repository."""
    heap = {size.name: size.heap for size in sorted(sizes, key=lambda size: size.name)}
    RECORD.write_text(json.dumps(heap, indent=2) + "\n", "utf-8")


def problems(sizes: list[Size], recorded: dict[str, int]) -> list[str]:
    """A line for each module whose heap has grown by more than a tenth, or that nobody has recorded."""
    found = []
    for size in sizes:
        before = recorded.get(size.name)
        if before is None:
            found.append(f"{size.name}: not recorded; run: onenet size --record")
        elif grown(size, before):
            found.append(
                f"{size.name}: keeps {size.heap} bytes of heap, {before} when recorded; "
                "make it smaller, or if it is worth it: onenet size --record"
            )
    return found


def run_size(build: Path, recording: bool = False, checking: bool = False) -> int:
    """Prints the table; returns the exit status, 1 where `checking` finds a problem."""
    sizes = measure(build)
    if recording:
        record(sizes)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=120)
    console.print(table(sizes))
    found = problems(sizes, load_record()) if checking else []
    found += run_heap(console, recording, checking)
    if not checking:  # tests/e2e/test_update_heap.py keeps to bounds
        run_updates(console, recording)
    too_much = run_dialects(console)
    found += too_much if checking else []
    for line in found:
        console.print(line, style="bold red", soft_wrap=True)
    return 1 if found else 0
