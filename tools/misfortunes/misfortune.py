"""What a misfortune is: what happens in words, a function that brings it about, and how long recovering may take."""

from collections.abc import Callable
from dataclasses import dataclass

from .scene import Scene

Happen = Callable[[Scene], None]
"""Returns, or calls Scene.over(), when it is over and the board may recover. Raises Missed where it could not be
brought about: a row must not pass because nothing happened."""


@dataclass(frozen=True)
class Misfortune:
    """A row of the table."""

    name: str
    words: str
    happen: Happen
    patience: float = 60
    """Seconds."""
    resets: bool = False
    """It brings about a reset, so what waited in RAM is gone. In all others none may happen."""
    chips: str = ""
    """How the names of the chips begin that it can happen to."""


class Misfortunes(list[Misfortune]):
    """Rows, in the order in which they are added."""

    def add(
        self, words: str, patience: float = 60, resets: bool = False, name: str = "", chips: str = ""
    ) -> Callable[[Happen], Happen]:
        """Decorator of what happens; its name is the row's, unless told otherwise."""

        def add(happen: Happen) -> Happen:
            called = name or happen.__name__.replace("_", "-")
            self.append(Misfortune(called, words, happen, patience, resets, chips))
            return happen

        return add
