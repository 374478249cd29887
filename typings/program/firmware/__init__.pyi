"""What a program imports: `from firmware import Device`, and `health` and `wake` where it wants them."""

from .device import Device as Device
