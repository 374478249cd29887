"""A relay that obeys commands, ends by itself after a time, and tells how it is."""

from machine import Pin
from time import ticks_diff, ticks_ms

from firmware import Device

LONGEST = 600_000  # ms: a pump that nobody switches off ends after ten minutes

device = Device("config.json")
relay = Pin(5, Pin.OUT, value=0)  # off, whatever the reason for the reset
since = ticks_ms()


@device.command
def obey(payload):
    global since
    text = payload.decode()
    if text not in ("relay=on", "relay=off", "relay?"):
        return "error: send relay=on, relay=off or relay?"
    if text != "relay?":
        relay.value(text == "relay=on")
        since = ticks_ms()
    return "relay=on" if relay.value() else "relay=off"


@device.stream("relay", every=1, delta=0, at_least=600)  # s: looked at each second, sent when it is another
def state():
    if relay.value() and ticks_diff(ticks_ms(), since) > LONGEST:
        relay.value(0)
    return bool(relay.value())


device.run()
