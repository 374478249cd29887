"""onenet push: a package by way of the console, and what the command says of it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from onenet_tools.cli import main
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.model import Device
from over_the_air import PATIENCE, board, program


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    with running_console() as it:
        yield it


def test_a_good_one_and_then_a_bad_one(
    console: RunningConsole, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONENET_API_KEY", console.platform.master_key)
    device = console.call(console.platform.add_device, "roof")
    config = {"device_id": device.id, "product_id": console.platform.product_id, "auth_info": device.auth_info}
    programs = [program(build, "esp32", tmp_path, more) for build, more in (("2.0", ""), ("3.0", "1 / 0"))]
    good, bad = tmp_path / "good.pkg", tmp_path / "bad.pkg"
    good.write_bytes(programs[0].package().data)
    bad.write_bytes(programs[1].package().data)
    with board(program("1.0", "esp32", tmp_path), None, console.mqtt_port, config) as it:
        it.wait_for("online as device", PATIENCE)
        it.wait_for("BUILD 1.0", PATIENCE)
        assert main(["push", device.id, str(good), "--url", console.url, "--timeout", "120"]) == 0
        assert "upgraded to 2.0" in capsys.readouterr().out
        assert main(["push", device.id, str(bad), "--url", console.url, "--timeout", "120"]) == 1
        told = capsys.readouterr()
        assert "rolled back to 2.0" in told.out and "ZeroDivisionError" in told.err
    assert main(["push", device.id, str(good), "--url", console.url]) == 2
    assert "is not online" in capsys.readouterr().err
    good.write_bytes(b"<html>")
    assert main(["push", device.id, str(good), "--url", console.url]) == 2
    assert "no package" in capsys.readouterr().err


@pytest.mark.long
def test_many_boards_of_which_one_fails(
    console: RunningConsole, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONENET_API_KEY", console.platform.master_key)
    devices = [console.call(console.platform.add_device, f"roof {n}") for n in range(4)]
    old = program("1.0", "esp32", tmp_path)
    new = program("2.0", "esp32", tmp_path, f"device.healthy = lambda: device.config['device_id'] != '{devices[1].id}'")
    package, table = tmp_path / "2.0.pkg", tmp_path / "fleet.csv"
    package.write_bytes(new.package().data)

    def push(*chosen: Device) -> tuple[int, str]:
        table.write_text("device_id\n" + "".join(f"{device.id}\n" for device in chosen))
        line = ["push", "--csv", str(table), "--waves", "1,2", str(package), "--url", console.url]
        return main(line), capsys.readouterr().out

    with contextlib.ExitStack() as stack:
        for device in devices:
            config = {"device_id": device.id, "product_id": device.product_id, "auth_info": device.auth_info}
            it = stack.enter_context(board(old, None, console.mqtt_port, config))
            it.wait_for("online as device", PATIENCE)
        status, out = push(*devices)
        assert status == 1
        assert "2 upgraded, 1 failed; 1 not begun" in out, out
        assert f"{devices[1].id}: rolled back to 1.0: healthy() says no" in out, out
        status, out = push(devices[0], *devices[2:])
        assert (status, "1 upgraded, 2 had it already\n" in out) == (0, True), out


def test_pieces_of_a_package(console: RunningConsole, tmp_path: Path) -> None:
    package = program("2.0", "esp32", tmp_path).package()
    console.call(console.platform.packages.keep, package.data)
    url = f"{console.url}/packages/{package.digest}"
    for wanted, status, data in (
        ("bytes=0-9", 206, package.data[:10]),
        ("bytes=100-", 206, package.data[100:]),
        ("bytes=-5", 206, package.data[-5:]),
        ("bytes=9-3", 416, b""),
        (f"bytes={len(package.data)}-", 416, b""),
        ("lines=1-2", 200, package.data),
        ("", 200, package.data),
    ):
        answer = httpx.get(url, headers={"Range": wanted} if wanted else {}, trust_env=False)
        assert (answer.status_code, answer.content) == (status, data), wanted
    short = f"{console.url}/packages/{package.digest[:16]}"
    assert httpx.get(short, trust_env=False).content == package.data
    assert httpx.get(short[:-1], trust_env=False).status_code == 404
    assert httpx.get(f"{console.url}/packages/nothing", trust_env=False).status_code == 404
    assert httpx.post(f"{console.url}/packages?device_id=1", content=b"x", trust_env=False).json()["errno"] != 0
