"""Wi-Fi as the drivers of the ports have it: what stays, what is refused, how long things take."""

import math
import re

import pytest
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.board.wifi import LIVELY, draw

START = """
import network, time
w = network.WLAN(network.STA_IF)
w.active(True)

def wait(reached, seconds=10):
    end = time.ticks_add(time.ticks_ms(), seconds * 1000)
    while not reached() and time.ticks_diff(end, time.ticks_ms()) > 0:
        time.sleep_ms(2)
    print("status", w.status(), w.isconnected(), w.ifconfig()[0])
"""

GBK = "家".encode("gbk") + b"\xb5\xc4\xcd\xf8\xc2\xe7"


# ESP32: ports/esp32/network_wlan.c


def test_esp32_status_keeps_the_last_reason_through_disconnect_and_connect() -> None:
    """wifi_sta_disconn_reason is cleared by IP_EVENT_STA_GOT_IP only; micropython issues 17339, 14382."""
    main = (
        START
        + """
w.connect("home", "password")
wait(lambda: w.status() == 201)
w.disconnect()
print("after disconnect", w.status())
w.connect("home", "password")
print("after connect", w.status())
print("ready")
wait(w.isconnected)
"""
    )
    wifi = Wifi(up=False, association_time=0.3)
    with VirtualBoard(files={"main.py": main}, wifi=wifi) as board:
        board.wait_for("status 201 False 0.0.0.0\nafter disconnect 201\nafter connect 201\nready")
        wifi.up = True
        board.wait_for("status 1010 True 192.168.4.23")


def test_esp32_status_is_idle_after_leaving_a_network_until_the_next_address() -> None:
    """ASSOC_LEAVE shows as STAT_IDLE, while the next attempt is under way, too."""
    main = (
        START
        + """
w.connect("home", "password")
wait(w.isconnected)
w.disconnect()
print("left", w.status())
w.connect("home", "password")
print("again", w.status())
"""
    )
    with VirtualBoard(files={"main.py": main}, wifi=Wifi(association_time=0.2)) as board:
        board.wait_for("status 1010 True 192.168.4.23\nleft 1000\nagain 1000\n")


@pytest.mark.parametrize("first", ["nowhere", "home"])
def test_esp32_a_second_connect_without_disconnect_is_refused(first: str) -> None:
    """esp_wifi_connect() answers ESP_ERR_WIFI_CONN; micropython issue 17661. active(False) helps as well."""
    main = (
        START
        + f"""
w.connect({first!r}, "password")
wait(lambda: w.status() != 1001)
try:
    w.connect("home", "password")
except OSError as error:
    print(error)
w.active(False)
w.active(True)
w.connect("home", "password")
wait(w.isconnected)
"""
    )
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("Wifi Internal Error\nstatus 1010 True")


@pytest.mark.parametrize(
    ("error", "kind"),
    [("Wifi Unknown Error 0x0101", "RuntimeError"), ("WiFi Out of Memory", "OSError")],
    ids=["before-1.26", "since-1.26"],
)
def test_esp32_other_errors_of_connect(error: str, kind: str) -> None:
    """esp_exceptions_helper(), network_common.c."""
    main = START + "try:\n    w.connect('home', 'password')\nexcept Exception as e:\n    print(type(e).__name__, e)\n"
    wifi = Wifi()
    wifi.error = error
    with VirtualBoard(files={"main.py": main}, wifi=wifi) as board:
        board.wait_for(f"^{kind} {error}$")


def test_esp32_connection_survives_a_soft_reset_and_connect_is_refused_then() -> None:
    """micropython issue 8994."""
    main = """
import network
w = network.WLAN(network.STA_IF)
print("found", w.isconnected(), w.config("ssid"))
w.active(True)
try:
    w.connect("home", "password")
except OSError as error:
    print(error)
while not w.isconnected():
    pass
print("ready")
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("^found False (.*\n)+ready")
        seen = len(board.log)
        board.send(b"\x04")
        board.wait_for("^found True home\nWifi Internal Error\nready", since=seen)


def test_esp32_rssi_without_a_network_raises() -> None:
    main = START + "try:\n    w.status('rssi')\nexcept OSError as error:\n    print(error)\n"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("^Wifi Not Connected$")


def test_esp32_keys_of_the_other_interface_raise() -> None:
    main = (
        START
        + """
