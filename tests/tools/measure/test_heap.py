"""The figures of boards at work, and their record."""

from pathlib import Path

import pytest
from onenet_tools.board.heap import MARK, Heap, heaps
from onenet_tools.measure import heap
from onenet_tools.measure.heap import BARS, _first_packet, problems, record

SAID = """\
HEAP main.py starts
mem: total=1936284, current=1894989, peak=1897889
stack: 2576 out of 40000
GC: total: 160128, used: 130304, free: 29824
 No. of 1-blocks: 4012, 2-blocks: 119, max blk sz: 1932, max free sz: 1467
qstr pool: n_pool=8, n_qstr=665, n_str_data_bytes=6037, n_total_bytes=15525
"""
NAME = BARS[0].name


def test_reads_what_micropython_says() -> None:
    assert heaps("HEAP not all of it\n" + SAID) == heaps(SAID) == [Heap("main.py starts", 29824, 1467 * 16, 665)]
    assert "HEAP here" in MARK.format("here") and MARK.endswith("\n")


def test_says_what_is_less_than_it_has_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "RECORD", tmp_path / "heap.json")
    (line,) = problems(NAME, Heap("", 9000, 5000, 300))
    assert line.endswith("not recorded; run: onenet size --record")
    record({NAME: Heap("", 9000, 8000, 300)})  # the bars are 12,288 and 7,168
    record({"another": Heap("", 1, 1, 1)})
    assert problems(NAME, Heap("", 9000 - 256, 7168, 900)) == []
    (line,) = problems(NAME, Heap("", 8743, 9000, 300))
    assert line.endswith("free are 8,743 bytes at the end, which is less than 8,744")
    (line,) = problems(NAME, Heap("", 9000, 7167, 300))
    assert line.endswith("the largest block has 7,167 bytes at the end, which is less than 7,168")


@pytest.mark.parametrize("packet", [b"\xd0\x00", b"\x40\x02\x00\x01", b"\x32\x85\x01" + bytes(133)])
def test_takes_packets_apart(packet: bytes) -> None:
    for end in range(len(packet)):
        assert _first_packet(bytearray(packet[:end])) == b""
    assert _first_packet(bytearray(packet + b"\xd0")) == packet
