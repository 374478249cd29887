"""SUBSCRIBE as a device on OneNET's current platform sends it. A board has it from CONNACK to SUBACK."""

from mqtt.wire import append, header


def subscribe(buf, packet_id, filters):
    """Writes SUBSCRIBE [3.8] of topic filters with QoS 0; returns its size."""
    n = 2
    for name in filters:
        n += len(name) + 3
    at = header(buf, 0x82, n)
    buf[at] = packet_id >> 8
    buf[at + 1] = packet_id & 0xFF
    at += 2
    for name in filters:
        buf[at] = len(name) >> 8
        buf[at + 1] = len(name) & 0xFF
        at = append(buf, at + 2, name)
        buf[at] = 0
        at += 1
    return at
