"""Improv over serial, https://www.improv-wifi.com/serial, from the side that asks. The other one is
firmware/improv.py, whose command for the settings of config.json is the one that the standard does not have.

Every command has a byte of 3, which stops a program that takes it for Ctrl-C. So a board is asked only once it has
said that it listens: firmware/setup.py tells it at its start, and when Enter comes.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ..language import N_, _
from .connection import Connection
from .errors import PortError

_HEAD = b"IMPROV\x01"
_STATE, _ERROR, _COMMAND, _RESULT = 1, 2, 3, 4
_JOIN, _ASK_DEVICE, _SCAN, _SETTINGS = 1, 3, 4, 0xC0
_READY, _PROVISIONED = 2, 4
_ERRORS = {
    1: N_("it did not understand what it was sent; try another cable"),
    2: N_("it knows Improv, but not the settings of this project: its program is another one"),
    3: N_("it does not get into the network: check its name, password and that it is 2.4 GHz"),
}
_LISTENS = b" improv: "
_BUSY = (b" mqtt: ", b" wifi: ")
_PROMPT = b">>> "
_PIECE = 200  # bytes of settings in a command
_STARTING = 20.0  # seconds for a board to start; opening its port may have reset it
_ENTER = 1.0  # seconds from one to the next
_ANSWERING = 10.0  # seconds
_SCANNING = 20.0
_JOINING = 40.0
_ENOUGH = 4096  # bytes of what comes that are looked at


@dataclass(frozen=True)
class Network:
    """One in the board's reach."""

    ssid: str
    rssi: int
    open: bool


class Refused(PortError):
    """An error of the standard."""

    def __init__(self, port: str, number: int) -> None:
        words = _(_ERRORS[number]) if number in _ERRORS else _("error {number} of Improv").format(number=number)
        super().__init__(_("the board at {port}: {words}").format(port=port, words=words))
        self.number = number


class Improv:
    """A board that is asked. All raise PortError, Gone among them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._came = b""

    def wait(self, patience: float = _STARTING) -> None:
        """Until the board listens."""
        port = self._connection.port
        deadline = time.monotonic() + patience
        enter_at = 0.0
        while True:
            now = time.monotonic()
            if now > deadline:
                words = _(
                    "nothing at {port} listens to Improv; the program of onenet deploy does while it has no "
                    "configuration that will do. Press the reset button, or leave --improv out"
                )
                raise PortError(words.format(port=port))
            if now > enter_at:
                self._connection.press_enter()
                enter_at = now + _ENTER
            self._came = (self._came + self._connection.read())[-_ENOUGH:]
            if _LISTENS in self._came:
                self._came = b""
                return
            if any(words in self._came for words in _BUSY):
                words = _("the board at {port} has a configuration, and goes by it; leave --improv out")
                raise PortError(words.format(port=port))
            if self._came.endswith(_PROMPT):
                words = _("the board at {port} is at its prompt: no program runs there. onenet deploy first")
                raise PortError(words.format(port=port))

    def device(self) -> list[str]:
        """Name and version of the firmware, the chip, the device's name, and perhaps more."""
        return self._ask(_ASK_DEVICE, b"", _ANSWERING)

    def networks(self) -> list[Network]:
        """Those in reach, the strongest first."""
        self._send(_SCAN, b"")
        found = []
        for texts in self._results(_SCAN, _SCANNING):
            if len(texts) < 3:
                break
            found.append(Network(texts[0], int(texts[1]), texts[2] == "NO"))
        return sorted(found, key=lambda network: -network.rssi)

    def set(self, settings: dict[str, object]) -> list[str]:
        """Gives it keys of config.json. What is wrong with what it has then."""
        data = json.dumps(settings, separators=(",", ":")).encode()
        for at in range(0, len(data), _PIECE):
            last = at + _PIECE >= len(data)
            problems = self._ask(_SETTINGS, bytes([last]) + data[at : at + _PIECE], _ANSWERING)
        return problems

    def join(self, ssid: str, password: str) -> list[str]:
        """Has it join a network and keep that. Returns what the standard says, a URL or nothing."""
        return self._ask(_JOIN, _strings(ssid, password), _JOINING)

    def _ask(self, command: int, data: bytes, patience: float) -> list[str]:
        self._send(command, data)
        return next(self._results(command, patience))

    def _send(self, command: int, data: bytes) -> None:
        packet = _HEAD + bytes([_COMMAND, len(data) + 2, command, len(data)]) + data
        self._connection.write(packet + bytes([sum(packet) & 0xFF]))

    def _results(self, command: int, patience: float) -> Iterator[list[str]]:
        deadline = time.monotonic() + patience
        while True:
            kind, data = self._packet(deadline)
            if kind == _ERROR and data[:1] != b"\0":
                raise Refused(self._connection.port, data[0] if data else 0xFF)
            if kind == _RESULT and data[:1] == bytes([command]):
                deadline = time.monotonic() + patience
                yield _texts(data[2:])

    def _packet(self, deadline: float) -> tuple[int, bytes]:
        """The next that is whole. What the board logs between packets is left out."""
        while True:
            head, rest = self._came.partition(_HEAD)[1:]
            if head and len(rest) > 2 and len(rest) > 2 + rest[1]:
                end = 2 + rest[1]
                right = (sum(_HEAD) + sum(rest[:end])) & 0xFF == rest[end]
                self._came = rest[end + 1 :] if right else rest
                if right:
                    return rest[0], rest[2:end]
                continue
            if time.monotonic() > deadline:
                words = _("the board at {port} has stopped answering; reset it and try again")
                raise PortError(words.format(port=self._connection.port))
            self._came += self._connection.read()


def _strings(*texts: str) -> bytes:
    return b"".join(bytes([len(text.encode())]) + text.encode() for text in texts)


def _texts(data: bytes) -> list[str]:
    found = []
    while data:
        found.append(data[1 : data[0] + 1].decode(errors="replace"))
        data = data[data[0] + 1 :]
    return found
