"""The demo, as make demo runs it."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from onenet_tools import broker, demo
from onenet_tools.files import board_directory

SECRET = "136928831"


def stand_in(directory: Path, program: str) -> Path:
    """A copy of the board's files with another main.py."""
    shutil.copytree(board_directory() / "lib", directory / "lib")
    shutil.copytree(board_directory() / "firmware", directory / "firmware")
    shutil.copy(board_directory() / "config.json.example", directory)
    (directory / "boot.py").touch()
    (directory / "main.py").write_text(program)
    return directory


def test_succeeds_and_tells_the_story() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "onenet_tools", "demo", "--seconds", "8"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    told = iter(done.stdout.splitlines())
    for pattern in (  # in this order
        r"broker +\w+ on 127\.0\.0\.1:\d+ .*for 183\.230\.40\.39:6002",
        r"board +booting",
        r"board \| .*wifi: .*home",
        r"Wi-Fi +joined home",
        r"CONNECT +10 28 +CONNECT, 40 bytes follow",
        r"client id \(device ID\): 789546805",
        r"00 09 \*\* \*\* \*\* \*\* \*\* \*\* \*\* \*\* \*\* +password",
        r"CONNACK +20 02 00 00 +accepted",
        r"online +after \d",
        r"data +free_heap = \d+",
        r"command +led=on +to \$creq/[0-9a-f-]{36}",
        r"reply +led=on +to \$crsp/[0-9a-f-]{36}",
        r"demo: online after .*, \d+ data points, \d of \d commands answered",
    ):
        assert any(re.search(pattern, line) for line in told), f"no {pattern} in\n{done.stdout}"
    assert SECRET not in done.stdout
    assert SECRET.encode().hex(" ") not in done.stdout.lower()


def test_ctrl_c_ends_it_well() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "onenet_tools", "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "online" in line:
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, "".join(seen) + out + err
    assert "interrupted" in out
    assert err == ""


def test_runs_without_mosquitto(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(broker, "find_mosquitto", lambda program="mosquitto": None)
    assert demo.run_demo(6) == 0, capsys.readouterr().out
    assert "amqtt" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("print('nothing to do')", "the device did not come online"),
        (
            "from firmware import Device; d = Device(); d.stream('a', every=60)(lambda: 1); d.run()",
            "only 1 data points arrived",
        ),
    ],
)
def test_says_in_one_line_why_it_failed(
    program: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.run_demo(2.5, directory=stand_in(tmp_path, program)) == 1
    assert capsys.readouterr().out.splitlines()[-1] == f"error: {reason}"
