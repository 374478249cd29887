"""What others build and install from: package.json for mip, manifest.py for a build of MicroPython."""

import functools
import http.server
import json
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from onenet_tools import __version__
from onenet_tools.board import VirtualBoard
from onenet_tools.files import board_directory, board_modules, board_modules_at_most, source_for
from real_mpremote import mpremote

ROOT = board_directory()
LIB = ROOT / "lib"


def modules(*folders: str) -> set[str]:
    return {name for name in board_modules() if name.startswith(folders)}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """lib/ on a web server of this computer."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(LIB))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("package", "folders", "program"),
    [
        ("{path}/mqtt/package.json", ("lib/mqtt/",), "import mqtt; print(mqtt.Client)"),
        ("{url}/mqtt/", ("lib/mqtt/",), "import mqtt; print(mqtt.Client)"),
        ("{path}/package.json", ("lib/mqtt/", "lib/onenet/"), "from onenet.legacy import Legacy; print(Legacy)"),
        ("{url}/", ("lib/mqtt/", "lib/onenet/"), "from onenet.legacy import Legacy; print(Legacy)"),
    ],
)
def test_mip_installs_what_works_by_itself(package: str, folders: tuple[str, ...], program: str, url: str) -> None:
    with VirtualBoard() as board:
        mpremote(board, "mip", "install", package.format(path=LIB, url=url))
        assert mpremote(board, "exec", program).startswith("<class '")
        board.power_cut()
        files = board.read_files()
    files.pop("/boot.py", None)  # the port's own, on a fresh board
    assert {name[1:] for name in files} == modules(*folders)
    assert all(content == (board_directory() / name[1:]).read_bytes() for name, content in files.items())


SHOWN = sorted(
    {
        line.partition("#")[0].strip()
        for page in (ROOT / "docs").glob("*.md")
        for line in page.read_text("utf-8").splitlines()
        if line.startswith("mpremote mip install ")
    }
)


@pytest.mark.parametrize("line", SHOWN)
def test_what_the_pages_show(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(SHOWN) == 3
    monkeypatch.chdir(ROOT)
    with VirtualBoard() as board:
        mpremote(board, *line.split()[1:])
        programs = {
            "lib/mqtt/package.json": "import mqtt; print(mqtt.Client)",
            "lib/package.json": "from onenet.studio import Studio; print(Studio)",
            "lib/umqtt.json": "from umqtt.robust import MQTTClient; print(MQTTClient)",
        }
        assert mpremote(board, "exec", programs[line.split()[-1]]).startswith("<class '")


def test_versions() -> None:
    for path in (LIB / "package.json", LIB / "mqtt" / "package.json", LIB / "umqtt.json"):
        assert json.loads(path.read_text())["version"] == __version__


def test_umqtt_comes_before_the_one_that_is_frozen_in_the_images(url: str) -> None:
    """ports/esp32/boards/manifest.py freezes micropython-lib's; sys.path is "", ".frozen", "/lib" (py/runtime.c)."""
    with VirtualBoard() as board:
        mpremote(board, "mip", "install", "--target", "/", f"{url}/umqtt.json")
        told = mpremote(board, "exec", "from umqtt.robust import MQTTClient; print(MQTTClient.BUFFER)")
        assert told.strip() == "1024"
        board.power_cut()
        files = board.read_files()
    files.pop("/boot.py", None)
    wanted = modules("lib/mqtt/") | {f"lib/umqtt/{name}.py" for name in ("__init__", "robust", "simple")}
    assert {f"lib{name}" for name in files} == wanted


class Manifest:
    """What MicroPython's build does with a manifest: each function notes files, by their place in the image. Paths are
    relative to the manifest's folder, which is the current one, and $(PORT_DIR) is replaced."""

    def __init__(self, path: Path, port: Path) -> None:
        self.files: dict[str, Path] = {}
        self._port = str(port)
        self.include(str(path))

    def include(self, path: str) -> None:
        found = Path(path.replace("$(PORT_DIR)", self._port)).resolve()
        functions = {name: getattr(self, name) for name in ("include", "package", "module")}
        before = os.getcwd()
        os.chdir(found.parent)
        exec(compile(found.read_text(), str(found), "exec"), functions)
        os.chdir(before)

    def package(self, name: str, files: Sequence[str], base_path: str = ".", opt: int | None = None) -> None:
        for file in files:
            self.module(f"{name}/{file}", base_path)

    def module(self, name: str, base_path: str = ".", opt: int | None = None) -> None:
        self.files[name] = Path(base_path).resolve() / name


@pytest.mark.parametrize("port", ["esp32", "esp8266"])
def test_the_manifest_freezes_all_that_a_board_needs(port: str, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "manifest.py").write_text('module("flashbdev.py", base_path="../modules")\n')
    monkeypatch.setattr("sys.argv", ["makemanifest.py", "-v", f"PORT_DIR=/micropython/ports/{port}"])
    files = Manifest(board_directory() / "firmware" / "manifest.py", tmp_path).files
    assert files.pop("flashbdev.py") == tmp_path / "modules" / "flashbdev.py"
    arch = "xtensa" if port == "esp8266" else "xtensawin"
    wanted = {
        name.removeprefix("lib/"): source_for(arch, name, board_directory() / name)
        for name in board_modules_at_most(arch)
    }
    assert files == wanted
    assert all(path.is_file() for path in files.values())
