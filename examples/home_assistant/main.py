"""A sensor and a lamp for Home Assistant, at any MQTT broker: it finds both by itself."""

from machine import Pin

import dht

from firmware import Device

device = Device("config.json")  # "platform": "mqtt", "discovery_prefix": "homeassistant"
sensor = dht.DHT22(Pin(4))
lamp = Pin(5, Pin.OUT, value=0)


@device.stream("temperature", every=60)  # seconds; its unit stands in "entities" of config.json
def temperature():
    sensor.measure()
    return sensor.temperature()


@device.stream("humidity", every=60)
def humidity():
    return sensor.humidity()


@device.property("lamp", every=300)  # with a setter and true or false for a value: a switch
def get_lamp():
    return bool(lamp.value())


@get_lamp.setter
def set_lamp(on):
    lamp.value(on)


device.run()
