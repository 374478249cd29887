"""A program as tutorials have it, for umqtt: it runs unchanged on this project's lib/umqtt."""

import network
import time
from machine import Pin

from umqtt.robust import MQTTClient

SSID, PASSWORD = "home", "12345678"
BROKER, USER, KEY = "192.168.1.2", "458945", "136928831"

led = Pin(2, Pin.OUT)


def obey(topic, msg):
    led.value(msg == b"on")
    client.publish(b"room/led", msg)


wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect(SSID, PASSWORD)
while not wlan.isconnected():
    time.sleep(0.1)

client = MQTTClient("room", BROKER, user=USER, password=KEY, keepalive=60)
client.DEBUG = True  # say when the connection was lost, and is there again
client.set_callback(obey)
client.connect()
client.subscribe(b"room/led/set")
n = 0
while True:
    client.publish(b"room/uptime", str(n), qos=1)
    n += 1
    for _ in range(10):
        client.check_msg()
        time.sleep(0.1)
