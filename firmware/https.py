"""TLS around the connection to a server of packages: verified, or refused. Loaded for each connection, and forgotten.

Whom the board trusts is in the file update.der: a CA's certificate in DER. An ESP32 checks the name and the dates, too.
"""

from mqtt.errors import MQTTError

from .log import rare

_CA = "update.der"


def wrap(sock, host):
    """TLS over a connected, non-blocking socket; the handshake happens with the first write. Raises ValueError."""
    try:
        import tls

        rare("tls_room").look()
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]
        with open(_CA, "rb") as file:
            context.load_verify_locations(file.read())  # type: ignore[attr-defined, unused-ignore]
    except ImportError:
        raise ValueError("https:// needs TLS, which this MicroPython has not: give an http:// address")
    except MQTTError as e:
        raise ValueError("https: %s" % e)
    except OSError:
        raise ValueError("https:// needs the file %s on the board, the certificate of the server's CA in DER" % _CA)
    except ValueError:
        raise ValueError("https: %s is no certificate in DER" % _CA)
    return context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
