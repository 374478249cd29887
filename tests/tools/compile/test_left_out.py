"""What an ESP8266 gets no modules of ours for, TLS, and what it says where that is wanted all the same; and those it
gets if its program asks, the access point's page."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from onenet_tools.board import VirtualBoard
from onenet_tools.board.small_heap import NotHereError
from onenet_tools.compile.mpy import compile_board, merged_board
from onenet_tools.files import SETUP, board_directory, board_modules, source_for
from onenet_tools.measure.heap import BARS
from onenet_tools.misfortunes.scene import rom_image
from onenet_tools.package.making import contents_of
from onenet_tools.port.chips import CHIPS
from onenet_tools.port.full_image import board_files
from onenet_tools.port.image import Image
from onenet_tools.port.program import XTENSA, Dialect, Form, architecture_number, in_form, sources
from onenet_tools.port.romfs import installed

MAIN = {"main.py": board_directory() / "main.py"}
LEFT_OUT = set(board_modules()) - set(board_modules("xtensa"))
ONLY_WHERE_WANTED = {
    # Where config["tls"] is true, which config_tls.py refuses on an ESP8266.
    ("firmware/begin.py", "firmware/tls.py"),
    ("firmware/connect.py", "firmware/tls.py"),
    # Where an address begins with https://, which http.py itself refuses on an ESP8266.
    ("firmware/http.py", "firmware/https.py"),
    # Where config["setup"] is true; the board says what to do.
    ("firmware/begin.py", "firmware/setup_joined.py"),
    # Where a Client has a context, which lib/plain/mqtt/over_tls.py refuses.
    ("lib/mqtt/losing.py", "lib/mqtt/tls_words.py"),
}
"""Modules that are there, and those left out that they ask for, though not on an ESP8266."""


def asked_for(name: str, text: str) -> Iterator[str]:
    """The sources of modules that one imports, or has loaded, be it in a function."""
    folder = name.rpartition("/")[0]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            package = folder if node.level else (node.module or "").replace(".", "/")
            inside = [node.module] if node.level and node.module else [alias.name for alias in node.names]
            found = [f"{package}/{module}" for module in inside] + ([] if node.level else [package])
        elif isinstance(node, ast.Import):
            found = [alias.name.replace(".", "/") for alias in node.names]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("rare", "borrowed"):
            words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            found = [f"firmware/{word}" if node.func.id == "rare" else word.replace(".", "/") for word in words]
        else:
            continue
        yield from (f"{top}{path}.py" for path in found for top in ("", "lib/"))


def test_no_module_that_is_there_needs_one_that_is_not() -> None:
    there = board_modules("xtensa")
    texts = {name: source_for("xtensa", name, board_directory() / name).read_text("utf-8") for name in there}
    found = {(name, other) for name, text in texts.items() for other in asked_for(name, text) if other in LEFT_OUT}
    assert found == ONLY_WHERE_WANTED
    every = {name: (board_directory() / name).read_text("utf-8") for name in board_modules()}
    seen = {other for name, text in every.items() for other in asked_for(name, text)}
    assert seen >= LEFT_OUT - {"firmware/setup.py"}, "it would be found, where it was asked for"


def names_of(content: dict[str, bytes]) -> set[str]:
    return {name for name in content if name.startswith(("firmware/", "lib/"))}


@pytest.mark.parametrize("arch", ["xtensa", "xtensawin", "rv32imc"])
def test_all_that_make_a_program_for_a_chip_agree(arch: str, tmp_path: Path) -> None:
    dialect = Dialect(6 | 3 << 8 | architecture_number(arch) << 10)
    every = {name for name in merged_board(arch).sources if arch != "xtensa" or name not in SETUP}
    wanted = {name.removesuffix(".py") + ".mpy" for name in every}
    assert names_of(in_form(Form.MPY, sources(MAIN), dialect)) == wanted
    compiled = compile_board(arch, tmp_path)
    assert {module.name.removesuffix(".py") + ".mpy" for module in compiled} == wanted
    assert names_of(in_form(Form.SOURCE, sources(MAIN), dialect)) == set(board_modules(arch))
    assert (wanted & {name.removesuffix(".py") + ".mpy" for name in LEFT_OUT} == set()) == (arch == "xtensa")


def test_package_deploy_and_whole_image_have_the_same_romfs() -> None:
    _, deployed = installed(sources(MAIN), XTENSA)
    _, packed = contents_of(MAIN, Form.ROMFS, XTENSA)
    assert packed is not None and packed.image == deployed == rom_image()
    assert len(deployed) < 160_000, "of 163,840 bytes"
    official = Image("x.bin", b"\0rom_ioctl\0", CHIPS[0], 0, (), "", "v1.26.0", board=CHIPS[0].board)
    whole = board_files(official, MAIN, None)[1]
    assert whole is not None and whole.image == deployed


def test_a_program_that_asks_for_the_access_points_page(tmp_path: Path) -> None:
    main = tmp_path / "main.py"
    main.write_text("# onenet: setup\n" + MAIN["main.py"].read_text("utf-8"))
    asked = {name.removesuffix(".py") + ".mpy" for name in SETUP}
    assert len(asked) > 4
    compiled = in_form(Form.MPY, sources({"main.py": main}), XTENSA)
    assert names_of(compiled) == (names_of(in_form(Form.MPY, sources(MAIN), XTENSA)) | asked) - {
        "firmware/improv.mpy",
        "lib/mqtt/upgrade.mpy",
        "lib/mqtt/websocket.mpy",
    }
    _, packed = contents_of({"main.py": main}, Form.ROMFS, XTENSA)
    assert packed is not None and len(packed.image) < 163_840, "of which there is one half of the ROMFS"


def test_a_users_own_module_of_such_a_name_goes_there(tmp_path: Path) -> None:
    mine = tmp_path / "https.py"
    mine.write_text("x = 1\n")
    assert "https.mpy" in in_form(Form.MPY, {"https.py": mine}, XTENSA)
    assert "firmware/https.mpy" in in_form(Form.MPY, {"firmware/https.py": mine}, XTENSA)


ASKS = """
from mqtt import Client
try:
    Client("a", "h", ssl=object(), unverified=True)
except ValueError as e:
    print("1", e)
try:
    import mqtt.threaded
except ImportError as e:
    print("2", e)
from firmware import Device
Device("config.json").run()
"""


def test_what_an_esp8266_says_where_tls_is_wanted() -> None:
    """With the very files that a deploy puts there."""
    bar = next(bar for bar in BARS if bar.chip == "esp8266")
    files, rom = installed(sources(MAIN), XTENSA)
    config = json.loads((board_directory() / "config.json.example").read_text()) | {"tls": True, "ca": "ca.der"}
    try:
        with VirtualBoard(
            chip="esp8266",
            files=files | {"main.py": ASKS.encode(), "config.json": json.dumps(config).encode()},
            rom=rom,
            small_heap=bar.before_boot,
        ) as board:
            board.wait_for("^1 ssl: an ESP8266 has no TLS that checks certificates")
            board.wait_for("^2 mqtt.threaded: an ESP8266 has no threads")
            board.wait_for("tls: must be false on an ESP8266, which cannot check certificates")
    except NotHereError as error:
        pytest.skip(str(error))
