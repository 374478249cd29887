"""A servo whose angle the platform sets: a property."""

from machine import PWM, Pin

from firmware import Device

SHORTEST, LONGEST = 500_000, 2_500_000  # ns of the pulse at 0° and at 180°; yours may have 1 and 2 ms

device = Device("config.json")
servo = PWM(Pin(13), freq=50, duty_u16=0)  # no pulse, and so no movement, until an angle is set
angle = None


@device.property("angle", every=None)  # sent when it was set, and when the platform asks for it
def get_angle():
    return angle


@get_angle.setter
def set_angle(degrees):
    global angle
    if type(degrees) not in (int, float) or not 0 <= degrees <= 180:
        raise ValueError("must be 0 to 180")  # is the answer that the platform gets
    servo.duty_ns(SHORTEST + int(degrees * (LONGEST - SHORTEST) / 180))
    angle = degrees


device.run()
