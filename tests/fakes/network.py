"""network: a station in an air the test makes. Nothing comes about before settle(), as with a real driver."""

STA_IF = 0
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202


class Air:
    """networks: names to passwords; tried: what the board has asked for, (name, password) each; busy: the driver
    refuses the next connect(), as an ESP32's does in the middle of something."""

    def __init__(self, networks=(), rssi=-55):
        self.networks = dict(networks)
        self.rssi = rssi
        self.tried = []
        self.active = False
        self.busy = False
        self.status = STAT_IDLE
        self._asked = None

    def settle(self):
        """The driver comes to the end of its attempt; it would try again by itself, so this may be called again."""
        if self._asked:
            name, password = self._asked
            if name not in self.networks:
                self.status = STAT_NO_AP_FOUND
            elif self.networks[name] not in ("", password):
                self.status = STAT_WRONG_PASSWORD
            else:
                self.status = STAT_GOT_IP

    def lose(self):
        """The connection breaks; the driver begins to look for the same network again."""
        self.status = STAT_CONNECTING


air = Air()


def new_air(*args, **kwargs):
    """The air from now on."""
    global air
    air = Air(*args, **kwargs)
    return air


class WLAN:
    def __init__(self, interface):
        assert interface == STA_IF

    def active(self, on=None):
        if on is not None:
            air.active = on
        return air.active

    def connect(self, ssid, key):
        if not air.active:
            raise OSError("Wifi Not Started")
        if air.busy or air._asked:
            air.busy = False
            raise OSError("Wifi Internal State Error")
        air.tried.append((ssid, key))
        air._asked = (ssid, key)
        air.status = STAT_CONNECTING

    def disconnect(self):
        air._asked = None
        air.status = STAT_IDLE

    def isconnected(self):
        return air.status == STAT_GOT_IP

    def status(self, what=None):
        if what is None:
            return air.status
        if what != "rssi":
            raise ValueError("unknown status param")
        if air.status != STAT_GOT_IP:
            raise OSError("Wifi Not Connected")
        return air.rssi

    def config(self, what):
        if what == "mac":
            return b"\x24\x0a\xc4\x00\x00\x01"
        if what not in ("ssid", "essid"):
            raise ValueError("unknown config param")
        return air._asked[0]

    def ifconfig(self):
        return ("192.168.4.23", "255.255.255.0", "192.168.4.1", "192.168.4.1")
