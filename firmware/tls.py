"""TLS as config.json wants it, with what is in tls_ca.py, tls_room.py and tls_name.py. Loaded only where there is TLS:
once at the start, and before each connection; and forgotten."""

from mqtt.errors import MQTTError

from .log import rare


class Nothing:
    """Stands for the context until there is one, and keeps the client from connecting without."""

    verify_mode = 2  # CERT_REQUIRED

    def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
        raise MQTTError("TLS: there is no context yet")


def early(config):
    """The context, which is 2 KB in one piece; None where it cannot be made, which the first connection will tell of.
    config: all of it."""
    try:
        return rare("tls_ca").context_of(config["ca"], config["tls_name"])
    except (MQTTError, MemoryError):
        return None


def add_to(device, config, context):
    """Makes the client one of TLS. context: what early() has made."""
    name = config["tls_name"]
    client = device._client
    client._settings = (context or Nothing(), "" if name == "any" else name) + client._settings[2:]
    if not context:
        device.config["ca"] = config["ca"]
        device.config["tls_name"] = name


def make(device):
    """What a connection needs: the context, where there is none yet, and memory. Raises MQTTError."""
    config = device.config
    if "ca" in config:
        context = rare("tls_ca").context_of(config["ca"], config["tls_name"])
        device._client._settings = (context,) + device._client._settings[1:]
        del config["ca"], config["tls_name"]
    rare("tls_room").look()
