"""`make load`: many devices at a console on this computer, each with a data point a second; figures, and what is lost.

The console is a program of its own, as `onenet console` starts it, with a data file of its own; the devices are
connections of this one, and share the computer with it. They all connect at once, as after a power cut.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from ..console.dialect import built
from ..console.platform import open_platform
from ..console.store import Store, read_product
from ..files import use_board_libraries

use_board_libraries()

from mqtt import packet  # noqa: E402

PRODUCT = "458945"
_PATIENCE = 60.0  # seconds for an acknowledgement
_COMMANDS = 20  # that are sent meanwhile, at least
_STREAMS = [(f"stream {i}",) for i in range(10)]
_AT_ONCE = 1000  # points of a stream
_VALUE_BYTES = 100
_BIG_FILE = 200_000_000  # bytes


class LoadError(Exception):
    """The load can't be put on; says why."""


@dataclass
class Figures:
    """What was measured. Times in seconds."""

    devices: int
    seconds: int
    online: list[float] = field(default_factory=list)
    """Of each device, from the moment that all begin to connect until CONNACK."""
    acknowledged: list[float] = field(default_factory=list)
    """Of each point, from sending to PUBACK."""
    commands: list[float] = field(default_factory=list)
    """From asking the API to the command's arrival at the device."""
    replies: list[float] = field(default_factory=list)
    """From asking the API to its answer with the device's reply."""
    stored: int = 0
    cpu: float = 0.0
    """Of the console."""
    memory: int = 0
    """The same, in bytes, at its most."""

    @property
    def lost(self) -> int:
        return self.devices * self.seconds - self.stored

    def __str__(self) -> str:
        points = self.devices * self.seconds
        return "\n".join(
            [
                f"{self.devices:,} devices, all online {max(self.online):.1f} s after they began to connect at once",
                f"{points:,} points in {self.seconds} s, {self.lost} lost",
                f"acknowledged after {_spread(self.acknowledged)}",
                f"{len(self.commands)} commands meanwhile, with the device after {_spread(self.commands)}",
                f"and the reply with who has asked after {_spread(self.replies)}",
                f"the console took {self.cpu:.1f} s of CPU, {1000 * self.cpu / points:.2f} ms a point, and"
                f" {self.memory / 2**20:.0f} MiB",
            ]
        )


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "no time"
    p99 = statistics.quantiles(seconds, n=100, method="inclusive")[98] if len(seconds) > 1 else seconds[0]
    return (
        f"{1000 * statistics.median(seconds):.1f} ms (median), {1000 * p99:.1f} ms (99 %),"
        f" {1000 * max(seconds):.0f} ms (worst)"
    )


