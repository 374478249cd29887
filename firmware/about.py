"""What this board is, for `onenet boards`, which presses Enter to know. Loaded only for that."""

import network
import sys


def describe():
    """Version of the program, MicroPython's, the machine, the MAC address."""
    implementation = sys.implementation
    micropython = ".".join([str(number) for number in implementation.version[:3]])
    machine = getattr(implementation, "_machine", sys.platform)
    mac = ":".join(["%02x" % byte for byte in network.WLAN(network.STA_IF).config("mac")])
    return "version %s, MicroPython %s, %s, %s" % (_version(), micropython, machine, mac)


def _version():
    """Of what was deployed; the file begins with it, and is too long to be loaded for that."""
    try:
        with open("/deployed.json") as file:
            return file.read(40).split('"')[3]
    except (OSError, IndexError):
        return "?"
