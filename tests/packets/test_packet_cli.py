"""`onenet packet` as a person meets it: building and decoding."""

import io
import json
import re
from pathlib import Path

import pytest
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.disconnect import DisconnectPacket
from amqtt.mqtt.pingreq import PingReqPacket
from amqtt.mqtt.pingresp import PingRespPacket
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.pubcomp import PubcompPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.pubrec import PubrecPacket
from amqtt.mqtt.pubrel import PubrelPacket
from amqtt.mqtt.suback import SubackPacket
from amqtt.mqtt.subscribe import SubscribePacket
from amqtt.mqtt.unsuback import UnsubackPacket
from amqtt.mqtt.unsubscribe import UnsubscribePacket
from onenet_tools.cli import main
from onenet_tools.language import speaking
from onenet_tools.packets.hextext import parse_hex

CONNECT = (
    "10 28 00 04 4D 51 54 54 04 C0 00 64 00 09 37 38 39 35 34 36 38 30 35 00 06 34 35 38 39 34 35 00 09 "
    "31 33 36 39 32 38 38 33 31"
)
CONNECT_COMMAND = [
    *("packet", "connect", "--device-id", "789546805", "--product-id", "458945", "--auth-info", "136928831"),
    *("--keepalive", "100", "--no-clean-session"),
]
PRINTED = """\
CONNECT, 42 bytes: client 789546805, user 458945, password of 9 bytes, keep alive 100 s, session
kept
10 28 00 04 4D 51 54 54 04 C0 00 64 00 09 37 38 39 35 34 36 38 30 35 00 06 34 35 38 39 34 35 00 09
31 33 36 39 32 38 38 33 31
at  bytes                    field              meaning                                  clause
 0  10                       packet type        CONNECT                                  2.2.1
    0001 ....                bits 7-4           packet type 1: CONNECT
    .... 0000                bits 3-0           flags, fixed
 1  28                       remaining length   40  bytes that follow                    2.2.3
 2  00 04                    length             4  of protocol name                      1.5.3
 4  4D 51 54 54              protocol name      MQTT                                     3.1.2.1
 8  04                       protocol level     4  MQTT 3.1.1                            3.1.2.2
 9  C0                       connect flags      11000000                                 3.1.2.3
    1... ....                bit 7              user name: there is one
    .1.. ....                bit 6              password: there is one
    ..0. ....                bit 5              will retain: not kept
    ...0 0...                bits 4-3           will QoS 0: at most once
    .... .0..                bit 2              will: none
    .... ..0.                bit 1              clean session: go on with what was kept
    .... ...0                bit 0              reserved: 0
10  00 64                    keep alive         100 s  closed after 150 s of silence     3.1.2.10
12  00 09                    length             9  of client identifier                  1.5.3
14  37 38 39 35 34 36 38 30  client identifier  789546805  OneNET: device ID             3.1.3.1
    35
23  00 06                    length             6  of user name                          1.5.3
25  34 35 38 39 34 35        user name          458945  OneNET: product ID               3.1.3.4
31  00 09                    length             9  of password                           1.5.3
33  31 33 36 39 32 38 38 33  password           136928831  OneNET: auth-info or token    3.1.3.5
    31
"""


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(["packet", *arguments]) == status
    told = capsys.readouterr()
    assert not told.err
    return told.out


def test_the_connect_that_taught_us_in_hex(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CONNECT_COMMAND, "--hex"]) == 0
    assert capsys.readouterr().out == CONNECT + "\n"


