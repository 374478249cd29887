"""A console, and the command line that asks it, on a computer in China."""

import time
from collections.abc import Callable, Iterator

import platformdirs
import pytest
from api_peers import Device, Told
from onenet_tools.api.client import Client
from onenet_tools.cli import main
from onenet_tools.console.console import RunningConsole, running_console


@pytest.fixture(scope="module", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nobody's real keys are seen or touched."""
    home = tmp_path_factory.mktemp("home")
    cache = str(platformdirs.user_cache_path())  # where other tests of this process find what was fetched
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CACHE_HOME", cache)
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("COLUMNS", "80")
        patch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        for name in ("ONENET_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            patch.delenv(name, raising=False)
        yield
    time.tzset()


@pytest.fixture(scope="module")
def console(own_home: None) -> Iterator[RunningConsole]:
    """With the device of config.json.example in it. Of a module: NiceGUI bears one console in a process at a time, and
    a worker may go on with the tests of pages."""
    with running_console() as it:
        yield it


@pytest.fixture(scope="module")
def client(console: RunningConsole) -> Iterator[Client]:
    """Shows the product's key."""
    with Client(console.url, console.platform.master_key, pause=0.01) as it:
        yield it


@pytest.fixture
def device(console: RunningConsole) -> Iterator[Device]:
    """One that nobody else uses, and that is gone afterwards."""
    it = Device(console)
    yield it
    console.call(console.platform.remove_device, it.id)


@pytest.fixture
def onenet(console: RunningConsole, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Runs `onenet` with these arguments for the console; never is a key on the terminal."""

    def run(*arguments: str, url: str = console.url) -> Told:
        status = main([*arguments, "--url", url])
        captured = capsys.readouterr()
        assert console.platform.master_key not in captured.out + captured.err
        return Told(status, captured.out, captured.err)

    return run
