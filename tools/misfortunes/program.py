"""Misfortunes of the serial line, of the user's program, and of power."""

from .misfortune import Happen, Misfortunes
from .scene import FLOOD, PROGRAM, RUN, Missed, Scene

PROGRAMS = Misfortunes()


# The serial line


def _noise(data: bytes) -> Happen:
    def happen(scene: Scene) -> None:
        scene.start()
        scene.online()
        scene.board.send(data)

    return happen


for _data, _name in (
    (b"\xff", "ff"),
    (b"\xe4", "e4"),
    (b"\x80\x81\x82", "80"),
    (b"\xc0\x00\x08\x24" * 4, "esptool"),
    (b"\x03", "ctrl-c"),
):
    PROGRAMS.add(f"noise on the serial line: {_data[:4].hex(' ')}", 60, name=f"noise-{_name}")(_noise(_data))


@PROGRAMS.add("a soft reset: Ctrl-C twice, then Ctrl-D", resets=True)
def soft_reset(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.board.send(b"\x03")
    scene.sleep(0.5)
    scene.board.send(b"\x03")
    scene.says(r"^>>> ")
    scene.board.send(b"\x04")
    scene.says("soft reboot")


# The program


@PROGRAMS.add("a sensor that is not there yet, at the top of main.py", 90, resets=True)
def error_at_the_top(scene: Scene) -> None:
    check = "import machine\nif not machine.Pin(4, machine.Pin.IN).value():\n    raise OSError(19)\n"
    scene.program = check + PROGRAM + RUN
    scene.start()
    scene.says("OSError")
    scene.board.pins[4] = 1


@PROGRAMS.add("a SyntaxError in main.py, mended over mpremote", 90, resets=True)
def syntax_error(scene: Scene) -> None:
    scene.program = "from firmware import Device\ndef broken(:\n"
    scene.start()
    scene.says("SyntaxError")
    scene.mend(PROGRAM + RUN)


@PROGRAMS.add("a stream that raises")
def stream_raises(scene: Scene) -> None:
    _with(scene, '\n@device.stream("bad", every=1)\ndef bad():\n    raise ValueError("no reading")\n')
    scene.says("ValueError: no reading")


@PROGRAMS.add("a stream that leaves by SystemExit")
def stream_exits(scene: Scene) -> None:
    _with(scene, '\n@device.stream("bad", every=5)\ndef bad():\n    raise SystemExit\n')
    scene.says("SystemExit")


@PROGRAMS.add("a command that raises")
def command_raises(scene: Scene) -> None:
    add = """
@device.command
def raises(payload):
    if payload == b"raise":
        raise ValueError("no such relay")
    return obey(payload)
"""
    _with(scene, add)
    scene.online()
    reply = scene.obeys(b"raise")
    if not reply.startswith(b"error: "):
        raise Missed(f"the reply is {reply!r}, not an error")
    scene.over()


@PROGRAMS.add("a value that needs more memory than there is")
def memory_error(scene: Scene) -> None:
    _with(scene, '\n@device.stream("big", every=2)\ndef big():\n    return "x" * 30000000\n')
    scene.says("MemoryError|memory")


@PROGRAMS.add("put() of what no platform takes")
def strange_values(scene: Scene) -> None:
    add = """
async def later():
    return 1
values = [float("nan"), float("inf"), 10**30, "a" + chr(0xD800), b"bytes", (1, 2), {1: 2}, None, lambda: 1, later()]
refusals = []
@device.stream("odd", every=1)
def odd():
    if values:
        refusals.append(device.put("odd", values.pop()))
        if not values:
            print("taken of them:", refusals.count(True))
device.put(b"\\xff\\xfe", 1)
"""
    _with(scene, add)
    scene.says("^taken of them: 0$", 40)


@PROGRAMS.add("put() from a timer's callback, 500 times a second for 10 s", 90)
def put_from_timer(scene: Scene) -> None:
    add = """
import machine
left = 5000
def tick(_):
    global left
    if left:
        left -= 1
        flood()
timer = machine.Timer(TIMER)
timer.init(period=2, callback=tick)
"""
    _with(scene, FLOOD + add.replace("TIMER", "-1" if scene.chip == "esp8266" else "0"))
    scene.says(r"measured \d+:12$")
    scene.over()


@PROGRAMS.add("an outbox of 512 bytes, flooded, and no Wi-Fi for 10 s")
def small_outbox_flooded(scene: Scene) -> None:
    scene.config["outbox_size"] = 512
    _with(scene, FLOOD + '\n@device.stream("flood", every=0.1)\ndef floods():\n    flood()\n    flood()\n')
    scene.online()
    scene.wifi.up = False
    scene.offline(10)
    scene.wifi.up = True
    scene.over()


@PROGRAMS.add("led_pin is a pin that can only be read, or is none")
def pin_that_is_none(scene: Scene) -> None:
    scene.config["led_pin"] = 34 if scene.chip == "esp32" else 48
    scene.start()


@PROGRAMS.add("files of the user's hide ours: mqtt.py, onenet.py, firmware.py")
def hiding_files(scene: Scene) -> None:
    scene.files.update(dict.fromkeys(("mqtt.py", "onenet.py", "firmware.py"), "X = 1\n"))
    scene.start()


def _with(scene: Scene, more: str) -> None:
    """A program that has its misfortune with it, from the beginning."""
    scene.program = PROGRAM + more + RUN
    scene.start()
    scene.over()


# Power


@PROGRAMS.add("power cut", resets=True)
def power_cut(scene: Scene) -> None:
    scene.start()
    scene.online()
    scene.board.power_cut()
    scene.board.power_on()


@PROGRAMS.add("power flickers: five times, a second each", resets=True)
def power_flickers(scene: Scene) -> None:
    scene.start()
    for _ in range(5):
        scene.sleep(1)
        scene.board.power_cut()
        scene.board.power_on()


@PROGRAMS.add("the program hangs: watchdog", 90, resets=True)
def hang(scene: Scene) -> None:
    add = """
@device.stream("hang", every=2)
def hang():
    while machine.Pin(4, machine.Pin.IN).value():
        pass
"""
    scene.config["watchdog"] = 10
    scene.program = "import machine\n" + PROGRAM + add + RUN
    scene.start()
    scene.online()
    scene.board.pins[4] = 1
    scene.reset(60)
    scene.board.pins[4] = 0
