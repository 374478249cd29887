"""What a program sees of an ESP8266 and its port of MicroPython."""

# Name of a module to the shim that stands for it, in this order: `time` is used by the others.
MODULES = (
    ("sys", "_sys"),
    ("os", "_os"),
    ("time", "_time"),
    ("micropython", "_micropython"),
    ("machine", "_machine"),
    ("socket", "_socket"),
    ("network", "_network8266"),
    ("esp", "_esp8266"),
    ("ntptime", "_ntptime"),
    ("hashlib", "_hashlib8266"),
    ("tls", "_tls8266"),
    ("vfs", "_vfs8266"),
)

PATH = ("/lib", "/")  # of sys.path, behind what every port has; main.c: mp_reset()

PLATFORM = "esp8266"
MACHINE = "ESP module with ESP8266"  # boards/ESP8266_GENERIC/mpconfigboard.h
NO_BUILTINS = ("execfile", "compile")  # mpconfigport.h
MPY_ARCH = 9  # xtensa: no other interpreter loads native code for it, nor this one the interpreter's own
HOSTNAME = "mpy-esp8266"

RESETS = (0, 6, 1, 5, 4)  # PWRON, HARD, WDT, DEEPSLEEP, SOFT; modmachine.c, by the SDK's rst_reason
FREQUENCIES = (160000000, 80000000)
FREQUENCY_WORDS = "frequency can only be either 80Mhz or 160MHz"
RTC_SIZE = 492  # machine_rtc.c: MEM_USER_MAXLEN
RTC_UNIT = 1000  # microseconds of the last element of RTC.datetime()

PINS = tuple(range(6)) + (9, 10) + tuple(range(12, 17))  # machine_pin.c: pyb_pin_obj
INPUT_ONLY = FLASH_PINS = ()
NO_PULL = 16
PIN_MODES = (0, 1, 2)  # IN, OUT, OPEN_DRAIN
PULL_UP = 1
PULL_DOWN = None

SOL_SOCKET = 1
TCP_NODELAY = 0x40  # TF_NODELAY, extmod/modlwip.c
IP_DROP_MEMBERSHIP = 0x401
NO_SUCH_OPTION = "Warning: lwip.setsockopt() not implemented"
CANONICAL = False  # whether getaddrinfo() tells the name
ERRNOS = {}  # py/mperrno.h has Linux's numbers
FLASH_ERROR = (5,)  # EIO: modesp.c, esp_flash_read() and its likes

# What modules/inisetup.py writes where there is no file system yet, byte for byte: tools must know it from a user's.
BOOT = """\
# This file is executed on every boot (including wake-boot from deepsleep)
#import esp
#esp.osdebug(None)
import os, machine
#os.dupterm(None, 1) # disable REPL on UART(0)
import gc
#import webrepl
#webrepl.start()
gc.collect()
"""
