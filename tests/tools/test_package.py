"""onenet package: what is in the file, what a newer one takes from an older one, and what it refuses."""

from pathlib import Path

import pytest
from onenet_tools.cli import main
from onenet_tools.package.package import make_package, read_package
from onenet_tools.port.errors import PortError
from onenet_tools.port.program import Dialect, Form

FILES = {"main.py": b"print(1)\n", "lib/a.mpy": b"M\6", "empty.py": b""}
KEY = "a key for tests only"


def made(files=FILES, version="1.0", **options):
    return make_package(version, "esp32", Form.MPY, Dialect(6 | 3 << 8 | 10 << 10), files, **options)


def test_it_is_read_as_it_was_made():
    package = made().signed(KEY)
    again = read_package(package.data)
    assert again == package and again.digest == package.digest
    assert again.is_signed_by(KEY) and not again.is_signed_by(KEY + "!")
    names = [entry.name for entry in again.entries]
    assert names == ["finish.py", "+swap", "deployed.json", "empty.py", "lib/a.mpy", "main.py"]


def test_it_takes_only_what_an_older_one_lacks():
    newer = made(FILES | {"main.py": b"print(2)\n"}, "1.1", base=made())
    assert {entry.name: entry.kind for entry in newer.entries} == {
        "finish.py": "!", "+swap": "!", "deployed.json": "+", "empty.py": "=", "lib/a.mpy": "=", "main.py": "+",
    }  # fmt: skip
    assert newer.head["from"] == "1.0" and len(newer.data) < len(made().data)
    assert read_package(newer.data) == newer


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[:-1], "cut off"),
        (lambda data: data + b"!", "something added"),
        (lambda data: data.replace(b"print(1)", b"print(3)"), "main.py is not what its head says"),
        (lambda data: b"<html>", "no package"),
        (lambda data: data[:200], "no package"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(spoil, words):
    with pytest.raises(PortError, match=words):
        read_package(spoil(made().data))


@pytest.mark.parametrize(
    "name", ["config.json", "deploy/record", "romfs", "finish.py", "a b.py", "a+b.py", "-a.py", "n" * 97]
)
def test_names_that_a_board_would_refuse_are_refused_here(name):
    with pytest.raises(PortError, match="cannot be in a package"):
        made(FILES | {name: b""})


def test_versions_and_times():
    for version in ("", "1 0", "v" * 25):
        with pytest.raises(PortError, match="a version is"):
            made(version=version)
    with pytest.raises(PortError, match="cannot stay online"):
        made(stays=60, patience=60)


def test_the_command(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.py").write_text("import time\n")
    (tmp_path / "key").write_text(KEY + "\n")
    assert main(["package", "--version", "1.0", "--key-file", "key"]) == 0
    path = "build/package/1.0-esp32.pkg"
    package = read_package(Path(path).read_bytes())
    assert f"digest {package.digest}" in capsys.readouterr().out
    assert package.head["mpy"] == 6 | 3 << 8 | 10 << 10 and package.is_signed_by(KEY)
    assert main(["package", "--show", path, "--key-file", "key"]) == 0
    assert "signed, by this key" in capsys.readouterr().out
    (tmp_path / "key").write_text("another key, for tests")
    assert main(["package", "--show", path, "--key-file", "key"]) == 1
    assert main(["package", "--chip", "esp8266", "--version", "1.1"]) == 0
    assert "modules in a ROMFS, not signed" in capsys.readouterr().out
    assert main(["package", "--chip", "esp8266", "--from", path]) == 2
    assert "is for an esp32 in the form mpy" in capsys.readouterr().err
    (tmp_path / "key").write_text("short")
    assert main(["package", "--key-file", "key"]) == 2
    assert "16 to 64 characters" in capsys.readouterr().err
    assert main(["package", "--chip", "esp9"]) == 2
