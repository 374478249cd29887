"""A voltage that is noisy, as of soil moisture or light: the mean of 20 readings, every minute."""

from machine import ADC, Pin

from firmware import Device

DRY, WET = 2.6, 1.1  # V of the sensor in air and in water: measure yours

device = Device("config.json")
adc = ADC(Pin(34))  # 0 to 3.3 V; on an ESP8266: ADC(0), 0 to 1 V, or 3.3 V by the divider of most boards


def volts():
    return adc.read_u16() / 65535 * 3.3


@device.stream("volts", every=60, average=20)  # a reading each 3 s, whose mean is sent each minute
def average():
    return volts()


@device.stream("moisture", every=60, average=20)
def moisture():
    return min(max((DRY - volts()) / (DRY - WET), 0), 1) * 100  # %


device.run()
