"""What happens to a board that is soaked. Each fault begins, lasts for some seconds, and is over; those of RESETS end a
start of the board."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from program import BURST_PIN, FILL, HANG, NAP
from scene import PATIENCE, RESET_AFTER, Scene

Happens = Callable[[Scene], contextlib.AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    name: str
    words: str
    happens: Happens
    longest: float = 5
    """Seconds."""


FAULTS: list[Fault] = []
RESETS: list[Fault] = []


def _fault(words: str, longest: float = 5, among: list[Fault] = FAULTS) -> Callable[..., None]:
    def add(happens: Callable[[Scene], Iterator[None]]) -> None:
        name = happens.__name__.replace("_", " ")
        among.append(Fault(name, words, contextlib.contextmanager(happens), longest))

    return add


# Wi-Fi, names, connections


@_fault("no Wi-Fi")
def no_wifi(scene: Scene) -> Iterator[None]:
    scene.wifi.up = False
    yield
    scene.wifi.up = True


@_fault("Wi-Fi lost, and back at once", 0.5)
def wifi_dropped(scene: Scene) -> Iterator[None]:
    scene.wifi.drop()
    yield


@_fault("Wi-Fi joined, and nothing flows")
def wifi_mute(scene: Scene) -> Iterator[None]:
    scene.wifi.mute = True
    yield
    scene.wifi.mute = False


@_fault("no name server answers")
def no_names(scene: Scene) -> Iterator[None]:
    scene.board.dns.up = False
    scene.lead_nowhere()  # so that it is asked for the name at all
    scene.proxy.cut()
    yield
    scene.lead_to_proxy()
    scene.board.dns.up = True


@_fault("connections are refused")
def refused(scene: Scene) -> Iterator[None]:
    scene.lead_nowhere()
    scene.proxy.cut()
    yield
    scene.lead_to_proxy()


@_fault("connections are taken, and nobody answers")
def mute_server(scene: Scene) -> Iterator[None]:
    scene.proxy.mute = True
    scene.proxy.cut()
    yield
    scene.proxy.mute = False


@_fault("the link is half open: what is sent goes nowhere, and nobody says so", 8)
def half_open(scene: Scene) -> Iterator[None]:
    scene.board.link.stalled = True
    yield
    scene.board.link.stalled = False


@_fault("the broker's half of the connection is gone, the board's is not", 8)
def half_closed(scene: Scene) -> Iterator[None]:
    scene.proxy.half()
    yield
    scene.proxy.cut()


@_fault("PUBACKs are lost, and then the connection", 4)
def lost_puback(scene: Scene) -> Iterator[None]:
    scene.proxy.swallowing = True
    yield
    scene.proxy.cut()
    scene.proxy.swallowing = False


@_fault("what the broker sends does not arrive", 4)
def deaf(scene: Scene) -> Iterator[None]:
    scene.proxy.deaf = True
    yield
    scene.proxy.cut()
    scene.proxy.deaf = False


@_fault("the receiver takes nothing")
def stalled_receiver(scene: Scene) -> Iterator[None]:
    scene.proxy.stalled = True
    yield
    scene.proxy.stalled = False


@_fault("the connection is reset", 0.5)
def connection_reset(scene: Scene) -> Iterator[None]:
    scene.proxy.cut()
    yield


@_fault("the broker is restarted", 2)
def broker_restarted(scene: Scene) -> Iterator[None]:
    scene.broker.stop()
    yield
    scene.broker.start()


@_fault("the time server is away", 2)
def no_time_server(scene: Scene) -> Iterator[None]:
    scene.board.ntp.up = False
    yield
    scene.board.ntp.up = True


# The clock, the program, and flash


@_fault("the clock jumps", 0.5)
def clock_jumps(scene: Scene) -> Iterator[None]:
    scene.skip(scene.chance.choice((5, 40, 600)))
    yield


@_fault("many values at once", 1)
def burst(scene: Scene) -> Iterator[None]:
    scene.board.pins[BURST_PIN] = 1
    scene.sleep(0.5)  # two of them or three
    scene.board.pins[BURST_PIN] = 0
    yield


@_fault("the flash is full, and there is no network")
def flash_full(scene: Scene) -> Iterator[None]:
    scene.board.pins[FILL] = 1
    scene.wifi.up = False
    yield
    scene.board.pins[FILL] = 0
    scene.wifi.up = True


@_fault("writing flash fails now and then, and there is no network")
def flash_writes_fail(scene: Scene) -> Iterator[None]:
    scene.wifi.up = False
    scene.fail_flash(writes=scene.chance.choice((1, 2, 9, 30)))
    yield
    scene.fail_flash()
    scene.wifi.up = True


BURST = next(fault for fault in FAULTS if fault.name == "burst")

# Ends of a start


@_fault("the power goes", 2, RESETS)
def power_cut(scene: Scene) -> Iterator[None]:
    scene.power_cut()
    yield
    scene.power_on()


@_fault("the power goes while there is no network", 6, RESETS)
def power_cut_offline(scene: Scene) -> Iterator[None]:
    scene.wifi.up = False
    yield
    scene.power_cut()
    scene.wifi.up = True
    scene.power_on()


@_fault("the reset button", 1, RESETS)
def reset_button(scene: Scene) -> Iterator[None]:
    scene.reset_button()
    yield


@_fault("the program hangs, and the watchdog ends that", 1, RESETS)
def watchdog(scene: Scene) -> Iterator[None]:
    count = scene.expect_reset()
    scene.board.pins[HANG] = 1
    scene.wait_for_reset(count)
    yield
    scene.board.pins[HANG] = 0


@_fault("no network for so long that the board resets itself, having saved what waits", 3, RESETS)
def planned_reset(scene: Scene) -> Iterator[None]:
    scene.wifi.up = False
    yield
    count = scene.expect_reset()
    scene.skip(RESET_AFTER * 60 + 60)
    scene.wait_for_reset(count)
    scene.wifi.up = True


@_fault("reading flash fails, where the code is, too: the program may end, and is started again", 2, RESETS)
def flash_reads_fail(scene: Scene) -> Iterator[None]:
    scene.fail_flash(reads=scene.chance.choice((5, 20, 60)))
    scene.may_be_reset = True
    yield
    scene.fail_flash()
    scene.until_online()
    scene.may_be_reset = False


@contextlib.contextmanager
def _asleep(scene: Scene) -> Iterator[None]:
    count = scene.expect_reset()
    scene.board.pins[NAP] = 1
    scene.board.wait_until_asleep(PATIENCE)
    scene.board.pins[NAP] = 0
    yield
    scene.wake_up(count)


@_fault("deep sleep, in which RTC memory and flash keep what waits", 2, RESETS)
def deep_sleep(scene: Scene) -> Iterator[None]:
    with _asleep(scene):
        yield


@_fault("deep sleep while there is no network", 4, RESETS)
def deep_sleep_offline(scene: Scene) -> Iterator[None]:
    scene.wifi.up = False
    scene.sleep(1)
    with _asleep(scene):
        yield
    scene.wifi.up = True
