"""The air: networks that are absent, refuse, vanish and come back."""

from onenet_tools.board import VirtualBoard, Wifi

WATCH = """
import network, time
w = network.WLAN(network.STA_IF)
w.active(True)
w.connect("home", "secret")
last = None
while True:
    now = w.status(), w.isconnected()
    if now != last:
        print("status", *now)
        last = now
    time.sleep_ms(2)
"""


def test_connecting_takes_its_time_and_drops_and_comes_back() -> None:
    wifi = Wifi({"home": "secret"}, association_time=0.1)
    with VirtualBoard(files={"main.py": WATCH}, wifi=wifi) as board:
        board.wait_for(r"status 1001 False\nstatus 1010 True\n")
        assert wifi.connected
        seen = len(board.log)
        wifi.up = False
        assert not wifi.connected
        board.wait_for(r"status 1001 False\nstatus 201 False\n", since=seen)
        seen = len(board.log)
        wifi.up = True
        board.wait_for(r"status 1010 True\n", since=seen)
        seen = len(board.log)
        wifi.drop()
        board.wait_for(r"status 1001 False\nstatus 1010 True\n", since=seen)


def test_a_wrong_password_and_its_correction() -> None:
    with VirtualBoard(files={"main.py": WATCH}, wifi=Wifi({"home": "other"})) as board:
        board.wait_for(r"status 202 False\n")
        board.wifi.networks["home"] = "secret"
        board.wait_for(r"status 1010 True\n")


def test_an_absent_network_that_appears() -> None:
    with VirtualBoard(files={"main.py": WATCH}, wifi=Wifi({})) as board:
        board.wait_for(r"status 201 False\n")
        board.wifi.networks["home"] = ""  # an open one takes any password
        board.wait_for(r"status 1010 True\n")


def test_a_limit_of_reconnects_ends_the_attempts() -> None:
    main = """
import network, time
w = network.WLAN(network.STA_IF)
w.active(True)
w.config(reconnects=1)
w.connect("nowhere", "x")
time.sleep_ms(300)
print("after", w.status(), w.config("reconnects"))
w.connect("home", "password")   # refused only while an attempt goes on
while not w.isconnected():
    time.sleep_ms(5)
w.disconnect()
print("end", w.status(), w.isconnected())
w.active(False)
try:
    w.connect("home", "password")
except OSError as error:
    print(error)
"""
    with VirtualBoard(files={"main.py": main}, wifi=Wifi(association_time=0.02)) as board:
        board.wait_for(r"after 201 1\nend 1000 False\nWifi Not Started\n")


def test_the_driver_refuses_a_second_attempt_while_one_goes_on() -> None:
    main = """
import network
w = network.WLAN(network.STA_IF)
w.active(True)
w.connect("nowhere", "x")
try:
    w.connect("home", "password")
except OSError as error:
    print(error)
w.disconnect()
w.connect("home", "password")
while not w.isconnected():
    pass
print("connected to", w.config("ssid"))
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(r"Wifi Internal Error\nconnected to home\n")


def test_what_a_station_knows() -> None:
    main = """
import network
network.hostname("lamp")
network.country("CN")
w = network.WLAN(network.STA_IF)
assert w is network.WLAN(network.STA_IF) is network.WLAN()
print(w.active(), w.status() == network.STAT_IDLE, w.config("mac"))
w.active(True)
print(w.scan()[0][0], w.ifconfig()[0], network.hostname(), w.config("hostname"), network.country())
w.connect("home", "password")
while w.status() == network.STAT_CONNECTING:
    pass
print(w.status() == network.STAT_GOT_IP, w.status("rssi"), w.ifconfig()[0], w.ipconfig("addr4"))
ap = network.WLAN(network.AP_IF)
ap.active(True)
ap.config(ssid="setup", security=0)
print(ap.active(), ap.config("ssid"), ap.isconnected(), ap.ifconfig()[0])
"""
    with VirtualBoard(files={"main.py": main}, wifi=Wifi(rssi=-70), unique_id=b"abcdef") as board:
        board.wait_for(r"^>>> ")
        assert board.log.splitlines()[:4] == [
            "False True b'abcdef'",
            "b'home' 0.0.0.0 lamp lamp CN",
            "True -70 192.168.4.23 ('192.168.4.23', '255.255.255.0')",
            "True setup False 192.168.4.1",
        ]


def test_a_soft_reset_keeps_the_connection_and_a_hard_one_ends_it() -> None:
    main = """
import network, machine
w = network.WLAN(network.STA_IF)
print("found", w.isconnected())
if machine.reset_cause() == machine.PWRON_RESET:
    w.active(True)
    w.connect("home", "password")
    while not w.isconnected():
        pass
    machine.soft_reset()
if machine.reset_cause() == machine.SOFT_RESET:
    machine.reset()
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(r"^>>> ")
        found = [line for line in board.log.splitlines() if line.startswith("found")]
        assert found == ["found False", "found True", "found False"]
