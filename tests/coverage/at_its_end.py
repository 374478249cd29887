"""A plugin of pytest's for coverage/run.py: each of xdist's processes keeps what it has seen when its tests are done.

Else it would do so as it exits, for which xdist gives it 10 seconds, and then kills it (workermanage.py, EXIT_TIMEOUT):
on a busy computer all that a third of the tests reach was lost at times. And threads that are begun as MicroPython
begins them, by _thread, are watched like those of threading, which coverage.py knows of.
"""

import _thread
import sys
import threading

import coverage
import pytest

_start = _thread.start_new_thread


def _start_watched(function, arguments, *keywords):
    def watched(*arguments, **keywords):
        sys.settrace(threading.gettrace())
        return function(*arguments, **keywords)

    return _start(watched, arguments, *keywords)


_thread.start_new_thread = _start_watched


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Before xdist hears that this process has finished, which it waits for as long as it takes."""
    seen = coverage.Coverage.current()
    if seen and hasattr(session.config, "workerinput"):
        seen.stop()
        seen.save()
