"""`onenet push`: a package to a board over the air, and how it goes."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..failures import complain
from ..package.package import read_package
from ..port.errors import PortError
from .client import Client
from .failures import ApiError

STREAM = "update"
_ENDS = ("upgraded to", "rolled back to", "refused:", "version ")
_PAUSE = 1.0  # seconds between two looks


def run_push(client: Client, device: str, file: Path, at: str | None, timeout: float) -> int:
    """Has the board begin, and shows how it goes; returns 0 only for a program that was upgraded. Raises ApiError."""
    data = file.read_bytes()
    try:
        package = read_package(data, str(file))
    except PortError as error:
        raise ApiError(str(error)) from error
    version = package.head["version"]
    if at:
        words = _by_stream(client, device)
        state = client.ask(device, f"update {at}#{package.digest}".encode(), 30)
        if state.reply is None:
            raise ApiError(f"device {device} has not answered the command ({state.words})")
        if state.reply != b"ok":
            raise ApiError(f"device {device} does not begin: {state.reply.decode(errors='replace')}")
        print(f"device {device} fetches version {version} from {at}")
    else:
        words = _by_console(client, device)
        client.push(device, data)
        print(f"device {device} fetches version {version} from the console")
    return _watch(words, device, version, timeout)


def _watch(words: Iterator[str], device: str, version: str, timeout: float) -> int:
    deadline = time.monotonic() + timeout
    last = ""
    for text in words:
        if text and text != last:
            print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)
            last = text
        if text.startswith(_ENDS):
            if text.startswith(("upgraded to", "version ")):
                return 0
            complain(f"device {device} stays with its program: {text}")
            return 1
        if time.monotonic() > deadline:
            complain(
                f"device {device} has not told within {timeout:g} s how it ended; ask again: onenet points {device}"
            )
            return 1
        time.sleep(_PAUSE)
    return 1


def _by_stream(client: Client, device: str) -> Iterator[str]:
    """What the board tells from now on, by its data stream."""

    def latest() -> tuple[str, str]:
        return next(((str(point.value), point.at) for point in client.latest(device, [STREAM])), ("", ""))

    return _news(latest)


def _by_console(client: Client, device: str) -> Iterator[str]:
    return _news(lambda: client.update_state(device))


def _news(latest: Callable[[], tuple[str, str]]) -> Iterator[str]:
    """What is new, again and again; what was there before is none."""
    before = latest()

    def look() -> Iterator[str]:
        changed = False
        while True:
            now = latest()
            changed = changed or now != before
            yield now[0] if changed else ""

    return look()
