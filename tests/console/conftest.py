"""A console for the tests of one module, and devices of their own."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.model import Device
from onenet_tools.console.studio.products import Protocol
from studio_api import MODEL, Api
from studio_client import make_token


def in_a_hurry(console: RunningConsole) -> None:
    """Takes the current platform's limits away that tests run into."""
    rules = console.platform.studio.rules
    rules.uplink_pause = rules.set_pause = 0.0
    rules.logins = rules.pings_a_second = rules.subscriptions_a_second = rules.unsubscriptions_a_second = 1000
    rules.bytes_a_second = 1 << 30


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    """Of the current platform in a hurry; that in its own time is in test_studio_limits.py."""
    with running_console() as it:
        in_a_hurry(it)
        yield it


@pytest.fixture(scope="module")
def one_browser(console: RunningConsole) -> Iterator[Any]:
    from browser import Browser, chromium  # which skips the module where there is no Playwright

    with chromium() as program, contextlib.closing(Browser(program, console.url)) as browser:
        yield browser


@pytest.fixture
def browser(one_browser: Any) -> Iterator[Any]:
    """Chromium. Its pages must not have an error, nor ask another host for anything."""
    one_browser.faults.clear()
    yield one_browser
    assert one_browser.faults == []


@pytest.fixture
def new_device(console: RunningConsole) -> Callable[[], Device]:
    """Adds a device that nobody else uses."""

    def add(title: str = "a device") -> Device:
        device: Device = console.call(console.platform.add_device, title)
        return device

    return add


@pytest.fixture
def device(new_device: Callable[[], Device]) -> Device:
    return new_device()


@pytest.fixture
def board(console: RunningConsole) -> Device:
    """A device called board1 of a product of its own with a thing model."""
    product = console.call(console.platform.studio.add_product)
    device: Device = console.call(console.platform.studio.add_device, product.id, "board1")
    return device


@pytest.fixture
def streamer(console: RunningConsole) -> Device:
    """A device called streamer1 of a product of its own with data streams."""
    product = console.call(console.platform.studio.add_product, "", "", Protocol.STREAM)
    device: Device = console.call(console.platform.studio.add_device, product.id, "streamer1")
    return device


@pytest.fixture(params=["esp32", "esp8266"])
def chip(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def account_token(console: RunningConsole) -> str:
    account = console.call(console.platform.studio.products.account)
    return make_token(account.user_key, f"userid/{account.user_id}", version="2022-05-01", method="sha1")


@pytest.fixture
def api(console: RunningConsole, board: Device, account_token: str) -> Iterator[Api]:
    it = Api(console, board, account_token)
    yield it
    it.http.close()


@pytest.fixture
def modelled(console: RunningConsole, board: Device) -> Device:
    """The board, once its product has a thing model."""
    console.call(console.platform.studio.load_model, board.product_id, MODEL)
    return board


@pytest.fixture
def beside() -> Iterator[Callable[..., "Future[Any]"]]:
    """Runs a call while the test plays the device."""
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit
