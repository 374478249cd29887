"""`onenet deploy`: to which boards, which files, in which form."""

from collections.abc import Sequence
from pathlib import Path

from .deploy import Deployment, deploy
from .find import chosen_ports
from .many import Job, run_on_all
from .program import Form, find_program, sources


def run_deploy(ports: Sequence[str], every: bool, files: Sequence[Path], form: Form, timeout: float) -> int:
    """Deploys to these boards, or the only one there is, or all; returns the exit status. Raises PortError."""
    program = find_program(files)
    chosen = chosen_ports(ports, every, "deploy")
    wanted = Deployment(sources(program), form, timeout)
    print(f"the program is {program['main.py'].resolve()}")

    def job(port: str) -> Job:
        return lambda report: deploy(port, wanted, report)

    return 0 if run_on_all({port: job(port) for port in chosen}) else 1
