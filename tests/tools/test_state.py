"""What runs for every packet takes nothing from the heap for its own state."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from onenet_tools.files import board_directory

MOST = 11
"""Words of a function's state that MicroPython keeps on the C stack (py/vm.c, py/objfun.c: VM_MAX_STATE_ON_STACK)."""

SELDOM = {
    "connection": {"__init__", "_try_to", "_shut"},
    "sender": set(),
    "client": {"__init__", "credentials", "Client"},
    "session": {"__init__", "connected", "<listcomp>"},
    "parser": {"__init__", "_drain"},
    "incoming": set(),
    "mask": None,
    "websocket": {"__init__", "_closed"},
    "wire": None,
}
"""Functions that do not run for a packet, by module; mask and wire are machine code, which has no such state."""


def states(module: Path) -> dict[str, int]:
    """The words of state that each function takes: locals and deepest expression, and three for each try."""
    compile_it = f"compile(open({str(module)!r}).read(), 'module', 'exec')"
    command = [Path(sys.executable).with_name("micropython"), "-v", "-v", "-c", compile_it]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"code block '(\S+?)'.*?\(N_STATE (\d+)\)\n\(N_EXC_STACK (\d+)\)", text, re.DOTALL)
    return {name: int(words) + 3 * int(tries) for name, words, tries in found}


@pytest.mark.parametrize("module", [name for name, seldom in SELDOM.items() if seldom is not None])
def test_the_state_of_what_runs_for_every_packet_fits_the_c_stack(module: str) -> None:
    found = states(board_directory() / "lib" / "mqtt" / f"{module}.py")
    assert len(found) > 3
    too_large = {name: words for name, words in found.items() if words > MOST and name not in (SELDOM[module] or set())}
    assert not too_large


def test_so_does_that_of_a_mask_without_machine_code() -> None:
    assert max(states(board_directory() / "lib" / "plain" / "mqtt" / "mask.py").values()) <= MOST
