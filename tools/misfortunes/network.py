"""Misfortunes of Wi-Fi, names, time servers and the platform."""

from collections.abc import Callable

from ..board import Connection
from ..board.sntp import EMPTY, KISS_OF_DEATH, SHORT
from ..loopback import free_port
from .misfortune import Happen, Misfortunes
from .scene import ADDRESS, PASSWORD, PROGRAM, RUN, SSID, OwnConsole, Scene

DAY = 86400
NAME = "onenet.example"

NETWORK = Misfortunes()


# Wi-Fi


def _outage(joining: float) -> Happen:
    def happen(scene: Scene) -> None:
        scene.wifi.association_time, scene.wifi.dhcp_time = joining * 0.6, joining * 0.4
        scene.start()
        scene.online(90)
        scene.wifi.up = False
        scene.offline(15)
        scene.wifi.up = True

    return happen


for _joining in (0.8, 2.4, 5.0, 20.0):
    NETWORK.add(f"no Wi-Fi for 15 s; joining takes {_joining:g} s", 90, name=f"outage-joining-{_joining:g}")(
        _outage(_joining)
    )


@NETWORK.add("switched on 20 s before the router", 60)
def before_the_router(scene: Scene) -> None:
    scene.wifi.up = False
    scene.start()
    scene.offline(20)
    scene.wifi.up = True


@NETWORK.add("two networks, the first is not there", 60)
def first_network_absent(scene: Scene) -> None:
    scene.config["wifi"] = [{"ssid": "elsewhere", "password": PASSWORD}, {"ssid": SSID, "password": PASSWORD}]
    scene.start()


@NETWORK.add("two networks, the first with a wrong password", 60)
def first_password_wrong(scene: Scene) -> None:
    scene.wifi.networks["other"] = "another one"
    scene.config["wifi"] = [{"ssid": "other", "password": PASSWORD}, {"ssid": SSID, "password": PASSWORD}]
    scene.start()


@NETWORK.add("two networks, the first is joined and mute", 180)
def first_network_mute(scene: Scene) -> None:
    scene.wifi.networks["other"] = PASSWORD
    scene.wifi.mute = {"other"}
    scene.config["wifi"] = [{"ssid": "other", "password": PASSWORD}, {"ssid": SSID, "password": PASSWORD}]
    scene.start()


