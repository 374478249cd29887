"""The memory that TLS takes, of an ESP32. Loaded before each handshake."""

from micropython import const

from mqtt.errors import MQTTError

# Bytes of the ESP-IDF's heap that a handshake takes with RSA 2048, measured; with less it stalls, or finds a right
# certificate wrong. In one piece: what mbedTLS receives a record in, of up to 16 KB.
_ROOM = const(37000)
_PIECE = const(16800)


def look():
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
