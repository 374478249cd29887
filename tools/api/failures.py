"""What goes wrong with the HTTP API."""


class ApiError(Exception):
    """What was asked for cannot be had, and why, in one line; the api-key is not in it."""


class NotOnline(ApiError):
    """The device is not there to be told."""
