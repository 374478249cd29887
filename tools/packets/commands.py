"""The packets as commands: a function for each type, its options on a command line, and the bytes that come of them.

`onenet packet` prints them, `onenet packet talk` sends them. A mistake is one line and exit status 2.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ..failures import failures_in_one_line
from ..language import _

Command = Callable[..., bytes]

_ONENET = "OneNET's names for these"
_SESSION = "Session"
_POINTS = "Data points for OneNET"
_WILL = "Will: what the server publishes when the client is lost"

PacketId = Annotated[
    int, typer.Option("--packet-id", min=1, max=65535, metavar="N", help="Packet identifier, 1 to 65535.")
]
Qos = Annotated[int, typer.Option(min=0, max=2, metavar="N", help="Quality of service.")]
Filters = Annotated[list[str], typer.Argument(metavar="FILTER", help="Topic filters, as a/b, a/+ or a/#.")]


def connect(
    client_id: Annotated[str | None, typer.Option(metavar="ID", help="Client identifier.")] = None,
    user_name: Annotated[str | None, typer.Option(metavar="NAME", help="User name.")] = None,
    password: Annotated[str | None, typer.Option(metavar="TEXT", help="Password.")] = None,
    device_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Client identifier: the device ID.", rich_help_panel=_ONENET)
    ] = None,
    product_id: Annotated[
        str | None, typer.Option(metavar="ID", help="User name: the product ID.", rich_help_panel=_ONENET)
    ] = None,
    auth_info: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Password: auth-info or api-key.", rich_help_panel=_ONENET)
    ] = None,
    keepalive: Annotated[
        int, typer.Option(min=0, max=65535, metavar="SECONDS", help="Keep alive: silence allowed, 0 for any.")
    ] = 120,
    clean_session: Annotated[
        bool,
        typer.Option(
            "--clean-session/--no-clean-session",
            help="Begin anew, or go on with what was kept.",
            rich_help_panel=_SESSION,
        ),
    ] = True,
    will_topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="Where it is published.", rich_help_panel=_WILL)
    ] = None,
    will_payload: Annotated[str, typer.Option(metavar="TEXT", help="Its message.", rich_help_panel=_WILL)] = "",
    will_qos: Annotated[
        int, typer.Option(min=0, max=2, metavar="N", help="Its quality of service.", rich_help_panel=_WILL)
    ] = 0,
    will_retain: Annotated[
        bool, typer.Option("--will-retain", help="Keep it for later subscribers.", rich_help_panel=_WILL)
    ] = False,
) -> bytes:
    """CONNECT: the first packet of a client."""
    with failures_in_one_line(ValueError):
        client_id = _either(client_id, "--client-id", device_id, "--device-id")
        user_name = _either(user_name, "--user-name", product_id, "--product-id")
        password = _either(password, "--password", auth_info, "--auth-info")
    will = (will_topic, will_payload, will_qos, will_retain)
    options = {
        "client id": "--client-id" if device_id is None else "--device-id",
        "user name": "--user-name" if product_id is None else "--product-id",
        "password": "--password" if auth_info is None else "--auth-info",
    }
    with failures_in_one_line(ValueError):
        if password is not None and user_name is None:
            needed = "--user-name" if auth_info is None else "--product-id"
            raise ValueError(_("{option}: needs {needed}").format(option=options["password"], needed=needed))
        return _build_said(options, "CONNECT", client_id or "", user_name, password, keepalive, clean_session, *will)


def connack(
    code: Annotated[int, typer.Option(min=0, max=5, help="Return code: 0 accepted, 1 to 5 refused.")] = 0,
    session_present: Annotated[bool, typer.Option("--session-present", help="There is a session kept.")] = False,
) -> bytes:
    """CONNACK: the server's answer to CONNECT."""
    return _build("CONNACK", session_present, code)


def publish(
    points: Annotated[
        list[str] | None, typer.Argument(metavar="POINT", help="Data points for --dp-type: temperature=22.5.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Topic name. Default with --dp-type: $dp.")] = None,
    payload: Annotated[str | None, typer.Option(metavar="TEXT", help="Payload.")] = None,
    payload_hex: Annotated[str | None, typer.Option(metavar="HEX", help="Payload, as 01 ff.")] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="Payload: what is in this file.")] = None,
    dp_type: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=7,
            metavar="N",
            help="Make the payload from POINTs. 1, 3, 4: JSON. 2: a stream's name, and its data from --file. "
            "5, 6: text. 7: floats, as 1=34.0,-20.3.",
            rich_help_panel=_POINTS,
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When they were measured, as 2015-03-22 22:31:12.", rich_help_panel=_POINTS),
    ] = None,
    separators: Annotated[
        str, typer.Option(metavar="TWO", help="Separators of types 5, 6.", rich_help_panel=_POINTS)
    ] = ",;",
    qos: Qos = 0,
    retain: Annotated[bool, typer.Option("--retain", help="Keep it for later subscribers.")] = False,
    dup: Annotated[bool, typer.Option("--dup", help="Say that it is sent again.")] = False,
    packet_id: PacketId = 1,
) -> bytes:
    """PUBLISH: a message to a topic; with --dp-type, data points to OneNET."""
    from .build import points_payload

    with failures_in_one_line(ValueError, OSError):
        data = _payload(payload, payload_hex, file)
        if dp_type is not None:
            data = points_payload(dp_type, points or [], at, separators, data)
            topic = topic or "$dp"
        elif points or at:
            raise ValueError(_("data points: need --dp-type, 1 to 7"))
        elif topic is None:
            raise ValueError(_("topic: none given; use --topic"))
    return _build("PUBLISH", topic, data or b"", qos, retain, dup, packet_id if qos else 0)


