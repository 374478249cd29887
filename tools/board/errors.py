"""What can go wrong with a virtual board."""


class BoardError(Exception):
    """The board cannot do what was asked: no interpreter, image in use, it did not boot, a wait ran out."""