@NETWORK.add("Wi-Fi joined, but nothing flows for 40 s", 90)
def mute_network(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.wifi.mute = True
    scene.offline(40)
    scene.wifi.mute = False


@NETWORK.add("nothing flows until the board joins Wi-Fi anew", 60)
def mute_until_joined_anew(scene: Scene) -> None:
    scene.config["keep_alive"] = 10
    scene.start()
    scene.online()
    joined = scene.wifi.joins
    scene.wifi.mute = True
    scene.until(lambda: scene.wifi.joins > joined, "it did not leave a network that is mute", 180)
    scene.wifi.mute = False


@NETWORK.add("Wi-Fi joined, but nothing flows for half an hour (clock jumps)", 90, resets=True)
def mute_for_half_an_hour(scene: Scene) -> None:
    scene.config["keep_alive"] = 10
    scene.start()
    scene.online()
    scene.wifi.mute = True
    scene.offline(3)
    scene.skip(1800)
    scene.reset(120)
    scene.wifi.mute = False


@NETWORK.add("connected, but with the address 0.0.0.0 for 30 s", 90)
def no_address(scene: Scene) -> None:
    scene.wifi.no_address = True
    scene.start()
    scene.offline(30)
    scene.wifi.no_address = False


@NETWORK.add("address becomes 0.0.0.0 until the board joins Wi-Fi anew", 60)
def address_lost(scene: Scene) -> None:
    scene.config["keep_alive"] = 10
    scene.start()
    scene.online()
    joins = scene.wifi.joins
    scene.wifi.no_address = True
    scene.until(lambda: scene.wifi.joins > joins, "it did not leave a network without an address", 120)
    scene.wifi.no_address = False


@NETWORK.add("the Wi-Fi driver knows errors only, for 15 s", 60, chips="esp32")
def driver_errors(scene: Scene) -> None:
    scene.wifi.error = "Wifi Unknown Error 0x0101"
    scene.start()
    scene.offline(15)
    scene.wifi.error = None


@NETWORK.add("the network's name is in GBK", 60)
def name_in_gbk(scene: Scene) -> None:
    name = "实验室".encode("gbk")
    scene.wifi.networks.clear()
    scene.wifi.networks[name] = PASSWORD
    scene.config["wifi"] = [{"ssid_hex": name.hex(), "password": PASSWORD}]
    scene.start()


# Names


@NETWORK.add("no name server answers for 30 s, from power-on; watchdog 10 s", 90)
def dns_dead(scene: Scene) -> None:
    scene.config.update(host=NAME, watchdog=10)
    scene.make().dns.up = False
    scene.start()
    scene.offline(30)
    _asked_for(scene, NAME)
    scene.board.dns.up = True


@NETWORK.add("the name server dies for good, then the connection is lost", 60)
def dns_dead_later(scene: Scene) -> None:
    scene.config.update(host=NAME, watchdog=10)
    scene.start()
    scene.online()
    scene.board.dns.up = False
    scene.board.link.cut()


def _strange_name(answer: str) -> Happen:
    def happen(scene: Scene) -> None:
        scene.config["host"] = NAME
        scene.make().dns.answers[NAME] = answer  # type: ignore[assignment]
        scene.start()
        scene.offline(10)
        _asked_for(scene, NAME)
        del scene.board.dns.answers[NAME]

    return happen


for _answer, _words in (("ipv6", "has IPv6 addresses only"), ("empty", "has no address"), ("unknown", "is unknown")):
    NETWORK.add(f"the platform's name {_words} for 10 s", 60, name=f"name-{_answer}")(_strange_name(_answer))


def _asked_for(scene: Scene, name: str) -> None:
    scene.until(lambda: name in scene.board.dns.queries, f"it did not ask for {name}", 30)


# Time servers. These misfortunes do not end, and must not keep a board offline, nor date what it has measured.


def _bad_time(set_up: Callable[[Scene], None]) -> Happen:
    def happen(scene: Scene) -> None:
        scene.wifi.association_time = 7  # so some numbers are that old when they are sent, which is with their time
        scene.make()
        set_up(scene)
        scene.start()
        scene.over()
        _asked_for(scene, scene.config["ntp_host"][0])

    return happen


def _answers(answer: bytes) -> Callable[[Scene], None]:
    def set_up(scene: Scene) -> None:
        scene.board.ntp.answer = answer

    return set_up


def _silent(scene: Scene) -> None:
    scene.board.ntp.up = False


def _nameless(scene: Scene) -> None:
    for name in scene.config["ntp_host"]:
        scene.board.dns.answers[name] = "empty"


for _name, _words, _set_up in (
    ("short", "answers are cut short", _answers(SHORT)),
    ("empty", "answers are empty", _answers(EMPTY)),
    ("kiss-of-death", "answers are kisses of death, of 1900", _answers(KISS_OF_DEATH)),
    ("silent", "answers do not come", _silent),
    ("no-address", "name has no address", _nameless),
):
    NETWORK.add(f"the time server's {_words}", 60, name=f"ntp-{_name}")(_bad_time(_set_up))


# The platform


@NETWORK.add("all connections reset at once")
def connections_reset(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.board.link.cut()


@NETWORK.add("connection half open for 30 s", 90)
def half_open(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.board.link.stalled = True
    scene.offline(30)
    scene.board.link.stalled = False


@NETWORK.add("connections refused for 20 s", 60)
def platform_away(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.board.link.routes[ADDRESS] = "127.0.0.1", free_port()
    scene.board.link.cut()
    scene.offline(20)
    scene.board.link.routes[ADDRESS] = "127.0.0.1", scene.console.mqtt_port


@NETWORK.add("the platform is restarted", 60)
def platform_restarted(scene: Scene) -> None:
    console = OwnConsole(scene)
    scene.start()
    scene.online()
    console.stop()
    scene.says("next attempt in")
    console.start()


@NETWORK.add("Wi-Fi is well, but nobody answers for half an hour (clock jumps)", 90, resets=True)
def nobody_answers(scene: Scene) -> None:
    scene.config["keep_alive"] = 10
    scene.start()
    scene.online()
    scene.board.link.stalled = True
    scene.offline(3)
    scene.skip(1800)
    scene.reset(120)
    scene.board.link.stalled = False


@NETWORK.add("the IP stack has no memory for connections, for 15 s", 60)
def no_memory_for_connections(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.board.link.connect_error = 12
    scene.board.link.cut()
    scene.offline(15)
    scene.board.link.connect_error = None


@NETWORK.add("a data point that the platform closes the connection for", 180)
def point_disliked(scene: Scene) -> None:
    add = """
@device.stream("culprit", every=86400)
def culprit():
    return "poison"
"""
    scene.program = PROGRAM + add + RUN
    scene.other_drops = 1
    seen = []

    def tap(direction: str, data: bytes, connection: Connection) -> None:
        if b"poison" in data:
            seen.append(connection)
            scene.board.link.cut()

    scene.make().link.tap = tap
    scene.start()
    scene.until(lambda: seen, "the data point was not sent", 60)


# The clock jumps, a day at a time: the main loop must have its turns, as it has on a board.


def _outage_for(scene: Scene, days: float) -> None:
    scene.start()
    scene.online()
    scene.wifi.up = False
    scene.offline(3)
    while days > 0:
        scene.skip(int(min(days, 1) * DAY))
        scene.sleep(0.5)
        days -= 1
    scene.wifi.up = True


def _long_outage(days: float) -> Happen:
    def happen(scene: Scene) -> None:
        scene.config["reset_after"] = 0
        _outage_for(scene, days)

    return happen


for _days in (3, 6.5, 13, 25):
    NETWORK.add(f"no Wi-Fi for {_days:g} days (clock jumps)", 90, name=f"outage-of-{_days:g}-days")(_long_outage(_days))


@NETWORK.add("no Wi-Fi for 7 days, with resets each half hour (clock jumps)", 90, resets=True)
def outage_with_resets(scene: Scene) -> None:
    _outage_for(scene, 7)
    scene.reset(1)
