"""The board that is soaked, what is around it, and what keeps the books while it runs."""

import contextlib
import json
import queue
import random
import re
import tempfile
import threading
import time
from datetime import datetime
from types import TracebackType
from typing import Any

import paho.mqtt.client as paho
from heap_curve import Band, Count, Sample
from ledger import Ledger, Tally
from onenet_tools.board import BoardError, ResetCause, VirtualBoard, Wifi
from onenet_tools.board.chips import CHIPS
from onenet_tools.board.small_heap import FREE
from onenet_tools.broker import Mosquitto
from onenet_tools.datapoints import BEIJING, decode
from onenet_tools.files import board_directory, board_modules
from onenet_tools.loopback import free_port
from onenet_tools.port.program import XTENSA, Dialect, Form, in_form
from onenet_tools.port.romfs import installed
from program import ASLEEP, MAIN, RECORD, WATCHDOG
from proxy import Proxy

PATIENCE = 300.0  # seconds, for what has to happen
NAME, PORT = "onenet.example", 6002
PRODUCT_ID, AUTH_INFO, WATCHER = "458945", "136928831", "watcher"
SSID, PASSWORD = "home", "12345678"
CHUNK = 1024 // RECORD + 1  # records that one chunk of a segment may have, and a reset may so repeat: segments.py
OUTBOX = 2048  # bytes
IN_RAM = OUTBOX // RECORD + 1  # records that are in it, and that a fault of flash may leave there and in flash
_FLASH = 768 * 1024  # bytes of the file system
_X86 = Dialect(6 | 3 << 8 | 1 << 10)  # of the interpreter for 32 bits that a small heap takes
_HEAP = 2 * 56_000  # bytes of an ESP32's, which doubles its first one for this program: py/gc.c, gc_try_add_heap()
RESET_AFTER = 60
"""Minutes without a connection after which the board resets itself."""
_SAMPLE = 1.0  # seconds between looks at the heap
_OFF_BY = 30  # seconds by which a time may be wrong: the board's lines come when a busy computer lets them


