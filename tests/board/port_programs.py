"""What the tests of the ports' sockets and names share: programs that are online, and say how things end."""

import pytest

ONLINE = """
import network, select, socket, time
w = network.WLAN(network.STA_IF)
w.active(True)
if not w.isconnected():
    w.connect("home", "password")
while not w.isconnected():
    time.sleep_ms(5)

def tell(call, *arguments):
    before = time.ticks_ms()
    try:
        result = call(*arguments)
    except Exception as error:
        result = type(error).__name__, error.errno if isinstance(error, OSError) else str(error)
    print("told", result, "after", time.ticks_diff(time.ticks_ms(), before))
"""

CHIPS = ["esp32", "esp32c3", "esp8266"]

each_chip = pytest.mark.parametrize("chip", CHIPS)
both_ports = pytest.mark.parametrize("chip", ["esp32", "esp8266"])
