"""mask for the ESP8266: what lib/mqtt/mask.py has, without machine code; wire.py here tells why."""


def mask(frame, source, start, n):
    """Puts n bytes of source, from start on, into frame from its ninth byte on, each XORed with its byte of the masking
    key, which is in the four before [RFC 6455, 5.3]. No bound is checked."""
    i = 0
    while i < n:
        frame[8 + i] = source[start + i] ^ frame[4 + (i & 3)]
        i += 1
