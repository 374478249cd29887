"""Joins the network as it was joined before sleep: the same of those that are known, with the address that DHCP gave
then, which spares 1 to 20 seconds. Loaded with what sleeps alone.

Neither channel nor access point can be said. connect() makes the driver's configuration anew, without the channel that
config() may have set, and searches all channels, with a bssid too (esp32/network_wlan.c, network_wlan_connect()); on an
ESP8266 a bssid is another configuration, which its SDK writes to flash.
"""

import network
from micropython import const

from .log import log, rare, uptime

_LONGEST = const(3600)  # seconds that an address is used: routers lend them for two hours at least, and half is polite
_ERRORS = (OSError, RuntimeError, ValueError, TypeError)  # as in joining.py


def begin(device, notes):
    """Before Wi-Fi is looked at for the first time. True where the address is the one from before."""
    wifi = device.wifi
    n = notes.which
    if wifi._wlan is None and n < len(wifi._networks):
        wifi._networks = wifi._networks[n:] + wifi._networks[:n]
    else:
        notes.which = 0
    try:
        wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
        fixed = notes.address[0] and not wlan.isconnected() and 0 <= device.clock.now() - notes.leased < _LONGEST
        if fixed:
            parts = [str(byte) for byte in notes.address]
            address, mask, gateway, dns = [".".join(parts[at : at + 4]) for at in (0, 4, 8, 12)]
            wlan.ifconfig((address, mask, gateway, dns))
        if wifi._wlan is None and wlan.status() == network.STAT_CONNECTING:
            _go_along(wifi, wlan)
        return fixed
    except _ERRORS as e:
        log("wifi", "not as before: %s" % e)
        return False


def _go_along(wifi, wlan):
    """An ESP8266 joins by itself, from the moment it starts, the network that it has in flash."""
    wifi._wlan = wlan
    joining = rare("joining")
    known = joining._index_of(wifi)
    if known is None:
        wifi._wlan = None
    else:
        wifi._index = known
        wifi._told = False
        joining._expect(wifi, uptime(), wlan.status())


def ask_anew(device, notes):
    """The address leads nowhere: asks DHCP. Returns False, for it is no more the one from before."""
    notes.address = b""
    try:
        device.wifi._wlan.ifconfig("dhcp")
    except _ERRORS as e:
        log("wifi", "DHCP: %s" % e)
    device._delay = 0
    return False


def note(device, notes, fixed):
    """Online: the next time like this."""
    wifi = device.wifi
    notes.which = (notes.which + wifi._index) % len(wifi._networks)
    if fixed:
        return
    try:
        notes.address = bytes([int(part) for part in ".".join(wifi._wlan.ifconfig()).split(".")])
        notes.leased = device.clock.now()
    except _ERRORS:
        notes.address = b""
