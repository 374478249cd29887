"""TLS as config.json wants it. This stays in memory where there is TLS, and is not loaded elsewhere; what opening a
connection takes is in tls_socket.py, and forgotten."""

from .log import rare


class Context:
    """What the client takes for an SSLContext: one that verifies, or no connection comes about. It has the real one,
    with the CA in it, made as soon as that can be."""

    verify_mode = 2  # CERT_REQUIRED

    def __init__(self, ca, lenient):
        """ca: as in config.json. lenient: about the name in the certificate, and about nothing else."""
        self.ca = ca
        self.lenient = lenient
        self.name = ""  # in the last certificate, where lenient
        self.real = None

    def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
        return rare("tls_socket").wrap(self, sock, server_hostname)


def add_to(options, config):
    """Adds what mqtt.Client is to be told of TLS."""
    name = config["tls_name"]
    options["ssl"] = context = Context(config["ca"], name == "any")
    options["server_hostname"] = "" if context.lenient else name
    rare("tls_socket").prepare(context)
