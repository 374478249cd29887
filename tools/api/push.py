"""`onenet push`: a package to a board over the air, and how it goes."""

import time
from pathlib import Path

from ..clock import zone
from ..failures import complain
from ..language import _
from ..package.package import Package, read_package
from ..port.errors import PortError
from ..words.said import rendered
from .client import Client
from .failures import ApiError

STREAM = "update"
_ENDS = ("upgraded to", "rolled back to", "refused:", "version ")
_PAUSE = 1.0  # seconds between two looks
_REPLY = 30  # seconds for a board to reply to the command


class Push:
    """The update of one device."""

    def __init__(self, client: Client, device: str, package: Package, at: str | None) -> None:
        """at: where the package lies; None: the console keeps it."""
        self.device = device
        self._client = client
        self._package = package
        self._at = at
        self._before = ("", "")
        self._is_new = False

    @property
    def version(self) -> str:
        return str(self._package.head["version"])

    @property
    def where(self) -> str:
        return self._at or _("the console")

    def begin(self) -> None:
        """Has the board begin. Raises ApiError: NotOnline where it is not there."""
        self._before = self._latest()
        self._is_new = False
        if not self._at:
            self._client.push(self.device, self._package.data, self._package.digest)
            return
        state = self._client.ask(self.device, f"update {self._at}#{self._package.digest}".encode(), _REPLY)
        if state.reply is None:
            raise ApiError(
                _("device {device} has not answered the command ({words})").format(
                    device=self.device, words=state.words
                )
            )
        if state.reply != b"ok" and b"has to prove itself first" not in state.reply:
            raise ApiError(
                _("device {device} does not begin: {reply}").format(
                    device=self.device, reply=state.reply.decode(errors="replace")
                )
            )

    def look(self) -> str:
        """What it has told since; empty for nothing yet. Raises ApiError."""
        now = self._latest()
        self._is_new = self._is_new or now != self._before
        return now[0] if self._is_new else ""

    def _latest(self) -> tuple[str, str]:
        """In words, and which news that is."""
        if not self._at:
            return self._client.update_state(self.device)
        points = self._client.latest(self.device, [STREAM])
        return next(((str(point.value), point.at) for point in points), ("", ""))


def is_end(words: str) -> bool:
    return words.startswith(_ENDS)


def is_good(words: str) -> bool:
    return words.startswith(("upgraded to", "version "))


def package_in(file: Path) -> Package:
    """Raises ApiError."""
    try:
        return read_package(file.read_bytes(), str(file))
    except PortError as error:
        raise ApiError(str(error)) from error


def run_push(client: Client, device: str, file: Path, at: str | None, timeout: float) -> int:
    """Has the device begin, and shows how it goes; returns 0 only for a program that was upgraded. Raises ApiError."""
    push = Push(client, device, package_in(file), at)
    push.begin()
    print(
        _("device {device} fetches version {version} from {where}; times are of {zone}").format(
            device=device, version=push.version, where=push.where, zone=zone()
        )
    )
    deadline = time.monotonic() + timeout
    last = ""
    while True:
        text = push.look()
        if text and text != last:
            print(f"{time.strftime('%H:%M:%S')} {rendered(text, 'board')}", flush=True)
            last = text
        if is_end(text):
            if is_good(text):
                return 0
            complain(
                _("device {device} stays with its program: {text}").format(device=device, text=rendered(text, "board"))
            )
            return 1
        if time.monotonic() > deadline:
            complain(
                _(
                    "device {device} has not told within {timeout:g} s how it ended; ask again: onenet points {device}"
                ).format(device=device, timeout=timeout)
            )
            return 1
        time.sleep(_PAUSE)
