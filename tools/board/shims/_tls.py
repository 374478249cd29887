"""tls: the interpreter's own, which is mbedTLS as an ESP32's is, by the chip's clock and out of the chip's memory.

An ESP32 looks at the dates of certificates (boards/sdkconfig.base: MBEDTLS_HAVE_TIME_DATE) by its own clock (main.c:
platform_mbedtls_time()), which begins at 2000: until it is set no certificate is valid yet. The computer's clock counts
here, too. Where a certificate has more than a date against it, the date alone is told: x509_crt_verify_info() would
tell all.
"""

import time
from tls import *
from tls import SSLContext as _Own

import _esp32

_TAKEN = 28672  # bytes of the ESP-IDF's heap while there is a connection: measured with 1.26.1 on an emulated ESP32


class SSLContext:
    def __init__(self, protocol):
        self._own = _Own(protocol)
        self._own.verify_callback = self._look
        self.verify_callback = None

    def __getattr__(self, name):
        return getattr(self._own, name)

    @property
    def verify_mode(self):
        return self._own.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._own.verify_mode = mode

    def wrap_socket(self, sock, **options):
        made = self._own.wrap_socket(sock, **options)
        _esp32.taken = _TAKEN  # and never given back, which is less than a chip does
        return made

    def _look(self, certificate, depth):
        """What is raised here passes through mbedTLS, as its own error would come out of it. The certificate lies
        outside the heap, and is not copied into it: a chip looks at dates without that."""
        if self.verify_mode == CERT_REQUIRED:
            first, last = _dates(certificate)
            now = "%04d%02d%02d%02d%02d%02dZ" % time.gmtime()[:6]
            if now < first:
                raise ValueError("The certificate validity starts in the future\n")
            if now > last:
                raise ValueError("The certificate validity has expired\n")
        return self.verify_callback(certificate, depth) if self.verify_callback else 0


def _dates(der):
    """From when until when it is valid, as text in full [RFC 5280, 4.1.2.5]."""
    at, _ = _inside(der, _inside(der, 0)[0])
    for _ in range(4 if der[at] == 0xA0 else 3):  # version, serial number, algorithm, issuer
        at = _inside(der, at)[1]
    at, _ = _inside(der, at)
    found = []
    for _ in range(2):
        first, last = _inside(der, at)
        text = bytes(der[first:last]).decode()
        if der[at] == 0x17:  # UTCTime, of two digits for the year
            text = ("19" if text[0] >= "5" else "20") + text
        found.append(text)
        at = last
    return found


def _inside(der, at):
    """Where what is inside the element at `at` begins and ends."""
    size = der[at + 1]
    at += 2
    if size & 0x80:
        count = size & 0x7F
        size = int.from_bytes(der[at : at + count], "big")
        at += count
    return at, at + size
