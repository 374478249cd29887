"""A console for the tests of one module, and devices of their own."""

from collections.abc import Callable, Iterator

import pytest
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.model import Device


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
