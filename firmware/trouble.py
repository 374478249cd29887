"""What an error of the network means, and what to do about it, in words. Loaded only for that; `onenet` uses it, too.

The ESP32 has the numbers of its C library (newlib's errno.h), the ESP8266 those of MicroPython's own py/mperrno.h, as
Linux has them. A name that is not found is minus one of lwIP's EAI_ numbers, or -2 on an ESP8266. TLS has those of
mbedTLS's ssl.h and x509.h; what fails a handshake mqtt.tls_words has put into words.
"""

import sys

# A row: names, and numbers that all ports have | numbers of an ESP32 | of others | words. A text each, for no board has
# room for all of them in one piece, and no tuples, which would be made in memory.
_MEANINGS = (
    " EHOSTUNREACH ENETUNREACH ENETDOWN EHOSTDOWN | 114 115 117 118 | 100 101 112 113 |no way to the server: does the "
    'router reach the internet, and is "host" in config.json right?',
    ' ECONNREFUSED 111 |||nothing listens at the server: are "host" and "port" in config.json right, and does it run?',
    ' ECONNRESET 104 -80 |||the connection was cut by the server or a firewall: is "port" in config.json right?',
    ' ETIMEDOUT | 116 | 110 |no answer from the server: is "host" in config.json right, and does a firewall let it '
    "through?",
    " ECONNABORTED ENOTCONN EPIPE 32 -76 -78 | 113 128 | 103 107 |the connection broke off, as with a bad Wi-Fi signal "
    "or a router that restarts",
    " ENOMEM ENOBUFS ENFILE EMFILE 12 23 24 105 -203 |||no memory left for the connection in the chip; if that stays, "
    'free some: smaller "outbox_size", "rx_size" or "tx_size"',
    ' -1 -2 -3 -200 -201 -202 -204 |||the name of the server was not found: is "host" in config.json right, and does '
    "the router reach the internet?",
    ' -29312 |||the server has cut the TLS handshake: is "port" in config.json one for TLS?',
    ' -29184 -28288 |||the server does not speak TLS there: is "port" in config.json right?',
    " -30336 |||no CA certificate is loaded, so the server's cannot be checked",
    " -9984 |||the server's certificate is not to be trusted: wrong CA, name or date; is the clock set?",
    " -30592 -28160 |||the server refuses the TLS handshake, or has no cipher that the board has",
    " -16 -32512 -10368 -17040 |||no memory left for TLS, which takes some 40 KB: connect before all else",
)

_HINT = '; "tls_name" in config.json says which name it has to be'


def meaning(number, name="", platform=""):
    """What the number of an OSError stands for, in words; empty if that is not known. `name` counts more, where the
    port gives one. Without a platform, "esp32" or "esp8266", a number that is two things is taken as Linux has it."""
    key = " %s " % (name or number)
    for row in _MEANINGS:
        at = row.find(key)
        if at >= 0 and row[:at].count("|") in (0, 1 if platform == "esp32" else 2):
            return row[row.rfind("|") + 1 :]
    return "" if name or platform else meaning(number, "", "esp32")


def words(error):
    """The same for an exception, with its own text behind; that alone where there are no better words. Where a board
    forgets this module, it goes at once: see faults.py."""
    try:
        return _words(error)
    finally:
        if __name__ not in sys.modules:
            globals().clear()


def _words(error):
    text = str(error)
    if text[:5] == "TLS: ":  # in words already
        return text + _HINT if "another name" in text else text
    text = "%s: %s" % (type(error).__name__, text)
    number = error.args[0] if isinstance(error, OSError) and error.args else None
    found = isinstance(number, int) and meaning(number, "", sys.platform)
    return "%s (%s)" % (found, text) if found else text
