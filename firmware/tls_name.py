"""The name in a server's certificate, for a client to whom it does not matter. Loaded only for one, where it stays.

mbedTLS checks no chain without a name (its 3.6.3 refuses to, ssl_tls.c: get_hostname_for_verification()). So a
connection is made with the name that the server's last certificate has: all else is checked as ever. Before the first
one it is not known, and that connection fails.
"""

from micropython import const

from .log import log

_ALT_NAME = b"\x06\x03\x55\x1d\x11"  # OID of subjectAltName [RFC 5280, 4.2.1.6]
_COMMON_NAME = b"\x06\x03\x55\x04\x03"
_DNS_NAME = const(0x82)
_VERSION = const(0xA0)


class Lenient:
    """What the client takes for an SSLContext, of which it takes all but the name: of the server's last certificate."""

    verify_mode = 2  # CERT_REQUIRED

    def __init__(self, context):
        self.context = context
        self.name = ""
        context.verify_callback = self._look

    def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
        log("mqtt", 'the name in the certificate is not checked, for "tls_name" in config.json is "any"')
        name = self.name or server_hostname
        return self.context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)

    def _look(self, certificate, depth):
        if not depth:  # the server's own
            try:
                name = name_of(bytes(certificate))
                if name != self.name:
                    log("mqtt", "the server's certificate is for %s" % name)
                self.name = name
            except Exception:  # noqa: BLE001 - it passes through C, which would not clean up
                self.name = ""
        return 0


def name_of(der):
    """The first DNS name of a certificate in DER, or else its common name; "" for neither. What is no certificate
    raises IndexError or ValueError."""
    at = _inside(der, _inside(der, 0)[0])[0]
    # Behind the version, if it is there: serial number, algorithm, issuer, validity, subject.
    for _ in range(5 if der[at] == _VERSION else 4):
        at = _inside(der, at)[1]
    at, end = _inside(der, at)
    extension = der.find(_ALT_NAME, end)
    if extension >= 0:
        extension += len(_ALT_NAME)
        if der[extension] == 1:  # critical
            extension += 3
        first, last = _inside(der, _inside(der, extension)[0])
        while first < last:
            value, following = _inside(der, first)
            if der[first] == _DNS_NAME:
                return str(der[value:following], "utf-8")
            first = following
    common = der.rfind(_COMMON_NAME, at, end)
    if common < 0:
        return ""
    at, end = _inside(der, common + len(_COMMON_NAME))
    return str(der[at:end], "utf-8")


def _inside(der, at):
    """Where what is inside the element at `at` begins and ends [X.690, 8.1.3]."""
    size = der[at + 1]
    at += 2
    if size & 0x80:
        size &= 0x7F
        size, at = int.from_bytes(der[at : at + size], "big"), at + size
    return at, at + size
