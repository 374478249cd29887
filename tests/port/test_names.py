"""Files whose names would be taken for modules of this firmware, or of MicroPython."""

import ast
import json
from pathlib import Path

import pytest
from onenet_tools.cli import main
from onenet_tools.files import board_directory, board_modules
from onenet_tools.port.deploy import deploy
from onenet_tools.port.errors import PortError
from onenet_tools.port.names import (
    NEEDED,
    OUR_PACKAGES,
    check_present,
    check_sent,
    hidden_of_micropython,
    hides_ours,
)
from serial_board import PATIENCE, Report, board, config, deployment

STOPS = "print('old program')\nimport time\nwhile True:\n    time.sleep(1)\n"


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("mqtt.py", "mqtt"),
        ("mqtt.mpy", "mqtt"),
        ("mqtt/client.py", "mqtt"),
        ("mqtt/page.html", "mqtt"),
        ("onenet.py", "onenet"),
        ("firmware.py", "firmware"),
        ("lib/mqtt.py", "mqtt"),
        ("lib/firmware/x.py", "firmware"),
        ("firmware/wifi.py", ""),
        ("lib/mqtt/client.py", ""),
        ("mqtt.txt", ""),
        ("umqtt/simple.py", ""),
        ("lib/umqtt/simple.py", ""),
        ("wifi.py", ""),
    ],
)
def test_which_hide_ours(name: str, module: str) -> None:
    assert hides_ours(name) == module
    if module:
        with pytest.raises(PortError, match=f"in place of this firmware's own {module}.* another name"):
            check_sent([name])
    else:
        check_sent([name])


@pytest.mark.parametrize("name", ["json.py", "time.mpy", "select/__init__.py"])
def test_of_micropythons_own_what_this_firmware_needs(name: str) -> None:
    with pytest.raises(PortError, match=r"in place of MicroPython's own \w+, which this firmware needs.* another name"):
        check_sent([name])
    with pytest.raises(PortError, match=r"on the board .* MicroPython's own \w+, .*; keep a copy and delete it: "):
        check_present([name], "P")
    check_sent([f"lib/{name}", f"my_{name}"])


def test_what_this_firmware_needs_of_micropython() -> None:
    files = [board_directory() / name for name in board_modules()]
    trees = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    imported = {name.name for node in trees if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in trees if isinstance(node, ast.ImportFrom) and not node.level}
    not_extensible = {"__main__", "_thread", "esp", "gc", "micropython", "network", "sys", "vfs"}
    of_one_chip = {
        "esp32",
        "ntptime",
        "tls",
    }  # where it is not there, the board is online all the same, or says why not
    only_for_start = {"asyncio"}  # frozen, in Python: whoever brings a newer one may
    theirs = {name for name in imported if name.partition(".")[0] not in OUR_PACKAGES}
    assert theirs - not_extensible - of_one_chip - only_for_start == NEEDED


def test_among_those_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "main.py").write_text("import mqtt\n")
    (tmp_path / "mqtt").mkdir()
    (tmp_path / "mqtt" / "a.py").touch()
    assert main(["deploy", "--port", "/dev/nonexistent", str(tmp_path / "main.py"), str(tmp_path / "mqtt")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: mqtt would be loaded in place of this firmware's own mqtt") and "the folder" in told


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("mqtt.py", "cp :mqtt.py old-mqtt.py + rm :mqtt.py"),
        ("onenet.mpy", "cp :onenet.mpy old-onenet.mpy + rm :onenet.mpy"),
        ("firmware.py", "cp :firmware.py old-firmware.py + rm :firmware.py"),
        ("mqtt/simple.py", "cp -r :mqtt . + rm -r :mqtt"),
        ("lib/mqtt.py", "cp :lib/mqtt.py old-mqtt.py + rm :lib/mqtt.py"),
    ],
)
def test_on_the_board(name: str, cure: str) -> None:
    with board(files={"main.py": STOPS, name: "X = 1\n"}) as it:
        it.wait_for("old program", PATIENCE)
        seen = len(it.log)
        with pytest.raises(PortError, match="on the board would be loaded in place of") as error:
            deploy(it.port, deployment(), Report())
        assert cure in str(error.value) and f"mpremote connect {it.port} " in str(error.value)
        it.wait_for("old program", PATIENCE, seen)  # goes on
        it.power_cut()
        files = it.read_files()
    assert not [n for n in files if n.startswith(("/firmware/", "/lib/mqtt/", "/deployed.json"))]
    assert files[f"/{name}"] == b"X = 1\n" and json.loads(files["/config.json"]) == config()


def test_micropythons_own() -> None:
    assert hidden_of_micropython(["main.py", "json.py", "socket/a.py", "bme280.py"]) == [
        ("json.py", "json"),
        ("socket/a.py", "socket"),
    ]


def with_a_sensor(tmp_path: Path) -> Path:
    program = tmp_path / "main.py"
    program.write_text("import time\nimport bme280\nprint(bme280.NAME)\n")
    return program


def test_a_module_that_the_board_does_not_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = with_a_sensor(tmp_path)
    with board(files={"main.py": STOPS}) as it:
        assert main(["deploy", "--port", it.port, "--timeout", "0", str(program)]) == 1
        told = capsys.readouterr().err
        assert told.startswith("error: main.py, line 2: there is no module bme280, neither on the board nor in what is")
        it.wait_for("old program", PATIENCE)


@pytest.mark.parametrize(
    "where",
    [
        "lib/bme280/__init__.py",
        pytest.param("bme280.py", marks=pytest.mark.long),
        pytest.param("lib/bme280.py", marks=pytest.mark.long),
    ],
)
def test_a_module_that_the_board_has(tmp_path: Path, where: str) -> None:
    with board(files={"main.py": STOPS, where: "NAME = 'pressure'\n"}) as it:
        assert main(["deploy", "--port", it.port, "--timeout", "0", str(with_a_sensor(tmp_path))]) == 0
        it.wait_for("^pressure$", PATIENCE)
