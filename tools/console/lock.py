"""Who may do what on the console's pages: with --lan everybody sees them, and the teacher changes things.

Who sits at this computer is the teacher, and so is a browser that has given the teacher's password. Who has given a
device's key may see its secret and send it things. A browser is known by a cookie, until the console ends.
"""

import hmac
import ipaddress
import secrets
import time
from dataclasses import dataclass

COOKIE = "onenet_console"

SHORTEST_PASSWORD = 8

_MOST_BROWSERS = 10_000
_PAUSE = 1.0  # seconds between two wrong passwords or keys from an address
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


@dataclass(frozen=True)
class Rights:
    """What a browser may do."""

    changes: bool = True
    """Devices and products, and see all secrets."""
    devices: frozenset[str] = frozenset()
    """Ids of those whose key it has given."""

    def sends_to(self, device_id: str) -> bool:
        """Whether it may send the device commands, set its properties, and see its secret."""
        return self.changes or device_id in self.devices


class Lock:
    """The rights of all browsers. password: the teacher's; without one, everybody is the teacher."""

    def __init__(self, password: str = "") -> None:
        self._password = password
        self._browsers: dict[str, Rights] = {}
        self._wrong: dict[str, float] = {}  # by address, when that was

    @property
    def is_locked(self) -> bool:
        """Whether there is a password."""
        return bool(self._password)

    def rights(self, address: str, cookie: str) -> Rights:
        """Of a browser at that address that shows this cookie, empty for none."""
        if not self._password or _is_here(address):
            return Rights()
        return self._browsers.get(cookie, Rights(changes=False))

    def may_try(self, address: str) -> bool:
        """Whether it is not too soon after a wrong password or key from there."""
        return time.monotonic() - self._wrong.get(address, float("-inf")) >= _PAUSE

    def let_in(self, address: str, password: str) -> str:
        """The cookie of who gives the teacher's password; empty if it is wrong."""
        if not hmac.compare_digest(password.encode(), self._password.encode()):
            self.was_wrong(address)
            return ""
        return self._remember(Rights())

    def was_wrong(self, address: str) -> None:
        """A password or key from there."""
        if len(self._wrong) >= _MOST_BROWSERS:
            self._wrong.clear()
        self._wrong[address] = time.monotonic()

    def hand_over(self, device_id: str, cookie: str) -> str:
        """The cookie of who has given a device's key, besides what he had with this one."""
        before = self._browsers.pop(cookie, Rights(changes=False))
        return self._remember(Rights(before.changes, before.devices | {device_id}))

    def _remember(self, rights: Rights) -> str:
        while len(self._browsers) >= _MOST_BROWSERS:
            del self._browsers[next(iter(self._browsers))]
        cookie = secrets.token_urlsafe(32)
        self._browsers[cookie] = rights
        return cookie


def new_password() -> str:
    """One that can be read out: two groups of five letters and digits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2))


def _is_here(address: str) -> bool:
    """Whether that is this very computer."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False
