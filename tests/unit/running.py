"""Runs tests on MicroPython, and says in lines of their own where each begins and how it ends: BEGUN, PASSED, SKIPPED
with the reason, FAILED with a traceback."""

import gc
import sys

if sys.implementation.name == "micropython":

    class SkipTest(Exception):  # noqa: N818
        """Raised by a test that can't run here."""

else:
    from unittest import SkipTest  # noqa: F401  # the one pytest knows


def run(name, test, skip):
    """Runs one test; returns 0 passed, 1 failed, 2 skipped. `skip` are the exceptions that say it can't run here."""
    print("BEGUN %s" % name)
    try:
        test()
    except skip as e:
        print("SKIPPED %s: %s" % (name, e))
        return 2
    except BaseException as e:  # noqa: BLE001
        print("FAILED %s" % name)
        sys.print_exception(e)
        if isinstance(e, KeyboardInterrupt):
            raise
        return 1
    print("PASSED %s" % name)
    return 0


def run_module(module_name, skip, results):
    """Runs the tests of a module; adds to `results`, counts of passed, failed and skipped."""
    module = __import__(module_name)
    for name in sorted(dir(module)):
        if name.startswith("test_"):
            gc.collect()
            results[run("%s.%s" % (module_name, name), getattr(module, name), skip)] += 1
