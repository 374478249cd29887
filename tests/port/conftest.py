"""What the tests of what is done through a serial port share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from onenet_tools.broker import Mosquitto

# esptool reads this when it is imported: with its own patience each test of a chip that does not answer takes minutes.
os.environ["ESPTOOL_CFGFILE"] = str(Path(__file__).parent / "esptool.cfg")

from onenet_tools.port import esp  # noqa: F401  # before the emulated chip imports esptool: the log is ours


@pytest.fixture(scope="session")
def broker() -> Iterator[Mosquitto]:
    """One for all boards that are to come online."""
    from real_mosquitto import mosquitto
    from serial_board import USERS

    with mosquitto(USERS) as running:
        yield running
