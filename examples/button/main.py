"""A button, by interrupt: each press is a data point, at the moment it happens."""

from machine import Pin
from time import ticks_diff, ticks_ms

from firmware import Device

BOUNCE = 50  # ms in which a contact opens and closes again and again

device = Device("config.json")
button = Pin(5, Pin.IN, Pin.PULL_UP)  # to GND while it is pressed
presses = 0
last = ticks_ms()


def pressed(pin):
    global presses, last
    now = ticks_ms()
    if ticks_diff(now, last) > BOUNCE:
        presses += 1
        device.put("presses", presses)  # may be called here: not from hard=True, which has no memory for it
    last = now


button.irq(pressed, Pin.IRQ_FALLING)
device.run()
