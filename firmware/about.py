"""What this board is, for `onenet boards`, which presses Enter to know. Loaded only for that."""

import network
import sys


def describe():
    """Version of the program, MicroPython's, the machine, the MAC address, and what the program has failed with."""
    implementation = sys.implementation
    micropython = ".".join([str(number) for number in implementation.version[:3]])
    machine = getattr(implementation, "_machine", sys.platform)
    mac = ":".join(["%02x" % byte for byte in network.WLAN(network.STA_IF).config("mac")])
    return "version %s, MicroPython %s, %s, %s%s" % (version(), micropython, machine, mac, failures())


def version():
    """Of what was deployed, "?" where nothing was; the file begins with it, and is too long to be loaded for that."""
    try:
        with open("/deployed.json") as file:
            return file.read(40).split('"')[3]
    except (OSError, IndexError):
        return "?"


def failures():
    """How many are kept in the file crashes, and how the last one ends; or empty."""
    count = 0
    last = ""
    try:
        with open("/crashes") as file:
            for line in file:
                if line[:2] == "# ":
                    count += 1
                last = line.strip() or last
    except (OSError, ValueError, MemoryError):  # ValueError: somebody's own file
        pass
    return "; %d failure%s kept, the last: %s" % (count, "s" if count > 1 else "", last) if count else ""
