"""The commands of `onenet packet`."""

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..failures import complain, failures_in_one_line
from ..language import ENGLISH, _, speaking, spoken
from .commands import COMMANDS, Command

app = typer.Typer(
    no_args_is_help=True, help="Build, read and send MQTT packets by hand, with the codec that runs on the board."
)

_BUILD = "Build a packet"
_READ = "Read packets"
_TALK = "Send packets"
_OUTPUT = "Output"

ShowSecrets = Annotated[bool, typer.Option("--show-secrets", help="Show passwords, too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print all there is to know as JSON.", rich_help_panel=_OUTPUT)]
Host = Annotated[str, typer.Argument(metavar="HOST", help="Name or address.")]
Port = Annotated[int, typer.Argument(metavar="PORT", min=1, max=65535, help="TCP port.")]
Timeout = Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Connect within so long.")]


def _print_built(
    data: bytes,
    as_hex: Annotated[
        bool, typer.Option("--hex", help="Print the bytes in hex, nothing else.", rich_help_panel=_OUTPUT)
    ] = False,
    as_c: Annotated[
        bool, typer.Option("--c-array", help="Print the bytes as an array of C.", rich_help_panel=_OUTPUT)
    ] = False,
    as_json: AsJson = False,
    picture: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", help="Save what is printed as a picture.", rich_help_panel=_OUTPUT),
    ] = None,
) -> None:
    """A packet that somebody has built, who sees all of it, the password too."""
    from . import show
    from .explain import explain, hexdump

    with speaking(ENGLISH if as_c or as_json else spoken()):
        explained = explain(data, show_secrets=True)
    if picture:
        with failures_in_one_line(OSError):
            show.save_picture(explained, picture, f"onenet packet {explained.type.lower()}")
    if as_hex:
        print(hexdump(data))
    elif as_c:
        print(show.c_array(explained))
    elif as_json:
        show.print_json(show.as_dict(explained))
    else:
        show.print_packet(explained)


def _printing(command: Command) -> Callable[..., None]:
    """The command with the options of _print_built(), which prints what it returns."""
    output = list(inspect.signature(_print_built).parameters.values())[1:]

    def run(**options: Any) -> None:
        chosen = {parameter.name: options.pop(parameter.name) for parameter in output}
        _print_built(command(**options), **chosen)

    own = inspect.signature(command)
    functools.update_wrapper(run, command)
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), *output])  # type: ignore[attr-defined]
    return run


for _command in COMMANDS:
    app.command(rich_help_panel=_BUILD)(_printing(_command))


@app.command(rich_help_panel=_READ)
def decode(
    source: Annotated[
        list[str], typer.Argument(metavar="HEX|FILE|-", help="Bytes as 10 28, 0x10,0x28 or 1028; a file; - for stdin.")
    ],
    show_secrets: ShowSecrets = False,
    as_json: AsJson = False,
) -> int:
    """Explain packets, from client or server, any number of them.

    A file has bytes, or hex as text. What is broken is explained up to where it
    goes wrong, and the exit status is 1.
    """
    from . import show
    from .cursor import count
    from .explain import explain_all

    with failures_in_one_line(ValueError, OSError):
        data = _bytes(source)
    with speaking(ENGLISH if as_json else spoken()):
        packets = list(explain_all(data, show_secrets))
    if as_json:
        show.print_json([show.as_dict(explained) for explained in packets])
    else:
        at = 0
        for explained in packets:
            if at:
                print()
            show.print_packet(explained, at)
            at += explained.size
        if at < len(data):
            complain(_("{len} after that are not read").format(len=count(len(data) - at, "byte")))
    return 1 if any(explained.error for explained in packets) else 0


@app.command(rich_help_panel=_READ)
def sniff(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Capture: pcap or pcapng.")],
    port: Annotated[
        list[int] | None,
        typer.Option(
            min=1, max=65535, metavar="PORT", help="A server's port; may be repeated. Default: 1883 and 6002."
        ),
    ] = None,
    fields: Annotated[bool, typer.Option("--fields", help="Show each packet byte by byte.")] = False,
    show_secrets: ShowSecrets = False,
    as_json: AsJson = False,
) -> int:
    """Show the packets in a capture of tcpdump, Wireshark, or onenet board --pcap.

    Exit status 1 if it has none.
    """
    from . import show
    from .sniff import PORTS, CaptureError, sniff

    ports = tuple(port or PORTS)
    with failures_in_one_line(CaptureError, OSError), speaking(ENGLISH if as_json else spoken()):
        found = show.show_sniffed(sniff(file, ports, show_secrets), fields, as_json)
    if not found:
        words = _("no MQTT packets in {file} to or from port {ports}")
        complain(words.format(file=file, ports=_(" or ").join(map(str, ports))))
    return 0 if found else 1


@app.command(rich_help_panel=_TALK)
def send(
    host: Host,
    port: Port,
    words: Annotated[list[str], typer.Argument(metavar="HEX", help="Bytes as 10 28, 0x10,0x28 or 1028; - for stdin.")],
    wait: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="Stay so long. Default: until all is answered, at most 3 s."),
    ] = None,
    timeout: Timeout = 5,
    show_secrets: ShowSecrets = False,
) -> int:
    """Send bytes to a server and explain what comes back.

    Exit status 1 if nothing came, or not all that was to come.
    """
    import asyncio

    from . import show
    from .conversation import ConversationError, exchange

    with failures_in_one_line(ValueError, OSError, ConversationError):
        data = _bytes(words)
        trouble = asyncio.run(
            exchange(host, port, data, show.print_exchanged, timeout=timeout, wait=wait, show_secrets=show_secrets)
        )
    if trouble:
        complain(trouble)
    return 1 if trouble else 0


@app.command(rich_help_panel=_TALK)
def talk(
    host: Host,
    port: Port,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Answer nothing and send no PINGREQ by itself: type them.")
    ] = False,
    fields: Annotated[bool, typer.Option("--fields", help="Show each packet byte by byte.")] = False,
    timeout: Timeout = 5,
    show_secrets: ShowSecrets = False,
) -> int:
    """Talk to a server: type connect, publish, subscribe, and watch packets go and come."""
    from .conversation import ConversationError
    from .talk import run_talk

    with failures_in_one_line(ConversationError):
        return run_talk(host, port, by_hand=by_hand, fields=fields, timeout=timeout, show_secrets=show_secrets)


def _bytes(words: list[str]) -> bytes:
    """The bytes that are meant: hex, the name of a file, or - for standard input. Raises ValueError, OSError."""
    from .hextext import parse_hex

    if words == ["-"]:
        data = sys.stdin.buffer.read()
    else:
        try:
            return parse_hex(" ".join(words))
        except ValueError:
            path = Path(words[0])
            if len(words) > 1 or not path.is_file():
                raise
        data = path.read_bytes()
    try:
        return parse_hex(data.decode("ascii"))
    except ValueError:
        return data
