"""The command `onenet model`."""

from pathlib import Path
from typing import Annotated

import typer

from ..failures import complain, failures_in_one_line
from ..language import _

app = typer.Typer()

_EPILOG = (
    "OneNET's console exports the file on the product's page, where the thing model (物模型) is "
    "set. The console on this computer takes it, too: [bold]onenet product model ID "
    "FILE[/bold]."
)


@app.command(epilog=_EPILOG)
def model(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A thing model (物模型) exported from OneNET.")],
    program: Annotated[
        Path | None, typer.Argument(metavar="MAIN", help="The board's program. Default: main.py here, if there is one.")
    ] = None,
    stubs: Annotated[
        bool,
        typer.Option("--stubs", help="Print the beginning of a program; of what MAIN has not, where it is given."),
    ] = False,
) -> int:
    """Check a board's main.py against the thing model of its product.

    Identifiers of streams, properties, services and events; what functions
    return, where the source tells: its type and range; setters, for what can
    be written. The program is read and not run. Exit status 0 if they fit, 1
    if they don't.
    """
    from ..api.text import harmless
    from .check import check
    from .program import Program, ProgramError, read_program
    from .thing_model import ModelError, read_model

    with failures_in_one_line(OSError, UnicodeDecodeError, ModelError, ProgramError):
        try:
            known = read_model(file.read_text(encoding="utf-8-sig"))
        except ModelError as error:
            raise ModelError(_("{file} is no thing model: {error}").format(file=file, error=error)) from error
        if program is None and not stubs:
            program = Path("main.py")
            if not program.exists():
                raise ProgramError(_("there is no main.py here: name one, or begin one with --stubs"))
        written: Program | None = None
        if program:
            written = read_program(program.read_text(encoding="utf-8-sig"), str(program))
    if stubs:
        from .stubs import stubs as made

        print(made(known, {use.identifier for use in written.uses} if written else ()), end="")
        return 0
    assert written
    sizes = len(known.properties), len(known.events), len(known.services)
    print(_("{}: {} properties, {} events, {} services").format(file, *sizes))
    if known.older:
        print(_("note: {harmless}").format(harmless=harmless(known.older)))
    wrong = 0
    for finding in check(written, known):
        where = _("{program}, line {line}: ").format(program=program, line=finding.line) if finding.line else ""
        words = harmless(f"{where}{finding.words}")
        if finding.wrong:
            wrong += 1
            complain(words)
        else:
            print(_("note: {words}").format(words=words))
    if wrong:
        return 1
    print(_("{program} fits").format(program=program))
    return 0
