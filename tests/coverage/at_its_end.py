"""A plugin of pytest's for coverage/run.py: each of xdist's processes keeps what it has seen when its tests are done.

Else it would do so as it exits, for which xdist gives it 10 seconds, and then kills it (workermanage.py, EXIT_TIMEOUT):
on a busy computer all that a third of the tests reach was lost at times.
"""

import coverage
import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Before xdist hears that this process has finished, which it waits for as long as it takes."""
    seen = coverage.Coverage.current()
    if seen and hasattr(session.config, "workerinput"):
        seen.stop()
        seen.save()
