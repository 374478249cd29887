"""network: the drivers of the ports in an air the test makes, which go on when the test says that time does.

What ports/esp32/network_wlan.c and ports/esp8266/network_wlan.c do is done here: which errors are raised, that the
ESP32's status() keeps the reason of the last failure until there is an address, that drivers try again by themselves,
and that the ESP8266 writes its flash. One air at a time; module constants are those of its port.
"""

STA_IF = 0
AP_IF = 1
AUTH_WPA2_PSK = 3

_ESP32 = {
    "STAT_IDLE": 1000,
    "STAT_CONNECTING": 1001,
    "STAT_GOT_IP": 1010,
    "STAT_BEACON_TIMEOUT": 200,
    "STAT_NO_AP_FOUND": 201,
    "STAT_WRONG_PASSWORD": 202,
    "STAT_ASSOC_FAIL": 203,
    "STAT_HANDSHAKE_TIMEOUT": 204,
    "STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY": 210,
    "STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD": 211,
    "STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD": 212,
}
_ESP8266 = {
    "STAT_IDLE": 0,
    "STAT_CONNECTING": 1,
    "STAT_WRONG_PASSWORD": 2,
    "STAT_NO_AP_FOUND": 3,
    "STAT_CONNECT_FAIL": 4,
    "STAT_GOT_IP": 5,
}


class Air:
    """networks: names to passwords; association, dhcp: seconds each takes, None for never; tried: what the board has
    asked for, (name, password) each; error: what connect() raises; absent: WLAN() raises OSError.
    """

    def __init__(self, networks=(), rssi=-55, esp8266=False, association=2, dhcp=1):
        self.networks = {}
        for name, password in dict(networks).items():
            self.networks[_bytes(name)] = password
        self.rssi = rssi
        self.esp8266 = esp8266
        self.association = association
        self.dhcp = dhcp
        self.tried = []
        self.addresses = []  # what ifconfig() has set
        self.error = None
        self.absent = False
        self.no_address = False  # connected, with 0.0.0.0
        self.active = False
        self.access_point = esp8266
        self.point = {"security": 0}  # what config() has set of the access point
        self.others = []  # what scan() finds besides: (name, RSSI, security)
        self.restarts = 0  # of the radio
        self.flash_writes = 0
        self.scans = 0
        self.reason = 0
        self.requested = False
        self.associated = False
        self.joined = False
        self.stored = (b"", b"")  # which network, and its password
        self._left = None  # ms until the attempt under way gets on

    # For tests

    def go_on(self, ms):
        while ms > 0 and self._left is not None:
            step = min(ms, self._left)
            ms -= step
            self._left -= step
            if not self._left:
                self._get_on()

    def settle(self):
        """The driver comes to the end of its attempt."""
        was = self.joined
        for _ in range(2):
            if self._left is not None and self.joined == was:
                self._get_on()

    def join(self, name, password):
        """As after a program that did this before ours."""
        self.active = self.requested = True
        self.stored = (_bytes(name), _bytes(password))
        self.associated = self.joined = True

    def lose(self):
        """The connection breaks; the driver begins to look for the same network again."""
        self.associated = self.joined = False
        self.failed(200)

    # For WLAN

    def begin(self):
        self._left = None if self.association is None else int(self.association * 1000)

    def stop(self):
        self._left = None
        self.associated = self.joined = False

    def _get_on(self):
        self._left = None
        if self.associated:
            self.joined = True
            self.reason = 0
            return
        name, password = self.stored
        if name not in self.networks:
            self.failed(201)
        elif self.networks[name] and _bytes(self.networks[name]) != password:
            self.failed(202)
        else:
            self.associated = True
            self._left = None if self.dhcp is None else int(self.dhcp * 1000)

    def failed(self, reason):
        self.reason = reason
        if self.requested:
            self.begin()

    def status(self):
        if self.esp8266:
            return 5 if self.joined else {201: 3, 202: 2}.get(self.reason, 1 if self.requested else 0)
        if self.joined:
            return 1010
        if self.reason in (201, 202):
            return self.reason
        if self.reason == 8:
            return 1000
        return 1001 if self.requested else self.reason or 1000


