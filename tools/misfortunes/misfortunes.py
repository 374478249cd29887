"""The misfortunes: each brings one about, and returns when it is over and the board may recover.

A name, what happens in words, and how long recovering may take, in seconds. What a board is to be online again for is
not theirs to say: see run.py.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..board import Connection
from ..loopback import free_port
from .scene import ADDRESS, PASSWORD, PROGRAM, RUN, SSID, Scene

DAY = 86400


@dataclass(frozen=True)
class Misfortune:
    name: str
    words: str
    patience: float
    happen: Callable[[Scene], None]
    loses_ram: bool = False
    """It ends in a reset, so what waited in RAM is gone."""


MISFORTUNES: list[Misfortune] = []


def misfortune(
    words: str, patience: float = 60, loses_ram: bool = False
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    def add(happen: Callable[[Scene], None]) -> Callable[[Scene], None]:
        name = happen.__name__.replace("_", "-")
        MISFORTUNES.append(Misfortune(name, words, patience, happen, loses_ram))
        return happen

    return add


# Wi-Fi


def _outage(joining: float) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        scene.wifi.association_time, scene.wifi.dhcp_time = joining * 0.6, joining * 0.4
        scene.start()
        scene.online(90)
        scene.wifi.up = False
        time.sleep(15)
        scene.wifi.up = True

    happen.__name__ = f"outage_joining_{joining:g}"
    return happen


for _joining in (0.8, 2.4, 5.0, 20.0):
    misfortune(f"no Wi-Fi for 15 s; joining takes {_joining:g} s", 90)(_outage(_joining))


@misfortune("switched on 20 s before the router", 90)
def before_the_router(scene: Scene) -> None:
    scene.wifi.up = False
    scene.start()
    time.sleep(20)
    scene.wifi.up = True


@misfortune("two networks, the first is not there", 90)
def first_network_absent(scene: Scene) -> None:
    scene.config["wifi"] = [{"ssid": "elsewhere", "password": PASSWORD}, {"ssid": SSID, "password": PASSWORD}]
    scene.start()


@misfortune("two networks, the first with a wrong password", 90)
def first_password_wrong(scene: Scene) -> None:
    scene.wifi.networks["other"] = "another one"
    scene.config["wifi"] = [{"ssid": "other", "password": PASSWORD}, {"ssid": SSID, "password": PASSWORD}]
    scene.start()


@misfortune("Wi-Fi says connected, nothing flows for 40 s", 120)
def mute_network(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.wifi.mute = True
    time.sleep(40)
    scene.wifi.mute = False


@misfortune("connected, but with the address 0.0.0.0 for 30 s", 120)
def no_address(scene: Scene) -> None:
    scene.wifi.no_address = True
    scene.start()
    time.sleep(30)
    scene.wifi.no_address = False


@misfortune("the network's name is in GBK", 60)
def name_in_gbk(scene: Scene) -> None:
    name = "实验室".encode("gbk")
    scene.wifi.networks.clear()
    scene.wifi.networks[name] = PASSWORD
    scene.config["wifi"] = [{"ssid_hex": name.hex(), "password": PASSWORD}]
    scene.start()


# The broker


@misfortune("all connections reset at once")
def connections_reset(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.board.link.cut()


@misfortune("connection half open for 30 s", 120)
def half_open(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.board.link.stalled = True
    time.sleep(30)
    scene.board.link.stalled = False


@misfortune("the platform is away for 20 s, connections refused", 90)
def platform_away(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.board.link.routes[ADDRESS] = "127.0.0.1", free_port()
    scene.board.link.cut()
    time.sleep(20)
    scene.board.link.routes[ADDRESS] = "127.0.0.1", scene.port


@misfortune("one data point that the platform closes the connection for", 240)
def point_disliked(scene: Scene) -> None:
    add = """
@device.stream("culprit", every=86400)
def culprit():
    return "poison"
