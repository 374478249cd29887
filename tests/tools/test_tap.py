"""Packets cut out of a stream, and CONNECT for people to read."""

import pytest
from onenet_tools.tap import Packet, PacketReader, ProtocolError, explain_connect, hexdump

CONNECT = bytes.fromhex("10220004 4D515454 04C20078 0008 3237363534333231 0005 3638373930 0005 736E303031")
PUBLISH = b"\x30\x06\x00\x03$dpx"


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_cuts_packets_however_they_come(step: int) -> None:
    reader = PacketReader()
    stream = CONNECT + PUBLISH + b"\xc0\x00"
    packets = [packet for at in range(0, len(stream), step) for packet in reader.feed(stream[at : at + step])]
    assert packets == [Packet("CONNECT", CONNECT), Packet("PUBLISH", PUBLISH), Packet("PINGREQ", b"\xc0\x00")]


def test_refuses_what_is_no_mqtt() -> None:
    with pytest.raises(ProtocolError):
        list(PacketReader().feed(b"GET / HTTP/1.1\r\n"))


def test_explains_every_byte_of_connect_but_not_the_password() -> None:
    parts = explain_connect(CONNECT)
    assert parts == [
        ("10 22", "CONNECT, 34 bytes follow"),
        ("00 04 4D 51 54 54", "protocol name: MQTT"),
        ("04", "protocol level 4: MQTT 3.1.1"),
        ("C2", "flags: user name, password, clean session"),
        ("00 78", "keep alive: 120 s"),
        ("00 08 32 37 36 35 34 33 32 31", "client id (device ID): 27654321"),
        ("00 05 36 38 37 39 30", "user name (product ID): 68790"),
        ("00 05 ** ** ** ** **", "password (auth-info), not shown"),
    ]


def test_shows_the_password_where_that_is_asked_for() -> None:
    parts = explain_connect(CONNECT, show_secrets=True)
    assert parts[-1] == ("00 05 73 6E 30 30 31", "password (auth-info): sn001")
    assert " ".join(part for part, _ in parts) == hexdump(CONNECT)
