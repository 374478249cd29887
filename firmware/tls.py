"""TLS as config.json wants it, with what is in tls_ca.py, tls_room.py and tls_name.py. Loaded only where there is TLS:
once at the start, and before each connection; and forgotten."""

from mqtt.errors import MQTTError

from .log import rare


class Nothing:
    """Stands for the context until there is one, and keeps the client from connecting without."""

    verify_mode = 2  # CERT_REQUIRED

    def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
        raise MQTTError("TLS: there is no context yet")


def add_to(device, config):
    """Makes the client one of TLS. The context is made now, while there is most memory in one piece, if it can be; else
    the first connection will say why not. config: all of it."""
    client = device._client
    name = config["tls_name"]
    client._settings = (Nothing(), "" if name == "any" else name) + client._settings[2:]
    device.config["ca"] = config["ca"]
    device.config["tls_name"] = name
    try:
        rare("tls_ca").make(device)
    except (MQTTError, OSError, MemoryError):
        pass


def make(device):
    """What a connection needs: the context, where there is none yet, and memory. Raises MQTTError and OSError."""
    if "ca" in device.config:
        rare("tls_ca").make(device)
    rare("tls_room").look()
