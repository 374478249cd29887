"""What an error of the network means, and what to do about it, in words. Loaded only for that; `onenet` uses it, too.

The ESP32 has the numbers of its C library (newlib's errno.h), the ESP8266 those of MicroPython's own py/mperrno.h, as
Linux has them. A name that is not found is minus one of lwIP's EAI_ numbers, or -2 on an ESP8266. TLS has those of
mbedTLS's ssl.h and x509.h.
"""

import sys

_NO_MEMORY = "no memory left for the connection"
# Words; names; numbers on every port; on an ESP32; elsewhere
_MEANINGS = (
    (
        'no way to the server: does the router reach the internet, and is "host" in config.json right?',
        ("EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "EHOSTDOWN"), (), (114, 115, 117, 118), (100, 101, 112, 113),
    ),
    (
        'nothing listens at the server: are "host" and "port" in config.json right, and does it run?',
        ("ECONNREFUSED",), (111,), (), (),
    ),
    (
        'the connection was cut by the server or a firewall: is "port" in config.json right?',
        ("ECONNRESET",), (104, -80), (), (),
    ),
    (
        'no answer from the server: is "host" in config.json right, and does a firewall let it through?',
        ("ETIMEDOUT",), (), (116,), (110,),
    ),
    (
        "the connection broke off, as with a bad Wi-Fi signal or a router that restarts",
        ("ECONNABORTED", "ENOTCONN", "EPIPE"), (32, -76, -78), (113, 128), (103, 107),
    ),
    (
        _NO_MEMORY + ' in the chip; if that stays, free some: smaller "outbox_size", "rx_size" or "tx_size"',
        ("ENOMEM", "ENOBUFS", "ENFILE", "EMFILE"), (12, 23, 24, 105, -203), (), (),
    ),
    (
        'the name of the server was not found: is "host" in config.json right, and does the router reach the internet?',
        (), (-1, -2, -3, -200, -201, -202, -204), (), (),
    ),
    ('the server has cut the TLS handshake: is "port" in config.json one for TLS?', (), (-29312,), (), ()),
    ('the server does not speak TLS there: is "port" in config.json right?', (), (-29184, -28288), (), ()),
    ("no CA certificate is loaded, so the server's cannot be checked", (), (-30336,), (), ()),
    ("the server's certificate is not to be trusted: wrong CA, name or date; is the clock set?", (), (-9984,), (), ()),
    ("the server refuses the TLS handshake, or has no cipher that the board has", (), (-30592, -28160), (), ()),
    (_NO_MEMORY + " with TLS, which takes some 40 KB: connect first of all", (), (-16, -32512, -10368, -17040), (), ()),
)  # fmt: skip


def meaning(number, name="", platform=""):
    """What the number of an OSError stands for, in words; empty if that is not known. `name` counts more, where the
    port gives one. Without a platform, "esp32" or "esp8266", a number that is two things is taken as Linux has it."""
    for words, names, everywhere, esp32, others in _MEANINGS:
        if name:
            if name in names:
                return words
        elif number in everywhere or number in (esp32 if platform == "esp32" else others):
            return words
    return "" if name or platform else meaning(number, "", "esp32")


def words(error):
    """The same for an exception, with its own text behind; that alone where there are no better words."""
    text = "%s: %s" % (type(error).__name__, error)
    number = error.args[0] if isinstance(error, OSError) and error.args else None
    found = isinstance(number, int) and meaning(number, "", sys.platform)
    return "%s (%s)" % (found, text) if found else text
