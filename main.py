"""What this board measures and obeys. Edit it: this is your program."""

from firmware import Device, health

device = Device("config.json")


@device.stream("free_heap", every=60)  # seconds
def free_heap():
    return health.free_heap()  # bytes


@device.stream("rssi", every=60)
def rssi():
    return device.wifi.rssi()  # dBm; None, and so no data point, while there is no network


@device.stream("chip_temperature", every=60)
def chip_temperature():
    return health.chip_temperature()  # °C; None on a board that has no such sensor


@device.command
def obey(payload):
    """led=on, led=off, or led? to ask. The return value is the reply."""
    text = payload.decode()
    if not device.led:
        return "error: no led_pin in config.json"
    if text == "led=on":
        device.led.on()
    elif text == "led=off":
        device.led.off()
    elif text != "led?":
        return "error: send led=on, led=off or led?"
    return "led=on" if device.led.value() else "led=off"


if device.led and device.config["platform"] in ("studio", "mqtt"):  # there the LED is a switch as well, to be set

    @device.property("led", every=None)  # sent when it was set, or is asked for
    def led():
        return bool(device.led.value())

    @led.setter
    def set_led(on):
        if not isinstance(on, bool):
            raise ValueError("must be true or false")
        device.led.value(on)


device.run()
