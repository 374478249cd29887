"""The block of memory that the virtual board's two sides share."""

import subprocess
import sys

from onenet_tools.board.state import State

GOT_IP = 1010

READER = f"""
import os
for _ in range(300000):
    status = int.from_bytes(os.pread(0, 2, 0), "little")
    assert status == {GOT_IP}, status
"""


def test_the_program_never_sees_half_a_change() -> None:
    state = State(bytes(6))
    state.set_wifi(GOT_IP, True, -50, True, True)
    reader = subprocess.Popen([sys.executable, "-c", READER], stdin=state.fileno(), stderr=subprocess.PIPE, text=True)
    rssi = -50
    while reader.poll() is None:
        rssi = -50 - (rssi + 51) % 20
        for _ in range(1000):
            state.set_wifi(GOT_IP, True, rssi, True, True)
    assert reader.stderr is not None
    errors = reader.stderr.read()
    reader.stderr.close()
    state.close()
    assert reader.returncode == 0, errors