air = Air()


def new_air(*args, **kwargs):
    """The air from now on."""
    global air
    air = Air(*args, **kwargs)
    for name in set(list(_ESP32) + list(_ESP8266)):
        globals().pop(name, None)
    globals().update(_ESP8266 if air.esp8266 else _ESP32)
    return air


def _bytes(name):
    return name.encode() if isinstance(name, str) else bytes(name)


class WLAN:
    def __init__(self, interface=STA_IF):
        if air.absent:
            raise OSError("WiFi Out of Memory")
        self._ap = interface == AP_IF

    def active(self, on=None):
        if self._ap:
            if on is not None:
                air.flash_writes += on != air.access_point
                air.access_point = on
            return air.access_point
        if on is not None:
            air.flash_writes += on != air.active
            if air.active and not on:
                air.restarts += 1
                if air.associated:
                    air.reason = 8
                air.stop()
            air.active = on
        return air.active

    def connect(self, ssid, key):
        if air.error:
            raise air.error
        ssid = _bytes(ssid)[:32]
        air.tried.append((str(ssid, "utf-8") if max(ssid) < 128 else ssid, key))
        if air.stored != (ssid, _bytes(key)):
            air.flash_writes += 1
        air.stored = (ssid, _bytes(key))
        if not air.active:
            raise OSError("Cannot set STA config" if air.esp8266 else "Wifi Not Started")
        if air.esp8266:
            air.stop()
            air.reason = 0
        elif air.associated or air._left is not None:
            raise OSError("Wifi Internal Error")
        air.requested = True
        air.begin()

    def disconnect(self):
        air.requested = False
        if not air.active:
            raise OSError("Cannot disconnect from AP" if air.esp8266 else "Wifi Not Started")
        if air.associated:
            air.reason = 8
        if air.esp8266:
            air.reason = 0
        air.stop()

    def isconnected(self):
        return air.joined

    def status(self, what=None):
        if what is None:
            return air.status()
        if what != "rssi":
            raise ValueError("unknown status param")
        if not air.associated:
            if air.esp8266:
                return 31
            raise OSError("Wifi Not Connected")
        return air.rssi

    def config(self, what=None, **settings):
        if what is None:
            if not air.access_point:  # esp_wifi_set_config(), wifi_softap_set_config(): only when it is enabled
                raise OSError("can't set AP config" if air.esp8266 else "Wifi Invalid Mode")
            air.point.update(settings)
            return None
        if what == "mac":
            return b"\x24\x0a\xc4\x00\x00\x02" if self._ap else b"\x24\x0a\xc4\x00\x00\x01"
        if self._ap and what == "security":
            return air.point[what]
        if what not in ("ssid", "essid"):
            raise ValueError("unknown config param")
        return str(air.stored[0], "utf-8")  # a name in GBK is a UnicodeError: py/objstr.c, mp_obj_new_str()

    def ifconfig(self, address=None):
        if self._ap:
            return ("192.168.4.1" if air.access_point else "0.0.0.0", "255.255.255.0", "192.168.4.1", "0.0.0.0")
        if address is not None:
            air.addresses.append(address)
            return None
        if not air.joined or air.no_address:
            return ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
        return ("192.168.4.23", "255.255.255.0", "192.168.4.1", "192.168.4.1")

    def scan(self):
        air.scans += 1
        if not air.esp8266 and air._left is not None:
            return []  # the driver is still connecting, and says so to nobody
        found = [(name, air.rssi, 3) for name in air.networks] + air.others
        return [(name, b"\x02\0\0\0\0\1", 6, rssi, security, False) for name, rssi, security in found]


new_air()
