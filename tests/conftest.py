"""The way to lib/ on CPython, Ctrl-C as programs expect it, and a broker for the tests that want a real one."""

import gc
import os
import signal
import sys
import zlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tools" / "shim")]

# Whatever the language of this computer, what the tests compare is English, unless they ask for another.
os.environ["LANGUAGE"] = "en"

# A shell that runs us in the background has SIGINT ignored, and so would be the Ctrl-C of the programs that we start.
signal.signal(signal.SIGINT, signal.default_int_handler)

import micropython  # noqa: E402, F401  # the shim, before anything of lib/ and before the runner of that name here

TWINS = "esp32", "esp8266", "en-US", "zh-CN", "", ".zh-CN"
WITH_TWINS = "e2e", "console", "docs", "tools"  # in tests/board each kind of board is what is tested
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


@pytest.hookimpl(tryfirst=True)  # before -m is looked at
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem in LAST)
    for name, twins in _twins(items).items():
        if len(twins) == 2 and not any(twin.get_closest_marker("long") for twin in twins):
            twins[zlib.crc32(name.encode()) & 1].add_marker("long")


def _twins(items):
    """Tests that differ in the kind of board alone, or in the language, by the name that they share. One of the two is
    long: which, chance decides, but the same one in every process."""
    found = {}
    for item in items:
        if item.path.parent.name not in WITH_TWINS:
            continue
        for value in item.callspec.params.values() if hasattr(item, "callspec") else ():
            if isinstance(value, str) and value in TWINS:
                others = item.callspec.id.replace(value, "", 1)
                found.setdefault(f"{item.path.stem} {item.originalname} {others}", []).append(item)
    return found


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
