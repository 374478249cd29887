"""What a program sees of an ESP32 and its port of MicroPython."""

# Name of a module to the shim that stands for it, in this order: `time` is used by the others.
MODULES = (
    ("sys", "_sys"),
    ("errno", "_errno"),
    ("os", "_os"),
    ("time", "_time"),
    ("micropython", "_micropython"),
    ("machine", "_machine"),
    ("socket", "_socket"),
    ("network", "_network"),
    ("esp", "_esp"),
    ("esp32", "_esp32"),
    ("gc", "_gc"),
    ("tls", "_tls"),
    ("ntptime", "_ntptime"),
    ("vfs", "_vfs"),
    ("_thread", "__thread"),
)

PATH = ("/lib",)  # of sys.path, behind what every port has

PLATFORM = "esp32"
MACHINE = "Generic ESP32 module with ESP32"  # boards/ESP32_GENERIC/mpconfigboard.h
NO_BUILTINS = ()
MPY_ARCH = None  # that of native code: the interpreter's own
HOSTNAME = "mpy-esp32"

RESETS = (1, 2, 3, 4, 5)  # PWRON, HARD, WDT, DEEPSLEEP, SOFT; modmachine.c
FREQUENCIES = (20000000, 40000000, 80000000, 160000000, 240000000)
FREQUENCY_WORDS = "frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz"
RTC_SIZE = 2048  # mpconfigport.h
RTC_UNIT = 1  # microseconds of the last element of RTC.datetime()

PINS = tuple(range(24)) + (25, 26, 27) + tuple(range(32, 40))  # machine_pin.h
INPUT_ONLY = range(34, 40)  # machine_pin.c: GPIO_FIRST_NON_OUTPUT
FLASH_PINS = range(6, 12)  # the port lets one take them, and the chip stops at that
NO_PULL = -1
PIN_MODES = (1, 3, 7)  # IN, OUT, OPEN_DRAIN
PULL_UP = 2
PULL_DOWN = 1

SOL_SOCKET = 0xFFF
TCP_NODELAY = 1
IP_DROP_MEMBERSHIP = -1
NO_SUCH_OPTION = "Warning: lwip.setsockopt() option not implemented"  # modsocket.c
CANONICAL = True  # whether getaddrinfo() tells the name
ERRNOS = {98: 112, 103: 113, 106: 127, 107: 128, 110: 116, 113: 118, 114: 120, 115: 119}  # Linux's to newlib's
FLASH_ERROR = (-0x6001, "ESP_ERR_FLASH_OP_FAIL")  # mphalport.c: check_esp_err_(), of esp_flash_err.h

# What modules/inisetup.py writes where there is no file system yet, byte for byte: tools must know it from a user's.
BOOT = """\
# This file is executed on every boot (including wake-boot from deepsleep)
#import esp
#esp.osdebug(None)
#import webrepl
#webrepl.start()
"""
