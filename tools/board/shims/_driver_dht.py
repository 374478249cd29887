"""dht: the interface of micropython-lib's driver, dht.py."""

from machine import dht_readinto


class DHTBase:
    def __init__(self, pin):
        self.pin = pin
        self.buf = bytearray(5)

    def measure(self):
        """Raises OSError(ETIMEDOUT) without an answer, Exception("checksum error") after a disturbed one."""
        dht_readinto(self.pin, self.buf)
        if sum(self.buf[:4]) & 0xFF != self.buf[4]:
            raise Exception("checksum error")


class DHT11(DHTBase):
    def humidity(self):
        return self.buf[0]

    def temperature(self):
        return self.buf[2]


class DHT22(DHTBase):
    def humidity(self):
        return (self.buf[0] << 8 | self.buf[1]) * 0.1

    def temperature(self):
        size = ((self.buf[2] & 0x7F) << 8 | self.buf[3]) * 0.1
        return -size if self.buf[2] & 0x80 else size
