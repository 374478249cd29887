"""machine.dht_readinto and machine.bitstream: pulses in good time, which only the sensor and the lamps see."""

import time

import _host
from _peripherals import pin_id


def dht_readinto(pin, buf):
    """drivers/dht/dht.c: blocks for the 250 ms of rest and 18 ms of start pulse; then OSError(ETIMEDOUT) if nobody
    answers."""
    number = pin_id(pin)
    if len(buf) < 5:
        raise ValueError("buffer too small")
    time.sleep_ms(268)
    buf[:5] = bytes(_host.ask("dht", pin=number))


def bitstream(pin, encoding, timing, buf):
    """extmod/machine_bitstream.c; the surroundings show the bytes as output neopixel:PIN."""
    number = pin_id(pin)
    if encoding != 0:
        raise ValueError("encoding")
    if len(timing) != 4:
        raise ValueError(f"requested length 4 but object has length {len(timing)}")
    _host.ask("output", name=f"neopixel:{number}", value=list(bytes(buf)))
