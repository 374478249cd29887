"""The types of a Device, for editors: what a program calls. What the board runs is firmware/device.py."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypedDict, TypeVar, overload

from .property import Property

_Value = int | float | str | bool | dict[str, Any] | list[Any]
_Reply = str | bytes | bytearray | int | float | bool | dict[str, Any] | list[Any] | tuple[Any, ...]

_Measure = TypeVar("_Measure", bound=Callable[[], _Value | None] | Callable[[], Awaitable[_Value | None]])
_Bytes = TypeVar("_Bytes", bound=Callable[[bytes], _Reply | None] | Callable[[bytes], Awaitable[_Reply | None]])
_Text = TypeVar("_Text", bound=Callable[[str], _Reply | None] | Callable[[str], Awaitable[_Reply | None]])
_Serve = TypeVar("_Serve", bound=Callable[[dict[str, Any]], dict[str, Any] | None])
_T = TypeVar("_T", bound=_Value | None)

class _Led(Protocol):
    def on(self) -> None: ...
    def off(self) -> None: ...
    @overload
    def value(self) -> int: ...
    @overload
    def value(self, x: object, /) -> None: ...

class _Wifi(Protocol):
    def connected(self) -> bool: ...
    def rssi(self) -> int | None: ...

class _Clock(Protocol):
    def now(self) -> int: ...
    def true(self, seconds: int) -> int: ...

class _Outbox(Protocol):
    dropped: int
    def __len__(self) -> int: ...

class _Visit(TypedDict):
    online: bool
    why: str
    delivered: int
    waiting: int
    commands: int

class Device:
    """A device on OneNET, or at any MQTT broker. Give it streams and commands with the decorators, then run()."""

    config: dict[str, Any]
    """What of the checked configuration is wanted while it runs; None where the file is wrong, which run() then
    says."""
    led: _Led | None
    """The LED of led_pin, a machine.Signal."""
    wifi: _Wifi
    clock: _Clock
    outbox: _Outbox
    healthy: Callable[[], bool]
    """What a program may set: whether it works, which an update over the air asks before it stays."""

    def __init__(self, path: str = "config.json") -> None: ...
    @staticmethod
    def log(subject: str, text: str) -> None:
        """Writes a line into the log; subject: a word."""

    def stream(
        self,
        stream_id: str | bytes,
        every: float = 60,
        *,
        delta: float | str = ...,
        at_least: float = ...,
        average: int = ...,
    ) -> Callable[[_Measure], _Measure]:
        """Decorator: calls the function every so many seconds, 0.1 to 86400; what it returns becomes a data point, None
        is nothing to send. `async def` only with start().

        delta: sent only where it has moved by so much, a number or a text as "5 %". at_least: but after so many seconds
        in any case. average: so many readings, spread over `every`, are one value, their mean.
        """

    @overload
    def command(self, obey: _Bytes, /) -> _Bytes: ...
    @overload
    def command(self, obey: str | bytes | None = None, *, text: bool = True) -> Callable[[_Text], _Text]:
        """Decorator: calls the function with each command's payload; what it returns is the reply, None for "ok".

        Alone the payload is bytes; with text=True a str; with a name, as @device.command("relay"), what stands behind
        that: "on" for relay=on and relay on, "?" for relay?, "" for relay.
        """

    def property(
        self,
        stream_id: str,
        every: float | None = 60,
        *,
        delta: float | str = ...,
        at_least: float = ...,
        average: int = ...,
    ) -> Callable[[Callable[[], _T]], Property[_T]]:
        """Decorator: calls the function every so many seconds, and where the platform asks for the value. What it makes
        of the function has a decorator `setter`. every: None for a value that is sent only when it was set or asked
        for."""

    def service(self, name: str) -> Callable[[_Serve], _Serve]:
        """Decorator: calls the function with the inputs of each call of the service, a dict; what it returns, a dict or
        None, are the outputs."""

    def event(self, name: str, value: dict[str, Any]) -> bool:
        """Tells the platform of an event with its outputs."""

    def put(self, stream_id: str | bytes, value: _Value) -> bool:
        """Puts a data point into the outbox, for what does not come at intervals. False where it is dropped, which the
        log tells. It may be called from the callbacks of timers and pins."""

    def update(self, path: str) -> None:
        """Begins to update the program over the air: http://host:port/path of what `onenet package` has made."""

    def run(self) -> None:
        """Keeps the device online. Returns only after Ctrl-C."""

    async def start(self) -> None:
        """In place of run(), beside other tasks of asyncio: `await device.start()`."""

    def run_once(self, timeout: float) -> _Visit:
        """Measures, connects, delivers what waits, obeys what waits for the board, and closes the connection; within
        timeout seconds, 1 to 3600."""

    def sleep(self, seconds: float) -> None:
        """Deep sleep, 1 to 2,000,000 seconds. Never returns."""
