"""A display that shows what is measured, and whether the board is online."""

from machine import I2C, Pin

import dht
from oled import Oled

from firmware import Device

device = Device("config.json")
sensor = dht.DHT22(Pin(4))
display = Oled(I2C(scl=Pin(22), sda=Pin(21)))  # on an ESP8266: scl=Pin(5), sda=Pin(14)


@device.stream("temperature", every=30)  # seconds
def temperature():
    sensor.measure()
    return sensor.temperature()


@device.stream("humidity", every=30)
def humidity():
    return sensor.humidity()


@device.stream("display", every=5)  # after those, and never sent: it returns nothing
def show():
    display.fill(0)
    display.text("%.1f C  %.0f %%" % (sensor.temperature(), sensor.humidity()), 0, 0)
    display.text("Wi-Fi" if device.wifi.connected() else "no Wi-Fi", 0, 16)
    display.text("%d B wait" % len(device.outbox), 0, 32)  # what the platform has not taken yet
    display.fill_rect(0, 56, int(sensor.humidity() * 1.28), 8, 1)  # a bar
    display.show()


device.run()
