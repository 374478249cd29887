"""ntptime as the ports freeze it (micropython-lib, micropython/net/ntptime): no answer is looked at twice.

A name without an address is an IndexError, one with None for an address a TypeError, a short answer a ValueError, and
an answer without a time, a kiss of death say, sets the clock to 2036.
"""

import socket
import struct
from time import gmtime

host = "pool.ntp.org"
timeout = 1  # seconds

_FROM_1900_TO_2000 = 3155673600
_OLDEST = 3913056000  # 2024, from 1900; less is taken for a count that has wrapped round in 2036
_ERA = 1 << 32


def time():
    """Seconds since 2000."""
    address = socket.getaddrinfo(host, 123)[0][-1]
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asker.settimeout(timeout)
        asker.sendto(b"\x23" + bytes(47), address)  # version 4, client
        answer = asker.recv(48)
    finally:
        asker.close()
    (seconds,) = struct.unpack("!I", answer[40:44])
    if seconds < _OLDEST:
        seconds += _ERA
    return seconds - _FROM_1900_TO_2000


def settime():
    """Set the board's clock."""
    from machine import RTC

    year, month, day, hour, minute, second, weekday, _ = gmtime(time())
    RTC().datetime((year, month, day, weekday + 1, hour, minute, second, 0))
