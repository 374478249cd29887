"""Values that are a place: longitude and latitude, as OneNET's own examples have them in one data point."""

from typing import Any

from ..numbers import number_of

_NAMES = (("lon", "lat"), ("lng", "lat"), ("longitude", "latitude"))


def shown_place(value: Any) -> str:
    """Longitude and latitude in degrees, to a metre; empty if it is no place."""
    place = place_in(value)
    return f"{place[0]:.5f}, {place[1]:.5f}" if place else ""


def place_in(value: Any) -> tuple[float, float] | None:
    """Longitude and latitude in degrees of a value such as {"lon": 106.5, "lat": 29.6}; None if it is none."""
    if not isinstance(value, dict):
        return None
    for east, north in _NAMES:
        longitude, latitude = number_of(value.get(east)), number_of(value.get(north))
        if longitude is not None and latitude is not None and abs(longitude) <= 180 and abs(latitude) <= 90:
            return longitude, latitude
    return None
