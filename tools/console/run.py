"""The console on the command line: what it is reached by, and a line for each device that comes or goes."""

import asyncio
import contextlib
import resource
import signal
import time

from ..failures import complain
from .addresses import lan_addresses
from .console import Console, Options
from .model import DeviceChanged, Event, LoginRefused, TriggerFired
from .store import default_file

_MOST_FILES = 8192


def run(options: Options) -> None:
    """Until Ctrl-C or SIGTERM. Raises ConsoleError, PlatformError and StoreError."""
    try:
        asyncio.run(_run(options))
    except KeyboardInterrupt:  # before it was ready for that
        return


async def _run(options: Options) -> None:
    _allow_files(_MOST_FILES)
    async with Console(options) as console:
        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end.set)
        for line in _introduction(console):
            print(line, flush=True)
        console.platform.listen(_Reporter().report)
        await end.wait()
    if console.recorder and console.recorder.error:
        complain(f"{options.pcap} is not complete: {console.recorder.error.strerror}")


def _allow_files(most: int) -> None:
    """Every connection is one; some systems start programs with room for 256."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < most:
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _introduction(console: Console) -> list[str]:
    options = console.options
    addresses = lan_addresses() if options.lan else []
    pages = [console.url, *(f"http://{address}:{console.http_port}" for address in addresses)]
    return [
        "The console runs, "
        + ("for everybody on the network" if options.lan else "for this computer only (see --lan)"),
        *(f"{'web page' if i == 0 else '':14}{page}" for i, page in enumerate(pages)),
        *(
            f'{"config.json" if i == 0 else "":14}"host": "{address}", "port": {console.mqtt_port}'
            for i, address in enumerate(addresses or ["127.0.0.1"])
        ),
        f"{'product id':14}{console.platform.product_id}",
        f"{'data':14}{options.data or default_file()}",
        f"{'a new device':14}on the page, or with: onenet device add TITLE",
        "Ctrl-C ends it",
    ]


class _Reporter:
    """Prints who comes and goes; of those who are refused, one a second from each address."""

    def __init__(self) -> None:
        self._refused: dict[str, float] = {}

    def report(self, event: Event) -> None:
        match event:
            case DeviceChanged(device_id, words) if words:
                _line(f"{device_id} {words}")
            case TriggerFired(device_id, _, title, stream, value):
                _line(f"{device_id} trigger {title!r}: {stream} is {ascii(value)[:60]}")
            case LoginRefused(address, device_id, reason):
                host, now = address.rpartition(":")[0], time.monotonic()
                if now - self._refused.get(host, 0) < 1:
                    return
                if len(self._refused) > 1000:
                    self._refused.clear()
                self._refused[host] = now
                _line(f"refused {address}: {reason}")


def _line(text: str) -> None:
    print(time.strftime("%H:%M:%S ") + text, flush=True)
