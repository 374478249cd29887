"""Sending commands to a device, and what it replied."""

from collections.abc import Iterable

from nicegui import ui

from ..board_talk import LOG_ASKED
from ..model import Command, CommandStatus, Device
from ..platform import DeviceOffline, PlatformError
from ..studio.failures import NotOnline
from .frame import Visit, box, part
from .own_controls import OwnControls
from .text import shown_bytes, shown_time

_SHOWN = 10  # commands
_PATIENCE = 30  # seconds for an answer on the current platform
_LATER = 3600  # seconds in which an offline device may come online to get one


class Commands:
    """A box to type a command in, and the last commands with their replies."""

    def __init__(self, visit: Visit, device: Device, is_called: bool, can_send: bool) -> None:
        """is_called: it has properties and services, and no commands that are typed; can_send: the visitor may."""
        self._visit = visit
        self._device = device
        self._commands: dict[str, Command] = {}
        words = visit.words
        with box("section", "card"):
            part("h2", words.calls if is_called else words.command)
            if can_send and not is_called:
                self._make_form()
            self._list = box("ol", "commands")
            self._list.props["aria-live"] = "polite"
        self.show(reversed(visit.platform.commands(device.id, limit=_SHOWN)))

    def _make_form(self) -> None:
        words = self._visit.words
        with box("form", "command").on("submit.prevent", self._send, []):
            self._input = ui.input(placeholder=words.command_hint)
            self._input.props.update({"outlined": True, "dense": True, "maxlength": 65535, "autocomplete": "off"})
            self._input.props.update({"aria-label": words.command, "spellcheck": "false"})
            part("button", words.send, "btn").props["type"] = "submit"
            with box(classes="options"):
                self._hex = ui.checkbox(words.as_hex).props("dense")
                self._later = ui.checkbox(words.keep_until_online).props("dense")
                self._later.set_visibility(not self._device.is_studio)  # there, commands are for who is online
        self._complaint = part("p", classes="trouble")
        self._complaint.props["role"] = "alert"
        OwnControls(self._visit, self._device, self._send_text)

    def show(self, changed: Iterable[Command]) -> None:
        """Adds commands to the list, or what has become of those in it."""
        self._commands.update((each.uuid, each) for each in changed if not each.payload.startswith(LOG_ASKED))
        for uuid in list(self._commands)[:-_SHOWN]:
            del self._commands[uuid]
        self._list.clear()
        with self._list:
            for command in reversed(self._commands.values()):
                self._entry(command)
            if not self._commands:
                part("li", self._visit.words.no_commands, "nothing")

    def _entry(self, command: Command) -> None:
        words = self._visit.words
        with box("li"):
            part("time", shown_time(command.created), "soft")
            part("bdi", shown_bytes(command.payload) or words.empty, "mono payload")
            if command.status is CommandStatus.REPLIED and command.reply is not None:
                part("bdi", shown_bytes(command.reply) or words.empty, "mono reply")
                if command.seconds is not None:
                    part("span", words.round_trip.format(ms=_milliseconds(command.seconds)), "badge online took")
            else:
                created = command.status is CommandStatus.CREATED
                part("span", words.command_created if created else words.command_sent, "soft reply")

    async def _send(self) -> None:
        words = self._visit.words
        self._complaint.text = ""
        text = self._input.value or ""
        if not text:
            self._complaint.text = words.command_missing
            return
        try:
            payload = bytes.fromhex(text) if self._hex.value else text.encode()
        except ValueError:
            self._complaint.text = words.bad_hex
            return
        if await self._send_payload(payload):
            self._input.value = ""

    async def _send_text(self, text: str) -> None:
        self._complaint.text = ""
        await self._send_payload(text.encode())

    async def _send_payload(self, payload: bytes) -> bool:
        """Whether it has been sent; else it says why not."""
        try:
            await self._tell(payload)
        except (DeviceOffline, NotOnline):
            self._complaint.text = self._visit.words.device_offline
        except PlatformError as error:
            self._complaint.text = self._visit.words.of(error)
        else:
            return True
        return False

    async def _tell(self, payload: bytes) -> None:
        """On the current platform, returns when it has been answered."""
        if self._device.is_studio:
            await self._visit.platform.studio.things.command(self._device, payload, _PATIENCE)
        else:
            seconds = _LATER if self._later.value else 0
            await self._visit.platform.send_command(self._device.id, payload, seconds=seconds)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}" if seconds < 0.1 else f"{seconds * 1000:,.0f}"
