"""Time servers in the place of the module socket, for firmware/ntp.py: they answer as RFC 4330 wants it, or as a test
does; a lookup gives what esp32/modsocket.c and extmod/modlwip.c do, a list of one tuple of five."""

AF_INET = 2
SOCK_DGRAM = 2
_FROM_1900 = 3155673600

up = True  # or a set of the hosts that answer
asked = []  # hosts
open_sockets = 0
ms = None  # a function: ms since 2000
look_up = None  # a function in place of getaddrinfo()
change = None  # a function that makes another answer of the right one, a bytearray
sent = None  # called when a query is, before the answer comes, and after
timeouts = []


def reset(now):
    """Two servers and more that know the time, which now() gives in ms since 2000."""
    global up, ms, look_up, change, sent
    up = True
    ms = now
    look_up = change = sent = None
    del asked[:]
    del timeouts[:]


def getaddrinfo(host, port):
    asked.append(host)
    if look_up:
        return look_up(host, port)
    return [(2, 2, 0, "", (host, port))]


def answer(query):
    """The right one: server, version 4, stratum 2, the query's own mark, and the time three times."""
    now = ms()
    seconds = (now // 1000 + _FROM_1900) & 0xFFFFFFFF
    stamp = seconds.to_bytes(4, "big") + (now % 1000 * 4294967 + 2000).to_bytes(4, "big")
    return bytearray(b"\x24\2\x06\xec" + bytes(8) + b"\x0a\0\0\1" + stamp + query[40:48] + stamp + stamp)


class socket:
    def __init__(self, family, kind):
        global open_sockets
        assert (family, kind) == (AF_INET, SOCK_DGRAM)
        open_sockets += 1
        self._answer = None

    def settimeout(self, seconds):
        timeouts.append(seconds)

    def sendto(self, query, address):
        host, port = address
        assert port == 123 and len(query) == 48 and query[0] == 0x23
        if sent:
            sent()
        if up is True or (up and host in up):
            self._answer = answer(query)
            if change:
                self._answer = change(self._answer)

    def recv(self, most):
        if sent:
            sent()
        if self._answer is None:
            raise OSError(110)
        return bytes(self._answer[:most])

    def close(self):
        global open_sockets
        open_sockets -= 1
