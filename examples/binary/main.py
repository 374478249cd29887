"""A picture, or any other file, to a stream of OneNET's older platform: its type 2, which a Device does not send."""

import json
import network
import time

from mqtt import MQTTError
from onenet.legacy import Legacy
from onenet.payloads import binary

with open("config.json") as file:
    config = json.load(file)  # as onenet config makes it


def picture():
    with open("picture.jpg", "rb") as file:  # or, with a MicroPython that has one: camera.capture()
        return file.read()


wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect(config["wifi"][0]["ssid"], config["wifi"][0]["password"])
onenet = Legacy(config["device_id"], config["product_id"], config["auth_info"])
while True:
    data = picture()
    payload = bytearray(binary(None, 0, {"ds_id": "picture"}, data))  # how long it is
    binary(payload, 0, {"ds_id": "picture"}, data)
    try:
        if not onenet.client.connected():
            onenet.client.connect()
        onenet.client.publish("$dp", payload, 1)  # sent from where it is: no second copy
        for _ in range(60):
            onenet.client.loop(1000)
    except (MQTTError, OSError) as e:
        print("not sent:", e)  # what was published goes out on the next connection
        time.sleep(5)