class Scene:
    """A context. `chance` decides what is left to it; the same for the same seed."""

    def __init__(self, chip: str, seed: int) -> None:
        self.chance = random.Random(seed)
        self.ledger = Ledger(CHUNK)
        self.samples: list[Sample] = []
        self.bands: list[Band] = []
        self.counts: list[Count] = []
        self.online = 0
        """How often the board has said that it is."""
        self.commands = self.replies = 0
        self.wrong_times = 0
        self.times = 0
        self.expected = 1
        """Starts that there should be by now."""
        self.unexpected = 0
        self.may_be_reset = False
        """Any number of resets is all right."""
        self._chip = chip
        self._text = ""
        self._said: list[str] = []
        self._skipped = 0
        self._put_at: dict[str, float] = {}
        self._started_at = 0.0
        self._waits: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._stack = contextlib.ExitStack()
        self.wifi = Wifi({SSID: PASSWORD})

    def __enter__(self) -> "Scene":
        with contextlib.ExitStack() as undo:
            folder = undo.enter_context(tempfile.TemporaryDirectory(prefix="soak-"))
            users = {PRODUCT_ID: AUTH_INFO, WATCHER: WATCHER}
            config = "set_tcp_nodelay true\nmax_queued_messages 0"
            self.broker = undo.enter_context(Mosquitto(users, directory=folder, config=config, persistence=True))
            self.proxy = Proxy(self.broker.port, self._sent, self.ledger.loss)
            self.proxy.start()
            undo.callback(self.proxy.close)
            self._listen(undo)
            self.began = self._started_at = time.monotonic()
            self.board = undo.enter_context(self._make())
            self.board.dns.delay = 2
            self.board.wake_wire = True
            for work in (self._look_at_heap, self._let_time_pass):
                thread = threading.Thread(target=work, daemon=True)
                thread.start()
                undo.callback(thread.join)
            undo.callback(self._waits.put, None)
            undo.callback(self._over.set)
            self._stack = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def _make(self) -> VirtualBoard:
        directory = board_directory()
        files: dict[str, Any] = {name: directory / name for name in ["boot.py", *board_modules()]}
        rom = b""
        if self._chip == "esp8266":
            files, rom = installed(files, XTENSA)  # type: ignore[assignment]
        else:
            files = dict(in_form(Form.MPY, files, _X86))
        config = json.loads((directory / "config.json.example").read_text())
        config.update(
            wifi=[{"ssid": SSID, "password": PASSWORD}],
            host=NAME,
            device_id="1001",
            product_id=PRODUCT_ID,
            auth_info=AUTH_INFO,
            keep_alive=10,
            reset_after=RESET_AFTER,
            watchdog=WATCHDOG,
            health_interval=5,
            tx_size=1024,
            outbox_size=OUTBOX,
            outbox_full="drop_newest",
            outbox_flash={"kb": 256, "after": 2},
        )
        return VirtualBoard(
            files={**files, "main.py": MAIN, "config.json": json.dumps(config)},
            rom=rom,
            chip=self._chip,
            wifi=self.wifi,
            small_heap=FREE if self._chip == "esp8266" else _HEAP,
            flash_size=_FLASH,
            routes={(NAME, PORT): ("127.0.0.1", self.proxy.port)},
            on_output=self._output,
        )

    # The subscriber

    def _listen(self, undo: contextlib.ExitStack) -> None:
        ready = threading.Event()
        # With a session that the broker keeps over its restarts.
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, WATCHER, clean_session=False)
        client.username_pw_set(WATCHER, WATCHER)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda client, *_: client.subscribe([("$dp", 1), ("$crsp/#", 0)])
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda client, data, message: self._message(message.topic, message.payload)
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        undo.callback(client.loop_stop)
        undo.callback(client.disconnect)
        if not ready.wait(PATIENCE):
            raise BoardError("the broker does not take a subscription")

    def command(self) -> None:
        """Sends the board one, as OneNET does, unasked; where it has no connection, it does not get it."""
        self.commands += 1
        self.proxy.tell(f"$creq/{self.commands}", b"echo")

    def _message(self, topic: str, payload: bytes) -> None:
        if topic != "$dp":
            self.replies += 1
            return
        for point in decode(payload):
            if not isinstance(point.value, str) or ":" not in point.value:
                continue
            self.ledger.arrived(point.value)
            if point.at is not None and (put := self._put_at.get(point.value)):
                at = datetime.strptime(point.at, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).timestamp()
                self.times += 1
                if not put - self._skipped - _OFF_BY <= at <= put + self._skipped + _OFF_BY:
                    self.wrong_times += 1

    def _sent(self, values: list[str]) -> None:
        for value in values:
            if ":" in value:
                self.ledger.sent(value)
        self._said.append(f"{time.monotonic() - self.began:7.2f} >>> at the broker: {' '.join(values)}")

    # What the board says

    def everything(self) -> str:
        """All that it has said, with the seconds since it began, and what happened to it."""
        told = [f"{band.begin:7.2f} === {band.name}, until {band.end:.2f}" for band in self.bands]
        return "\n".join(sorted(self._said + told, key=lambda line: float(line.split()[0]))) + "\n"

    def _output(self, data: bytes) -> None:
        self._text += data.decode("utf-8", "replace")
        *lines, self._text = self._text.split("\n")
        for line in lines:
            self._said.append(f"{time.monotonic() - self.began:7.2f} {line}")
            self._line(line.rstrip("\r"))

    def _line(self, line: str) -> None:
        if found := re.fullmatch(r"(put|no) (\w{6}:\d{5})", line):
            self._put_at[found[2]] = time.time()
            self.ledger.put(found[2], found[1] == "put")
        elif found := re.fullmatch(r"ram (\w{6}):\d+ (\d+) (\d+)", line):
            self.ledger.in_ram(found[1], int(found[2]), int(found[3]))
        elif "outbox: flash: " in line:
            self.ledger.allow(CHUNK + IN_RAM)
        elif "minutes: resetting the board" in line or re.match(r"\d+ sleep: \d+ s, after", line):
            self.ledger.saved()
        elif "mqtt: online as" in line:
            self.online += 1
        elif found := re.search(r"next attempt in (\d+) s", line):
            self._waits.put(int(found[1]))

    def _let_time_pass(self) -> None:
        """Where the board only waits for its next attempt, the time is let pass."""
        while (seconds := self._waits.get()) is not None:
            if not self._over.wait(0.3):
                self.skip(seconds)

    def _look_at_heap(self) -> None:
        while not self._over.wait(_SAMPLE):
            start, began = len(self.board.resets), self._started_at
            try:
                heap = self.board.heap(5)
            except (BoardError, IndexError):
                continue
            now = time.monotonic()
            if len(self.board.resets) == start and self._started_at == began:
                self.samples.append(Sample(now - self.began, start, now - began, heap.free, heap.largest))
            tally = self.ledger.tally()
            self.counts.append(Count(now - self.began, tally.taken, tally.delivered, tally.flash))

    # What faults do

    def skip(self, seconds: int) -> None:
        """The board's time goes on by so much at once."""
        self._skipped += seconds
        self.board.skip(seconds)

    def lead_nowhere(self) -> None:
        self.board.link.routes[NAME, PORT] = "127.0.0.1", free_port()

    def lead_to_proxy(self) -> None:
        self.board.link.routes[NAME, PORT] = "127.0.0.1", self.proxy.port

    def fail_flash(self, reads: int = 0, writes: int = 0) -> None:
        self.board.fail_flash(reads, writes)
        if not reads and not writes:
            self.skip(61)  # after which the outbox tries flash again

    def wake_up(self, count: int) -> None:
        """count: of expect_reset(). A reset before they have arrived brings back from RTC memory what it has, again."""
        self._skipped += ASLEEP
        self.ledger.allow(IN_RAM)
        self.board.wake_up()
        self.wait_for_reset(count)

    def power_cut(self) -> None:
        self.expect_reset()
        self.board.power_cut()
        self.ledger.lose_rtc()

    def power_on(self) -> None:
        self._started_at = time.monotonic()
        self.board.power_on()

    def reset_button(self) -> None:
        self.expect_reset()
        self.board.reset_button()
        if ResetCause.BUTTON in CHIPS[self._chip].forgetful:
            self.ledger.lose_rtc()

    def expect_reset(self) -> int:
        """From now on there may be one start more; returns how many there have been."""
        self.expected += 1
        self._started_at = time.monotonic()
        return len(self.board.resets)

    def wait_for_reset(self, count: int) -> None:
        self.board.wait_for_resets(count + 1, PATIENCE)
        self._started_at = time.monotonic()

    def count_resets(self) -> None:
        """Notes how many there were that nobody has expected."""
        more = len(self.board.resets) - self.expected - self.unexpected
        if self.may_be_reset:
            self.expected += max(0, more)
        else:
            self.unexpected += max(0, more)

    def until_online(self) -> None:
        """Waits until the program runs, and has a connection."""
        before = self.online
        self.proxy.cut()
        deadline = time.monotonic() + PATIENCE
        while self.online == before and time.monotonic() < deadline:
            time.sleep(0.2)
            self.count_resets()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        self.count_resets()

    def tally(self) -> Tally:
        return self.ledger.tally()