for ask in (lambda: w.config("hidden"), lambda: w.config(essid="x"), lambda: w.config("nonsense"),
            lambda: network.WLAN(network.AP_IF).config("reconnects"), lambda: w.status("stations")):
    try:
        print(ask())
    except Exception as error:
        print(type(error).__name__, error)
"""
    )
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(
            "OSError AP required\nOSError AP required\nValueError unknown config param\nOSError STA required\n"
        )
        board.wait_for("STA required\nOSError AP required\n")


# ESP8266: ports/esp8266/network_wlan.c, modules/inisetup.py, and Espressif's SDK


def test_esp8266_has_numbers_of_its_own_for_status() -> None:
    main = (
        START
        + """
print("idle", w.status())
w.connect("home", "password")
print("connecting", w.status())
wait(w.isconnected)
w.connect("home", "wrong")
wait(lambda: w.status() == network.STAT_WRONG_PASSWORD)
w.connect("nowhere", "")
wait(lambda: w.status() == network.STAT_NO_AP_FOUND)
w.disconnect()
print("idle", w.status(), hasattr(network, "STAT_HANDSHAKE_TIMEOUT"))
"""
    )
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for(
            "idle 0\nconnecting 1\nstatus 5 True 192.168.4.23\nstatus 2 False 0.0.0.0\nstatus 3 False 0.0.0.0\n"
            "idle 0 False\n"
        )


def test_esp8266_access_point_is_on_until_it_is_switched_off_for_good() -> None:
    main = """
import network
ap = network.WLAN(network.AP_IF)
print(ap.active(), ap.config("essid"), ap.config("mac"), ap.status())
"""
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for(r"^True MicroPython-000001 b'&\\n\\xc4\\x00\\x00\\x01' -1$")
        assert board.wifi.access_point == b"MicroPython-000001"
        board.send(b"ap.active(False)\r")
        board.wait_for(r"active\(False\)\s+>>> ")
        assert board.wifi.access_point is None
        seen = len(board.log)
        board.reset_button()  # the mode is in flash
        board.wait_for("^False MicroPython", since=seen)


def test_esp8266_rssi_without_a_network_is_31() -> None:
    main = START + "print('rssi', w.status('rssi'))\n"
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for("^rssi 31$")


def test_esp8266_connect_with_another_network_writes_the_flash() -> None:
    """wifi_station_set_config(); the same network as before costs nothing."""
    main = (
        START
        + """
for _ in range(3):
    for ssid in ("home", "other"):
        for _ in range(2):
            w.connect(ssid, "password")
print("ready")
"""
    )
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for("^ready")
        assert board.wifi.flash_writes == 1 + 6  # the mode, once; and each change of the network


def test_esp8266_joins_the_last_network_by_itself_after_a_reset() -> None:
    joins = START + "w.connect('home', 'password')\nwait(w.isconnected)\n"
    with VirtualBoard(chip="esp8266", files={"main.py": joins}) as board:
        board.wait_for("status 5 True")
        board.power_cut()
        board.put({"main.py": START.replace("w.active(True)", "") + "wait(w.isconnected)\n"})
        board.power_on()
        board.wait_for("status 5 True")


def test_esp8266_second_connect_is_not_refused() -> None:
    main = START + "w.connect('nowhere', '')\nw.connect('home', 'password')\nwait(w.isconnected)\n"
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for("status 5 True")


def test_esp8266_config_keys_and_what_raises() -> None:
    main = (
        START
        + """
ap = network.WLAN(network.AP_IF)
for ask in (lambda: w.config("reconnects"), lambda: w.config(reconnects=3), lambda: w.config("essid"),
            lambda: ap.config("hostname"), lambda: w.config(essid="x"), lambda: w.config("txpower"),
            lambda: ap.connect("home", "x"), lambda: w.active(False), lambda: w.connect("home", "password"),
            lambda: w.connect(), lambda: w.disconnect(), lambda: network.hostname()):
    try:
        print(repr(ask()))
    except Exception as error:
        print(type(error).__name__, error)
