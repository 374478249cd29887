"""A node with a battery: wakes every ten minutes, measures, delivers or keeps, obeys what waited, and sleeps again."""

from machine import ADC, Pin

from dht import DHT22

from firmware import Device, wake

device = Device("config.json")  # "sleep": 600 is in it
sensor = DHT22(Pin(4))
battery = ADC(Pin(34))  # at half the battery's voltage; on an ESP8266: ADC(0)


@device.stream("temperature", every=600)  # seconds; whatever is less than a wake apart is measured at each
def temperature():
    sensor.measure()
    return sensor.temperature()  # °C


@device.stream("humidity", every=600)
def humidity():
    return sensor.humidity()  # %, as measured just now


@device.stream("battery", every=3600)  # at each sixth wake
def volts():
    return round(battery.read_u16() / 65535 * 3.3 * 2, 2)  # V


@device.stream("woken_by", every=600)
def woken_by():
    return wake.reason() or None  # "timer", "pin" …; None, and so no data point, after power on


@device.command  # what has waited at the platform comes at the next wake
def obey(payload):
    return "battery: %s V" % volts()


device.run()  # with "sleep" it wakes, measures, delivers and sleeps
