"""What the tests of what is done through a serial port share."""

import os
from pathlib import Path

# esptool reads this when it is imported: with its own patience each test of a chip that does not answer takes minutes.
os.environ["ESPTOOL_CFGFILE"] = str(Path(__file__).parent / "esptool.cfg")

from onenet_tools.port import esp  # noqa: F401  # before the emulated chip imports esptool: the log is ours
