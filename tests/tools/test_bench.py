"""The bench: that it runs, reads what comes of it, and judges. No figure that depends on the machine."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from onenet_tools.bench import peers
from onenet_tools.bench.cases import EXACT_CASES, Case
from onenet_tools.bench.heap32 import Heap32
from onenet_tools.bench.peers import OURS, PEERS, PeerError
from onenet_tools.bench.results import Results
from onenet_tools.bench.run import USER, Absent, Counts, Runner, real_broker
from onenet_tools.bench.targets import verdicts
from onenet_tools.bench.webassembly import WebAssemblyError
from onenet_tools.board.executable import find_micropython
from onenet_tools.broker import Mosquitto, find_mosquitto
from onenet_tools.cli import main
from onenet_tools.compile.mpy import shipped_sources

BUILD = Path(__file__).parents[2] / "build"
SIMPLE = next(peer for peer in PEERS if peer.name == "umqtt.simple")

needs_mosquitto = pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto")


def case(key: str) -> Case:
    return next(case for case in EXACT_CASES if case.key == key)


@needs_mosquitto
def test_command_measures_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cached = BUILD / "bench"
    if cached.is_dir():  # what has been downloaded need not be again
        ignored = shutil.ignore_patterns("mpy")
        shutil.copytree(cached, tmp_path / "bench", ignore=ignored)
    only = ["--only", "heap_publish_0", "--only", "writes"]
    options = ["--quick", "--client", "umqtt.simple", "--output", str(tmp_path)]
    assert main(["bench", *options, *only]) == 0
    document = json.loads((tmp_path / "bench.json").read_text())
    figures = {case["key"]: case["figures"] for case in document["cases"]}
    assert figures["heap_publish_0"][OURS.name] == {"median": 0, "rounds": [0]}
    assert figures["heap_publish_0"][SIMPLE.name]["median"] == 128
    assert figures["writes"][OURS.name]["median"] == 1
    assert figures["writes"][SIMPLE.name]["median"] == 4
    out = capsys.readouterr().out
    assert "heap: QoS 0 publish" in out
    assert "1 write a QoS 0 publish" in out
    markdown = (tmp_path / "bench.md").read_text()
    assert "| heap: QoS 0 publish, bytes | 0 | 128 |" in markdown


@needs_mosquitto
def test_tells_why_there_is_no_figure() -> None:
    with real_broker() as server:
        runner = Runner(BUILD / "bench", server.port, patience=1)
        assert runner.run("no_such_case", OURS) == Absent("KeyError")
        assert runner.run("stay", OURS) == Absent("hang")


def test_says_which_client_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match=r"no-such-package==0: pip cannot download it"):
        peers.fetched("./no-such-package==0", tmp_path)


def test_takes_the_median_and_the_most_common_end() -> None:
    results = Results(PEERS)
    for figure in (3.0, 1.0, Absent("hang")):
        results.add(case("writes"), OURS, figure)
    assert results.figure("writes") == 2
    for end in (Absent("hang"), Absent("hang"), 5.0):
        results.add(case("writes"), SIMPLE, end)
    assert results.figure("writes", SIMPLE) == Absent("hang")
    assert results.best_peer("writes") is None


def test_judges_targets() -> None:
    results = Results(PEERS)
    results.add(case("instructions"), OURS, 4500.0)
    results.add(case("instructions"), SIMPLE, 6000.0)
    results.add(case("heap_ping"), OURS, 16.0)
    met = {verdict.target: verdict.met for verdict in verdicts(results)}
    assert met["QoS 0 publish at most 0.75 of umqtt.simple's instructions"] is True
    assert met["0 heap bytes for a ping"] is False
    assert met["0 heap bytes for a QoS 0 publish"] is None
    assert not any(verdict.why for verdict in verdicts(results))


def test_says_what_stands_in_the_way_of_a_target() -> None:
    results = Results(PEERS)
    results.add(case("instructions"), OURS, 5000.0)
    results.add(case("instructions"), SIMPLE, 6000.0)
    results.add(case("instructions_framed"), OURS, 4567.0)
    (why,) = [verdict.why for verdict in verdicts(results) if verdict.met is False]
    assert "4,567" in why


@needs_mosquitto
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
@pytest.mark.parametrize(
    ("what", "few", "most"), [pytest.param("everything", 10, 100, marks=pytest.mark.long), ("ping", 2, 4)]
)
def test_the_allocator_is_not_called_in_steady_state(what: str, few: int, most: int) -> None:
    """Not even for what is given back at once, as a function's state of over 11 words is: publishing with each QoS,
    receiving, pinging and idling. The bench has a row for each."""
    with real_broker() as server:
        counts = Runner(BUILD / "bench", server.port).counts("work", OURS, what, 0, few=few, most=most)
        assert isinstance(counts, Counts)
        assert counts.allocations == 0 and counts.instructions > 1000


@pytest.mark.parametrize(("romfs", "most"), [(False, 36 * 1024), (True, 18 * 1024)], ids=["mpy", "romfs"])
def test_the_whole_program_online_keeps_to_its_share_of_a_heap(romfs: bool, most: int) -> None:
    """In 32-bit words, lib/ and firmware/ as `onenet deploy` sends them: what a board can do besides is the rest."""
    try:
        heap32 = Heap32(BUILD / "bench")
    except WebAssemblyError as error:
        pytest.skip(str(error))
    kept = heap32.firmware(romfs=romfs)
    assert isinstance(kept, float), kept
    assert most - 4096 < kept <= most


@needs_mosquitto
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
@pytest.mark.long
def test_the_allocator_is_not_called_inside_a_websocket(tmp_path: Path) -> None:
    with Mosquitto({USER: USER}, listeners={"web": "protocol websockets"}) as broker:
        runner = Runner(tmp_path, broker.ports["web"])
        runner.library(OURS)
        peer = replace(OURS, adapter="ours_websocket")
        counts = runner.counts("work", peer, "everything", 0, few=10, most=50)
        assert isinstance(counts, Counts)
        assert counts.allocations == 0 and counts.instructions > 1000


@needs_mosquitto
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
@pytest.mark.long
def test_calls_of_the_allocator_are_seen() -> None:
    with real_broker() as server:
        counts = Runner(BUILD / "bench", server.port).counts("work", SIMPLE, "publish", 1, most=100)
        assert isinstance(counts, Counts)
        assert counts.allocations >= 2 and counts.instructions > 1000


_EVERY_QOS = """
import sys
sys.path.insert(0, {folder!r})
from mqtt import Client
client = Client("shipped", "127.0.0.1", {port}, {user!r}, {user!r})
came, done = [], []
def on_message(topic, payload, qos, retain):
    came.append((bytes(topic).decode(), bytes(payload).decode(), qos))
client.on_message = on_message
client.on_publish = done.append
client.connect()
client.subscribe("a/#", 2)
for qos in (0, 1, 2):
    client.publish(b"a/b", b"hello", qos)
    client.publish("a/\\u6e29", "\\u5ea6", qos)
while len(came) < 6 or len(done) < 4:
    client.loop(1000)
client.disconnect()
texts = ("a/b", "hello"), ("a/\\u6e29", "\u5ea6")
print(len(came), sorted(came) == sorted([text + (qos,) for text in texts for qos in (0, 1, 2)]))
"""


@needs_mosquitto
@pytest.mark.parametrize("arch", ["xtensawin", "xtensa"])
def test_what_is_shipped_publishes_and_receives(tmp_path: Path, arch: str) -> None:
    """The very texts that are compiled for an ESP32 and an ESP8266, merged and shortened."""
    for name, text in shipped_sources(arch).items():
        path = tmp_path / name.removeprefix("lib/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    with real_broker() as server:
        program = _EVERY_QOS.format(folder=str(tmp_path), port=server.port, user=USER)
        done = subprocess.run(
            [find_micropython(None), "-c", program], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.stdout == "6 True\n", done.stdout + done.stderr
