"""An ESP chip in download mode, for the real esptool: the loader in its ROM, the flasher stub, and a flash chip.

What it does is described in Espressif's "Serial Protocol" (docs.espressif.com/projects/esptool). It runs behind a
pseudo-terminal or a TCP port, in a thread of the test. As hard as a real one it is about the speed of the line (the
stub stays at that of CHANGE_BAUDRATE), the end of the flash (SPI_SET_PARAMS; behind it a chip begins anew), the chip's
revision (esptool's targets/*.py say in which fuses it is), check sums, and a stub that has to arrive whole.
"""

from .chips import CHIPS, ChipModel
from .link import on_pty, on_tcp
from .loader import Faults, Flash, Loader

__all__ = ["CHIPS", "ChipModel", "Faults", "Flash", "Loader", "on_pty", "on_tcp"]
