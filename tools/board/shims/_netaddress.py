"""A station's address, alike on both ports: esp32/network_common.c, esp8266/network_wlan.c.

ifconfig() and ipconfig() are methods of a station that has _byte, a buffer of one byte, and _address: None for DHCP's.
"""

import _host

NO_ADDRESS = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
AP_ADDRESS = ("192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0")


def ifconfig(station, address=None):
    if address is not None:
        if address != "dhcp" and len(address) != 4:
            raise ValueError("requested length 4 but object has length %d" % len(address))
        station._address = None if address == "dhcp" else tuple(address)
        _host.ask("wifi_static", address=station._address and station._address[0])
        return
    _host.peek(_host.HAS_ADDRESS, station._byte)
    if not station._byte[0]:
        return NO_ADDRESS
    return station._address or _from_dhcp()


def _from_dhcp():
    subnet = _host.ask("wifi_subnet")
    return subnet + ".23", "255.255.255.0", subnet + ".1", subnet + ".1"


def ipconfig(station, what=None, **settings):
    if settings:
        if settings.get("dhcp4"):
            station.ifconfig("dhcp")
        return
    address, mask, gateway, _ = station.ifconfig()
    if what == "addr4":
        return address, mask
    if what == "gw4":
        return gateway
    if what == "dhcp4":
        return station._address is None
    raise ValueError("unexpected key")
