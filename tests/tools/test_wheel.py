"""What the wheel puts where, and what it can do in an environment of its own, away from the repository."""

import re
import signal
import socket
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from onenet_tools.board import VirtualBoard, Wifi
from told_ports import told_ports

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds
SECRETS = {"ONENET_WIFI_PASSWORD": "12345678", "ONENET_AUTH_INFO": "136928831"}

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from what git has and what is new, as a clone would have it."""
    clone = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "dist", "."]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = (clone / "dist").glob("onenet_tools-*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Names of the files in it."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_nothing_else_at_top_level(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"onenet_tools"}


def test_board_files_are_in_it(names: set[str]) -> None:
    board = {name.removeprefix("onenet_tools/_board/") for name in names if name.startswith("onenet_tools/_board/")}
    sources = {path.relative_to(ROOT).as_posix() for top in ("lib", "firmware") for path in (ROOT / top).rglob("*.py")}
    tops = {"boot.py", "main.py", "config.json.example"}
    others = {"examples/dht22/main.py", "examples/dht22/README.md", "typings/program/firmware/device.pyi"}
    assert sources | tops | others <= board
    assert {name.split("/")[0] for name in board} == {"lib", "firmware", "examples", "typings"} | tops


def test_tools_are_in_it_and_no_rubbish(names: set[str]) -> None:
    for name in ("cli.py", "board/shims/_start.py", "shim/micropython.py"):
        assert f"onenet_tools/{name}" in names
    assert not [name for name in names if "__pycache__" in name or "/." in name or name.endswith((".pyc", ".mpy"))]


@pytest.fixture(scope="module")
def onenet(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command of a fresh environment with nothing but the wheel and, as pip would put them there, the packages it
    needs: those that are installed here, but without what leads to this repository."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    python = home / "bin/python"
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    paths = {"base": str(home), "platbase": str(home)}
    site = Path(sysconfig.get_path("purelib", "venv" if "venv" in sysconfig.get_scheme_names() else None, paths))
    # The .pth files in a folder that a .pth file names are not read: not that of the editable install either.
    (site / "needs.pth").write_text("".join(f"{path}\n" for path in {*map(sysconfig.get_path, ("purelib", "platlib"))}))
    return [str(home / "bin/onenet")]


@pytest.fixture
def run(onenet: list[str], tmp_path: Path) -> Run:
    """Runs it in an empty folder."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*onenet, *arguments],
            cwd=tmp_path,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "COLUMNS": "80", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return run


def test_it_is_the_wheel_that_runs(onenet: list[str], tmp_path: Path) -> None:
    code = "import onenet_tools; print(onenet_tools.__file__)"
    python = Path(onenet[0]).with_name("python")
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).is_relative_to(python.parents[1])


def test_help_and_packets(run: Run) -> None:
    shown = run("--help")
    assert shown.returncode == 0, shown.stderr
    assert "Put ESP boards on China Mobile's OneNET" in shown.stdout
    packet = run("packet", "connect", "--device-id", "1", "--product-id", "2", "--auth-info", "3", "--hex")
    assert (packet.returncode, packet.stderr) == (0, "")
    assert packet.stdout.lower().replace(" ", "").startswith("101300044d51545404c20078000131")


def test_a_program_begins_with_an_example(run: Run, tmp_path: Path) -> None:
    done = run("new", "oled", "mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("then: onenet deploy main.py oled.py")
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {
        "README.md",
        "README.zh-CN.md",
        "main.py",
        "oled.py",
        "typings",
    }


def test_config_and_deploy(run: Run) -> None:
    files = {"config.json": "{}"}
    with VirtualBoard(files=files, wifi=Wifi({"home": SECRETS["ONENET_WIFI_PASSWORD"]})) as board:
        options = ["--ssid", "home", "--device-id", "789546805", "--product-id", "458945", "--set", "safe_mode_pin=-1"]
        done = run("config", "--port", board.port, *options, **SECRETS)
        assert done.returncode == 0, done.stderr
        done = run("deploy", "--port", board.port, "--timeout", "0")
        assert done.returncode == 0, done.stderr
        assert "_board/main.py" in done.stdout
        board.wait_for("wifi: joined", PATIENCE)


def test_flash_an_emulated_chip(run: Run, tmp_path: Path) -> None:
    image = tmp_path / "image.bin"
    make = "import sys; sys.path[:0] = ['tests/port']; from rom import firmware; "
    make += "open(sys.argv[1], 'wb').write(firmware.esp32('ESP32'))"
    subprocess.run([sys.executable, "-c", make, str(image)], cwd=ROOT, check=True)
    chip = subprocess.Popen(
        [sys.executable, "-u", ROOT / "tests/port/rom", "ESP32"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert chip.stdout
        port = next(found[0] for line in chip.stdout if (found := re.search(r"/\S*(?:pts|tty)\S*", line)))
        done = run("flash", "--port", port, "--image", str(image), "--yes")
    finally:
        chip.terminate()
        chip.communicate()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "written and verified" in done.stdout


def test_the_console_until_ctrl_c(onenet: list[str], tmp_path: Path) -> None:
    options = ["--port", "0", "--http-port", "0", "--data", str(tmp_path / "data.db")]
    console = subprocess.Popen(
        [*onenet, "console", *options], cwd=tmp_path, env={"HOME": str(tmp_path)}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert console.stdout
        mqtt, http = told_ports(console.stdout)
        assert httpx.get(f"http://127.0.0.1:{http}/", timeout=PATIENCE, follow_redirects=True).status_code == 200
        socket.create_connection(("127.0.0.1", mqtt), PATIENCE).close()
        console.send_signal(signal.SIGINT)
        assert console.wait(PATIENCE) == 0
    finally:
        console.kill()
        console.communicate()
