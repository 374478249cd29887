"""What the demo tells: lines with the seconds since the start, in colour where the output is a terminal."""

import time

from rich.console import Console
from rich.text import Text

from ..api.text import harmless
from ..packets.explain import Explained, in_hex


class Show:
    def __init__(self, secrets: tuple[str, ...]) -> None:
        """secrets: what is not to be shown."""
        self._console = Console(highlight=False, soft_wrap=True)
        self._secrets = secrets
        self._start = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def line(self, what: str, text: str, style: str = "") -> None:
        words = harmless(text)
        self._print(Text.assemble((f"{self.elapsed():7.2f} s  ", "dim"), (f"{what:<8} ", "bold"), (words, style)))

    def console_line(self, text: str) -> None:
        """A line of the board's console."""
        for secret in self._secrets:
            text = text.replace(secret, "*" * len(secret))
        self._print(Text(f"{self.elapsed():7.2f} s  board | {harmless(text)}", "dim"))

    def packet(self, packet: Explained) -> None:
        """A packet, byte by byte."""
        parts = _parts(packet)
        width = max((len(part) for part, _ in parts), default=0)
        for i, (part, words) in enumerate(parts):
            self.line("" if i else packet.type, f"{part:{width}}  {words}", "cyan")

    def plain(self, text: str, style: str = "") -> None:
        """Without the time."""
        self._print(Text(text, style))

    def _print(self, text: Text) -> None:
        self._console.print(text)


def _parts(packet: Explained) -> list[tuple[str, str]]:
    """Bytes in hex, and what they are; the length of a string goes with the string, the fixed header is one part."""
    parts = []
    before = ""
    for field in packet.fields:
        data = f"{before} {in_hex(field)}".lstrip()
        before = ""
        if field.name in ("packet type", "length"):
            before = data
        elif field.name == "remaining length":
            parts.append((data, f"{packet.type}, {field.value} bytes follow"))
        else:
            parts.append((data, f"{field.name}: {_meaning(field.value, field.meaning, field.bits)}"))
    return parts


def _meaning(value: str, meaning: str, bits: tuple[tuple[str, str, str], ...]) -> str:
    if bits:
        return ", ".join(words.partition(":")[0] for _, setting, words in bits if setting.strip("0"))
    return f"{value} {meaning}" if meaning[:2] == "s;" else f"{value} ({meaning})" if meaning else value
