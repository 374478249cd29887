"""What it means that a handshake of TLS fails, in words. Loaded only for that, and dropped.

A certificate that does not hold comes as a ValueError, on MicroPython with a line for each reason (mbedTLS,
mbedtls_x509_crt_verify_info()), on CPython with the first one. What else fails comes with a number, there of mbedTLS's
ssl.h, or with OpenSSL's name for it. What is made of them here begins with "TLS: ".
"""

from errno import ECONNABORTED, ECONNRESET, ENOMEM
from time import gmtime

from .errors import ConnectionClosed, MQTTError, Timeout

_REASONS = (
    # Part of what mbedTLS, or OpenSSL, says of a certificate, and what that is here.
    ("expired", "the certificate has expired, by the clock here: "),
    ("future", "the certificate is not valid yet, by the clock here: "),
    ("not yet valid", "the certificate is not valid yet, by the clock here: "),
    ("match", "the certificate is for another name than "),
    ("correctly signed", "the certificate is not to be trusted: it is not by the CA that is"),
    ("issuer", "the certificate is not to be trusted: it is not by the CA that is"),
    ("self-signed", "the certificate is not to be trusted: it is not by the CA that is"),
    ("self signed", "the certificate is not to be trusted: it is not by the CA that is"),
)
_CLOSED = (ECONNRESET, ECONNABORTED, 32, -80, -29312)  # 32: EPIPE; then mbedTLS's NET_CONN_RESET, SSL_CONN_EOF
_NO_TLS = (-29184, -30464, "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")
_NO_MEMORY = (ENOMEM, 16, -16, -32512, -10368, -17040)  # 16: mbedTLS's MPI_ALLOC_FAILED, made positive


def words(client, error):
    """What to tell of a connection that did not come about, in place of the error it failed with; None if that is not
    known."""
    found = _words(client, error)
    return found and (Timeout if isinstance(error, Timeout) else MQTTError)("TLS: " + found)


def _words(client, error):
    """What it means, None where that is not known. Until the handshake is over, nothing of CONNECT has gone."""
    number = error.args[0] if isinstance(error, OSError) and error.args else None
    name = getattr(error, "reason", None)  # OpenSSL's
    if isinstance(error, MemoryError) and not error.args or number in _NO_MEMORY:
        return "there is no memory left for it"
    if isinstance(error, ValueError):
        return _of_certificate(client, str(error))
    if number in _NO_TLS or name in _NO_TLS:
        return "the server speaks something else: is this its port for TLS?"
    if number == -30336:
        return "no CA is loaded, so no certificate is to be trusted"
    if client._out_left < len(client._settings[3]):
        return None
    if isinstance(error, Timeout):
        return "the handshake has stalled: no answer for %d ms" % client.session.timeout
    if isinstance(error, ConnectionClosed) or number in _CLOSED or "EOF" in type(error).__name__ + str(name):
        return "the server has closed the connection in the handshake: is this its port for TLS?"
    if number in (-30592, -28160) or "ALERT" in str(name):
        return "the server refuses the handshake (%s)" % str(error).strip()
    return None


def _of_certificate(client, text):
    """What is wrong with the certificate: a part for each line, or for what is known of it."""
    found = []
    for line in text.strip().split("\n"):
        words = "the certificate is refused: " + line
        for part, meaning in _REASONS:
            if part in line:
                words = meaning
                break
        if words[-1:] == " ":
            words += (client._settings[1] or client.host) if "name" in words else "%04d-%02d-%02d" % gmtime()[:3]
        if words not in found:
            found.append(words)
    return "; ".join(found)
