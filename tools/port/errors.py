"""What can go wrong with a board at a serial port."""


class PortError(Exception):
    """In one line, what cannot be done to the board, why, and what to do next."""


class Stopped(PortError):
    """The user pressed Ctrl-C."""
