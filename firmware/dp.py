"""Logs the device in to a product with data streams, of OneNET's current platform. Loaded only for that."""

from onenet.dp import Points, Streams

from .current import log_in_by


def log_in(device, options):
    """The device's platform and the class of its data points, by its configuration. options: those of mqtt.Client."""
    return log_in_by(Streams, device, options), Points
