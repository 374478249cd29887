"""What takes the time in a WebSocket: going through a payload byte by byte. Loaded by websocket.py."""

import micropython


@micropython.viper
def mask(frame, source, start: int, n: int):
    """Puts n bytes of source, from start on, into frame from its ninth byte on, each XORed with its byte of the masking
    key, which is in the four before [RFC 6455, 5.3]. No bound is checked."""
    p = ptr8(frame)
    q = ptr8(source)
    i = 0
    while i < n:
        p[8 + i] = q[start + i] ^ p[4 + (i & 3)]
        i += 1
