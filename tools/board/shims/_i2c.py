"""machine.I2C and machine.SoftI2C, extmod/machine_i2c.c: what is on the bus is the surroundings' to say.

Every bus of the board has the same devices, whichever its pins. On the ESP32 an address nobody answers is ENODEV, and
so is one that stops in between; the ESP8266 has no hardware for it, so its I2C is SoftI2C.
"""

import _host
from _peripherals import pin_id


class SoftI2C:
    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        self.init(scl, sda, freq=freq, timeout=timeout)

    def init(self, scl, sda, *, freq=400000, timeout=50000):
        self._scl, self._sda, self._freq = pin_id(scl), pin_id(sda), freq

    def deinit(self):
        pass

    def scan(self):
        found = []
        for address in range(0x08, 0x78):
            try:
                self.writeto(address, b"")
            except OSError:
                continue
            found.append(address)
        return found

    def readfrom(self, addr, nbytes, stop=True):
        return self._transfer(addr, b"", nbytes)

    def readfrom_into(self, addr, buf, stop=True):
        buf[:] = self._transfer(addr, b"", len(buf))

    def writeto(self, addr, buf, stop=True):
        return self._transfer(addr, buf)

    def writevto(self, addr, vector, stop=True):
        return self._transfer(addr, b"".join(bytes(part) for part in vector))

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        return self._transfer(addr, _register(memaddr, addrsize), nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        buf[:] = self._transfer(addr, _register(memaddr, addrsize), len(buf))

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self._transfer(addr, _register(memaddr, addrsize) + bytes(buf))

    def start(self):
        """Bit by bit there is nobody: no device sees single conditions here."""

    def stop(self):
        pass

    def readinto(self, buf, nack=True):
        buf[:] = b"\xff" * len(buf)

    def write(self, buf):
        return 0

    def _transfer(self, address, written, count=None):
        answer = _host.ask("i2c", address=address, written=list(bytes(written)), count=count)
        return answer if count is None else bytes(answer)

    def __repr__(self):
        return f"SoftI2C(scl={self._scl}, sda={self._sda}, freq={self._freq})"


def _register(number, size):
    if size & 7 or not 0 <= size <= 32:
        raise ValueError("invalid addrsize")
    return bytes((number >> shift) & 0xFF for shift in range(size - 8, -1, -8))


_buses = {}  # number -> the only object of it


class _HardI2C(SoftI2C):
    """ports/esp32/machine_i2c.c: bus 0, and 1 but on a C3; no single conditions."""

    def __new__(cls, id=0, *, scl=None, sda=None, freq=-1, timeout=-1):
        there_are = 1 if _host.chip == "esp32c3" else 2
        if not 0 <= id < there_are:
            raise ValueError(f"I2C({id}) doesn't exist")
        return _buses.get(id) or object.__new__(cls)

    def __init__(self, id=0, *, scl=None, sda=None, freq=-1, timeout=-1):
        if id not in _buses:
            _buses[id] = self
            self._id, self._freq, self._timeout = id, 400000, 50000
            self._scl, self._sda = ((18, 19), (25, 26))[id] if _host.chip == "esp32" else (5, 6)
        if scl is not None:
            self._scl = pin_id(scl)
        if sda is not None:
            self._sda = pin_id(sda)
        if freq != -1:
            self._freq = freq
        if timeout != -1:
            self._timeout = timeout

    def _unsupported(self, *arguments):
        raise OSError("I2C operation not supported")

    init = start = stop = readinto = write = _unsupported

    def __repr__(self):
        return f"I2C({self._id}, scl={self._scl}, sda={self._sda}, freq={self._freq}, timeout={self._timeout})"


I2C = SoftI2C if _host.chip == "esp8266" else _HardI2C