def puback(packet_id: PacketId = 1) -> bytes:
    """PUBACK: answers a PUBLISH of QoS 1."""
    return _build("PUBACK", packet_id)


def pubrec(packet_id: PacketId = 1) -> bytes:
    """PUBREC: answers a PUBLISH of QoS 2: received."""
    return _build("PUBREC", packet_id)


def pubrel(packet_id: PacketId = 1) -> bytes:
    """PUBREL: answers a PUBREC: to be released."""
    return _build("PUBREL", packet_id)


def pubcomp(packet_id: PacketId = 1) -> bytes:
    """PUBCOMP: answers a PUBREL: complete."""
    return _build("PUBCOMP", packet_id)


def subscribe(filters: Filters, qos: Qos = 0, packet_id: PacketId = 1) -> bytes:
    """SUBSCRIBE: messages of these topics, please."""
    return _build("SUBSCRIBE", packet_id, [(name, qos) for name in filters])


def suback(
    codes: Annotated[
        list[str] | None, typer.Argument(metavar="CODE", help="For each filter the QoS granted, or 80: refused.")
    ] = None,
    packet_id: PacketId = 1,
) -> bytes:
    """SUBACK: answers a SUBSCRIBE."""
    with failures_in_one_line(ValueError):
        granted = [_return_code(code) for code in codes or ["0"]]
    return _build("SUBACK", packet_id, granted)


def unsubscribe(filters: Filters, packet_id: PacketId = 1) -> bytes:
    """UNSUBSCRIBE: no more of these, please."""
    return _build("UNSUBSCRIBE", packet_id, filters)


def unsuback(packet_id: PacketId = 1) -> bytes:
    """UNSUBACK: answers an UNSUBSCRIBE."""
    return _build("UNSUBACK", packet_id)


def pingreq() -> bytes:
    """PINGREQ: is the server there?"""
    return _build("PINGREQ")


def pingresp() -> bytes:
    """PINGRESP: answers a PINGREQ."""
    return _build("PINGRESP")


def disconnect() -> bytes:
    """DISCONNECT: the client leaves, its will is not published."""
    return _build("DISCONNECT")


CLIENT_COMMANDS: tuple[Command, ...] = (
    connect,
    publish,
    puback,
    pubrec,
    pubrel,
    pubcomp,
    subscribe,
    unsubscribe,
    pingreq,
    disconnect,
)
"""What a client may send."""

COMMANDS: tuple[Command, ...] = (*CLIENT_COMMANDS, connack, suback, unsuback, pingresp)


def _build_said(options: Mapping[str, str], kind: str, *arguments: Any) -> bytes:
    """The packet. A ValueError names the option by which a field was given: `options`, by the field's name."""
    from .build import build

    try:
        return build(kind, *arguments)
    except ValueError as error:
        field, _sign, words = str(error).partition(": ")
        raise ValueError(f"{options.get(field, field)}: {words}") from error


def _build(kind: str, *arguments: Any) -> bytes:
    from .build import build

    with failures_in_one_line(ValueError):
        return build(kind, *arguments)


def _payload(text: str | None, as_hex: str | None, file: Path | None) -> bytes | None:
    """The one payload that was given, None for none. Raises ValueError, OSError."""
    from .hextext import parse_hex

    given = [name for name, value in (("--payload", text), ("--payload-hex", as_hex), ("--file", file)) if value]
    if len(given) > 1:
        raise ValueError(_("payload: {given} at once can't be").format(given=" and ".join(given)))
    if file:
        return file.read_bytes()
    return parse_hex(as_hex) if as_hex else text.encode() if text else None


def _either(value: str | None, option: str, other: str | None, other_option: str) -> str | None:
    """The one of two options for one field that was given. Raises ValueError for both."""
    if value is not None and other is not None:
        raise ValueError(
            _("{option} and {other_option}: are the same field of CONNECT; give one").format(
                option=option, other_option=other_option
            )
        )
    return other if value is None else value


def _return_code(text: str) -> int:
    codes = {"0": 0, "1": 1, "2": 2, "80": 0x80, "0x80": 0x80, "128": 0x80}
    if text not in codes:
        raise ValueError(_("return code {text!r}: must be 0, 1, 2 or 80").format(text=text))
    return codes[text]