"""
    scene.program = PROGRAM + add + RUN

    def tap(direction: str, data: bytes, connection: Connection) -> None:
        if b"poison" in data:
            scene.board.link.cut()

    scene.start(tap)


# Sleepless years: the clock jumps


def _long_outage(days: float) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        scene.start()
        scene.online()
        scene.wifi.up = False
        time.sleep(3)
        scene.board.skip(int(days * DAY))
        time.sleep(1)
        scene.wifi.up = True

    happen.__name__ = f"outage_of_{days:g}_days"
    return happen


for _days in (3, 6.5, 13, 25):
    misfortune(f"no Wi-Fi for {_days:g} days (the clock jumps)", 120)(_long_outage(_days))


# The serial line


def _noise(data: bytes, name: str) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        scene.start()
        scene.online()
        scene.board.send(data)

    happen.__name__ = f"noise_{name}"
    return happen


for _data, _name in (
    (b"\xff", "ff"),
    (b"\xe4", "e4"),
    (b"\x80\x81\x82", "80"),
    (b"\xc0\x00\x08\x24" * 4, "esptool"),
    (b"\x03", "03"),
):
    misfortune(f"noise on the serial line: {_data[:4].hex(' ')}", 90, loses_ram=_name == "03")(_noise(_data, _name))


# The program


@misfortune("a sensor that is not there yet, at the top of main.py", 120, loses_ram=True)
def error_at_the_top(scene: Scene) -> None:
    check = "import machine\nif not machine.Pin(4, machine.Pin.IN).value():\n    raise OSError(19)\n"
    scene.program = check + PROGRAM + RUN
    scene.start()
    scene.says("OSError")
    scene.board.pins[4] = 1


@misfortune("a SyntaxError in main.py, mended over mpremote", 120, loses_ram=True)
def syntax_error(scene: Scene) -> None:
    scene.program = "def broken(:\n"
    scene.start()
    scene.says("SyntaxError")
    scene.mend(PROGRAM + RUN)


@misfortune("a stream that raises")
def stream_raises(scene: Scene) -> None:
    add = '\n@device.stream("bad", every=1)\ndef bad():\n    raise ValueError("no reading")\n'
    scene.program = PROGRAM + add + RUN
    scene.start()


@misfortune("a stream that leaves by SystemExit", 120, loses_ram=True)
def stream_exits(scene: Scene) -> None:
    add = '\n@device.stream("bad", every=5)\ndef bad():\n    raise SystemExit\n'
    scene.program = PROGRAM + add + RUN
    scene.start()


@misfortune("a value that needs more memory than there is")
def memory_error(scene: Scene) -> None:
    add = '\n@device.stream("big", every=2)\ndef big():\n    return "x" * 30000000\n'
    scene.program = PROGRAM + add + RUN
    scene.start()


@misfortune("put() of what no platform takes")
def strange_values(scene: Scene) -> None:
    add = """
values = [float("nan"), float("inf"), 10**30, "a" + chr(0xD800), b"bytes", (1, 2), {1: 2}, object(), lambda: 1]
@device.stream("odd", every=1)
def odd():
    value = values.pop(0) if values else 1
    device.put("odd", value)
    return value
device.put(b"\\xff\\xfe", 1)
"""
    scene.program = PROGRAM + add + RUN
    scene.start()


@misfortune("put() from a timer's callback, a hundred times a second")
def put_from_timer(scene: Scene) -> None:
    add = """
import machine
timer = machine.Timer(TIMER)
timer.init(period=10, callback=lambda t: device.put("tick", 1))
"""
    scene.program = PROGRAM + add.replace("TIMER", "-1" if scene.chip == "esp8266" else "0") + RUN
    scene.config["outbox_size"] = 16384
    scene.start()


@misfortune("led_pin is a pin that can only be read, or is none")
def pin_that_is_none(scene: Scene) -> None:
    scene.config["led_pin"] = 34 if scene.chip == "esp32" else 48
    scene.start()


@misfortune("a file of the user's hides the library: mqtt.py")
def hiding_file(scene: Scene) -> None:
    scene.files["mqtt.py"] = "X = 1\n"
    scene.start()


# Power


@misfortune("power cut", 60, loses_ram=True)
def power_cut(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.board.power_cut()
    scene.board.power_on()


@misfortune("the program hangs: watchdog", 120, loses_ram=True)
def hang(scene: Scene) -> None:
    add = """
@device.stream("hang", every=2)
def hang():
    if n > 4 and machine.Pin(4, machine.Pin.IN).value():
        while True:
            pass
"""
    scene.config["watchdog"] = 10
    scene.program = "import machine\n" + PROGRAM + add + RUN
    scene.start()
    scene.online()
    scene.board.pins[4] = 1
    resets = len(scene.board.resets)
    scene.until(lambda: len(scene.board.resets) > resets, "no watchdog bit", 60)
    scene.board.pins[4] = 0
