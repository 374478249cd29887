"""The console as a whole: broker, HTTP API and pages in one event loop, over one data file."""

import asyncio
import contextlib
import errno
import inspect
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..language import ENGLISH, _, speaking
from ..loopback import free_port, has_ipv6
from ..packets.pcap import PcapWriter
from ..system_words import reason
from .broker import ConsoleBroker
from .gate import Gate
from .keyfile import LocalKeys, published_keys
from .lock import Lock
from .own_program import OwnProgram
from .platform import Platform, open_platform
from .store import default_file
from .web import make_app, serving

_READ_AHEAD = 32_768  # bytes taken from a device that have not been looked at
_PATIENCE = 15.0  # seconds for a console to start
_ATTEMPTS = 5  # at a free port
_BACKLOG = 4096  # connections that the system has accepted, and we not yet; it may know a lower bound


class ConsoleError(Exception):
    """The console can't be started; says what to do."""


@dataclass(frozen=True)
class Options:
    """How a console is run. Port 0 is a free one; `data` None is the user's data file."""

    data: Path | None = None
    mqtt_port: int = 6002
    http_port: int = 8080
    lan: bool = False
    pcap: Path | None = None
    product_id: str = ""
    """In place of the data file's, for good."""
    pages: bool = True
    """Whether it has HTTP, which only one console of a process can have."""
    password: str = ""
    """The teacher's, where the network is let in; without one everybody may change everything."""
    origins: Sequence[str] = ()
    """Of pages of other programs that may use the HTTP API."""
    rules: Sequence[str] = ()
    """As NAME=VALUE: see legacy_rules.py and studio/rules.py."""
    program: Path | None = None
    """The folder of the program of which a device's page makes packages: see own_program.py."""


class Console:
    """A local OneNET. Use it in `async with`; its platform is to be used in that event loop.

    Its ports are free ones where the options say 0. Raises ConsoleError and StoreError on entering.
    """

    mqtt_port: int
    http_port: int
    url: str
    platform: Platform
    recorder: PcapWriter | None

    def __init__(self, options: Options) -> None:
        self.options = options
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "Console":
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        with speaking(ENGLISH):
            await self._stack.aclose()

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        options = self.options
        mqtt_sockets = stack.enter_context(_listening(options.mqtt_port, options.lan, "MQTT", "--port"))
        self.mqtt_port = mqtt_sockets[0].getsockname()[1]
        self.http_port = options.http_port or free_port()
        http_sockets = []
        if options.pages:
            http_sockets = stack.enter_context(
                _listening(options.http_port, options.lan, _("the web page"), "--http-port")
            )
            self.http_port = http_sockets[0].getsockname()[1]
        self.url = f"http://localhost:{self.http_port}"
        self.platform = open_platform(options.data or default_file(), options.product_id)
        stack.push_async_callback(self.platform.stop)
        self.platform.mqtt_port, self.platform.lan = self.mqtt_port, options.lan
        if options.lan:
            self.platform.lock = Lock(options.password)
        self.platform.http_port = self.http_port
        if options.program:
            self.platform.packages.program = OwnProgram(options.program)
        for rule in options.rules:
            try:
                self.platform.change_rule(rule)
            except ValueError as error:
                raise ConsoleError(_("--rule: {error}").format(error=error)) from error
        with speaking(ENGLISH):  # what devices and programs are told; a page has its reader's language
            await self._serve(stack, mqtt_sockets, http_sockets)

    async def _serve(
        self, stack: contextlib.AsyncExitStack, mqtt_sockets: list[socket.socket], http_sockets: list[socket.socket]
    ) -> None:
        options = self.options
        self.platform.start()
        account = self.platform.studio.products.account()
        keys = LocalKeys(self.platform.master_key, account.user_id, account.user_key)
        stack.enter_context(published_keys(self.http_port, keys))
        self.recorder = _recorder(options.pcap)
        if self.recorder:
            stack.callback(self.recorder.close)
        gate = Gate(self.platform, self.recorder)
        broker = ConsoleBroker(gate)
        await broker.start()
        stack.push_async_callback(broker.shutdown)
        stack.push_async_callback(gate.close)
        for sock in mqtt_sockets:
            server = await asyncio.start_server(gate.serve, sock=sock, limit=_READ_AHEAD)
            stack.callback(server.close)
        if options.pages:
            await stack.enter_async_context(serving(make_app(self.platform, options.origins), http_sockets))


