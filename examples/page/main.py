"""A page in the browser beside the data points: microdot and the device as two tasks of asyncio."""

import asyncio
from machine import Pin

import dht
from microdot import Microdot

from firmware import Device

device = Device("config.json")
page = Microdot()
sensor = dht.DHT22(Pin(4))
lamp = Pin(2, Pin.OUT, value=0)


@device.stream("temperature", every=30)  # seconds
async def temperature():
    await asyncio.sleep(0)  # may await, as everything here: the page is served meanwhile
    sensor.measure()
    return sensor.temperature()


@device.command("lamp")  # lamp=on, lamp=off
def switch(value):
    lamp.value(value == "on")


@page.get("/")
async def index(request):
    return "%.1f °C, lamp %s" % (sensor.temperature(), "on" if lamp.value() else "off")


async def main():
    asyncio.create_task(page.start_server(port=80))
    await device.start()  # in place of device.run()


asyncio.run(main())
