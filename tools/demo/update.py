"""The demo of an update over the air: a board with version 1.0 gets 1.1 by way of its page on the console; then 1.2,
which is not well, and in whose place it puts 1.1 back by itself."""

import contextlib
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ..api.failures import ApiError
from ..console.model import Event, UpdateTold
from ..language import _
from ..package.making import contents_of
from ..package.package import Package, make_package
from ..port.inventory import MANIFEST
from ..port.program import XTENSA, Dialect, Form
from .legacy import TITLE, demo_config
from .stage import Stage, local_onenet
from .story import Delivered, News, Story

OLD, NEW, BAD = "1.0", "1.1", "1.2"
STREAM = "program"
"""The data stream in which each program says which it is."""
STAYS, PATIENCE = 5, 60  # seconds, in place of a minute within ten
TABLE = "table.csv"
"""A file of the program's own, so that there is something to fetch."""
_ASK_EVERY = 0.5  # seconds between two looks at how it goes
LONGEST = 240.0
"""Seconds that one update may take on a slow computer."""

_SAYS = '\n\n@device.stream("{stream}", every=1)\ndef {stream}():\n    return "{version}"\n\n\n'
_UNWELL = "device.healthy = lambda: False  # and so it never proves itself\n\n"
_RUN = "device.run()"


@contextlib.contextmanager
def stage(directory: Path, news: News, chip: str) -> Iterator[Stage]:
    """The console, the device of config.json.example with version 1.0 on it, and two packages."""
    config = {**demo_config(directory), "update": True}
    device_id = config["device_id"]
    with local_onenet(news) as console, tempfile.TemporaryDirectory(prefix="demo-") as folder:
        console.call(console.platform.edit_device, device_id, title=TITLE)
        made = {version: _package(version, directory, Path(folder, version), chip) for version in (OLD, NEW, BAD)}
        own = {name: Path(folder, OLD, name) for name in ("main.py", TABLE)}
        with httpx.Client(base_url=console.url, trust_env=False, timeout=30) as http:
            story = UpdateStory(news, Page(http, device_id), made)
            yield Stage(
                config,
                (config["host"], config["port"]),
                console.mqtt_port,
                story,
                f"{console.url}/device/{device_id}",
                program=own,
                files={MANIFEST: made[OLD].content(MANIFEST)},  # by which it knows its version
            )


def _package(version: str, directory: Path, folder: Path, chip: str) -> Package:
    """main.py, saying which version it is."""
    folder.mkdir()
    text = (directory / "main.py").read_text("utf-8")
    more = _SAYS.format(stream=STREAM, version=version) + (_UNWELL if version == BAD else "")
    before, run, after = text.rpartition(_RUN)
    program = {"main.py": folder / "main.py", TABLE: folder / TABLE}
    program["main.py"].write_text(f"{before.rstrip()}{more}{run}{after}", "utf-8")
    program[TABLE].write_text("".join(f"{n},{version}\n" for n in range(6000)))
    small = chip == "esp8266"
    form, dialect = (Form.ROMFS, XTENSA) if small else (Form.SOURCE, Dialect(0))
    contents, rom = contents_of(program, form, dialect)
    return make_package(
        version, chip if small else "esp32", form, dialect, contents, rom, stays=STAYS, patience=PATIENCE
    )


class Page:
    """What the device's page asks the console for."""

    def __init__(self, http: httpx.Client, device_id: str) -> None:
        self._http = http
        self._device = {"device_id": device_id}

    def choose(self, package: Package) -> Any:
        """Sends the file, as when it is chosen; returns what is in it. Raises ApiError."""
        return self._answer("POST", "/packages", {"start": "0"}, package.data)

    def start(self, digest: str) -> None:
        """As its button does. Raises ApiError."""
        self._answer("POST", f"/packages/{digest}", {})

    def state(self) -> Any:
        """How it goes. Raises ApiError."""
        return self._answer("GET", "/packages", {})

    def _answer(self, method: str, path: str, more: Mapping[str, str], content: bytes | None = None) -> Any:
        try:
            answer = self._http.request(method, path, params={**self._device, **more}, content=content).json()
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            raise ApiError(_("the console can't be reached: {error}").format(error=error)) from error
        if answer["errno"]:
            raise ApiError(answer["error"])
        return answer["data"]


@dataclass(frozen=True)
class Act:
    """One update, and what has to come of it."""

    version: str
    end: str
    """What the board has to tell."""
    stays: str
    """The version that runs then."""


ACTS = (Act(NEW, f"upgraded to {NEW}", NEW), Act(BAD, f"rolled back to {NEW}", NEW))


class UpdateStory(Story):
    """One act after the other; each is over when the version that is to run then has said so by a data point."""

    def __init__(self, news: News, page: Page, packages: Mapping[str, Package]) -> None:
        super().__init__(news)
        self._page = page
        self._packages = packages
        self._act = 0
        self._is_asked = False
        self._ended = ""  # how the act that goes on has ended, in the board's words
        self._came = ""  # the version that has told so last, since the act has ended
        self._seen = ""  # the same, whenever
        self._shown = 0  # steps

    def ask(self) -> None:
        """Begins the next act once the program of the one before is heard."""
        if self._act >= len(ACTS) or self.under_way or self._is_asked:
            return
        if not self._act and self._came != OLD:
            return
        self._is_asked, self._shown = True, 0
        package = self._packages[ACTS[self._act].version]
        self.send_out(_("update to {version}").format(version=ACTS[self._act].version), lambda: self._update(package))

    def _update(self, package: Package) -> str:
        inside = self._page.choose(package)
        self._page.start(inside["digest"])
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            state = self._page.state()
            if state["over"]:
                return str(state["state"])
            time.sleep(_ASK_EVERY)
        raise ApiError(_("it did not come to an end"))

    def outcome(self, outcome: Any) -> None:
        super().outcome(outcome)
        self._ended = outcome.answer
        self._came = ""
        self._look()

    def event(self, event: Event | Delivered) -> None:
        """Shows the steps that the page shows, too."""
        if not isinstance(event, UpdateTold):
            return
        steps = self._errand_steps()
        for text in steps[self._shown :]:
            self.show.line(_("update"), text, "bold magenta")
        self._shown = len(steps)

    def _errand_steps(self) -> list[str]:
        try:
            return [text for _, text in self._page.state()["steps"]]
        except ApiError:
            return []

    def point(self, stream: str, value: object) -> None:
        if stream == STREAM:
            if value != self._seen:
                self.show.line(_("program"), _("version {value} is online").format(value=value), "bold green")
            self._came = self._seen = str(value)
            self.points += 1
            self._look()
        elif stream != "update":
            super().point(stream, value)

    def _look(self) -> None:
        """Whether the act is over, as it should be."""
        if self._act < len(ACTS) and self._ended:
            act = ACTS[self._act]
            if self._ended.startswith(act.end) and self._came == act.stays:
                self._act += 1
                self._ended, self._is_asked = "", False

    def shortcoming(self) -> str | None:
        if missing := super().shortcoming():
            return missing
        if self._act >= len(ACTS):
            return None
        act = ACTS[self._act]
        if self._ended and not self._ended.startswith(act.end):
            return _("the update to {version} ended with {ended!r}, not with {end!r}").format(
                version=act.version, ended=self._ended, end=act.end
            )
        return _("the update to {version} has not come to its end, or {stays} was not online after it").format(
            version=act.version, stays=act.stays
        )

    def counted(self) -> list[str]:
        happened = [act.end for act in ACTS[: self._act]]
        return [*super().counted(), *(happened or [_("no update")])]
