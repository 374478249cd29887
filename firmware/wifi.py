"""Wi-Fi: joins the first of the known networks that lets us in, notices when it is gone or of no use, and never waits.

What there is to do while it is not joined is in joining.py, which is loaded only for that.
"""

from micropython import const

from .log import rare, uptime

_NEVER = const(0x3FFFFFFF)
_LATER = const(5)  # seconds


class Wifi:
    """The board's station interface. Call connected() in every turn of the main loop; proven() when a connection over
    it works, and doubt() when one failed.

    Times are uptime()'s: ticks wrap, and an outage may be long.
    """

    def __init__(self, networks, reset_after=0):
        """networks: list of {"ssid": …, "password": …} or {"ssid_hex": …}, tried in turn. reset_after: minutes without
        a connection that works after which the board is reset, 0 for never."""
        self.before_reset: object = None  # the Device, whose outbox is to be saved
        self._networks = networks
        self._reset_after = reset_after * 60
        self._wlan = None  # the driver has not been asked for it yet
        self._index = 0  # of the network that is joined or tried
        self._tries = 0  # attempts since one was joined
        self._began = 0  # when this attempt did
        self._status = None  # the driver's, as it began
        self._told = True  # how this attempt goes
        self._waits = False  # for an address, no longer for the network
        self._joined = False
        self._seen = False  # what the driver said when it was last looked after
        self._look_at = 0  # when to look after it, unless it says something else
        self._doubts = 0
        self._proven_at = uptime()

    def connected(self):
        """True while there is a network; otherwise goes on trying to join one."""
        now = uptime()
        up = self._wlan is not None and self._wlan.isconnected()
        if up == self._seen and now < self._look_at:
            return self._joined
        self._look_at = _NEVER
        self._seen = up
        self._see_to(up, now, None)
        return self._joined

    def proven(self):
        """Something has come through this network."""
        self._doubts = 0
        self._proven_at = uptime()

    def doubt(self, error):
        """A connection over this network could not be made, for this reason. After some of them, unless somebody has
        answered, the network is left and joined again, or the next one; after reset_after minutes the board is reset.
        """
        self._see_to(True, uptime(), error)

    def _see_to(self, up, now, error):
        """What is seldom done needs memory that there may not be."""
        try:
            joining = rare("joining")
            if error:
                joining.doubt(self, now, error)
            else:
                joining.look(self, up, now)
        except MemoryError:
            self._look_at = now + _LATER

    def rssi(self):
        """Signal strength in dBm, None where it is not known."""
        try:
            rssi = self._wlan.status("rssi")
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        return rssi if rssi < 0 else None  # ESP8266: 31 while there is no network
