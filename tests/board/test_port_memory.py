"""gc and esp32.idf_heap_info() as the ports have them: an ESP32 has two heaps, and tells of both at once."""

import re

import pytest
from onenet_tools.board import VirtualBoard

MAIN = """
import gc, micropython, sys
def told(where):
    gc.collect()
    print(where, gc.mem_free())
    micropython.mem_info()
    if sys.platform == "esp32":
        import esp32
        print("IDF", esp32.idf_heap_info(esp32.HEAP_DATA))
told("at first")
import network
network.WLAN(network.STA_IF)
told("with Wi-Fi")
print("end")
"""


def heaps(board: VirtualBoard) -> list[tuple[int, int, list[tuple[int, int, int, int]]]]:
    """What mem_free() says, what is free in MicroPython's own heap, and the ESP-IDF's heaps; at first, with Wi-Fi."""
    board.wait_for("^end")
    found = re.findall(r"^(?:at first|with Wi-Fi) (\d+)\n(?:.*\n)*?GC: .* free: (\d+)\n", board.log, re.M)
    idf = [eval(text) for text in re.findall(r"^IDF (.*)$", board.log, re.M)]
    return [(int(told), int(own), heaps) for (told, own), heaps in zip(found, idf or [[], []], strict=True)]


@pytest.mark.parametrize("chip", ["esp32", "esp32c3"])
def test_an_esp32_counts_what_its_heap_may_grow_by(chip: str) -> None:
    """py/modgc.c: gc_mem_free(), info.max_new_split; ports/esp32/gccollect.c: gc_get_max_new_split()."""
    with VirtualBoard(chip=chip, files={"main.py": MAIN}) as board:
        found = heaps(board)
    for told, own, idf in found:
        assert abs(told - own - max(heap[2] for heap in idf)) < 2048
    for size, free, largest, least in (heap for _, _, idf in found for heap in idf):
        assert size > free >= largest > 0 and free >= least
    at_first, with_wifi = (sum(heap[1] for heap in idf) for _, _, idf in found)
    assert (at_first, with_wifi) == (144 * 1024, 104 * 1024)


def test_an_esp8266_has_one_heap() -> None:
    with VirtualBoard(chip="esp8266", files={"main.py": MAIN}) as board:
        for told, own, _ in heaps(board):
            assert abs(told - own) < 256


def test_what_the_esp32_says_of_its_heaps_for_code() -> None:
    main = "import esp32\nprint('code', esp32.HEAP_EXEC, esp32.idf_heap_info(esp32.HEAP_EXEC))\nesp32.idf_heap_info('')"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(r"code 1 \[\]\n(.*\n)*TypeError: can't convert str to int")
