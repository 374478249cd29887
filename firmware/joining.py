"""How Wifi joins a network. Loaded when there is something to do, and dropped again.

An attempt has 15 seconds to be let into the network and 30 for an address, the round after 30, then 60; a driver looks
for its network again and again by itself, and a network needs 2 to 25 seconds. status() cannot end an attempt before:
the ESP32's keeps the reason of an earlier failure until there is an address (esp32/network_wlan.c). Only where it has
changed since the attempt began, and another network is known, it is believed.
"""

import network
from binascii import unhexlify
from errno import ECONNREFUSED, ECONNRESET
from micropython import const

from mqtt.errors import ConnectionClosed, ConnectionRefused, Timeout

from .log import log, rare

_ERRORS = (OSError, RuntimeError, ValueError, TypeError)  # RuntimeError: esp32/network_common.c, what it does not know
_ANSWERS = (ECONNREFUSED, ECONNRESET)
_LOOK = const(5)  # seconds between two looks, and the shortest attempt
_FIRST = const(15)  # seconds for an attempt of the first round
_ADDRESS = const(30)  # seconds for DHCP
_LONGEST = const(60)
_SELDOM = const(480)
_DOUBTS = const(3)  # failed connections after which the network is left

_REFUSALS = (
    ("STAT_WRONG_PASSWORD", "wrong password"),
    ("STAT_NO_AP_FOUND", "not in reach"),
    ("STAT_CONNECT_FAIL", "refused"),
    ("STAT_ASSOC_FAIL", "refused"),
    ("STAT_HANDSHAKE_TIMEOUT", "wrong password, or too far away"),
    ("STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY", "another kind of security"),
    ("STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD", "its security is too weak"),
    ("STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD", "too far away"),
)


def look(wifi, up, now):
    """The driver says something else than before, or it is time: does what there is to do, and says when to look
    again. Sets whether the network is joined."""
    if wifi._wlan is None:
        _open(wifi, now)
    elif up and _address(wifi):
        _joined(wifi)
    elif wifi._joined:
        log("wifi", "lost " + _shown(wifi))
        wifi._joined = False
        _expect(wifi, now, wifi._wlan.status())  # the driver tries again by itself, and is fastest
    else:
        _judge(wifi, now)
    if not wifi._joined:
        _reset_if_due(wifi, now)


def doubt(wifi, now, error):
    """A connection over this network failed."""
    answers = isinstance(error, (ConnectionRefused, ConnectionClosed)) or error.args and error.args[0] in _ANSWERS
    if answers or _is_answer(error):
        wifi.proven()
        return
    if isinstance(error, MemoryError):  # which is our own
        _reset_if_due(wifi, now)
        return
    wifi._doubts += 1
    if wifi._joined:
        if not _address(wifi):
            log("wifi", _shown(wifi) + ": no address any more")
            _leave(wifi, now, wifi._index)
        elif wifi._doubts % _DOUBTS == 0:
            log("wifi", _shown(wifi) + ": joined, but nothing comes through; leaving it and joining again")
            if wifi._doubts % (_DOUBTS * 2) == 0:
                _restart(wifi)
            _leave(wifi, now, wifi._index + 1)
    _reset_if_due(wifi, now)


def _is_answer(error):
    """Whether a server of TLS or WebSocket has answered, though not as it must."""
    return str(error).split(" ")[0] in ("TLS:", "WebSocket:") and not isinstance(error, Timeout)


def name_of(known):
    """A network's name, in bytes."""
    return unhexlify(known["ssid_hex"]) if "ssid_hex" in known else known["ssid"].encode()


def told(wifi):
    """How the attempt goes, in words, for who is not at the console."""
    return "%s: %s" % (_shown(wifi), _refusal(wifi) or "no answer")


def _shown(wifi):
    name = name_of(wifi._networks[wifi._index])
    try:
        return str(name, "utf-8")
    except UnicodeError:  # GBK, likely
        return "hex " + wifi._networks[wifi._index]["ssid_hex"]


def _open(wifi, now):
    """The first look, or the first after the driver had no memory."""
    try:
        wifi._wlan = wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
    except _ERRORS as e:
        wifi._wlan = None
        log("wifi", "does not start: %s" % e)
        _later(wifi, now)
        wifi._tries += 1
        return
    try:
        point = network.WLAN(network.AP_IF)
        if point.active():  # ESP8266: from the factory, with a password everybody knows
            point.active(False)
    except _ERRORS as e:
        log("wifi", "access point: %s" % e)
    known = _index_of(wifi)
    wifi._index = known or 0
    wifi._seen = wlan.isconnected()  # since before a soft reset, perhaps
    if known is not None and wifi._seen and _address(wifi):
        _joined(wifi)
    else:
        join(wifi, now)


