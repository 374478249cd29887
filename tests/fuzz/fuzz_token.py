"""A token as somebody pastes it: its fields and what is wrong with them, or a TokenError. And a token that is made of
any key and names has nothing wrong with it, or the key is none."""

import datetime

from onenet.token import token
from onenet_tools.token.reading import TokenError, read_token
from taken import Taken

_NOW = datetime.datetime(2026, 11, 29, tzinfo=datetime.timezone.utc)


def check_reading(data):
    text = data.decode("utf-8", "replace")
    try:
        read = read_token(text, _NOW)
    except TokenError as e:
        assert len(str(e)) < 200
        return
    assert all(mistake and "\n" not in mistake for mistake in read.mistakes)
    assert read.whose and isinstance(read.opens, str) and read.level in ("", "device", "product", "user")
    assert read.end is None or read.end.year
    assert not read.signature or len(read.signature) < 12 or not any(read.signature in m for m in read.mistakes)


def check_making(data):
    taken = Taken(data)
    method = taken.one_of(("sha256", "sha1", "md5", "sm2", ""))
    key = taken.until(0xFF).decode("utf-8", "replace")
    name = taken.rest().decode("utf-8", "replace")
    try:
        made = token(key, "products/p1/devices/" + name, method=method)
    except ValueError as e:
        assert len(key) < 6 or key not in str(e)
        return
    assert all(32 < ord(c) < 127 for c in made)
    read = read_token(made, _NOW)
    assert not read.mistakes or not name or "\n" in name, read.mistakes
    assert read.resource == "products/p1/devices/" + name