class RunningConsole:
    """A console in a thread of its own."""

    def __init__(self, console: Console, loop: asyncio.AbstractEventLoop) -> None:
        self.mqtt_port = console.mqtt_port
        self.http_port = console.http_port
        self.url = console.url
        self.platform = console.platform
        self._loop = loop

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What the function returns, called in the console's event loop; of a coroutine function, its result."""

        async def run() -> Any:
            result = function(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_PATIENCE)


@contextlib.contextmanager
def running_console(
    data: Path | None = None,
    *,
    mqtt_port: int = 0,
    http_port: int = 0,
    lan: bool = False,
    pcap: Path | None = None,
    pages: bool = True,
    password: str = "",
    origins: Sequence[str] = (),
    rules: Sequence[str] = (),
) -> Iterator[RunningConsole]:
    """A console in a thread, on free ports unless told otherwise; without `data` its data file is temporary.

    pages: whether it has HTTP, which only one console of a process can have. rules: see Options. Raises ConsoleError
    and StoreError.
    """
    with contextlib.ExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="console-")), "console.sqlite3")
        made = Options(data, mqtt_port, http_port, lan, pcap, pages=pages, password=password)
        options = replace(made, origins=origins, rules=rules)
        yield stack.enter_context(_in_thread(options))


@contextlib.contextmanager
def _in_thread(options: Options) -> Iterator[RunningConsole]:
    started = threading.Event()
    running: list[RunningConsole] = []
    failure: list[BaseException] = []
    stop: list[Callable[[], object]] = []

    async def run() -> None:
        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with Console(options) as console:
            running.append(RunningConsole(console, loop))
            stop.append(lambda: loop.call_soon_threadsafe(end.set))
            started.set()
            await end.wait()

    def target() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001  # it is raised where the console was started
            failure.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=target, name="console", daemon=True)
    thread.start()
    started.wait()
    try:
        if failure:
            raise failure[0]
        yield running[0]
    finally:
        if stop:
            stop[0]()
        thread.join()
    if failure:
        raise failure[0]


def _recorder(path: Path | None) -> PcapWriter | None:
    if path is None:
        return None
    try:
        return PcapWriter(path)
    except OSError as error:
        raise ConsoleError(
            _("{path} can't be written: {strerror}").format(path=path, strerror=reason(error))
        ) from error


@contextlib.contextmanager
def _listening(port: int, lan: bool, what: str, option: str) -> Iterator[list[socket.socket]]:
    """Sockets for a port on every address there is to be; for any free one where the port is 0."""
    for attempts_left in reversed(range(1 if port else _ATTEMPTS)):
        chosen = port or free_port()
        with contextlib.ExitStack() as stack:
            try:
                sockets = [*_open(stack, chosen, lan)]
            except OSError as error:
                if attempts_left and error.errno == errno.EADDRINUSE:  # by another program, since it was found free
                    continue
                raise ConsoleError(_why_not(error, chosen, what, option)) from error
            yield sockets
            return


def _open(stack: contextlib.ExitStack, port: int, lan: bool) -> Iterator[socket.socket]:
    hosts = ["0.0.0.0", "::"] if lan else ["127.0.0.1", "::1"]
    for host in hosts if has_ipv6() else hosts[:1]:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
        sock.setblocking(False)
        yield sock


def _why_not(error: OSError, port: int, what: str, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return _(
            "port {port} for {what} is taken by another program: end that, or choose another port with {option}"
        ).format(port=port, what=what, option=option)
    if error.errno == errno.EACCES:
        return _("port {port} for {what} needs special rights: choose one above 1023 with {option}").format(
            port=port, what=what, option=option
        )
    return _("port {port} for {what} can't be opened: {strerror}").format(port=port, what=what, strerror=reason(error))