def _index_of(wifi):
    """Which of ours the driver has in mind, from before: the ESP8266 keeps it in flash, and each change wears that."""
    try:
        name = wifi._wlan.config("ssid").encode()
    except UnicodeError:
        name = None
    except _ERRORS + (AttributeError,):
        return None
    for i, known in enumerate(wifi._networks):
        if name == name_of(known) or name is None and "ssid_hex" in known:
            return i
    return None


def _address(wifi):
    try:
        address = wifi._wlan.ifconfig()[0]
    except _ERRORS:
        return None
    return None if address == "0.0.0.0" else address


def _joined(wifi):
    if not wifi._joined:
        wifi._joined = True
        wifi._tries = 0
        log("wifi", "joined %s as %s" % (_shown(wifi), _address(wifi)))


def _leave(wifi, now, index):
    wifi._joined = False
    wifi._index = index % len(wifi._networks)
    join(wifi, now)


def join(wifi, now):
    """Begins an attempt: leaves whatever there is, for a second connect() without that is an error on the ESP32."""
    wlan = wifi._wlan
    known = wifi._networks[wifi._index]
    try:
        wlan.active(True)
        wlan.disconnect()
    except _ERRORS:
        pass
    _expect(wifi, now, wlan.status())
    wifi._told = False
    try:
        wlan.connect(name_of(known), known.get("password", ""))
    except _ERRORS as e:
        log("wifi", "%s: %s" % (_shown(wifi), e))
        wifi._told = True
        wifi._began = now - _SELDOM
        _later(wifi, now)
    wifi._seen = wlan.isconnected()


def _expect(wifi, now, status):
    wifi._began = now
    wifi._status = status
    wifi._waits = False
    wifi._look_at = now + _LOOK


def _later(wifi, now):
    """The driver is not able to: soon again, and then later and later."""
    wifi._look_at = now + min(_LOOK << min(wifi._tries, 4), _LONGEST)


def _judge(wifi, now):
    """How the attempt goes."""
    networks = len(wifi._networks)
    if not wifi._waits and wifi.rssi() is not None:
        wifi._waits = True
        wifi._began = now
    passed = now - wifi._began
    words = _refusal(wifi)
    news = words and not wifi._waits and wifi._wlan.status() != wifi._status
    at_end = passed >= _limit(wifi, networks)
    if news and networks > wifi._tries + 1 and passed >= _LOOK:
        at_end = True  # in the first round: the others have not been tried yet
    if not wifi._told and (at_end or news or passed >= _FIRST):
        wifi._told = True
        log("wifi", told(wifi))
    if not at_end:
        wifi._look_at = now + _LOOK
        return
    wifi._tries += 1
    rounds = wifi._tries // networks
    if wifi._tries % networks == 0 and rounds > 1 and rounds & rounds - 1 == 0:
        _restart(wifi)  # seldom: it writes an ESP8266's flash
    _leave(wifi, now, wifi._index + 1)


def _limit(wifi, networks):
    """Seconds for this attempt."""
    if wifi._waits:
        return _ADDRESS
    if networks == 1:
        return _LONGEST
    # Each change of the network writes an ESP8266's flash, whose STAT_IDLE is 0.
    longest = _LONGEST if network.STAT_IDLE else _SELDOM
    return min(_FIRST << min(wifi._tries // networks, 5), longest)


def _refusal(wifi):
    """What the driver says, in words; None for nothing of interest."""
    if wifi._waits:
        return "no address"
    status = wifi._wlan.status()
    for name, words in _REFUSALS:
        if getattr(network, name, None) == status:
            return words
    return None


def _restart(wifi):
    """Switches the radio off and on, for a driver that has got stuck."""
    try:
        wifi._wlan.active(False)
        wifi._wlan.active(True)
    except _ERRORS as e:
        log("wifi", "does not start again: %s" % e)


def _reset_if_due(wifi, now):
    if wifi._reset_after and now - wifi._proven_at >= wifi._reset_after:
        wifi._proven_at = now
        rare("last_resort").reset(wifi, now)
