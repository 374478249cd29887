"""tls of an ESP8266, which is axTLS: it verifies nothing, and takes no CA. extmod/modtls_axtls.c. A connection needs
more memory than there is beside a program, so here none comes about."""

from errno import ENOMEM

PROTOCOL_TLS_CLIENT = 0
PROTOCOL_TLS_SERVER = 1
CERT_NONE = 0


class SSLContext:
    def __init__(self, protocol):
        pass

    @property
    def verify_mode(self):
        return CERT_NONE

    @verify_mode.setter
    def verify_mode(self, mode):
        pass  # ssl_context_attr(): "no need to store anything"

    def load_cert_chain(self, cert, key):
        pass

    def wrap_socket(self, sock, *, server_side=False, do_handshake_on_connect=True, server_hostname=None):
        raise OSError(ENOMEM)
