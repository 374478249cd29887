"""How the board is: free heap, what reset it, how long it has been up."""

import gc
import machine

_CAUSES = (
    ("PWRON_RESET", "power on"),
    ("HARD_RESET", "hard reset"),
    ("WDT_RESET", "watchdog"),
    ("DEEPSLEEP_RESET", "deep sleep"),
    ("SOFT_RESET", "soft reset"),
)


def free_heap():
    """Bytes free after a collection."""
    gc.collect()
    return gc.mem_free()


def reset_cause():
    """What started the board, in words."""
    cause = machine.reset_cause()
    for name, words in _CAUSES:
        if getattr(machine, name, None) == cause:
            return words
    return str(cause)


def chip_temperature():
    """The chip's own temperature in °C; None on a board without such a sensor, like the ESP8266."""
    try:
        import esp32
    except ImportError:
        return None
    if hasattr(esp32, "mcu_temperature"):  # C3, C6, S2, S3
        return esp32.mcu_temperature()
    if hasattr(esp32, "raw_temperature"):  # the first ESP32, in °F
        return round((esp32.raw_temperature() - 32) / 1.8, 1)
