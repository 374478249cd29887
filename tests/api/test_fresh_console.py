"""onenet and a console that was started just now, with the example's device alone."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from onenet_tools.cli import main
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.keyfile import local_keys

EXAMPLE = "789546805"  # the device of config.json.example


@pytest.fixture
def fresh() -> Iterator[RunningConsole]:
    with running_console() as it:
        yield it


def test_the_only_device_need_not_be_named(fresh: RunningConsole, capsys: pytest.CaptureFixture[str]) -> None:
    def onenet(*arguments: str) -> str:
        main([*arguments, "--url", fresh.url])
        told = capsys.readouterr()
        return told.out + told.err

    assert onenet("points") == "no data points\n"
    assert f"device {EXAMPLE} is not online" in onenet("send", "led=on")
    assert f"what shall be sent to device {EXAMPLE}?" in onenet("send", EXAMPLE)
    fresh.call(fresh.platform.remove_device, EXAMPLE)
    assert "there are no devices yet" in onenet("send", "led=on")
    assert onenet("status") == "no devices yet\n"


def test_the_key_of_a_console_is_only_its_users_and_goes_with_it(tmp_path: Path) -> None:
    with running_console() as it:
        assert local_keys(it.http_port).api_key == it.platform.master_key
        [path] = Path(tmp_path.home()).rglob(f"console-{it.http_port}.key")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert local_keys(it.http_port) is None
