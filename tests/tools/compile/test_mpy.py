"""Compiling for boards."""

import io
import json
import re
from pathlib import Path

import pytest
from onenet_tools.cli import main
from onenet_tools.compile.mpy import CompileError, architectures, compile_board, compile_files
from onenet_tools.files import board_directory, board_modules
from onenet_tools.port.errors import PortError
from onenet_tools.port.program import XTENSA, Dialect, Form, in_form

BOARDS = {"xtensa": 9, "xtensawin": 10, "rv32imc": 11}
"""Architectures of the boards, and their numbers in the header of an .mpy file."""


def test_knows_what_mpy_cross_knows() -> None:
    assert set(BOARDS) < set(architectures())
    assert "host" not in architectures()


@pytest.mark.parametrize("arch", BOARDS)
def test_all_modules_compile_and_are_small(arch: str, tmp_path: Path) -> None:
    modules = compile_board(arch, tmp_path)
    names = [module.name for module in modules]
    assert "lib/mqtt/packet.py" in names
    assert "lib/mqtt/host.py" not in names
    for module in modules:
        assert module.path == (tmp_path / module.name).with_suffix(".mpy")
        assert module.path.stat().st_size == module.size
        assert module.size > 0
        assert module.path.read_bytes()[:2] == b"M\x06"
    # An ESP8266 has 163,840 bytes for each of two images.
    assert sum(module.size for module in modules) < (157_000 if arch == "xtensa" else 185_000)
    compiled_for = {module.path.read_bytes()[2] >> 2 & 0x2F for module in modules}
    machine_code = sum(machine_code_size(module.path.read_bytes()) for module in modules)
    if arch == "xtensa":  # the ESP8266 has no room for any
        assert compiled_for == {0}
        assert machine_code == 0
    else:
        assert compiled_for == {0, BOARDS[arch]}
        assert 1000 < machine_code < 8000
    packet = (tmp_path / "lib/mqtt/packet.mpy").read_bytes()
    assert b"mqtt.packet" in packet and b"packet.py" not in packet  # a name that the import brings, too
    assert str(board_directory()).encode() not in packet


def machine_code_size(mpy: bytes) -> int:
    """Bytes of machine code in an .mpy file, as MicroPython's py/persistentcode.c reads it."""
    file = io.BytesIO(mpy[4:])

    def number() -> int:
        value = 0
        while True:
            (byte,) = file.read(1)
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                return value

    def code() -> int:
        kind_and_size = number()
        kind, size = kind_and_size & 3, kind_and_size >> 3
        data = file.read(size)
        if kind == 1:  # native
            number()
        elif kind >= 2:  # viper, assembler
            flags = number()
            if kind == 3:
                number(), number()
            read_only = number() if flags & 0x20 else 0
            if flags & 0x40:
                number()
            file.read(read_only)
        children = number() if kind_and_size & 4 else 0
        return (len(data) if kind else 0) + sum(code() for _ in range(children))

    names, objects = number(), number()
    for _ in range(names):
        length = number()
        if not length & 1:
            file.read((length >> 1) + 1)

    def constant() -> None:
        (kind,) = file.read(1)
        if kind <= 4:  # no more than its name: a function table, None, False, True, ...
            return
        size = number()
        if kind == 10:  # a tuple
            for _ in range(size):
                constant()
        else:
            file.read(size + (kind in (5, 6)))

    for _ in range(objects):
        constant()
    return code()


@pytest.mark.parametrize("romfs", [False, True])
def test_deploying_to_an_esp8266_brings_no_machine_code(romfs: bool) -> None:
    dialect = Dialect(BOARDS["xtensa"] << 10 | 6 | 3 << 8)
    files = {name: board_directory() / name for name in board_modules()}
    compiled = in_form(Form.ROMFS if romfs else Form.MPY, files, dialect)
    assert "lib/mqtt/__init__.mpy" in compiled and "lib/mqtt/wire.mpy" not in compiled
    assert sum(machine_code_size(content) for name, content in compiled.items() if name.endswith(".mpy")) == 0
    source = in_form(Form.SOURCE, files, dialect)["lib/mqtt/wire.py"].decode()
    assert "def publish_header" in source
    assert "viper" not in source
    other = in_form(Form.SOURCE, files, Dialect(BOARDS["xtensawin"] << 10 | 6 | 3 << 8))
    assert b"@micropython.viper" in other["lib/mqtt/wire.py"]


def test_machine_code_of_the_users_is_refused_for_an_esp8266(tmp_path: Path) -> None:
    fast = tmp_path / "fast.py"
    fast.write_text("import micropython\n@micropython.native\ndef add(a, b):\n    return a + b\n")
    with pytest.raises(PortError, match=r"fast\.py has machine code, .* an ESP8266"):
        in_form(Form.MPY, {"fast.py": fast}, XTENSA)
    in_form(Form.MPY, {"fast.py": fast}, Dialect(BOARDS["xtensawin"] << 10 | 6 | 3 << 8))


def test_what_mip_installs_is_there() -> None:
    lib = board_directory() / "lib"
    for package in (lib / "package.json", lib / "mqtt" / "package.json", lib / "umqtt.json"):
        for _, path in json.loads(package.read_text())["urls"]:
            assert (package.parent / path).is_file(), f"{package}: {path}"


def test_what_a_board_loads_again_and_again_has_no_machine_code() -> None:
    """The memory that machine code takes is never free again: micropython issue 5907."""
    sources = [(board_directory() / name).read_text("utf-8") for name in board_modules()]
    calls = [found for text in sources for found in re.findall(r'\b(rare|borrowed)\("([\w.]+)"\)', text)]
    full = {name if how == "borrowed" else f"firmware.{name}" for how, name in calls}
    paths = {f"{name.replace('.', '/')}.py" for name in full}
    names = {path if path.startswith("firmware/") else f"lib/{path}" for path in paths}
    assert {"firmware/joining.py", "lib/mqtt/handshake.py"} < names <= set(board_modules())
    for name in names:
        text = (board_directory() / name).read_text("utf-8")
        assert "micropython.viper" not in text and "micropython.native" not in text, name


def test_empties_its_folder_first(tmp_path: Path) -> None:
    left_over = tmp_path / "target" / "old.mpy"
    left_over.parent.mkdir()
    left_over.touch()
    compile_board("xtensa", tmp_path / "target", ["lib/mqtt/errors.py"])
    assert not left_over.exists()


def test_says_which_module_does_not_compile(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("def f(:\n")
    with pytest.raises(CompileError, match=r"wrong\.py does not compile for xtensa: SyntaxError"):
        compile_files({"wrong.py": tmp_path / "wrong.py"}, "xtensa", tmp_path / "target")


def test_command_shows_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mpy", "--arch", "xtensa", "--output", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "lib/mqtt/packet.py" in out
    assert "total" in out
    assert (tmp_path / "out/lib/mqtt/packet.mpy").exists()
