"""The real mosquitto, for the tests that cannot do without it."""

import contextlib
from collections.abc import Iterator

import pytest
from onenet_tools.broker import BrokerError, Mosquitto


@contextlib.contextmanager
def mosquitto(users: dict[str, str], listeners: dict[str, str] | None = None) -> Iterator[Mosquitto]:
    """Runs it for these users, with these listeners too; skips the test where it is not installed."""
    try:
        running = Mosquitto(users, listeners=listeners)
    except BrokerError as error:
        pytest.skip(str(error))
    with running:
        yield running
