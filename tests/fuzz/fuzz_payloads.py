"""What a device may publish to $dp, of all seven types: data points or a ValueError; and what is built is read back."""

import json

from onenet import payloads
from onenet_tools.datapoints import decode, parse_time
from taken import Taken


def check(data):
    try:
        points = decode(data)
    except ValueError:
        points = []
    for point in points:
        assert 1 <= len(point.stream) <= 256 and point.value is not None
        assert isinstance(point.value, bytes) or json.dumps(point.value)
        if point.at is not None:
            parse_time(point.at)
    taken = Taken(data)
    kind = taken.one_of((1, 3, 4, 5, 6))
    body = taken.rest()
    _round(kind, payloads.data_points(None, 0, kind, body), payloads.data_points, body)
    if points and all(isinstance(point.value, bytes) for point in points):
        (point,) = points
        description = {"ds_id": point.stream}
        if point.at is not None:
            description["at"] = point.at
        if point.description is not None:
            description["desc"] = point.description
        buf = bytearray(payloads.binary(None, 0, description, point.value))
        payloads.binary(buf, 0, description, point.value)
        assert decode(bytes(buf)) == points


def _round(kind, size, build, body):
    buf = bytearray(size)
    assert build(buf, 0, kind, body) == size
    assert buf[0] == kind and buf[1] << 8 | buf[2] == len(body) and buf[3:] == body
