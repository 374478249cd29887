"""Logs the device in to OneNET's older platform. Loaded only for that."""

from onenet.legacy import Legacy, Points


def log_in(device, options):
    """The device's platform and the class of its data points, by its configuration. options: those of mqtt.Client."""
    config = device.config
    platform = Legacy(
        config["device_id"],
        config["product_id"],
        config["auth_info"],
        config["host"],
        config["port"],
        config["keep_alive"],
        **options,
    )
    return platform, Points
