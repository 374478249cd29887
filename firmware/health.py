"""How the board is: free memory, what reset it, how warm its chip is."""

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
    """Bytes free in MicroPython's own heap, after a collection. An ESP32's mem_free() counts what that could grow by,
    too: the largest free piece of the ESP-IDF's (py/modgc.c)."""
    gc.collect()
    return gc.mem_free() - max([heap[2] for heap in _idf_heaps()] or (0,))


def free_idf_heap():
    """Bytes free in the heaps of the ESP-IDF, where Wi-Fi, connections and TLS have theirs; None on an ESP8266."""
    return sum([heap[1] for heap in _idf_heaps()]) or None


def _idf_heaps():
    """[(size, free, largest free piece, least that was ever free)] (esp32/modesp32.c)."""
    try:
        import esp32
    except ImportError:
        return ()
    return esp32.idf_heap_info(esp32.HEAP_DATA)


def words():
    """What is free, for the end of a line in the log."""
    other = free_idf_heap()
    return ", %d bytes free" % free_heap() + (", and %d in the ESP-IDF's heap" % other if other else "")


def reset_cause():
    """What started the board, in words."""
    cause = machine.reset_cause()
    for name, words in _CAUSES:
        if getattr(machine, name, None) == cause:
            return words
    return str(cause)


def dropped_by(outbox):
    """The function that counts what an outbox has dropped since the program started."""
    return lambda: outbox.dropped


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
