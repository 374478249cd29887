"""What runs on the board that is soaked: it measures fifty times as often as an ordinary one, and counts.

Every value bears its number, and a word for the start of the board that it is of. After each that it puts it says so,
and how many of its records wait in RAM at most. Pins tell it what else to do: they work without a network.
"""

FASTER = 50
STREAMS = "abc"
"""Their ids: a letter each, so that all records have the same size."""
RECORD = 7 + 1 + 14
"""Bytes of a record in the outbox: head, id, and the value in its quotes (firmware/outbox.py)."""
BURST = 40
"""Values at once."""
WATCHDOG = 15
"""Seconds."""

# Pins
STOP, BURST_PIN, HANG, FILL, NAP = 4, 5, 12, 13, 14
ASLEEP = 60
"""Seconds of deep sleep."""

MAIN = f"""
import machine
import os
from firmware import Device, watchdog

FILLER = "filler"

device = Device("config.json")
device.config["upload_interval"] = {1 / FASTER}
outbox = device.outbox
boot = int.from_bytes(os.urandom(3), "little")
n = 0
stop, burst, hang, fill, nap = [machine.Pin(i, machine.Pin.IN).value for i in {(STOP, BURST_PIN, HANG, FILL, NAP)}]
filled = False


def tell():
    print("ram %06x:%05d %d %d" % (boot, n, len(outbox) // {RECORD}, outbox.dropped))


def put(name):
    global n
    n += 1
    print("put" if device.put(name, "%06x:%05d" % (boot, n)) else "no", "%06x:%05d" % (boot, n))


def measure(name):
    def one():
        if not stop():
            put(name)
            tell()

    return one


for name in {STREAMS!r}:
    device.stream(name, every={60 / FASTER})(measure(name))


def fill_flash():
    try:
        with open(FILLER, "ab") as file:
            while True:
                file.write(b"x" * 256)
                watchdog.feed()
    except OSError as e:
        print("filled:", e)


@device.command
def obey(payload):
    return payload


@device.stream("pins", every=0.2)
def look():
    global filled
    if fill() != filled:
        filled = fill()
        if filled:
            fill_flash()
        else:
            os.remove(FILLER)
    if hang():
        print("hangs")
        while hang():
            pass
    if nap():
        device.sleep({ASLEEP})
    if burst() and not stop():
        for _ in range({BURST}):
            put("a")
        tell()
    if stop():
        tell()
        if not len(outbox):
            print("empty", "".join([name for name in os.listdir("outbox") if name != "state"]) or "none")


try:
    os.remove(FILLER)
except OSError:
    pass
device.run()
"""
