"""network of an ESP32, ports/esp32/network_wlan.c. The driver itself is on the host side: station.py.

isconnected() and status() allocate nothing.
"""

import _host
from _netaddress import AP_ADDRESS, NO_ADDRESS, ifconfig, ipconfig
from _netnames import bytes_of, country, hex_of, hostname

STA_IF = 0
AP_IF = 1

STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_ASSOC_FAIL = 203
STAT_CONNECT_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204

AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4

driver = False  # whether the first WLAN() has started it, which takes memory for good: esp_initialise_wifi()

_STA_ONLY = ("hostname", "dhcp_hostname", "reconnects")
_AP_ONLY = ("hidden", "security", "authmode")
_AP_SETTABLE = ("ssid", "essid", "hidden", "security", "authmode", "key", "password", "max_clients")
_OTHERS = ("mac", "pm", "txpower", "channel", "protocol", "bandwidth")
_LONG_NAMES = {"essid": "ssid", "authmode": "security", "password": "key"}


class WLAN:
    """WLAN(STA_IF) or WLAN(AP_IF); there is one object of each."""

    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __new__(cls, interface=STA_IF):
        if interface not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        global driver
        driver = True
        return _interfaces[interface]


class _Station(WLAN):
    def __new__(cls):
        return object.__new__(cls)

    def __init__(self):
        self._short = bytearray(2)
        self._byte = bytearray(1)
        self._address = None
        self._pm = self.PM_PERFORMANCE

    def active(self, on=None):
        if on is not None:
            _host.ask("wifi_active", on=bool(on))
        _host.peek(_host.STA_ACTIVE, self._byte)
        return self._byte[0] == 1

    def connect(self, ssid=None, key=None, *, bssid=None):
        """Start to connect and return at once. Raises OSError("Wifi Internal Error") without a disconnect() before."""
        _host.ask("wifi_connect", ssid=hex_of(ssid), key=hex_of(key))

    def disconnect(self):
        _host.ask("wifi_disconnect")

    def isconnected(self):
        _host.peek(_host.CONNECTED, self._byte)
        return self._byte[0] == 1

    def status(self, what=None):
        if what is None:
            _host.peek(_host.STATUS, self._short)
            return self._short[0] | self._short[1] << 8
        if what == "stations":
            raise OSError("AP required")
        if what != "rssi":
            raise ValueError("unknown status param")
        _host.peek(_host.RSSI, self._byte)
        if not self._byte[0]:  # esp_wifi_sta_get_ap_info(): not associated
            raise OSError("Wifi Not Connected")
        return self._byte[0] - 256 if self._byte[0] > 127 else self._byte[0]

    ifconfig = ifconfig

    def ipconfig(self, what=None, **settings):
        if what == "has_dhcp4":
            return self._address is None and self.ifconfig()[0] != "0.0.0.0"
        return ipconfig(self, what, **settings)

    def scan(self):
        return [(bytes_of(n), b"\x02\x00\x00\x00\x00\x01", 6, rssi, security, False)
                for n, rssi, security in _host.ask("wifi_scan")]  # fmt: skip

    def config(self, what=None, **settings):
        if what is None:
            for name, value in settings.items():
                if name in ("hostname", "dhcp_hostname"):
                    hostname(value)
                elif name == "reconnects":
                    _host.ask("wifi_reconnects", count=value)
                elif name == "pm":
                    self._pm = value
                elif name in _AP_SETTABLE:
                    raise OSError("AP required")
                elif name not in _OTHERS:
                    raise ValueError("unknown config param")
        elif what == "mac":
            mac = bytearray(6)
            _host.peek(_host.UNIQUE_ID, mac)
            return bytes(mac)
        elif what in ("ssid", "essid"):
            return _text(bytes_of(_host.ask("wifi_ssid")))
        elif what in ("hostname", "dhcp_hostname"):
            return hostname()
        elif what == "reconnects":
            return _host.ask("wifi_reconnects")
        elif what == "channel":
            return 6
        elif what == "pm":
            return self._pm
        elif what == "txpower":
            return 20.0
        elif what == "protocol":
            return 7
        elif what == "bandwidth":
            return 2
        elif what == "max_clients":
            return 0
        elif what in _AP_ONLY:
            raise OSError("AP required")
        else:
            raise ValueError("unknown config param")


class _AccessPoint(WLAN):
    """What may be set, when, and who has joined it, is in access_point.py on the host side."""

    def __new__(cls):
        return object.__new__(cls)

    def active(self, on=None):
        return _access_point({} if on is None else {"on": bool(on)})["on"]

    def isconnected(self):
        return len(_access_point({})["stations"]) > 0

    def status(self, what=None):
        if what == "stations":
            return [(bytes_of(mac), "192.168.4.2") for mac in _access_point({})["stations"]]
        if what == "rssi":
            raise OSError("STA required")
        if what is not None:
            raise ValueError("unknown status param")

    def ifconfig(self, address=None):
        return AP_ADDRESS if self.active() else NO_ADDRESS

    def config(self, what=None, **settings):
        if what is None:
            for name in settings:
                if name in _STA_ONLY:
                    raise OSError("STA required")
                if name not in _AP_SETTABLE and name not in _OTHERS:
                    raise ValueError("unknown config param")
            if settings:  # esp_wifi_set_config() has them all at once
                _access_point(_settings(settings))
            return
        if what in _STA_ONLY:
            raise OSError("STA required")
        if what == "mac":
            mac = bytearray(WLAN(STA_IF).config("mac"))
            mac[5] += 1
            return bytes(mac)
        name = _LONG_NAMES.get(what, what)
        if name == "ssid":
            return _text(bytes_of(_access_point({})["ssid"]))
        found = _access_point({})
        if name not in found or name in ("on", "key"):
            raise ValueError("unknown config param")
        return found[name]


def _access_point(settings):
    return _host.ask("wifi_access_point", settings=settings)


def _settings(given):
    found = {}
    for name, value in given.items():
        if name in _AP_SETTABLE or name == "channel":
            name = _LONG_NAMES.get(name, name)
            found[name] = hex_of(value) if name in ("ssid", "key") else value
    return found


def _text(name):
    """A name of bytes that are no UTF-8, GBK say, is a UnicodeError: py/objstr.c, mp_obj_new_str()."""
    return str(name, "utf-8")


_interfaces = (_Station(), _AccessPoint())
