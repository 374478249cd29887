"""Wi-Fi: joins the first of the known networks that lets us in, notices when it is gone, and never waits."""

import network
from micropython import const
from time import ticks_diff, ticks_ms

from .log import log

_PATIENCE = const(15000)  # ms for one network


class Wifi:
    """The board's station interface. Call connected() in every turn of the main loop."""

    def __init__(self, networks):
        """networks: list of {"ssid": …, "password": …}, tried in turn."""
        self._networks = networks
        self._index = -1
        self._since = ticks_ms()
        self._joined = False
        self._wlan = network.WLAN(network.STA_IF)
        self._refusals = {}
        for name, words in (
            ("STAT_WRONG_PASSWORD", "wrong password"),
            ("STAT_NO_AP_FOUND", "not in reach"),
            ("STAT_CONNECT_FAIL", "refused"),
            ("STAT_ASSOC_FAIL", "refused"),
            ("STAT_HANDSHAKE_TIMEOUT", "wrong password, or too far away"),
        ):
            if hasattr(network, name):
                self._refusals[getattr(network, name)] = words

    def connected(self):
        """True while there is a network; otherwise goes on trying to join one."""
        if self._wlan.isconnected():
            if not self._joined:
                if self._index < 0 and not self._recognize():
                    return False
                self._joined = True
                log("wifi", "joined %s as %s" % (self._ssid(), self._wlan.ifconfig()[0]))
            return True
        if self._joined:
            self._joined = False
            log("wifi", "lost " + self._ssid())
            self._index = -1
            self._join_next()
        elif self._index < 0:
            self._join_next()
        else:
            waited = ticks_diff(ticks_ms(), self._since)
            status = self._wlan.status()
            # Right after connect() the status is still that of the attempt before.
            if status in self._refusals and waited > 1000:
                log("wifi", "%s: %s" % (self._ssid(), self._refusals[status]))
                self._join_next()
            elif waited > _PATIENCE:
                log("wifi", "%s: no answer" % self._ssid())
                self._join_next()
        return False

    def rssi(self):
        """Signal strength in dBm, None where it is not known."""
        try:
            return self._wlan.status("rssi")
        except (OSError, ValueError, TypeError):
            return None

    def _recognize(self):
        """True if the network joined before the program started is one of ours; otherwise leaves it for one."""
        try:
            ssid = self._wlan.config("ssid")
        except (OSError, ValueError, TypeError):  # an old port that calls it essid
            ssid = None
        for i, known in enumerate(self._networks):
            if known["ssid"] == ssid:
                self._index = i
                return True
        self._join_next()
        return False

    def _ssid(self):
        return self._networks[self._index]["ssid"]

    def _join_next(self):
        self._index = (self._index + 1) % len(self._networks)
        self._since = ticks_ms()
        try:
            self._wlan.active(True)
            self._wlan.disconnect()  # of the attempt before
            self._wlan.connect(self._ssid(), self._networks[self._index].get("password", ""))
        except OSError as e:  # ESP32: the driver is still busy; the next attempt comes in its time
            log("wifi", "%s: %s" % (self._ssid(), e))
