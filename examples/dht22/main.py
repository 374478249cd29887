"""Temperature and humidity of a DHT22, every half minute."""

from machine import Pin

import dht

from firmware import Device

device = Device("config.json")
sensor = dht.DHT22(Pin(4))  # a DHT11: dht.DHT11(Pin(4))


@device.stream("temperature", every=30)  # seconds; a DHT22 wants 2 at least between measurements
def temperature():
    sensor.measure()  # raises OSError without an answer: logged, and tried again in 30 s
    return sensor.temperature()  # °C


@device.stream("humidity", every=30)
def humidity():
    return sensor.humidity()  # %, as measured just now


device.run()
