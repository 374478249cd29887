"""What a program sees of an ESP32 and its port of MicroPython."""

# Name of a module to the shim that stands for it, in this order: `time` is used by the others.
MODULES = (
    ("sys", "_sys"),
    ("time", "_time"),
    ("micropython", "_micropython"),
    ("machine", "_machine"),
    ("socket", "_socket"),
    ("network", "_network"),
    ("esp", "_esp"),
    ("esp32", "_esp32"),
    ("ntptime", "_ntptime"),
    ("vfs", "_vfs"),
)

PATH = ("/lib",)  # of sys.path, behind what every port has

PLATFORM = "esp32"
MACHINE = "Generic ESP32 module with ESP32"  # boards/ESP32_GENERIC/mpconfigboard.h
MPY_ARCH = None  # that of native code: the interpreter's own
HOSTNAME = "mpy-esp32"
