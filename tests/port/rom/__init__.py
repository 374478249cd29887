"""An ESP chip in download mode, for the real esptool: the loader in its ROM, the flasher stub, and a flash chip.

What it does is described in Espressif's "Serial Protocol" (docs.espressif.com/projects/esptool). It runs behind a
pseudo-terminal or a TCP port, in a thread of the test.
"""

from .chips import CHIPS, ChipModel
from .link import on_pty, on_tcp
from .loader import Faults, Flash, Loader

__all__ = ["CHIPS", "ChipModel", "Faults", "Flash", "Loader", "on_pty", "on_tcp"]
