"""_onewire, extmod/modonewire.c: the wire's time slots; the devices on it are the surroundings'."""

import _host
from _peripherals import pin_id


def _do(pin, what, value=0):
    return _host.ask("onewire", pin=pin_id(pin), what=what, value=value)


def reset(pin):
    """Whether there is anybody."""
    return bool(_do(pin, "reset"))


def readbit(pin):
    return _do(pin, "read", 1)


def readbyte(pin):
    return _do(pin, "read", 8)


def writebit(pin, value):
    _do(pin, "write1", 1 if value else 0)


def writebyte(pin, value):
    _do(pin, "write8", value & 0xFF)


def crc8(data):
    """The CRC of Maxim's application note 27: 0 over data and their check byte."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc
