"""`onenet deploy`: to which boards, which files, in which form."""

from collections.abc import Sequence
from pathlib import Path

from ..language import _
from .deploy import Deployment, deploy
from .find import chosen_ports
from .many import Job, run_on_all
from .names import check_sent, hidden_of_micropython
from .program import Form, find_program, sources
from .rehearsal import rehearse


def run_deploy(
    ports: Sequence[str],
    every: bool,
    files: Sequence[Path],
    form: Form | None,
    timeout: float,
    keep: bool,
    wake: float = 0.0,
) -> int:
    """Deploys to these boards, or the only one there is, or all; returns the exit status. Raises PortError."""
    program = find_program(files)
    check_sent(program)
    chosen = chosen_ports(ports, every, "deploy")
    print(_("the program is {resolve}").format(resolve=program["main.py"].resolve()))
    for name, module in hidden_of_micropython(program):
        print(
            _("careful: {name} on the board is loaded in place of MicroPython's own {module}; better rename it").format(
                name=name, module=module
            )
        )
    rehearsal = rehearse(program)
    for words in rehearsal.careful:
        print(_("careful: {words}").format(words=words))
    wanted = Deployment(sources(program), form, timeout, keep, program, rehearsal, wake)

    def job(port: str) -> Job:
        return lambda report: deploy(port, wanted, report)

    return 0 if run_on_all({port: job(port) for port in chosen}) else 1
