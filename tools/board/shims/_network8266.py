"""network of an ESP8266, ports/esp8266/network_wlan.c. The driver itself is on the host side: station.py.

isconnected() and status() allocate nothing.
"""

import _host
from _netaddress import AP_ADDRESS, NO_ADDRESS, ifconfig, ipconfig
from _netnames import bytes_of, country, hex_of, hostname

STA_IF = 0
AP_IF = 1

STAT_IDLE = 0
STAT_CONNECTING = 1
STAT_WRONG_PASSWORD = 2
STAT_NO_AP_FOUND = 3
STAT_CONNECT_FAIL = 4
STAT_GOT_IP = 5

MODE_11B = 1
MODE_11G = 2
MODE_11N = 3

AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4


def phy_mode(mode=None):
    return MODE_11N if mode is None else None


class WLAN:
    """WLAN(STA_IF) or WLAN(AP_IF); there is one object of each."""

    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 2
    PM_POWERSAVE = 1

    def __new__(cls, interface=STA_IF):
        if interface not in (STA_IF, AP_IF):
            raise ValueError
        return _interfaces[interface]

    def active(self, on=None):
        if on is None:
            return self._is_active()
        self._activate(bool(on))

    def connect(self, ssid=None, key=None, *, bssid=None):
        """Start to connect and return at once; with another network than before it writes the flash."""
        self._require(STA_IF)
        _host.ask("wifi_connect", ssid=hex_of(ssid), key=hex_of(key))

    def disconnect(self):
        self._require(STA_IF)
        _host.ask("wifi_disconnect")

    def scan(self):
        self._require(STA_IF)
        return [(bytes_of(n), b"\x02\x00\x00\x00\x00\x01", 6, rssi, security, 0 if n else 1)
                for n, rssi, security in _host.ask("wifi_scan")]  # fmt: skip

    def config(self, what=None, **settings):
        if what is None:
            found = {}
            for name, value in settings.items():
                self._set(name, value, found)
            if found:  # wifi_softap_set_config() has them all at once
                self._require(AP_IF)
                _access_point(found)
            return
        if what in ("ssid", "essid"):
            return str(self._ssid(), "utf-8")  # a UnicodeError for GBK: py/objstr.c, mp_obj_new_str()
        if what == "mac":
            mac = bytearray(6)
            _host.peek(_host.UNIQUE_ID, mac)
            if self is _interfaces[AP_IF]:
                mac[0] |= 2
            return bytes(mac)
        if what in ("hidden", "security", "authmode"):
            self._require(AP_IF)
            return _access_point({})["security" if what == "authmode" else what]
        if what in ("hostname", "dhcp_hostname"):
            self._require(STA_IF)
            return hostname()
        if what == "channel":
            return 6
        if what == "protocol":
            return phy_mode()
        if what == "pm":
            return self.PM_PERFORMANCE
        raise ValueError("unknown config param")

    def _set(self, name, value, found):
        if name in ("ssid", "essid", "key", "password", "hidden", "security", "authmode"):
            name = {"essid": "ssid", "password": "key", "authmode": "security"}.get(name, name)
            found[name] = hex_of(value) if name in ("ssid", "key") else value
        elif name in ("hostname", "dhcp_hostname"):
            hostname(value)
        elif name not in ("mac", "channel", "protocol", "txpower", "pm"):
            raise ValueError("unknown config param")

    def _require(self, interface):
        if self is not _interfaces[interface]:
            raise OSError("AP required" if interface else "STA required")


class _Station(WLAN):
    def __new__(cls):
        return object.__new__(cls)

    def __init__(self):
        self._short = bytearray(2)
        self._byte = bytearray(1)
        self._address = None

    def _activate(self, on):
        _host.ask("wifi_active", on=on)

    def _is_active(self):
        _host.peek(_host.STA_ACTIVE, self._byte)
        return self._byte[0] == 1

    def _ssid(self):
        return bytes_of(_host.ask("wifi_ssid"))

    def isconnected(self):
        _host.peek(_host.CONNECTED, self._byte)
        return self._byte[0] == 1

    def status(self, what=None):
        if what is None:
            _host.peek(_host.STATUS, self._short)
            return self._short[0]
        if what != "rssi":
            raise ValueError("unknown status param")
        _host.peek(_host.RSSI, self._byte)
        return self._byte[0] - 256 if self._byte[0] > 127 else self._byte[0]

    ifconfig = ifconfig
    ipconfig = ipconfig


class _AccessPoint(WLAN):
    """On from the start, MicroPython-xxxxxx: see access_point.py on the host side."""

    def __new__(cls):
        return object.__new__(cls)

    def _activate(self, on):
        _access_point({"on": on})

    def _is_active(self):
        return _access_point({})["on"]

    def _ssid(self):
        return bytes_of(_access_point({})["ssid"])

    def isconnected(self):
        return len(_access_point({})["stations"]) > 0

    def status(self, what=None):
        if what is None:
            return -1
        if what == "stations":
            return [(bytes_of(mac), "192.168.4.2") for mac in _access_point({})["stations"]]
        raise ValueError("unknown status param")

    def ifconfig(self, address=None):
        if address == "dhcp":
            self._require(STA_IF)
        return AP_ADDRESS if self._is_active() else NO_ADDRESS


def _access_point(settings):
    return _host.ask("wifi_access_point", settings=settings)


_interfaces = (_Station(), _AccessPoint())
