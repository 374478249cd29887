"""esp: the few functions that mean something without the chip."""

_SIZE = 4 * 1024 * 1024  # bytes of the whole chip; the file system is a partition of it

LOG_NONE = 0
LOG_ERROR = 1
LOG_WARN = 2
LOG_INFO = 3
LOG_DEBUG = 4
LOG_VERBOSE = 5


def osdebug(uart_no, level=LOG_ERROR):
    """There are no messages of an underlying system to switch on or off."""


def flash_size():
    return _SIZE
