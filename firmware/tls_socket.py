"""Opens TLS over a connection: the CA's certificate, the memory there has to be, the socket. Loaded for that.

An ESP32 checks the dates of certificates, too, by its clock (ports/esp32/boards/sdkconfig.base: MBEDTLS_HAVE_TIME_DATE;
main.c: platform_mbedtls_time()), which begins at 2000: until it is set, none is valid yet.
"""

from micropython import const

from mqtt.errors import MQTTError

from .log import log, rare

# Bytes of the ESP-IDF's heap that a handshake takes with RSA 2048, measured; with less it stalls, or finds a right
# certificate wrong. In one piece: what mbedTLS receives a record in, of up to 16 KB.
_ROOM = const(37000)
_PIECE = const(16800)


def prepare(context):
    """Makes the real context while there is most memory in one piece, if it can be; else wrap() will say why not."""
    try:
        _load(context)
    except (MQTTError, OSError, MemoryError):
        pass


def wrap(context, sock, name):
    """The socket with TLS, whose handshake is still to come. Raises MQTTError, OSError and MemoryError."""
    if not context.real:
        _load(context)
    _look_for_room()
    if context.lenient:
        log("mqtt", 'the name in the certificate is not checked, for "tls_name" in config.json is "any"')
        name = rare("tls_name").learn(context) or name
    return context.real.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)


def _load(context):
    """The CA's certificate goes into the ESP-IDF's heap; what was read of its file is garbage then."""
    import tls

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


def _look_for_room():
    """Raises MQTTError where there is less memory than a handshake takes."""
    try:
        from esp32 import HEAP_DATA, idf_heap_info
    except ImportError:
        return
    heaps = idf_heap_info(HEAP_DATA)
    free = sum([heap[1] for heap in heaps])
    largest = max([heap[2] for heap in heaps])
    if free < _ROOM or largest < _PIECE:
        raise MQTTError(
            "TLS: not enough memory: it takes %d bytes of the ESP-IDF's heap, %d of them in one piece; %d are free, %d "
            "in one piece. With fewer modules and smaller buffers MicroPython's own heap need not grow into it"
            % (_ROOM, _PIECE, free, largest)
        )
