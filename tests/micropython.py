"""Runs the unit tests on MicroPython: micropython tests/micropython.py [--plain] [test_packet ...]

All modules of tests/unit, or those named. Tests that need a broker are skipped unless with_broker.py starts this.
--plain: with what an ESP8266 gets in place of machine code. What running.py says of each test is for
with_broker.py to show what a test printed only where it fails. On a board: on_board.py.
"""

import os
import sys

HERE = __file__.rpartition("/")[0] or "."
if HERE[0] != "/":  # a test that changes the folder shall still find modules
    HERE = os.getcwd() + "/" + HERE
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


def modules():
    names = sorted(
        [name[:-3] for name in os.listdir(HERE + "/unit") if name.startswith("test_") and name.endswith(".py")]
    )
    return [name for name in names if name not in LAST] + [name for name in LAST if name in names]


def use_plain_code():
    sys.path.insert(0, HERE + "/../lib/plain/mqtt")
    for name in ("wire", "mask"):
        module = __import__(name)
        sys.modules["mqtt." + name] = sys.modules.pop(name)
        assert not hasattr(module, "micropython")
    del sys.path[0]


def main(names):
    sys.path[:0] = [HERE + "/../lib", HERE + "/unit", HERE]
    if "--plain" in names:
        names.remove("--plain")
        use_plain_code()
    from running import SkipTest, run_module

    results = [0, 0, 0]
    for module_name in names or modules():
        run_module(module_name, SkipTest, results)
    print("%d passed, %d failed, %d skipped" % tuple(results))
    return 1 if results[1] or not results[0] else 0


sys.exit(main(sys.argv[1:]))
