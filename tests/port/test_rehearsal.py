"""Programs that are tried out on this computer before they are sent."""

from pathlib import Path

import pytest
from onenet_tools.cli import main
from onenet_tools.files import board_directory
from onenet_tools.port.errors import PortError
from onenet_tools.port.rehearsal import line_that_imports, rehearse
from serial_board import PATIENCE

RUN = "from firmware import Device\ndevice = Device('config.json')\ndevice.run()\n"


def written(folder: Path, files: dict[str, str | bytes]) -> dict[str, Path]:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return {name: folder / name for name in files}


@pytest.mark.parametrize(
    "files",
    [
        {"main.py": RUN},
        {"main.py": RUN.replace("device.run()", "device.led.on()\ndevice.wifi.rssi()\ndevice.run()\n1 / 0")},
        {"main.py": "import helper, pack.deep\n" + RUN, "helper.py": "A = 1\n", "pack/deep.py": "B = 2\n"},
        {"main.py": "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\n" + RUN},
        {"main.py": "import bluetooth, espnow\n" + RUN},
        {"main.py": "import machine\nmachine.reset()\n"},
        {"main.py": "import machine\nmachine.deepsleep(1000)\n"},
        {"main.py": "while True:\n    pass\n"},
        {"main.py": "raise SystemExit\n"},
        {"main.py": "print('no newline', end='')\n"},
    ],
    ids=["ours", "uses", "modules", "optional", "port's", "reset", "sleep", "loop", "exit", "print"],
)
def test_what_is_right(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    rehearsal = rehearse(written(tmp_path, files), 2)
    assert (rehearsal.missing, rehearsal.warning) == ((), "")


def test_the_example_is_right() -> None:
    assert not rehearse({"main.py": board_directory() / "main.py"}, PATIENCE).warning


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"main.py": "import time\ndef f(:\n    pass\n"}, r"main.py, line 2: SyntaxError: invalid syntax: def f\(:"),
        ({"main.py": RUN, "late.py": "x = 1\ny = (\n"}, "late.py, line [23]: SyntaxError"),
        ({"main.py": "import a\n", "a.py": "x = 1\n\n  y = 2\n"}, "a.py, line 3: IndentationError: unexpected indent"),
        ({"main.py": "import a\nfrom a import z\n", "a.py": ""}, "main.py, line 2: ImportError: can't import name z"),
        (
            {"main.py": "from firmware import Sensor\n"},
            "main.py, line 1: ImportError: no module named 'firmware.Sensor'",
        ),
        ({"main.py": "import p.b\n", "p/a.py": ""}, "main.py, line 1: ImportError: no module named 'p.b'"),
        ({"main.py": "# 温度\n".encode("gbk")}, "main.py, line 1: not UTF-8; save the file as UTF-8"),
        ({"main.py": b"\xef\xbb\xbfprint(1)\n"}, "main.py .* save it as UTF-8 without BOM"),
        ({"main.py": "print(1)\n".encode("utf-16")}, "main.py .* save it as UTF-8 without BOM"),
    ],
)
def test_what_cannot_work_is_not_sent(tmp_path: Path, files: dict[str, str | bytes], words: str) -> None:
    with pytest.raises(PortError, match=f"^{words}.*nothing was sent$"):
        rehearse(written(tmp_path, files), PATIENCE)


def test_what_a_board_may_have_is_told(tmp_path: Path) -> None:
    """With that module out of the way, the rest is tried out, too."""
    program = written(tmp_path, {"main.py": "import bme280\nsensor = bme280.BME280()\nimport other\n" + RUN})
    assert rehearse(program, PATIENCE).missing == ("bme280", "other")
    assert line_that_imports("other", program) == "main.py, line 3"
    program = written(tmp_path, {"main.py": "import bme280\nimport helper\n", "helper.py": "def f(: pass\n"})
    with pytest.raises(PortError, match=r"helper\.py, line 1"):
        rehearse(program, PATIENCE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import machine\nx = 1\n1 / 0\n", "main.py, line 3: ZeroDivisionError: divide by zero"),
        ("raise ValueError('a\\nb')\n", "main.py, line 1: ValueError: a"),
        ("from machine import Nonsense\n", "main.py, line 1: "),
    ],
)
def test_what_may_be_the_virtual_boards_is_a_warning(tmp_path: Path, text: str, words: str) -> None:
    warning = rehearse(written(tmp_path, {"main.py": text}), PATIENCE).warning
    assert f"the program ends with an error: {words}" in warning and "no sensors" in warning


def test_no_port_is_opened_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = written(tmp_path, {"main.py": "def f(:\n", "boot2.py": ""})
    assert main(["deploy", "--port", "/dev/nonexistent", str(program["main.py"])]) == 2
    assert capsys.readouterr().err == (
        "error: main.py, line 1: SyntaxError: invalid syntax: def f(:; mend it; nothing was sent\n"
    )
