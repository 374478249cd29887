"""The way to lib/ on CPython, Ctrl-C as programs expect it, and a broker for the tests that want a real one."""

import gc
import os
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tools" / "shim")]

# Whatever the language of this computer, what the tests compare is English, unless they ask for another.
os.environ["LANGUAGE"] = "en"

# A shell that runs us in the background has SIGINT ignored, and so would be the Ctrl-C of the programs that we start.
signal.signal(signal.SIGINT, signal.default_int_handler)

import micropython  # noqa: E402, F401  # the shim, before anything of lib/ and before the runner of that name here

LAST = (
    "test_threaded",
    "test_tls",
    "test_tls_name",
    "test_real_broker",
    "test_real_websocket",
    "test_umqtt",
    "test_zero_heap",
    "test_zero_heap_current",
    "test_zero_heap_mqtt",
)  # the fast ones go first


def pytest_sessionstart():
    """What is new in the catalogue counts without another make setup."""
    try:
        from onenet_tools.words.catalogue import MO, PO, compile_words
    except ImportError as error:
        pytest.exit(f"{error}: make setup", returncode=4)
    if not MO.is_file() or MO.stat().st_mtime < PO.stat().st_mtime:
        compile_words()


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem in LAST)


def pytest_collection_finish():
    """The firmware collects at each turn: not all that pytest and the tests' modules have, over and over."""
    gc.collect()
    gc.freeze()


def _skipping():
    """A test that needs what cannot be had here is skipped, saying what."""
    from onenet_tools.board.small_heap import NotHereError

    try:
        return (yield)
    except NotHereError as error:
        pytest.skip(str(error))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    return (yield from _skipping())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    return (yield from _skipping())


@pytest.fixture(scope="session", autouse=True)
def real_broker(request):
    """Starts mosquitto if a unit test is to be run, and says where it is as tests/with_broker.py does."""
    if not any(item.path.stem in LAST for item in request.session.items):
        yield
        return
    from onenet_tools.broker import find_mosquitto
    from with_broker import real_broker

    if not find_mosquitto():
        yield
        return
    with real_broker() as environment:
        os.environ.update(environment)
        yield
