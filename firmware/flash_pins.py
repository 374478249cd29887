"""At which pins a chip's flash is: to change one is the end until the next reset. Loaded where a configuration names a
pin, and forgotten; `onenet deploy` asks it, too."""

# Chip, first, last. Datasheets, and ESP-IDF's GPIO summary of each chip: an ESP32's are CLK, SD0 to SD3 and CMD.
_FLASH = (
    "ESP32C2 12 17 ESP32C3 12 17 ESP32C5 16 22 ESP32C6 24 30 ESP32H2 15 21 ESP32S2 26 32 ESP32S3 26 32 ESP32 6 11 "
    "ESP8266 6 11"
)


def check(pin, machine):
    """True if the flash is at this pin; machine: what sys.implementation._machine says."""
    words = _FLASH.split()
    machine = machine.replace("-", "")
    for i in range(0, len(words), 3):
        if words[i] in machine:
            return int(words[i + 1]) <= pin <= int(words[i + 2])
    return False