def test_the_connect_that_taught_us_byte_by_byte(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(CONNECT_COMMAND) == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == PRINTED.splitlines()


def test_standard_names_and_onenets_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--client-id", "789546805", "--user-name", "458945", "--password", "136928831", "--keepalive", "100"]
    assert printed(capsys, "connect", *options, "--no-clean-session", "--hex") == CONNECT + "\n"


def test_connect_with_a_will(capsys: pytest.CaptureFixture[str]) -> None:
    will = ["--will-topic", "gone", "--will-payload", "x", "--will-qos", "2", "--will-retain"]
    told = printed(capsys, "connect", "--client-id", "a", *will)
    assert "10 16 00 04 4D 51 54 54 04 36 00 78 00 01 61 00 04 67 6F 6E 65 00 01 78" in told
    for line in (r"\.\.1\. \.\.\.\. +bit 5 +will retain: the will is kept", r"\.\.\.1 0\.\.\. +bits 4-3 +will QoS 2"):
        assert re.search(line, told)


def bytes_of(packet: object) -> bytes:
    return packet.to_bytes()


@pytest.mark.parametrize(
    ("arguments", "data"),
    [
        (["connack"], bytes_of(ConnackPacket.build(0, 0))),
        (["connack", "--session-present"], bytes_of(ConnackPacket.build(1, 0))),
        (["connack", "--code", "4"], bytes_of(ConnackPacket.build(0, 4))),
        (
            ["publish", "--topic", "a/b", "--payload", "温度", "--qos", "1", "--retain", "--dup", "--packet-id", "258"],
            bytes_of(PublishPacket.build("a/b", "温度".encode(), 258, True, 1, True)),
        ),
        (
            ["publish", "--topic", "t", "--payload-hex", "00 ff"],
            bytes_of(PublishPacket.build("t", b"\x00\xff", None, False, 0, False)),
        ),
        (["publish", "--topic", "t"], bytes_of(PublishPacket.build("t", b"", None, False, 0, False))),
        (
            ["publish", "--dp-type", "3", "Temperature=22.5", "--qos", "1"],
            bytes_of(PublishPacket.build("$dp", b'\x03\x00\x14{"Temperature":22.5}', 1, False, 1, False)),
        ),
        (["puback", "--packet-id", "7"], bytes_of(PubackPacket.build(7))),
        (["pubrec"], bytes_of(PubrecPacket.build(1))),
        (["pubrel"], bytes_of(PubrelPacket.build(1))),
        (["pubcomp"], bytes_of(PubcompPacket.build(1))),
        (["subscribe", "a/+", "b/#", "--qos", "2"], bytes_of(SubscribePacket.build([("a/+", 2), ("b/#", 2)], 1))),
        (["suback", "0", "1", "2", "80", "--packet-id", "9"], bytes_of(SubackPacket.build(9, [0, 1, 2, 0x80]))),
        (["unsubscribe", "a", "b"], bytes_of(UnsubscribePacket.build(["a", "b"], 1))),
        (["unsuback"], bytes_of(UnsubackPacket.build(1))),
        (["pingreq"], bytes_of(PingReqPacket())),
        (["pingresp"], bytes_of(PingRespPacket())),
        (["disconnect"], bytes_of(DisconnectPacket())),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
def test_every_type_is_built_as_an_independent_codec_builds_it(
    arguments: list[str], data: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bytes.fromhex(printed(capsys, *arguments, "--hex")) == data
    c_array = printed(capsys, *arguments, "--c-array")
    assert parse_hex(c_array) == data and c_array.startswith("static const unsigned char ")
    told = json.loads(printed(capsys, *arguments, "--json"))
    assert bytes.fromhex(told["hex"]) == data and told["type"] == arguments[0].upper() and not told["error"]
    for columns in (80, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        table = printed(capsys, *arguments)
        assert max(map(len, table.splitlines())) <= columns
        assert "clause" in table


def test_a_file_is_a_payload(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"\xff\xd8\xff\xd9")
    told = printed(capsys, "publish", "--dp-type", "2", "pic", "--file", str(picture))
    assert "pic = 4 bytes" in told and "FF D8 FF D9" in told


def test_a_picture_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pingreq.svg"
    printed(capsys, "pingreq", "--svg", str(path))
    assert "<svg" in path.read_text() and "PINGREQ" in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["connect", "--client-id", "a", "--device-id", "b"], "--client-id and --device-id: are the same field"),
        (["connect", "--password", "x"], "--password: needs --user-name"),
        (["connect", "--device-id", "1", "--auth-info", "x"], "--auth-info: needs --product-id"),
        (["connect", "--device-id", "1", "--product-id", "1", "--auth-info", "x" * 65536], "--auth-info: over 65535"),
        (["connect", "--device-id", "a\u0001b" * 30000], "--device-id: "),
        (["connect", "--user-name", "x" * 65536], "--user-name: over 65535"),
        (["connect", "--no-clean-session"], "--client-id: empty, which needs clean session"),
        (["connect", "--keepalive", "65536"], "--keepalive"),
        (["publish"], "topic: none given"),
        (["publish", "--topic", "a/#"], "topic: wildcard"),
        (["publish", "--topic", "a", "--dup"], "dup: needs qos 1 or 2"),
        (["publish", "--topic", "a", "--payload", "a", "--payload-hex", "00"], "--payload and --payload-hex at once"),
        (["publish", "--topic", "a", "--payload-hex", "0g"], "'0g' is no hex"),
        (["publish", "--topic", "a", "--file", "/nonexistent"], "/nonexistent"),
        (["publish", "--topic", "a", "t=1"], "need --dp-type"),
        (["publish", "--dp-type", "9", "t=1"], "--dp-type"),
        (["subscribe", "a#"], "topic filter: misplaced wildcard"),
        (["subscribe"], "FILTER"),
        (["suback", "3"], "return code '3': must be 0, 1, 2 or 80"),
        (["connack", "--code", "1", "--session-present"], "session present: must be False"),
        (["decode", "zz"], "'zz' is no hex"),
        (["decode", "/nonexistent"], "is no hex"),
        (["sniff", "/nonexistent"], "/nonexistent"),
        (["send", "localhost", "0", "c0 00"], "PORT"),
    ],
)
def test_mistakes_are_one_line_and_status_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["packet", *arguments]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert told.err.startswith("error: ") and words in told.err
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize("command", ["", "connect", "publish", "suback", "decode", "send", "talk", "sniff"])
def test_help_fits_80_columns(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = printed(capsys, *filter(None, [command]), "--help")
    assert max(map(len, told.splitlines())) <= 80
    assert "…" not in told  # nothing is cut off


# decode


@pytest.mark.parametrize("text", ["20 02 00 00", "0x20,0x02,0x00,0x00", "20020000"])
def test_decodes_hex_of_any_style(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "decode", text).startswith("CONNACK, 4 bytes: accepted\n20 02 00 00\n")


def test_decodes_several_packets_of_either_side(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, "decode", *CONNECT.split(), "20 02 00 00", "d0", "00")
    assert re.findall(r"^([A-Z]+)(?: at byte (\d+))?,", told, re.MULTILINE) == [
        ("CONNECT", ""),
        ("CONNACK", "42"),
        ("PINGRESP", "46"),
    ]


def test_decode_hides_passwords_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([CONNECT], [CONNECT, "--json"], [CONNECT[:-6]]):
        assert main(["packet", "decode", *arguments]) == (1 if arguments[0] != CONNECT else 0)
        told = capsys.readouterr()
        assert "** **" in told.out and "136928831" not in told.out + told.err and "31 33 36" not in told.out
    assert "136928831" in printed(capsys, "decode", CONNECT, "--show-secrets")


def test_decodes_files_and_stdin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "packets"
    for content in (b"\xc0\x00\xd0\x00", b"c0 00\nd0 00\n", b"0xC0,0x00,0xD0,0x00"):
        path.write_bytes(content)
        assert [one["type"] for one in json.loads(printed(capsys, "decode", str(path), "--json"))] == [
            "PINGREQ",
            "PINGRESP",
        ]
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert "PINGRESP at byte 2" in printed(capsys, "decode", "-")


def test_what_is_printed_can_be_decoded_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("--hex", "--c-array"):
        path = tmp_path / form
        path.write_text(printed(capsys, *CONNECT_COMMAND[1:], form))
        assert "client identifier  789546805" in printed(capsys, "decode", str(path))


def test_decode_says_where_it_goes_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["packet", "decode", "c000 8206 0001 0001 6103 c000"]) == 1
    told = capsys.readouterr()
    assert "error: byte 7: requested QoS 3; expected 0, 1 or 2 [MQTT-3.8.3-4]" in told.out
    assert told.out.count("PINGREQ,") == 1
    assert told.err == "error: 2 bytes after that are not read\n"


@pytest.mark.parametrize(
    ("packet", "name", "clause"),
    [
        ("80 08 00 01 00 03 61 2F 62 00", "SUBSCRIBE", "MQTT-3.8.1-1"),
        ("A0 07 00 02 00 03 61 2F 62", "UNSUBSCRIBE", "MQTT-3.10.1-1"),
    ],
)
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["flags, must be 0010", "OneNET's older SDK", "topic filter", "careful: byte 0: ", "expected 0010"]),
        ("zh_CN", ["标志位，必须是 0010", "OneNET 的旧 SDK", "主题过滤器", "注意：第 0 字节：", "应为 0010"]),  # noqa: RUF001
    ],
)
def test_flags_that_old_firmware_leaves_out_are_explained(
    packet: str, name: str, clause: str, language: str, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The vendor's C SDK sends 0000: all is read, and it is said what 3.1.1 wants."""
    with speaking(language):
        assert main(["packet", "decode", packet]) == 0
    told = capsys.readouterr().out
    assert told.startswith(name) and "a/b" in told and f"[{clause}]" in told
    assert [words for words in said if words not in told.replace("\n", " ")] == []