"""
    )
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for(r"^>>> ")
        assert board.log.splitlines()[:12] == [
            "ValueError unknown config param",
            "ValueError unknown config param",
            "''",
            "OSError STA required",
            "OSError AP required",
            "ValueError unknown config param",
            "OSError STA required",
            "None",
            "OSError Cannot set STA config",
            "OSError Cannot connect to AP",
            "OSError Cannot disconnect from AP",
            "'mpy-esp8266'",
        ]


# Both


@pytest.mark.parametrize(("chip", "connecting", "got"), [("esp32", 1001, 1010), ("esp8266", 1, 5)])
def test_association_and_dhcp_take_their_own_time(chip: str, connecting: int, got: int) -> None:
    """In between the station is not connected, whatever the access point thinks: its address is 0.0.0.0."""
    main = (
        START
        + """
def associated():
    try:
        return w.status("rssi") == -55
    except OSError:  # ESP32
        return False

w.connect("home", "password")
wait(associated)
print("dhcp")
wait(w.isconnected)
"""
    )
    wifi = Wifi(dhcp_time=math.inf)
    with VirtualBoard(chip=chip, files={"main.py": main}, wifi=wifi) as board:
        board.wait_for(f"^status {connecting} False 0.0.0.0\ndhcp\n")
        assert not wifi.connected
        wifi.dhcp_time = 0.05
        wifi.drop()  # the next attempt meets a server that answers
        board.wait_for(f"^status {got} True 192.168.4.23$")


@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
def test_connected_with_address_0_0_0_0(chip: str) -> None:
    main = START + "w.connect('home', 'password')\nwait(w.isconnected)\nwait(lambda: w.ifconfig()[0] != '0.0.0.0')\n"
    wifi = Wifi()
    wifi.no_address = True
    with VirtualBoard(chip=chip, files={"main.py": main}, wifi=wifi) as board:
        board.wait_for(r"^status \d+ True 0.0.0.0$")
        assert not wifi.connected
        wifi.no_address = {"elsewhere"}
        board.wait_for(r"^status \d+ True 192.168.4.23$")


@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
def test_one_network_absent_one_with_a_wrong_password_one_that_works(chip: str) -> None:
    main = (
        START
        + """
for ssid, key in (("absent", "x"), ("guest", "wrong"), ("home", "password")):
    w.connect(ssid, key)
    before = w.status()
    wait(lambda: w.isconnected() or w.status() in (2, 3, 201, 202) and w.status() != before)
    print("tried", ssid)
    if ssid != "home":
        w.disconnect()
"""
    )
    wifi = Wifi({"guest": "right", "home": "password"}, association_time=0.1)
    with VirtualBoard(chip=chip, files={"main.py": main}, wifi=wifi) as board:
        board.wait_for("tried home")
        words = [int(word) for word in re.findall(r"status (\d+)", board.log)]
        assert words == ([201, 202, 1010] if chip == "esp32" else [3, 2, 5])


@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
def test_an_ssid_is_bytes(chip: str) -> None:
    """Names in GBK are common; a name that is no UTF-8 cannot be asked for: py/objstr.c, mp_obj_new_str()."""
    main = (
        START
        + f"""
print("scan", w.scan()[0][0] == {GBK!r})
w.connect({GBK!r}, "password")
wait(w.isconnected)
try:
    print(w.config("ssid"))
except UnicodeError:
    print("no text")
"""
    )
    with VirtualBoard(chip=chip, files={"main.py": main}, wifi=Wifi({GBK: "password"})) as board:
        board.wait_for("scan True\nstatus .* True 192.168.4.23\nno text")


def test_times_like_in_life_are_drawn_anew_for_each_attempt() -> None:
    wifi = Wifi({}, **LIVELY)
    assert all(1.5 <= draw(wifi.association_time) <= 5 for _ in range(100))
    assert len({draw(wifi.dhcp_time) for _ in range(10)}) > 1
