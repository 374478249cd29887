"""How much the current platform takes from a device, and what becomes of more.

All numbers are from [studio docs], MQTT 相关限制, of 2022, and so is what becomes of more where that is said; nobody
has measured them since. What is not said stands last, with the worse of what may be.
"""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from ...language import _
from ..legacy_rules import LegacyRules

_SECOND = 1.0


@dataclass
class Rules:
    """Those in force."""

    logins: int = 3
    """Of one device in `login_span` seconds: 单设备5s登录不能超过3次."""
    login_span: float = 5.0
    uplink_pause: float = 1.0
    """Seconds between two messages of a device: 超限后延迟到下一秒处理."""
    topics: int = 10
    """A device may hold subscriptions to; more are refused: 超限后订阅失败."""
    subscriptions_a_second: int = 10
    """More are refused, and all that comes on the connection waits for the next second."""
    unsubscriptions_a_second: int = 10
    """After more all that comes on the connection waits for the next second."""
    pings_a_second: int = 1
    """The same."""
    bytes_a_second: int = 524_288
    """Of all that comes from a device; the same."""
    most_payload: int = 262_144
    """Bytes of a message; after a longer one the connection is closed: 超限后断开连接."""
    set_pause: float = 1.0
    """Seconds between two property sets to a device; sooner ones fail: 设备收不到超限后的设置命令."""

    login_excess: str = "closed"
    """What becomes of one log-in too many, "closed" without CONNACK, or "code 3". Not said."""
    refused_logins_count: bool = True
    """Whether log-ins that are refused count. Not said."""
    answers_count: bool = True
    """Whether answers to the platform are messages of which one a second is taken. Not said."""
    longitude: float = 106.48881
    """Where all devices are that report access points or cells: the place in the documents' example."""
    latitude: float = 29.62518
    lists_alone: bool = True
    """Whether the HTTP API answers with […], or with {"list": […]} where both were seen."""

    def change(self, text: str) -> None:
        """By NAME=VALUE. Raises ValueError with what would be right."""
        name, equals, value = text.partition("=")
        known = {field.name: field.default for field in dataclasses.fields(self)}
        if name not in known or not equals:
            names = ", ".join([*LegacyRules.names(), *known])
            raise ValueError(_("{text!r} is not NAME=VALUE with one of {names}").format(text=text, names=names))
        setattr(self, name, _like(known[name], name, value))


def _like(default: Any, name: str, text: str) -> Any:
    """The value in the text, of the default's kind. Raises ValueError."""
    if name == "login_excess":
        if text not in ("closed", "code 3"):
            raise ValueError(_("login_excess: must be closed or code 3"))
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(_("{name}: must be true or false").format(name=name))
        return value
    kinds = (int, float) if isinstance(default, float) else (int,)
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value <= 1 << 31:
        raise ValueError(
            (
                _("{name}: must be a number, as {default}")
                if isinstance(default, float)
                else _("{name}: must be a whole number, as {default}")
            ).format(name=name, default=default)
        )
    return type(default)(value)


class Rate:
    """Counts what comes in spans of time, which begin with the first that comes."""

    def __init__(self, span: float = _SECOND) -> None:
        """span: in seconds."""
        self._span = span
        self._start = float("-inf")
        self._count = 0

    def take(self, now: float, count: int = 1) -> int:
        """Takes some at that time; returns how many there are in the span now."""
        if now - self._start >= self._span:
            self._start, self._count = now, 0
        self._count += count
        return self._count

    @property
    def next(self) -> float:
        """When the next span may begin."""
        return self._start + self._span