class ConsoleProcess:
    """`onenet console`; its ports are known after wait_until_ready(), what it took after stop()."""

    mqtt_port: int
    http_port: int
    cpu = 0.0
    memory = 0

    def __init__(self, data: Path) -> None:
        command = [sys.executable, "-m", "onenet_tools", "console", "--data", str(data)]
        ports = ["--port", "0", "--http-port", "0"]  # free ones, which it tells
        english = {**os.environ, "LANGUAGE": "en"}
        self._process = subprocess.Popen([*command, *ports], stdout=subprocess.PIPE, text=True, env=english)

    def wait_until_ready(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if found := re.search(r"http://localhost:(\d+)", line):
                self.http_port = int(found[1])
            elif found := re.search(r'"port": (\d+)', line):
                self.mqtt_port = int(found[1])
            elif line.startswith("Ctrl-C"):
                return
        raise LoadError("the console does not start")

    def stop(self) -> None:
        if self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        assert self._process.stdout
        self._process.stdout.read()
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        if self._process.returncode:
            raise LoadError(f"the console has ended with {self._process.returncode}")


@contextlib.contextmanager
def running_process(data: Path) -> Iterator[ConsoleProcess]:
    console = ConsoleProcess(data)
    try:
        console.wait_until_ready()
        yield console
    finally:
        console.stop()


class _Device:
    """Sends 0, 1, 2 … one a second."""

    def __init__(self, figures: Figures, port: int, device_id: str, auth_info: str) -> None:
        self.device_id = device_id
        self.commands: asyncio.Queue[float] = asyncio.Queue()  # when each came
        self._figures = figures
        self._port = port
        self._auth_info = auth_info
        self._sent_at: dict[int, float] = {}
        self._all_there = asyncio.Event()

    @property
    def is_done(self) -> bool:
        """It has sent all its points, and gone."""
        return self._all_there.is_set()

    async def connect(self, start: float) -> None:
        loop = asyncio.get_running_loop()
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        connect = partial(packet.connect, client_id=self.device_id, username=PRODUCT, password=self._auth_info)
        self._writer.write(built(partial(connect, keepalive=120)))
        answer = await asyncio.wait_for(self._reader.readexactly(4), _PATIENCE)
        if answer != b"\x20\x02\x00\x00":
            raise LoadError(f"device {self.device_id} is not let in: {answer.hex()}")
        self._figures.online.append(loop.time() - start)

    async def send(self, start: float) -> None:
        """From then on; returns when all is acknowledged."""
        loop = asyncio.get_running_loop()
        reading = asyncio.create_task(self._read())
        for i in range(self._figures.seconds):
            await asyncio.sleep(max(0.0, start + i - loop.time()))
            content = b'{"n":%d}' % i
            payload = b"\x03" + len(content).to_bytes(2, "big") + content
            publish = partial(packet.publish, topic="$dp", payload=payload, qos=1, packet_id=i % 65535 + 1)
            if reading.done():
                reading.result()  # raises why
            self._sent_at[i % 65535 + 1] = loop.time()
            self._writer.write(built(publish))
        try:
            await asyncio.wait_for(self._all_there.wait(), _PATIENCE)
        except asyncio.TimeoutError as error:
            if reading.done():
                reading.result()
            raise LoadError(f"device {self.device_id}: {len(self._sent_at)} points are not acknowledged") from error
        finally:
            reading.cancel()
            self._writer.close()

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        count = 0
        while True:
            try:
                first, length = await self._reader.readexactly(2)  # all that comes is short
                body = await self._reader.readexactly(length)
            except (asyncio.IncompleteReadError, OSError) as error:
                words = f"the console has closed the connection after {count} of {len(self._sent_at) + count} points"
                raise LoadError(f"device {self.device_id}: {words}") from error
            if first >> 4 == 3:
                self.commands.put_nowait(loop.time())
                uuid = body[2 + len("$creq/") : 2 + body[1]].decode()
                self._writer.write(built(partial(packet.publish, topic=f"$crsp/{uuid}", payload=b"ok")))
            elif first >> 4 == 4:
                self._figures.acknowledged.append(loop.time() - self._sent_at.pop(int.from_bytes(body, "big")))
                count += 1
                if count == self._figures.seconds:
                    self._all_there.set()


def put_on(devices: int, seconds: int, data: Path) -> Figures:
    """The load on a new console whose data file that becomes. Raises LoadError."""
    figures = Figures(devices, seconds)
    store = Store(data, PRODUCT)
    known = [(f"{100_000 + i}", f"auth-info of {i}") for i in range(devices)]
    for device_id, auth_info in known:
        store.add_device(device_id, f"device {device_id}", auth_info)
    store.close()
    with running_process(data) as console:
        key = {"api-key": read_product(data).master_key}
        with httpx.Client(base_url=f"http://127.0.0.1:{console.http_port}", headers=key, timeout=_PATIENCE) as http:
            asyncio.run(_simulate(figures, console, known, key))
            figures.stored = sum(_stored(http, device_id, seconds) for device_id, _ in known)
    figures.cpu, figures.memory = console.cpu, console.memory
    return figures


async def _simulate(
    figures: Figures, console: ConsoleProcess, known: list[tuple[str, str]], key: dict[str, str]
) -> None:
    loop = asyncio.get_running_loop()
    devices = [_Device(figures, console.mqtt_port, *each) for each in known]
    began = loop.time()
    await asyncio.gather(*(device.connect(began) for device in devices))
    start = loop.time() + 1
    url = f"http://127.0.0.1:{console.http_port}"
    async with httpx.AsyncClient(base_url=url, headers=key, timeout=_PATIENCE) as http:
        commanding = asyncio.create_task(_command(figures, http, devices))
        await asyncio.gather(*(device.send(start + i / len(devices)) for i, device in enumerate(devices)))
        commanding.cancel()  # if there is one left to send, nobody is there for it any more
        with contextlib.suppress(asyncio.CancelledError):
            await commanding


async def _command(figures: Figures, http: httpx.AsyncClient, devices: list[_Device]) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(2)
    spare = max(0, figures.seconds - 4)  # seconds
    count = max(_COMMANDS, 2 * spare)
    for i in range(count):
        device = devices[i * len(devices) // count]
        began = loop.time()
        answer = await http.post("/v1/synccmds", params={"device_id": device.device_id, "timeout": 30}, content=b"on")
        if device.is_done:
            return  # the commands are late, or it was a short time
        if answer.json()["errno"]:
            raise LoadError(f"device {device.device_id}: {answer.text}")
        figures.replies.append(loop.time() - began)
        figures.commands.append(device.commands.get_nowait() - began)
        await asyncio.sleep(spare / count)


def _stored(http: httpx.Client, device_id: str, seconds: int) -> int:
    """How many points of 0, 1, 2 … there are."""
    query: dict[str, str | int] = {"start": "2000-01-01T00:00:00", "limit": 6000}
    answer = http.get(f"/devices/{device_id}/datapoints", params=query).json()
    values = {point["value"] for stream in answer["data"]["datastreams"] for point in stream["datapoints"]}
    return len(values & set(range(seconds)))


def seconds_to_open(folder: Path) -> float:
    """A data file of 200 MB, until the values and the latest points of its device are there."""
    data = folder / "big.sqlite3"
    store = Store(data, PRODUCT)
    store.add_device("1", "a device", "its auth-info")
    value = json.dumps("x" * (_VALUE_BYTES - 2))
    with store.transaction() as db:
        db.executemany("INSERT INTO streams (device_id, id, created, at, value) VALUES ('1', ?, 0, 0, '0')", _STREAMS)
        numbers = [number for (number,) in db.execute("SELECT number FROM streams")]
        for start in range(0, _BIG_FILE // (_VALUE_BYTES + 16) // len(numbers), _AT_ONCE):
            rows = ((number, start + i, value) for number in numbers for i in range(_AT_ONCE))
            db.executemany("INSERT INTO points VALUES (?, ?, ?)", rows)
    store.close()
    began = time.monotonic()
    platform = open_platform(data)
    for stream in platform.streams("1"):
        platform.points("1", stream.id)
    seconds = time.monotonic() - began
    platform.store.close()
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=0.5)
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        try:
            figures = put_on(arguments.devices, round(60 * arguments.minutes), Path(folder, "console.sqlite3"))
        except (LoadError, OSError, asyncio.TimeoutError) as error:
            print(f"error: {str(error) or type(error).__name__}", file=sys.stderr)
            return 1
        opened, size = seconds_to_open(Path(folder)), Path(folder, "big.sqlite3").stat().st_size
    print(figures)
    print(f"a data file of {size / 1e6:.0f} MB opens in {1000 * opened:.0f} ms")
    print(f"after {time.monotonic() - began:.0f} s")
    return 1 if figures.lost else 0


if __name__ == "__main__":
    sys.exit(main())
