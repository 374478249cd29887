"""Captures: what is written, Wireshark reads; what anybody captures, is read, in whatever order it came."""

import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mqtt import server
from onenet_tools.board import VirtualBoard
from onenet_tools.board.cli import recorded
from onenet_tools.broker import Mosquitto, find_mosquitto
from onenet_tools.cli import main
from onenet_tools.packets.build import build, points_payload
from onenet_tools.packets.pcap import PcapWriter
from onenet_tools.packets.sniff import CaptureError, Sniffed, sniff

CLIENT, SERVER = ("192.168.4.23", 49153), ("183.230.40.39", 6002)
USER, SECRET = "458945", "136928831"
CONNECT = build("CONNECT", "789546805", USER, SECRET, 100)
CONVERSATION = [  # from the client?, packet
    (True, CONNECT),
    (False, build("CONNACK")),
    (True, build("SUBSCRIBE", 1, [("a/+", 1), ("b/#", 2)])),
    (False, build("SUBACK", 1, [1, 0x80])),
    (True, build("PUBLISH", "$dp", points_payload(3, ["temperature=22.5"]), 1, packet_id=2)),
    (False, build("PUBACK", 2)),
    (True, build("PUBLISH", "a/温度", "35°", 2, True, True, 3)),
    (False, build("PUBREC", 3)),
    (True, build("PUBREL", 3)),
    (False, build("PUBCOMP", 3)),
    (False, build("PUBLISH", "$creq/81572aae-fc34-5deb-8f06-ab45d73cb12b", "led=on")),
    (True, build("UNSUBSCRIBE", 4, ["a/+"])),
    (False, build("UNSUBACK", 4)),
    (True, build("PINGREQ")),
    (False, build("PINGRESP")),
    (True, build("PUBLISH", "long", bytes(5000))),
    (True, build("DISCONNECT")),
]


def record(path: Path, client=CLIENT, server=SERVER) -> None:
    with PcapWriter(path) as recorder:
        recorder.opened("any", client, server)
        for from_client, data in CONVERSATION:
            recorder.record("any", from_client, data)
        recorder.closed("any")


def packets(found: Iterator[Sniffed]) -> list[tuple[bool, bytes]]:
    return [(one.from_client, one.explained.data) for one in found if one.explained]


@pytest.mark.parametrize("server", [SERVER, ("::1", 1883)])
def test_reads_what_was_recorded(tmp_path: Path, server: tuple[str, int]) -> None:
    path = tmp_path / "a.pcap"
    record(path, CLIENT, server)
    assert packets(sniff(path, show_secrets=True)) == CONVERSATION
    remarks = [(one.from_client, one.remark) for one in sniff(path) if one.remark]
    assert remarks == [(True, "connects"), (False, "accepts"), (True, "closes"), (False, "closes")]
    first = next(sniff(path))
    assert (first.connection, first.server) == (1, "[::1]:1883" if server[0] == "::1" else "183.230.40.39:6002")


def test_several_connections_at_once_from_several_threads(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"

    def carry(number: int) -> None:
        for round in range(5):
            key = (number, round)
            recorder.opened(key, ("127.0.0.1", 2000 + number), ("127.0.0.1", 1883))
            for from_client, data in CONVERSATION:
                recorder.record(key, from_client, data)
            recorder.closed(key)
            recorder.record(key, True, b"late")

    with PcapWriter(path) as recorder:
        threads = [threading.Thread(target=carry, args=[number]) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = list(sniff(path, show_secrets=True))
    assert {one.connection for one in found} == set(range(1, 21))
    for number in range(1, 21):
        assert packets(one for one in found if one.connection == number) == CONVERSATION


def test_a_full_disk_ends_the_recording_and_nothing_else() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OSError, match="space"):
        PcapWriter(full)


def test_an_error_while_recording_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PcapWriter(tmp_path / "a.pcap") as recorder:
        recorder.opened(1, CLIENT, SERVER)

        def fail(*_: object) -> None:
            raise OSError("no space left")

        monkeypatch.setattr(recorder._writer, "writepkt", fail)
        recorder.record(1, True, b"x")
        recorder.record(1, True, b"y")
        assert str(recorder.error) == "no space left"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    record(tmp_path / "a.pcap")
    assert (tmp_path / "a.pcap").stat().st_mode & 0o077 == 0


def test_an_address_must_be_one(tmp_path: Path) -> None:
    with PcapWriter(tmp_path / "a.pcap") as recorder, pytest.raises(ValueError, match="mqtt"):
        recorder.opened(1, CLIENT, ("mqtt.example", 1883))


# In whatever order


def frames(path: Path) -> list[tuple[float, bytes]]:
    with path.open("rb") as file:
        return list(dpkt.pcap.Reader(file))


def write(path: Path, frames: list[bytes], link: int = 101) -> None:
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file, snaplen=65535, linktype=link)
        for i, frame in enumerate(frames):
            writer.writepkt_time(frame, 1000 + i)


