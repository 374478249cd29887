"""How long to wait before the next attempt to connect."""

from random import getrandbits


class Backoff:
    """Doubles from `first` to `most` ms, each wait up to a quarter longer or shorter, lest boards march in step.

    It starts over only after a connection that lasted `most` ms: a server that accepts and then closes must not be
    stormed.
    """

    def __init__(self, first=2000, most=60000):
        self._first = first
        self._most = most
        self._delay = first

    def next(self, lasted=0, slow=False):
        """Ms to wait now. lasted: ms the last connection was up, below 0 where it was so long that the ticks wrapped.
        slow: trying again soon is no use."""
        if not 0 <= lasted < self._most:
            self._delay = self._first
        delay = self._most if slow else self._delay
        self._delay = min(self._delay * 2, self._most)
        return delay * 3 // 4 + delay * getrandbits(10) // 2048
