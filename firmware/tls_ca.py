"""The certificate of the CA that is trusted, from its file into an SSLContext. Loaded for that.

An ESP32 checks the dates of certificates, too, by its clock (ports/esp32/boards/sdkconfig.base: MBEDTLS_HAVE_TIME_DATE;
main.c: platform_mbedtls_time()), which begins at 2000: until it is set, none is valid yet.
"""

from mqtt.errors import MQTTError


def prepare(context):
    """Makes the real context while there is most memory in one piece, if it can be; else the first connection will say
    why not."""
    try:
        load(context)
    except (MQTTError, OSError, MemoryError):
        pass


def load(context):
    """The CA's certificate goes into the ESP-IDF's heap; what was read of its file is garbage then. Raises MQTTError,
    OSError and MemoryError."""
    try:
        import tls
    except ImportError:
        raise MQTTError("TLS: the MicroPython on this board has none")
    real = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    real.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]
    name = "onenet.der" if context.ca == "onenet" else context.ca
    try:
        with open(name, "rb") as file:
            real.load_verify_locations(file.read())  # type: ignore[attr-defined, unused-ignore]
    except OSError:
        raise MQTTError("TLS: there is no file %s on the board, the CA's certificate: onenet config brings it" % name)
    except ValueError:
        raise MQTTError("TLS: %s is no certificate in DER: onenet config makes one" % name)
    context.real = real
