"""ntptime: asks a time server with a real SNTP query over the board's network."""

import socket
import struct
import time as _time
from errno import EAGAIN, ETIMEDOUT

host = "pool.ntp.org"
timeout = 1  # seconds

_FROM_1900_TO_2000 = 3155673600


def time():
    """Seconds since 2000. Raises OSError when the network or the server does not answer."""
    query = bytearray(48)
    query[0] = 0x1B  # version 3, client
    address = socket.getaddrinfo(host, 123, 0, socket.SOCK_DGRAM)[0][-1]
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.settimeout(timeout)
        s.sendto(query, address)
        answer = s.recv(48)
    except OSError as error:  # the unix port calls a timeout EAGAIN, a board ETIMEDOUT
        raise OSError(ETIMEDOUT if error.errno == EAGAIN else error.errno)
    finally:
        s.close()
    if len(answer) < 48:
        raise OSError(5)
    return struct.unpack(">I", answer[40:44])[0] - _FROM_1900_TO_2000


def settime():
    """Set the board's clock."""
    from machine import RTC

    year, month, day, hour, minute, second, weekday, _ = _time.gmtime(time())
    RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
