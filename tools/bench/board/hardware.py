# mypy: ignore-errors
"""Stand-ins for a board's identity, clock and Wi-Fi, which some clients ask for and the unix port lacks."""

import sys


class _RTC:
    def datetime(self):
        return (2026, 1, 1, 3, 0, 0, 0, 0)


class _Machine:
    RTC = _RTC

    @staticmethod
    def unique_id():
        return b"bench1"


class _WLAN:
    def __init__(self, interface):
        pass

    def isconnected(self):
        return True

    def disconnect(self):
        pass


class _Network:
    STA_IF = 0
    WLAN = _WLAN


sys.modules["machine"] = _Machine
sys.modules["network"] = _Network
