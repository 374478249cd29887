"""A school and more: 1,000 devices connect at once, then send a data point each second, and none is lost.

The console is a program of its own, as `onenet console` starts it; the devices are 1,000 connections of this one. The
same for longer: make load.
"""

import os
from pathlib import Path

import pytest
from onenet_tools.measure.load import put_on

DEVICES = 1000
SECONDS = 4


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs to know what a process took")
@pytest.mark.long
def test_1000_devices_connect_at_once_and_no_point_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = put_on(DEVICES, SECONDS, tmp_path / "console.sqlite3")
    assert (len(figures.online), figures.stored, figures.lost) == (DEVICES, DEVICES * SECONDS, 0)
    assert len(figures.acknowledged) == DEVICES * SECONDS
    with capsys.disabled():
        print(f"\n{figures}")
