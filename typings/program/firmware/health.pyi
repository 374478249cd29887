"""How the board is: free memory, what reset it, how warm its chip is."""

from collections.abc import Callable
from typing import Any

def free_heap() -> int:
    """Bytes free in MicroPython's own heap, after a collection."""

def free_idf_heap() -> int | None:
    """Bytes free in the heaps of the ESP-IDF, where Wi-Fi, connections and TLS have theirs; None on an ESP8266."""

def reset_cause() -> str:
    """What started the board, in words."""

def chip_temperature() -> float | None:
    """The chip's own temperature in °C; None on a board without such a sensor, like the ESP8266."""

def words() -> str:
    """What is free, for the end of a line in the log."""

def dropped_by(outbox: Any) -> Callable[[], int]:
    """The function that counts what an outbox has dropped since the program started."""
