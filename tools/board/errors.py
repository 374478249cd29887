"""What can go wrong with a virtual board."""


class BoardError(Exception):
    """The board cannot do what was asked: no interpreter, image in use, it did not boot, a wait ran out."""


class Raised(Exception):
    """What the program on the board is to see raised: the name of a built-in exception, and its argument."""

    def __init__(self, kind: str, argument: str | int | None = None) -> None:
        super().__init__(kind, argument)
        self.kind = kind
        self.argument = argument