@pytest.fixture(scope="module")
def recorded_frames(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    path = tmp_path_factory.mktemp("pcap") / "a.pcap"
    record(path)
    return [frame for _, frame in frames(path)]


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_retransmissions_and_disorder_change_nothing(recorded_frames, tmp_path_factory, seed) -> None:
    chance = random.Random(seed)
    path = tmp_path_factory.getbasetemp() / "disorder.pcap"
    head, rest = recorded_frames[:3], list(recorded_frames[3:])
    rest += chance.sample(rest, 5)
    order = sorted(range(len(rest)), key=lambda i: i % len(recorded_frames[3:]) + chance.uniform(0, 4))
    write(path, head + [rest[i] for i in order])
    found = packets(sniff(path, show_secrets=True))
    for side in (True, False):
        assert [one for one in found if one[0] == side] == [one for one in CONVERSATION if one[0] == side]


def test_overlapping_segments_and_sequence_numbers_that_wrap(tmp_path: Path) -> None:
    data = b"".join(packet for from_client, packet in CONVERSATION if from_client)
    start = 0xFFFFFFFF - 20
    path = tmp_path / "a.pcap"

    def segment(at: int, end: int, flags: int = 0x18) -> bytes:
        tcp = dpkt.tcp.TCP(sport=5000, dport=1883, seq=(start + 1 + at) % 2**32, flags=flags, data=data[at:end])
        return bytes(dpkt.ip.IP(src=b"\x7f\0\0\1", dst=b"\x7f\0\0\1", p=6, data=tcp))

    write(path, [segment(-1, -1, 2), *(segment(max(0, at - 9), at + 40) for at in range(0, len(data), 40))])
    assert b"".join(packet for _, packet in packets(sniff(path, show_secrets=True))) == data


def test_says_what_the_capture_has_not(recorded_frames: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    write(path, recorded_frames[:3] + recorded_frames[4:])  # without the CONNECT
    found = list(sniff(path))
    assert f"{len(CONNECT)} bytes missing from the capture; what follows can't be read" in [one.remark for one in found]
    assert packets(iter(found)) == [one for one in CONVERSATION if not one[0]]


def test_a_capture_may_begin_in_the_middle(recorded_frames: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    write(path, recorded_frames[5:])
    assert packets(sniff(path)) == CONVERSATION[2:]


def test_a_packet_cut_off_by_the_end_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    with PcapWriter(path) as recorder:
        recorder.opened(1, CLIENT, SERVER)
        recorder.record(1, True, CONNECT[:20])
    (*_, last) = sniff(path)
    assert last.explained and last.explained.type == "CONNECT"
    assert last.explained.error == "byte 20: the bytes end here; expected 3 more of client identifier"


@pytest.mark.parametrize(
    ("link", "before"),
    [
        (1, bytes(12) + b"\x08\x00"),  # Ethernet
        (1, bytes(12) + b"\x81\x00\x00\x05\x08\x00"),  # Ethernet with a VLAN
        (1, bytes(12) + b"\x88\x64\x11\0\0\x01\0\0\0\x21"),  # PPPoE, whose length is not looked at
        (0, b"\x02\0\0\0"),  # loopback of macOS
        (108, b"\0\0\0\x02"),  # loopback of OpenBSD
        (113, bytes(14) + b"\x08\x00"),  # Linux's any
        (276, b"\x08\x00" + bytes(18)),  # the same, newer
        (228, b""),  # IPv4
        (12, b""),  # IP as some systems number it
    ],
)
def test_links_of_every_common_type(link: int, before: bytes, recorded_frames: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    write(path, [b"\xff" * 40, *(before + frame for frame in recorded_frames)], link)
    assert packets(sniff(path, show_secrets=True)) == CONVERSATION


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no capture file"),
        (b"hello, world, this is text and nothing else", "is no capture file"),
        (b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(8) + b"\xff\xff\0\0\x93\0\0\0", "is of link type 147"),
    ],
)
def test_says_what_is_no_capture(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=words):
        list(sniff(path))


@settings(max_examples=60)
@given(at=st.integers(0, 600), data=st.binary(min_size=1, max_size=8))
def test_a_damaged_capture_raises_nothing_else(recorded_frames, tmp_path_factory, at, data) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.pcap"
    write(path, recorded_frames)
    content = bytearray(path.read_bytes())
    content[at : at + len(data)] = data
    path.write_bytes(content)
    try:
        for one in sniff(path):
            assert one.explained or one.remark
    except CaptureError as error:
        assert str(path) in str(error)


# Against other programs

FIELDS = ["mqtt.msgtype", "mqtt.topic", "mqtt.msgid", "mqtt.qos", "mqtt.clientid", "mqtt.kalive", "mqtt.len"]


def test_tshark_agrees(tmp_path: Path) -> None:
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    path = tmp_path / "a.pcap"
    record(path)
    options = ["-d", "tcp.port==6002,mqtt", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    fields = [
        argument
        for name in [*FIELDS, "tcp.checksum.status", "ip.checksum.status", "_ws.expert"]
        for argument in ("-e", name)
    ]
    done = subprocess.run(
        ["tshark", "-r", path, *options, "-T", "fields", *fields],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert all(row[-3:-1] == ["1", "1"] for row in rows)  # checksums are good
    theirs = [dict(zip(FIELDS, row, strict=False)) for row in rows if row[0]]
    ours = [one.explained for one in sniff(path) if one.explained]
    assert len(theirs) == len(ours) == len(CONVERSATION)
    for row, explained in zip(theirs, ours, strict=True):
        assert server.NAMES[int(row["mqtt.msgtype"].split(",")[0])] == explained.type

        def value(name: str, explained=explained) -> str:
            field = explained.field(name)
            return field.value if field else ""

        assert row["mqtt.len"] == value("remaining length")
        assert row["mqtt.msgid"] == value("packet identifier")
        assert row["mqtt.clientid"] == value("client identifier")
        assert row["mqtt.kalive"] == value("keep alive").removesuffix(" s")
        if explained.type == "PUBLISH":
            assert row["mqtt.topic"] == value("topic name")
            assert explained.fields[0].bits[2][2].startswith(f"QoS {row['mqtt.qos']}")


def test_reads_what_dumpcap_captures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not shutil.which("dumpcap"):
        pytest.skip("dumpcap is not installed")
    if not find_mosquitto():
        pytest.skip("mosquitto is not installed")
    path = tmp_path / "a.pcapng"
    with Mosquitto({USER: SECRET}) as broker:
        dumpcap = subprocess.Popen(
            [
                "dumpcap",
                "-q",
                "-i",
                "lo0" if sys.platform == "darwin" else "lo",
                "-f",
                f"tcp port {broker.port}",
                "-w",
                path,
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert dumpcap.stderr
            told = ""
            while not told.startswith("File: "):
                told = dumpcap.stderr.readline()
                if not told:
                    pytest.skip("dumpcap may not capture here")
            send = ["packet", "send", "127.0.0.1", str(broker.port), CONNECT.hex(), "c000", "e000"]
            assert main(send) == 0
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline and "DISCONNECT" not in types(path, broker.port):
                time.sleep(0.05)
        finally:
            dumpcap.send_signal(signal.SIGINT)
            dumpcap.wait(10)
    assert types(path, broker.port) == ["CONNECT", "PINGREQ", "DISCONNECT", "CONNACK", "PINGRESP"]
    capsys.readouterr()
    assert main(["packet", "sniff", str(path), "--port", str(broker.port)]) == 0
    told = capsys.readouterr()
    assert "client 789546805, user 458945, password of 9 bytes" in " ".join(told.out.split())
    assert SECRET not in told.out + told.err


def types(path: Path, port: int) -> list[str]:
    """Types of the packets in a capture that may still grow: those of the client first."""
    try:
        found = [one for one in sniff(path, (port,)) if one.explained]
    except CaptureError:
        return []
    return [one.explained.type for one in sorted(found, key=lambda one: not one.from_client) if one.explained]


PROGRAM = """
import network, socket, time
station = network.WLAN(network.STA_IF)
station.active(True)
station.connect("home", "password")
while not station.isconnected():
    time.sleep(0.01)
for packet, answer in (({connect!r}, 4), ({connect!r}, 4)):
    connection = socket.socket()
    connection.connect(socket.getaddrinfo("183.230.40.39", 6002)[0][-1])
    connection.write(packet)
    connection.read(answer)
    connection.write(b"\\xe0\\0")
    connection.close()
print("packets sent")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the virtual board needs a Unix")
def test_the_virtual_board_is_recorded(tmp_path: Path) -> None:
    if not find_mosquitto():
        pytest.skip("mosquitto is not installed")
    path = tmp_path / "a.pcap"
    with Mosquitto({USER: SECRET}) as broker:
        board = VirtualBoard(
            files={"main.py": PROGRAM.format(connect=CONNECT)}, routes={SERVER: ("127.0.0.1", broker.port)}
        )
        with recorded(board, path), board:
            board.wait_for("packets sent")
    found = list(sniff(path, show_secrets=True))
    for number in (1, 2):
        own = [one for one in found if one.connection == number]
        assert packets(iter(own)) == [(True, CONNECT), (False, build("CONNACK")), (True, build("DISCONNECT"))]
        assert own[0].server == "183.230.40.39:6002" and own[0].client.startswith("192.168.4.23:")
    assert [one.remark for one in found if one.connection == 1 and one.remark][-1] == "closes"


# The command


def test_sniff_prints_a_line_for_each(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    path = tmp_path / "a.pcap"
    record(path)
    assert main(["packet", "sniff", str(path)]) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert "→ 192.168.4.23:49153 connects to 183.230.40.39:6002" in told
    assert "← CONNACK      accepted" in told
    assert SECRET not in told
    assert main(["packet", "sniff", str(path), "--fields", "--show-secrets"]) == 0
    told = capsys.readouterr().out
    assert SECRET in told and max(map(len, told.splitlines())) <= 80


def test_sniff_says_that_there_is_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.pcap"
    record(path)
    assert main(["packet", "sniff", str(path), "--port", "8883"]) == 1
    assert capsys.readouterr().err == f"error: no MQTT packets in {path} to or from port 8883\n"
