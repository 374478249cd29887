"""Temperatures of all DS18B20 at one wire: one stream each, named by the end of its serial number."""

from machine import Pin

from ds18x20 import DS18X20
from onewire import OneWire

from firmware import Device

device = Device("config.json")
wire = DS18X20(OneWire(Pin(5)))


def add(rom):
    name = "t_" + "".join("%02x" % byte for byte in rom[1:4])  # as t_1a4f3c: the part of its number that counts up

    @device.stream(name, every=30)  # seconds
    def temperature():
        value = wire.read_temp(rom)  # °C, of the conversion before: it takes 0.75 s, and nobody waits for it
        return None if value == 85 else value  # what the sensor says before its first one


for rom in wire.scan():
    add(rom)


@device.stream("conversion", every=30)  # after the others, as it is the last; never sent
def convert():
    wire.convert_temp()


wire.convert_temp()
device.run()
