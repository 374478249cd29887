"""The SSLContext that trusts the CA of config.json, for the client. Loaded for that, and forgotten.

An ESP32 checks the dates of certificates, too, by its clock (ports/esp32/boards/sdkconfig.base: MBEDTLS_HAVE_TIME_DATE;
main.c: platform_mbedtls_time()), which begins at 2000: until it is set, none is valid yet.
"""

from mqtt.errors import MQTTError

from .log import rare


def context_of(ca, name):
    """The context, for all connections. The CA's certificate goes into the ESP-IDF's heap; what was read of its file is
    garbage then. ca, name: "ca" and "tls_name" of the configuration. Raises MQTTError."""
    try:
        import tls
    except ImportError:
        raise MQTTError("TLS: the MicroPython on this board has none")
    path = "onenet.der" if ca == "onenet" else ca
    try:
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]
        with open(path, "rb") as file:
            context.load_verify_locations(file.read())  # type: ignore[attr-defined, unused-ignore]
    except MemoryError:
        raise MQTTError("TLS: there is no memory left for it")
    except OSError:
        raise MQTTError("TLS: there is no file %s on the board, the CA's certificate: onenet config brings it" % path)
    except ValueError:
        raise MQTTError("TLS: %s is no certificate in DER: onenet config makes one" % path)
    return rare("tls_name").Lenient(context) if name == "any" else context
