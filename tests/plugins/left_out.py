"""For pytest, with stage.py: the last line says how many tests were left out, which pytest-xdist's does not."""

from types import SimpleNamespace

import pytest


def pytest_deselected(items):
    """In a worker, that is."""
    if items and hasattr(items[0].config, "workeroutput"):
        told = items[0].config.workeroutput
        told["left out"] = told.get("left out", 0) + len(items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    count = getattr(node, "workeroutput", {}).get("left out", 0)  # all workers leave out the same ones
    reporter = node.config.pluginmanager.get_plugin("terminalreporter")
    reporter.stats["deselected"] = [SimpleNamespace() for _ in range(count)]
