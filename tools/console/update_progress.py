"""How a device's update over the air goes, as the console hears of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ..language import N_, _
from .database import utc_now
from .model import Command, CommandStatus

if TYPE_CHECKING:
    from ..package.package import Package

_MOST_STEPS = 60
_ITS_FIRMWARE = re.compile(rb"error: (no memory for it|the address must |https:// |\[Errno |-?\d)")
"""How begin the replies of firmware/update_command.py; others are a program's, which does not know the command."""
_ENDS = ("upgraded to", "rolled back to", "refused:", "version ")
_RESTARTS = "restarts to put it in place"
_PERCENT = re.compile(r"\d+ %")
AGAIN = N_("online again")
"""The step of a board that is back after the restart into the new program."""


@dataclass
class Progress:
    """What has been told of one update. Words are the board's own, as its data stream "update" has them."""

    number: int
    """It counts up over all updates."""
    package: "Package"
    began: datetime = field(default_factory=utc_now)
    steps: list[tuple[datetime, str]] = field(default_factory=list)
    """When, and what; of percents that follow each other the last."""
    over: bool = False
    command: bytes = b""
    """That has the board begin, until it is answered."""

    @property
    def words(self) -> str:
        """The last step; empty for none."""
        return self.steps[-1][1] if self.steps else ""

    def add(self, words: str) -> bool:
        """A step; returns whether it is new. What comes after the end is not: a board says nothing more by then."""
        if self.over or words == self.words:
            return False
        if _PERCENT.fullmatch(words) and _PERCENT.fullmatch(self.words):
            self.steps.pop()
        elif len(self.steps) >= _MOST_STEPS:
            del self.steps[1]
        self.steps.append((utc_now(), words))
        return True

    def heard(self, words: str, ends: bool) -> bool:
        """The data stream has it. ends: an end that it tells is the end."""
        new = self.add(words)
        self.over = self.over or (ends and is_end(words))
        return new

    def answered(self, command: Command, text: Callable[[bytes], str]) -> bool:
        """The board has replied to the command; returns whether that is something to be told."""
        if command.payload != self.command or command.status is not CommandStatus.REPLIED or command.reply is None:
            return False
        self.command = b""
        if command.reply == b"ok" or b"has to prove itself first" in command.reply:
            return False  # it begins; or is about to end the one before
        words = text(command.reply)
        if not _ITS_FIRMWARE.match(command.reply):
            words = _(
                'it does not take updates: "update" in its config.json allows it; it has replied {words!r}'
            ).format(words=words)
        return self.heard(_("refused: {words}").format(words=words.removeprefix("error: ")), True)

    def came_online(self) -> bool:
        return _RESTARTS in self.words and self.add(AGAIN)


def is_end(words: str) -> bool:
    """Whether an update is over by that."""
    return words.startswith(_ENDS)
