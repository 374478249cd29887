from collections.abc import Callable
from typing import Generic, TypeVar

from .device import _Value

_T = TypeVar("_T", bound=_Value | None)
_Set = TypeVar("_Set", bound=Callable[..., object])

class Property(Generic[_T]):
    """A property of the device. Called, it is its function: the value, or None for no value now."""

    id: str
    get: Callable[[], _T]
    set: Callable[..., object] | None
    def __init__(self, name: str, get: Callable[[], _T]) -> None: ...
    def __call__(self) -> _T: ...
    def setter(self, function: _Set) -> Property[_T]:
        """Decorator: calls the function with each value that the platform sets. An exception is the answer, then."""
