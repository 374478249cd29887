"""esp of an ESP8266, ports/esp8266/modesp.c: the flash by its addresses; the rest is there to be called."""

import gc

import _chipflash
import _host

SLEEP_NONE = 0
SLEEP_LIGHT = 1
SLEEP_MODEM = 2


def osdebug(uart):
    """There are no messages of an underlying system to switch on or off."""


def sleep_type(kind=None):
    return SLEEP_MODEM if kind is None else None


def deepsleep(time_us=0, option=0):
    _host.vanish("deepsleep", us=time_us & 0xFFFFFFFF or None)


def flash_id():
    return 0x1640EF  # a W25Q32, common on modules


def flash_read(offset, length_or_buffer):
    if isinstance(length_or_buffer, int):
        buffer = bytearray(length_or_buffer)
        _chipflash.read_into(offset, buffer)
        return bytes(buffer)
    _chipflash.read_into(offset, length_or_buffer)


def flash_write(offset, buffer):
    if len(buffer) & 3:
        raise ValueError("len must be multiple of 4")
    _chipflash.program(offset, buffer)


def flash_erase(sector):
    _chipflash.erase(sector)


flash_size = _chipflash.size


def flash_user_start():
    """Where the file system begins: behind MicroPython and ROMFS."""
    return _chipflash.FILES_AT


def freemem():
    """Bytes of the SDK's heap, which is not MicroPython's."""
    return 22000


def meminfo():
    gc.collect()


def malloc(size):
    return 0


def free(address):
    pass


def check_fw():
    return True


def esf_free_bufs(index):
    return 0


def set_native_code_location(start, length):
    pass
