"""network: the station interface of an ESP32, in the air of `Wifi` on the host side.

isconnected() and status() allocate nothing. status() follows the ESP32 port: while the driver goes on trying, a wrong
password shows as STAT_WRONG_PASSWORD and an absent network as STAT_NO_AP_FOUND; a lost one is STAT_CONNECTING again.
The access point interface can be switched on and configured, but no station ever joins it.
"""

import _host

STA_IF = 0
AP_IF = 1

STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204

AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4

_NO_ADDRESS = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
_ADDRESS = ("192.168.4.23", "255.255.255.0", "192.168.4.1", "192.168.4.1")
_AP_ADDRESS = ("192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0")

_hostname = "mpy-esp32"
_country = "XX"


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    if len(name) > 32:
        raise ValueError
    _hostname = name


def country(code=None):
    global _country
    if code is None:
        return _country
    if len(code) != 2:
        raise ValueError
    _country = code


class WLAN:
    """WLAN(STA_IF) or WLAN(AP_IF); like on a board there is one object of each."""

    IF_STA = STA_IF
    IF_AP = AP_IF

    def __new__(cls, interface=STA_IF):
        return _interfaces[interface]

    def active(self, on=None):
        if on is not None:
            self._activate(bool(on))
        return self._is_active()


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

    def connect(self, ssid=None, key=None, *, bssid=None):
        """Start to connect and return at once.

        Raises OSError("Wifi Not Started") if not active and OSError("Wifi Internal State Error") while an earlier
        attempt goes on, as the ESP32 driver does; disconnect() ends that.
        """
        _host.ask("wifi_connect", ssid=_text(ssid), key=_text(key))

    def disconnect(self):
        _host.ask("wifi_disconnect")

    def isconnected(self):
        _host.peek(_host.STATUS, self._short)
        return self._short[0] | self._short[1] << 8 == STAT_GOT_IP

    def status(self, what=None):
        if what is None:
            _host.peek(_host.STATUS, self._short)
            return self._short[0] | self._short[1] << 8
        if what != "rssi":
            raise ValueError("unknown status param")
        if not self.isconnected():
            raise OSError("Wifi Not Connected")
        _host.peek(_host.RSSI, self._byte)
        return self._byte[0] - 256 if self._byte[0] > 127 else self._byte[0]

    def ifconfig(self, address=None):
        if address is not None:
            self._address = None if address == "dhcp" else tuple(address)
        elif not self.isconnected():
            return _NO_ADDRESS
        else:
            return self._address or _ADDRESS

    def ipconfig(self, what=None, **settings):
        if settings:
            if "dhcp4" in settings:
                self._address = None
            return
        address, mask, gateway, _ = self.ifconfig()
        if what == "addr4":
            return address, mask
        if what == "gw4":
            return gateway
        if what == "has_dhcp4":
            return self.isconnected() and self._address is None
        if what == "dhcp4":
            return self._address is None
        raise ValueError("unexpected key")

    def scan(self):
        return [(n.encode(), b"\x02\x00\x00\x00\x00\x01", 6, rssi, 3 if key else 0, False)
                for n, rssi, key in _host.ask("wifi_scan")]  # fmt: skip

    def config(self, what=None, **settings):
        if what is None:
            for name, value in settings.items():
                if name in ("hostname", "dhcp_hostname"):
                    hostname(value)
                elif name == "reconnects":
                    _host.ask("wifi_reconnects", count=value)
                elif name not in ("pm", "txpower", "channel", "protocol", "mac"):
                    raise ValueError("unknown config param")
        elif what == "mac":
            mac = bytearray(6)
            _host.peek(_host.UNIQUE_ID, mac)
            return bytes(mac)
        elif what in ("ssid", "essid"):
            return _host.ask("wifi_ssid")
        elif what in ("hostname", "dhcp_hostname"):
            return _hostname
        elif what == "reconnects":
            return _host.ask("wifi_reconnects")
        elif what == "channel":
            return 6
        elif what == "pm":
            return WLAN.PM_PERFORMANCE
        elif what == "txpower":
            return 20.0
        else:
            raise ValueError("unknown config param")


class _AccessPoint(WLAN):
    def __new__(cls):
        return object.__new__(cls)

    def __init__(self):
        self._on = False
        self._settings = {"ssid": "ESP_000001", "security": 0, "channel": 1, "hidden": False, "max_clients": 4}

    def _activate(self, on):
        self._on = on

    def _is_active(self):
        return self._on

    def isconnected(self):
        return False

    def status(self, what=None):
        if what == "stations":
            return []
        if what is not None:
            raise ValueError("unknown status param")

    def ifconfig(self, address=None):
        return _AP_ADDRESS

    def config(self, what=None, **settings):
        if what is None:
            self._settings.update(settings)
        elif what == "mac":
            return _interfaces[STA_IF].config("mac")
        elif what in self._settings:
            return self._settings[what]
        else:
            raise ValueError("unknown config param")


WLAN.PM_NONE = 0
WLAN.PM_PERFORMANCE = 1
WLAN.PM_POWERSAVE = 2


def _text(value):
    return value.decode() if isinstance(value, (bytes, bytearray)) else value


_interfaces = (_Station(), _AccessPoint())
