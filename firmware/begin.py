"""How a Device begins: its parts, made by its configuration. Loaded for that, and forgotten.

It is a room of device.py, and knows its attributes.
"""

import os
import sys
from machine import RTC
from micropython import const

from mqtt.backoff import Backoff

import __main__  # type: ignore[import-not-found]

from .clock import Clock
from .log import rare
from .outbox import Outbox
from .wifi import Wifi

_HEAD = const(14)  # bytes of RTC memory that are start.py's; what across_resets.py keeps follows them

# Keys that are wanted no more afterwards, the secrets among them. In one text, for short ones become names.
_USED = (
    "wifi auth_info password port product_id keep_alive tx_size rx_size outbox_size outbox_full led_pin "
    "led_active_low reset_after ntp_host subscribe_commands safe_mode_pin trace ca tls_name update update_key sleep "
    "remote_key setup log remote"
).split(" ")


def begin(device):
    """Makes the device's parts by its configuration."""
    config = device.config
    context = rare("tls").early(config) if config["tls"] else None  # while there is most memory in one piece
    buf = __main__.__dict__.pop("boot_buffer", None)  # where firmware/start.py had main.py's source
    device.clock = Clock(config["ntp_host"])
    device.wifi = Wifi(config["wifi"], config["reset_after"])
    sizes = config["outbox_size"], config["outbox_full"] == "drop_oldest", buf
    if config["outbox_flash"]:
        __import__("firmware.flash_outbox")
        device.outbox = outbox = sys.modules["firmware.flash_outbox"].make(device, *sizes)
    else:
        device.outbox = outbox = Outbox(*sizes)
    options = {"tx_size": config["tx_size"], "rx_size": config["rx_size"]}  # those of mqtt.Client
    platform, points = rare(config["platform"]).log_in(device, options)
    device._platform = platform
    device._backoff = Backoff()
    platform.on_command = device._command_came
    platform.on_sent = device._sent
    device._client = client = platform.client
    client.on_connect = client.on_connect or device._connected
    client.on_oversize = device._command_came
    device._points = points(outbox, device.clock, platform.points_room(config["tx_size"]))
    device.wifi.before_reset = device
    if config["log"]:
        __import__("firmware.log_ring")
        sys.modules["firmware.log_ring"].begin(device, config["log"])
    if config["trace"]:
        from .trace import trace

        trace(client)
    if config.get("subscribe_commands"):
        platform.subscribe_commands()
    if config["led_pin"] >= 0:
        device.led = rare("led").make(config["led_pin"], config["led_active_low"])
    if config["health_interval"]:
        from . import health

        device.stream("free_heap")(health.free_heap)
        device.stream("free_idf_heap")(health.free_idf_heap)
        device.stream("reset_cause")(health.reset_cause)
        device.stream("dropped")(health.dropped_by(outbox))
    device.config = {key: config[key] for key in config if key not in _USED}
    if config["sleep"]:
        rare("sleep").begin(device, config["sleep"])
    if config["tls"]:
        rare("tls").add_to(device, config, context)
    if config["update"]:
        rare("update_command").add_to(device)
    if config["log"] or config[_USED[-1]]:
        rare("remote_command").add_to(device)
    if len(RTC().memory()) > _HEAD:
        rare("across_resets").restore(device)
    if config[_USED[-3]]:
        try:
            rare("setup_joined").begin(device)
        except ImportError:  # see start.py
            pass
    if "config.back" in os.listdir():
        rare("config_trial").begin(device, config["sleep"])
    try:
        os.stat("deploy/+job")
    except OSError:
        return
    rare("update_trial").begin(device)  # an update is under way, or at its end
