"""The log of a board, as it keeps it: fetched past its program by "!log", see firmware/remote_log.py."""

from nicegui import ui

from ..board_talk import ask
from ..failures import DeviceOffline, PlatformError
from ..model import Device
from ..studio.failures import NotOnline
from .frame import Visit, box, button, part
from .text import shown

_PAUSE = 5.0  # seconds between two looks, where it is followed
_PIECES = 40  # in a row: a board keeps 8 KB, and sends 400 bytes at a time
_MOST = 20000  # characters that are shown


class BoardLog:
    """A card: a button that fetches it, a box to follow it, and its lines."""

    def __init__(self, visit: Visit, device: Device) -> None:
        self._visit = visit
        self._device = device
        self._place = ""  # up to where it was read, as the board says it
        self._lines = ""
        self._busy = False
        words = visit.words
        with box("section", "card log"):
            part("h2", words.board_log)
            part("p", words.board_log_hint, "soft")
            with box(classes="bar"):
                button(words.fetch_log, self._fetch, "btn quiet")
                self._follow = ui.checkbox(words.follow_log).props("dense")
            self._complaint = part("p", classes="trouble")
            self._complaint.props["role"] = "alert"
            self._text = part("pre", classes="mono")
            self._text.props.update({"role": "log", "tabindex": "0", "aria-label": words.board_log})
        ui.timer(_PAUSE, self._look_again)

    async def _look_again(self) -> None:
        if self._follow.value:
            await self._fetch()

    async def _fetch(self) -> None:
        if self._busy:
            return
        self._busy = True
        words = self._visit.words
        try:
            self._complaint.text = await self._read()
        except (DeviceOffline, NotOnline):
            self._complaint.text = words.device_offline
        except PlatformError as error:
            self._complaint.text = self._visit.words.of(error)
        finally:
            self._busy = False
        if self._complaint.text:
            self._follow.value = False

    async def _read(self) -> str:
        """Adds what is new; returns what is wrong, or nothing."""
        words = self._visit.words
        for _ in range(_PIECES):
            reply = await ask(self._visit.platform, self._device, f"!log {self._place}".rstrip())
            if reply is None:
                return words.log_unanswered
            head, _, lines = reply.partition("\n")
            parts = head.split(" ")
            if len(parts) != 3 or not (parts[1] + parts[2]).isdigit():
                return words.log_refused.format(words=shown(head.removeprefix("error: "), 200))
            if self._place and self._place.split(" ")[0] != parts[0]:
                self._lines += f"-- {words.log_anew}\n"
            self._place = f"{parts[0]} {parts[1]}"
            self._lines = (self._lines + "".join(f"{shown(line, 300)}\n" for line in lines.splitlines()))[-_MOST:]
            self._text.text = self._lines or words.log_empty
            if parts[1] == parts[2]:
                break
        return ""
