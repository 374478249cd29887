"""The file in which a board keeps what its program has failed with: firmware/crash.py writes it."""

import re
from dataclasses import dataclass

FILE = "/crashes"
_HEAD = re.compile(r"# (\d+) (-|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (.*)")


@dataclass(frozen=True)
class Failure:
    """One record."""

    in_a_row: int
    """How many times main.py had failed without coming to anything in between; 0 where the program went on."""
    when: str
    """UTC, or empty where the board's clock had not been set."""
    cause: str
    """What had failed, or had started the board."""
    traceback: str

    @property
    def error(self) -> str:
        """Its last line, which names the exception."""
        return self.traceback.rpartition("\n")[2]


def parse(text: str) -> list[Failure]:
    """The records, the oldest first. What is no record is left out: the first of a full file may be cut off."""
    found = []
    for record in re.split(r"\n{2,}", text.replace("\r\n", "\n")):
        head, _, traceback = record.strip("\n").partition("\n")
        if fields := _HEAD.fullmatch(head):
            count, when, cause = fields.groups()
            found.append(Failure(int(count), when.strip("-") and when, cause, traceback.strip()))
    return found
