"""An update over the air: a package is chosen, or made of the program on this computer, looked at and started, and what
the board tells of it is shown."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from ...package.package import Package, read_package
from ...port.chips import CHIPS
from ...port.errors import PortError
from ...system_words import failure
from ..board_talk import chip_in, status
from ..failures import DeviceOffline, PlatformError
from ..own_program import OwnProgram
from ..studio.failures import NotOnline
from ..update_progress import AGAIN, Progress
from .dialogs import choice, text_of
from .frame import Visit, box, button, part
from .text import shown, shown_time
from .words import Words

_PERCENT = re.compile(r"(\d{1,3}) %")
_FILES = 200  # that are listed
_DIGEST = re.compile(r"[0-9a-f]{64}")


class PackageDrop(Element, component="package_drop.js"):
    """Where a package is chosen; tells "kept" with its digest."""

    def __init__(self, words: Words, device_id: str) -> None:
        super().__init__()
        self._props["address"] = f"/packages?start=0&device_id={quote(device_id, safe='')}"
        self._props["words"] = words.some(
            "choose_package", "drop_package", "sending_package", "package_failed", "package_large"
        )


class PackageForm:
    """A row where a package is made of the program on this computer."""

    def __init__(
        self, visit: Visit, device_id: str, program: OwnProgram, made: Callable[[str, list[str]], None]
    ) -> None:
        """made: is told the digest, and what is to be said of the program."""
        self._visit = visit
        self._device_id = device_id
        self._program = program
        self._tell = made
        words = visit.words
        part("p", words.own_program.format(folder=shown(program.folder.name, 60)), "soft")
        with box("form", "making").on("submit.prevent", self._make, []):
            chips = {"": words.chip_asked} | {chip.key: chip.name for chip in CHIPS}
            self._chip = choice(words.chip, chips, "")
            self._version = ui.input(words.version, value=f"{datetime.now():%Y%m%d-%H%M}")
            self._version.props.update({"outlined": True, "dense": True, "maxlength": 24, "autocomplete": "off"})
            self._button = part("button", words.make_package, "btn quiet")
            self._button.props["type"] = "submit"
        self._outcome = part("p", classes="trouble")
        self._outcome.props["role"] = "alert"
        self._busy = False

    async def _make(self) -> None:
        if self._busy:
            return
        self._busy = True
        self._button.text = self._visit.words.making_package
        try:
            self._outcome.text = await self._tried()
        finally:
            self._busy = False
            self._button.text = self._visit.words.make_package

    async def _tried(self) -> str:
        """What is wrong; empty for nothing."""
        platform, words = self._visit.platform, self._visit.words
        try:
            chip = self._chip.value or chip_in(await status(platform, platform.device(self._device_id)))
            if not chip:
                return words.chip_not_told
            package, careful = await asyncio.to_thread(self._program.build, chip, text_of(self._version))
            platform.packages.keep(package.data)
        except (DeviceOffline, NotOnline):
            return words.chip_not_told
        except OSError as error:
            with words.spoken():
                return shown(failure(error), 300)
        except (PortError, PlatformError) as error:
            return shown(str(error), 300)
        self._tell(package.digest, careful)
        return ""


class OverTheAir:
    """A card; without the right to send the device something it shows what goes on, if anything does."""

    def __init__(self, visit: Visit, device_id: str, can_send: bool) -> None:
        self._visit = visit
        self._device_id = device_id
        self._words = words = visit.words
        self._can_send = can_send
        self._card = box("section", "card")
        with self._card:
            part("h2", words.update)
            if can_send:
                part("p", words.update_hint, "soft")
                PackageDrop(words, device_id).on("kept", self._chosen)
                if program := visit.platform.packages.program:
                    PackageForm(visit, device_id, program, self._look)
            self._package = box(classes="package")
            self._complaint = part("p", classes="trouble")
            self._complaint.props["role"] = "alert"
            self._progress = box(classes="progress")
            self._progress.props["aria-live"] = "polite"
        self.show()

    def _chosen(self, event: GenericEventArguments) -> None:
        self._look(str(event.args), [])

    def _look(self, digest: str, careful: list[str]) -> None:
        """Shows what is in the package that has just been kept, and what is to be said of it."""
        data = self._visit.platform.packages.find(digest) if _DIGEST.fullmatch(digest) else None
        self._package.clear()
        self._complaint.text = "" if data else self._words.package_gone
        if data is None:
            return
        try:
            package = read_package(data)
        except PortError as error:  # it was one when it was kept
            self._complaint.text = shown(self._words.of(error), 300)
            return
        with self._package:
            self._show_package(package)
            for words in careful:
                part("p", self._words.careful.format(words=shown(words, 300)), "soft")

    def _show_package(self, package: Package) -> None:
        words, head = self._words, package.head
        version = shown(str(head["version"]), 40)
        needs = ".".join(str(number) for number in head["micropython"])
        old = shown(str(head["from"]), 40) if head.get("from") else ""
        part("h3", f"{words.in_package}: {version}")
        with box("dl"):
            part("dt", words.for_chip)
            part("dd", shown(f"{head['chip']} · {head['form']}", 60))
            part("dt", words.size)
            part("dd", words.kilobytes.format(count=f"{len(package.data) / 1024:,.1f}"))
            part("dt", words.needs)
            part("dd", words.has_from.format(version=needs, old=old) if old else f"MicroPython {needs}+")
            part("dt", words.signature)
            part("dd", words.signed if package.signature else words.unsigned)
            part("dt", words.proof)
            part("dd", words.proof_of.format(stays=head["stays"], patience=head["patience"]))
        files = [entry for entry in package.entries if entry.kind in "+@"]
        with box("details"):
            part("summary", words.files.format(count=len(files)))
            with box("ol", "files"):
                for entry in files[:_FILES]:
                    with box("li"):
                        part("bdi", shown(entry.name, 96), "mono")
                        part("span", words.bytes.format(count=f"{entry.size:,}"), "soft")
        button(words.start_update.format(version=version), lambda: self._start(package.digest))

    async def _start(self, digest: str) -> None:
        self._complaint.text = ""
        try:
            await self._visit.platform.packages.start(self._device_id, digest)
        except DeviceOffline:
            self._complaint.text = self._words.update_offline
        except PlatformError as error:
            self._complaint.text = shown(self._words.of(error), 300)
        else:
            self._package.clear()

    def show(self) -> None:
        """How it goes now."""
        progress = self._visit.platform.packages.progress.get(self._device_id)
        self._card.set_visibility(bool(progress) or self._can_send)
        self._progress.clear()
        if not progress:
            return
        words = self._words
        version = shown(str(progress.package.head["version"]), 40)
        with self._progress:
            if not progress.over:
                bar = box("progress")
                bar.props.update({"max": 100, "aria-label": words.update})
                if (value := _percent(progress)) is not None:
                    bar.props["value"] = value
            else:
                is_good = progress.words.startswith(("upgraded", "version "))
                ending = part("p", said(words, progress.words), "done" if is_good else "trouble")
                ending.props["role"] = "status"
            with box("ol", "commands"):
                for at, text in reversed(progress.steps):
                    with box("li"):
                        part("time", shown_time(at), "soft")
                        part("bdi", said(words, text))
                if not any("waits" in text for _, text in progress.steps[:1]):
                    with box("li"):
                        part("time", shown_time(progress.began), "soft")
                        part("bdi", words.update_told.format(version=version))


def _percent(progress: Progress) -> int | None:
    """How much of it is on the board; None while that is not known."""
    if any("restarts to" in text for _, text in progress.steps):
        return 100
    found = [int(match[1]) for _, text in progress.steps if (match := _PERCENT.fullmatch(text))]
    return min(found[-1], 100) if found else None


_SAID = (
    (r"waits to be fetched: (?P<version>\S+)", "update_waits"),
    (r"(?P<percent>\d{1,3}) %", "update_fetched"),
    (r"all is here; restarts to put it in place", "update_restarts"),
    (AGAIN, "update_again"),
    (r"upgraded to (?P<version>\S+)", "upgraded"),
    (r"(?P<old>\S+) to (?P<new>\S+)", "update_begins"),
    (r"rolled back to (?P<version>[^:]+): (?P<why>.*)", "rolled_back"),
    (r"refused: (?P<why>.*)", "update_refused"),
    (r"version (?P<version>\S+) is here already", "update_here"),
)


def said(words: Words, text: str) -> str:
    """What a board says, in the page's language as far as it is known."""
    for pattern, name in _SAID:
        found = re.fullmatch(pattern, text, re.DOTALL)
        if found:
            template: str = getattr(words, name)
            return template.format(
                **{key: shown(words.of(value, "board"), 300) for key, value in found.groupdict().items()}
            )
    return shown(words.of(text, "board"), 300)
