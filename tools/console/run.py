"""The console on the command line: what it is reached by, and a line for each device that comes or goes."""

import asyncio
import contextlib
import gc
import os
import queue
import signal
import sys
import threading
import time

from ..clock import zone
from ..failures import complain
from ..language import _, padded, speaking, spoken
from ..system_words import reason
from ..words.said import rendered
from .addresses import lan_addresses
from .console import Console, Options
from .model import DeviceChanged, Event, LoginRefused, TriggerFired
from .store import default_file
from .whereabouts import answering

_TURN = 0.0005  # seconds after which a thread that computes lets another one, where Python has 0.005
_MOST_FILES = 8192
_MOST_LINES = 10_000  # that wait to be printed
_LAST_LINES = 1.0  # seconds for those that wait at the end


def run(options: Options) -> None:
    """Until Ctrl-C or SIGTERM. Raises ConsoleError, PlatformError and StoreError."""
    try:
        asyncio.run(_run(options))
    except KeyboardInterrupt:  # before it was ready for that
        return


async def _run(options: Options) -> None:
    _allow_files(_MOST_FILES)
    # The thread that writes to the disk gives its turn away with every row: each time it would wait for the longer one,
    # and 1,000 boards' acknowledgements with it, a second where it now is a twentieth.
    sys.setswitchinterval(_TURN)
    async with contextlib.AsyncExitStack() as stack:
        console = await stack.enter_async_context(Console(options))
        if options.lan:
            await stack.enter_async_context(answering(console.mqtt_port, console.platform.product_id))
        # What is there now is there for good: to look through all of it for garbage takes 70 ms and more, in which no
        # board is answered.
        gc.collect()
        gc.freeze()
        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):  # on Windows Ctrl-C cancels this
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, end.set)
        for line in _introduction(console):
            print(line, flush=True)
        reporter = _Reporter()
        console.platform.listen(reporter.report, DeviceChanged, LoginRefused, TriggerFired)
        await end.wait()
    reporter.end()
    if console.recorder and console.recorder.error:
        complain(
            _("{pcap} is not complete: {strerror}").format(pcap=options.pcap, strerror=reason(console.recorder.error))
        )


def _allow_files(most: int) -> None:
    """Every connection is one; some systems start programs with room for 256. Windows has no such bound."""
    if sys.platform == "win32":
        return
    import resource

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
        _("The console runs, for everybody on the network")
        if options.lan
        else _("The console runs, for this computer only (see --lan)"),
        *(_line("" if i else _("web page"), page) for i, page in enumerate(pages)),
        *(
            f'{"config.json" if i == 0 else "":14}"host": "{address}", "port": {console.mqtt_port}'
            for i, address in enumerate(addresses or ["127.0.0.1"])
        ),
        *([_line(_("password"), _shown_password(options))] if options.password else []),
        _line(_("product id"), console.platform.product_id),
        _line(_("data"), options.data or default_file()),
        *([_line(_("program"), options.program / "main.py")] if options.program else []),
        _line(_("a new device"), _("on the page, or with: onenet device add TITLE")),
        _line(_("times"), zone()),
        _("Ctrl-C ends it"),
    ]


def _line(name: str, what: object) -> str:
    return f"{padded(name, 14)}{what}"


def _shown_password(options: Options) -> str:
    """Once, and one that was given not at all."""
    if options.password == os.environ.get("ONENET_CONSOLE_PASSWORD"):
        return _("the one in ONENET_CONSOLE_PASSWORD")
    return _("{password}   for who changes things from another computer").format(password=options.password)


class _Reporter:
    """Prints who comes and goes; of those who are refused, one a second from each address."""

    def __init__(self) -> None:
        self._language = spoken()
        self._refused: dict[str, float] = {}
        self._printer = _Printer()

    def end(self) -> None:
        """Prints what waits, if that is soon done."""
        self._printer.end()

    def report(self, event: Event) -> None:
        with speaking(self._language):  # not that of what the console tells devices
            self._report(event)

    def _report(self, event: Event) -> None:
        match event:
            case DeviceChanged(device_id, words) if words:
                self._printer.print(f"{device_id} {rendered(words)}")
            case TriggerFired(device_id, _, title, stream, value):
                self._printer.print(
                    _("{device_id} trigger {title!r}: {stream} is {ascii}").format(
                        device_id=device_id, title=title, stream=stream, ascii=ascii(value)[:60]
                    )
                )
            case LoginRefused(address, device_id, reason):
                host, now = address.rpartition(":")[0], time.monotonic()
                if now - self._refused.get(host, 0) < 1:
                    return
                if len(self._refused) > 1000:
                    self._refused.clear()
                self._refused[host] = now
                self._printer.print(_("refused {address}: {reason}").format(address=address, reason=rendered(reason)))


class _Printer:
    """Prints in a thread of its own, for who reads the lines may have stopped to, as a terminal does at Ctrl-S: the
    boards are not to wait for that. Lines that there is no room for are left out, and counted."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_LINES)
        self._left_out = 0
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)
        self._thread.start()

    def end(self) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
            self._thread.join(_LAST_LINES)

    def print(self, text: str) -> None:
        line = time.strftime("%H:%M:%S ") + text
        if self._left_out:
            line = _("{left_out} lines are left out\n{line}").format(left_out=self._left_out, line=line)
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._left_out += 1
        else:
            self._left_out = 0

    def _run(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more
            while (line := self._lines.get()) is not None:
                print(line, flush=True)
