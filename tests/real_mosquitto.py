"""The real mosquitto, for the tests that cannot do without it."""

import contextlib
from collections.abc import Iterator

import pytest
from onenet_tools.broker import BrokerError, Mosquitto


@contextlib.contextmanager
def mosquitto(users: dict[str, str], config: str = "") -> Iterator[Mosquitto]:
    """Runs it for these users, with this more in its configuration; skips the test where it is not installed."""
    try:
        running = Mosquitto(users, config=config)
    except BrokerError as error:
        pytest.skip(str(error))
    with running:
        yield running
