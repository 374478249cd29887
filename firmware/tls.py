"""TLS as config.json wants it. This stays in memory where there is TLS, and is not loaded elsewhere; what goes again is
in tls_ca.py, tls_room.py and tls_name.py."""

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
        """The socket with TLS, whose handshake is still to come. Raises MQTTError, OSError and MemoryError."""
        if not self.real:
            rare("tls_ca").load(self)
        rare("tls_room").look()
        if self.lenient:
            server_hostname = rare("tls_name").learn(self) or server_hostname
        return self.real.wrap_socket(sock, server_hostname=server_hostname, do_handshake_on_connect=False)


def add_to(options, config):
    """Adds what mqtt.Client is to be told of TLS."""
    name = config["tls_name"]
    options["ssl"] = context = Context(config["ca"], name == "any")
    options["server_hostname"] = "" if context.lenient else name
    rare("tls_ca").prepare(context)
