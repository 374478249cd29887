"""A class room and more: 200 devices send a data point each second for 20 seconds, and none is lost.

The console is a program of its own, as `onenet console` starts it; the devices are 200 connections of this one.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from console_client import PATIENCE, PRODUCT, connect, dp, publish
from onenet_tools.console.store import Store, read_product
from onenet_tools.loopback import free_port

DEVICES = 200
SECONDS = 20
PUBACK = 0x40


class Console:
    """`onenet console`; what it took is known after stop()."""

    cpu: float
    memory: int

    def __init__(self, data: Path) -> None:
        self.mqtt_port, self.http_port = free_port(), free_port()
        command = [sys.executable, "-m", "onenet_tools", "console", "--data", str(data)]
        ports = ["--port", str(self.mqtt_port), "--http-port", str(self.http_port)]
        self._process = subprocess.Popen([*command, *ports], stdout=subprocess.PIPE, text=True)

    def wait_until_ready(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("Ctrl-C"):
                return
        raise AssertionError("the console does not start")

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
        assert self._process.returncode == 0


@contextlib.contextmanager
def running(data: Path) -> Iterator[Console]:
    console = Console(data)
    try:
        console.wait_until_ready()
        yield console
    finally:
        console.stop()


async def simulate(port: int, device_id: str, auth_info: str, start: float) -> list[float]:
    """A device: sends 0, 1, 2 … one a second; returns how long each took to be acknowledged, in seconds."""
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(connect(device_id, PRODUCT, auth_info, keepalive=120))
    assert (await reader.readexactly(4))[3] == 0
    latencies = []
    for i in range(SECONDS):
        await asyncio.sleep(max(0.0, start + i - loop.time()))
        sent = loop.time()
        writer.write(publish("$dp", dp(3, f'{{"n":{i}}}'), 1, i + 1))
        acknowledged = await asyncio.wait_for(reader.readexactly(4), PATIENCE)
        assert acknowledged == bytes([PUBACK, 2, 0, i + 1])
        latencies.append(loop.time() - sent)
    writer.close()
    return latencies


async def simulate_all(port: int, devices: list[tuple[str, str]]) -> list[float]:
    start = asyncio.get_running_loop().time() + 2
    everything = await asyncio.gather(
        *(simulate(port, *device, start + i / DEVICES) for i, device in enumerate(devices))
    )
    return list(itertools.chain.from_iterable(everything))


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs to know what a process took")
def test_200_devices_send_a_point_a_second_and_none_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "console.sqlite3"
    store = Store(data, PRODUCT)
    devices = [(f"{1000 + i}", f"auth-info of {i}") for i in range(DEVICES)]
    for device_id, auth_info in devices:
        store.add_device(device_id, f"device {device_id}", auth_info)
    store.close()

    began = time.monotonic()
    with running(data) as console:
        latencies = asyncio.run(simulate_all(console.mqtt_port, devices))
        key = {"api-key": read_product(data).master_key}
        with httpx.Client(base_url=f"http://127.0.0.1:{console.http_port}", headers=key) as http:
            stored = 0
            for device_id, _ in devices:
                query = {"start": "2000-01-01T00:00:00", "limit": 6000}
                answer = http.get(f"/devices/{device_id}/datapoints", params=query).json()
                (stream,) = answer["data"]["datastreams"]
                values = [point["value"] for point in stream["datapoints"]]
                assert values == list(range(SECONDS))
                stored += len(values)
    took = time.monotonic() - began

    assert stored == len(latencies) == DEVICES * SECONDS
    median, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
    with capsys.disabled():
        print(
            f"\n{DEVICES} devices, {len(latencies):,} data points sent, {stored:,} stored; acknowledged after"
            f" {1000 * median:.1f} ms (median), {1000 * p99:.1f} ms (99 %), {1000 * max(latencies):.0f} ms (worst);"
            f" the console took {console.cpu:.1f} s of CPU in {took:.0f} s, and {console.memory / 2**20:.0f} MiB"
        )
