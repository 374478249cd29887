"""The virtual ESP8266: MicroPython for 32 bits with the heap of the chip, and the prompt that tools need."""

import re
from pathlib import Path

import pytest
from onenet_tools.board import VirtualBoard
from onenet_tools.board.cli import next_steps
from onenet_tools.board.heap import MARK, heaps
from onenet_tools.board.small_heap import FREE
from onenet_tools.compile.mpy import compile_files
from onenet_tools.compile.romfs import romfs_image
from real_mpremote import mpremote


def test_the_heap_before_boot_is_the_chips_in_one_piece() -> None:
    boot = "import gc\nprint('free', gc.mem_free())\nx = bytearray(34000)\nprint('one piece')\n"
    with VirtualBoard(chip="esp8266", files={"boot.py": boot}) as board:
        free = int(board.wait_for(r"^free (\d+)\none piece$")[1])
    assert FREE - 1024 < free <= FREE  # compiling these lines took some


def test_what_does_not_fit_is_a_memory_error() -> None:
    with VirtualBoard(chip="esp8266", files={"main.py": "x = bytearray(37000)\n"}) as board:
        board.wait_for("^MemoryError: memory allocation failed, allocating 37000 bytes")


def test_objects_have_the_size_of_a_chips() -> None:
    main = "import gc\ngc.collect()\na = gc.mem_alloc()\nx = [None] * 1000\nprint(gc.mem_alloc() - a)\n"
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        assert int(board.wait_for(r"^(\d+)$")[1]) < 4200  # words of 4 bytes, blocks of 16


@pytest.mark.parametrize("action", ["power_cut", "soft_reset", "reset_button"])
def test_the_heap_is_the_same_after_each_start(action: str) -> None:
    boot = "import gc\nprint('free', gc.mem_free())\n"
    with VirtualBoard(chip="esp8266", files={"boot.py": boot}) as board:
        board.wait_for("^>>> ")
        first = re.findall(r"^free (\d+)$", board.log, re.M)
        if action == "power_cut":
            board.power_cut()
            board.power_on()
            board.wait_for("^>>> ")
            assert re.findall(r"^free (\d+)$", board.log, re.M) == first
            return
        at = len(board.log)
        if action == "soft_reset":
            board.send(b"\x04")
        else:
            board.reset_button()
        assert board.wait_for(r"^free (\d+)$", since=at)[1] == first[0]


def test_mpremote_finds_a_raw_repl() -> None:
    with VirtualBoard(chip="esp8266", files={"main.py": "print('main ran')\n"}) as board:
        board.wait_for("^>>> ")
        assert mpremote(board, "exec", "print(6 * 7)") == "42\n"
        long = "x = 0\n" + "x += 1  # " + "y" * 90 + "\n" + "x += 1\n" * 200 + "print(x)"
        assert mpremote(board, "exec", long) == "201\n"  # several windows of raw paste
        assert "main.py" in mpremote(board, "ls")
        mpremote(board, "fs", "touch", ":a.txt", "+", "fs", "rm", ":main.py")
        assert mpremote(board, "exec", "import os; print(sorted(os.listdir()))") == "['a.txt', 'boot.py']\n"
        at = len(board.log)
        mpremote(board, "reset")
        board.wait_for("^>>> ", since=at)


def test_an_error_is_told_as_tools_expect_it() -> None:
    with VirtualBoard(chip="esp8266") as board:
        board.wait_for("^>>> ")
        with pytest.raises(AssertionError, match="ZeroDivisionError"):
            mpremote(board, "exec", "1/0")
        with pytest.raises(AssertionError, match="MemoryError"):
            mpremote(board, "exec", "bytearray(50000)")
        assert mpremote(board, "exec", "print('well again')") == "well again\n"


def test_ctrl_c_interrupts_and_the_prompt_takes_lines() -> None:
    with VirtualBoard(chip="esp8266", files={"main.py": "print('on')\nwhile True: pass\n"}) as board:
        board.wait_for("^on$")
        board.send(b"\x03")
        board.wait_for("^KeyboardInterrupt")
        board.wait_for("^>>> ")
        board.send(b"2 ** 5\rdef f():\r  return 'eleven'\r\rf()\r")
        board.wait_for("^32$")
        board.wait_for("^'eleven'$")
        board.send(b"def g():\r  print('spin')\r  while True: pass\r\rg()\r")
        board.wait_for("^spin$")
        at = len(board.log)
        board.send(b"\x03")
        board.wait_for("^KeyboardInterrupt", since=at)


def test_machine_code_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "native.py"
    source.write_text("import micropython\n@micropython.viper\ndef f(x: int) -> int:\n    return x + 1\n")
    files = {}
    for arch in ("xtensa", "xtensawin"):
        compiled = compile_files({"native.py": source}, arch, tmp_path / arch)[0]
        files[f"{arch}.mpy"] = compiled.path.read_bytes()
    main = "".join(
        f"try:\n    import {name[:-4]}\nexcept ValueError as e:\n    print('refused', e)\n" for name in files
    )
    with VirtualBoard(chip="esp8266", files=files | {"main.py": main}) as board:
        board.wait_for("^refused .*\nrefused ")


def test_modules_run_from_a_romfs_without_a_copy(tmp_path: Path) -> None:
    source = tmp_path / "big.py"
    source.write_text("def f(x):\n" + "    x = x * 3 + 1\n" * 3000 + "    return 'in place'\n")
    big = compile_files({"big.py": source}, "xtensa", tmp_path / "mpy")[0].path.read_bytes()
    assert len(big) > 20_000
    main = "import gc\nbefore = gc.mem_alloc()\nimport big\ngc.collect()\nprint('took', gc.mem_alloc() - before)\n"
    with VirtualBoard(chip="esp8266", files={"main.py": main}, rom=romfs_image({"big.mpy": big})) as board:
        assert int(board.wait_for(r"^took (-?\d+)$")[1]) < 2000


def test_tells_how_the_heap_is_while_the_program_runs() -> None:
    main = MARK.format("main.py starts") + (
        "from time import ticks_ms\nprint('on')\ninput()\nx = [0] * 2000\nprint('more')\nwhile True: ticks_ms()\n"
    )
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for("^on$")
        (start,) = heaps(board.log)
        assert start.where == "main.py starts"
        board.send(b"\r")
        board.wait_for("^more$")
        one, two = board.heap(), board.heap()
        assert (one.free, one.largest) == (two.free, two.largest)  # asking costs nothing
        assert 8000 <= start.free - one.free < 8500
        assert 20_000 < one.largest <= one.free
        board.send(b"\x03")
        board.wait_for("^>>> ")
        board.reset_button()
        board.wait_for(r"(^on$(.|\n)*){2}")
        assert len(heaps(board.log)) == 4  # nobody has asked this program


def test_another_chip_may_have_a_small_heap() -> None:
    boot = """
import esp32, gc, sys
print("free", gc.mem_free() - max(heap[2] for heap in esp32.idf_heap_info(esp32.HEAP_DATA)), sys.platform)
"""
    with VirtualBoard(files={"boot.py": boot}, small_heap=56_000) as board:
        free = int(board.wait_for(r"^free (\d+) esp32$")[1])
    assert 54_700 < free <= 56_000


def test_the_hint_says_what_is_different() -> None:
    words = next_steps({}, "esp8266")("/dev/pts/1")
    assert "36,960 bytes" in words and "a ROMFS of 320 KB" in words and "onenet deploy --port /dev/pts/1" in words
    assert "ROMFS" not in next_steps({}, "esp32")("/dev/pts/1")
