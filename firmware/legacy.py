"""Logs the device in to OneNET's older platform. Loaded only for that."""

from onenet.legacy import Legacy, Points


def log_in(device):
    """The device's platform and the class of its data points, by its configuration."""
    config = device.config
    platform = Legacy(
        config["device_id"],
        config["product_id"],
        config["auth_info"],
        config["host"],
        config["port"],
        config["keep_alive"],
        tx_size=config["tx_size"],
        rx_size=config["rx_size"],
    )
    return platform, Points
