"""A console for the tests of one module, and devices of their own."""

from collections.abc import Callable, Iterator

import pytest
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.model import Device
from onenet_tools.console.studio import own_topics


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    with running_console() as it:
        yield it


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
def board(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> Device:
    """A device called board1 of a product of its own with a thing model, of the current platform in a hurry."""
    monkeypatch.setattr(own_topics, "UPLINK_PAUSE", 0.0)
    product = console.call(console.platform.studio.add_product)
    device: Device = console.call(console.platform.studio.add_device, product.id, "board1")
    return device
