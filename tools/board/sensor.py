"""What all sensors have in common."""

from typing import Any, Literal, cast

Failure = Literal["timeout", "checksum"]


class Sensor:
    """One sensor. `gone` is a cable that came off; fail() lasts until set(), fail(None) or the next fail()."""

    arguments = 1  # how many numbers set() takes from the command line at most

    def __init__(self) -> None:
        self.gone = False
        self.failure: Failure | None = None

    def set(self, *values: Any, **named: Any) -> None:
        """Measure these from now on, and be well. Each kind says what it takes."""
        self.gone = False
        self.failure = None

    def fail(self, how: Failure | None) -> None:
        """From now on no answer comes in time ("timeout"), or a disturbed one ("checksum"); None ends it."""
        if how not in (None, "timeout", "checksum"):
            raise ValueError(f"a sensor fails by timeout or checksum, not {how!r}")
        self.failure = how

    def _answers(self) -> bool:
        return not self.gone and self.failure != "timeout"

    def put(self, text: str) -> None:
        """Set it from the command line's words. Raises ValueError."""
        if text == "gone":
            self.gone = True
        elif text in ("timeout", "checksum"):
            self.gone = False
            self.fail(cast(Failure, text))
        else:
            self._put_values(text)

    def _put_values(self, text: str) -> None:
        values = [float(part) for part in text.split(",")]
        if len(values) > self.arguments:
            raise ValueError(f"takes {self.arguments} values, not {len(values)}")
        self.set(*values)


def crc8(data: bytes, polynomial: int, crc: int) -> int:
    """The check byte of 1-Wire and Sensirion's chips, most significant bit first."""
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ polynomial if crc & 0x80 else crc << 1) & 0xFF
    return crc
