"""Tracebacks of modules that were merged and have short names, as monitor and crashes show them."""

import functools
import re

import pytest
from onenet_tools.compile.mpy import merged_board
from onenet_tools.compile.shorten import function_at, shorten
from onenet_tools.files import board_directory
from onenet_tools.port.tracebacks import as_written


@functools.cache
def shortened(arch: str) -> dict[str, str]:
    return shorten(merged_board(arch).sources)


@pytest.mark.parametrize("arch", ["xtensawin", "xtensa"])
@pytest.mark.parametrize(
    ("module", "function", "shown"),
    [
        ("lib/mqtt/client.py", "publish", "mqtt"),
        ("lib/mqtt/session.py", "_next_id", "mqtt"),
        ("lib/mqtt/connect.py", "connect", "mqtt.connect"),
        ("firmware/device.py", "_turn", "firmware"),
        ("firmware/joining.py", "_joined", "firmware.joining"),
        ("firmware/start.py", "_crashed_often", "firmware/start"),
    ],
)
def test_a_line_is_that_of_the_source(arch: str, module: str, function: str, shown: str) -> None:
    text = (board_directory() / module).read_text("utf-8")
    defined = next(i for i, line in enumerate(text.split("\n"), 1) if re.match(rf"\s*def {function}\(", line))
    merged = merged_board(arch)
    path = shown.replace(".", "/")
    homes = (f"{path}.py", f"{path}/__init__.py")
    home = next(name for name in merged.sources if name.removeprefix("lib/") in homes)
    lines = range(1, merged.sources[home].count("\n") + 2)
    line = next(number for number in lines if merged.origin(home, number) == (module, defined))
    short = function_at(shortened(arch)[home], line)
    told = f'  File "{shown}", line {line}, in {short}'
    assert as_written(told) == f'  File "{module}", line {defined}, in {function}'
    assert as_written(told + "\r") == as_written(told) + "\r"


def test_an_esp8266_does_not_know_the_programs_name() -> None:
    assert as_written('  File "<string>", line 5, in x\r') == '  File "main.py", line 5, in x\r'


@pytest.mark.parametrize(
    "line",
    [
        '  File "main.py", line 3, in <module>',
        '  File "mqtt", line 99999, in append',
        '  File "mqtt", line 5, in somebody_elses_function',
        "OSError: 5",
    ],
)
def test_other_lines_stay(line: str) -> None:
    assert as_written(line) == line
