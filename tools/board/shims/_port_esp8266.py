"""What a program sees of an ESP8266 and its port of MicroPython."""

# Name of a module to the shim that stands for it, in this order: `time` is used by the others.
MODULES = (
    ("sys", "_sys"),
    ("time", "_time"),
    ("micropython", "_micropython"),
    ("machine", "_machine"),
    ("socket", "_socket"),
    ("network", "_network8266"),
    ("esp", "_esp"),
    ("ntptime", "_ntptime"),
    ("vfs", "_vfs"),
)

PATH = ("/lib", "/")  # of sys.path, behind what every port has; main.c: mp_reset()

PLATFORM = "esp8266"
MACHINE = "ESP module with ESP8266"  # boards/ESP8266_GENERIC/mpconfigboard.h
MPY_ARCH = 10  # xtensa: no other interpreter loads native code for it, nor this one the interpreter's own
HOSTNAME = "mpy-esp8266"
