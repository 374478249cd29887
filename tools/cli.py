"""The command line, `onenet`. Each command imports what it needs when it is called, so that --help is quick."""

import io
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__
from .api.afar_cli import app as afar
from .api.cli import app as api
from .api.device_cli import EPILOG, create
from .console.cli import app as console
from .console.cli import devices
from .failures import NotOnWindows, complain, failures_in_one_line
from .language import _
from .model.cli import app as model
from .package.cli import app as package
from .packets.cli import app as packets
from .port.cli import app as port
from .token.cli import app as token
from .words.help_words import error_words, translated


class ChipName(Enum):
    """The chips of virtual boards; written down here so that --help needs no board."""

    ESP32 = "esp32"
    ESP32C3 = "esp32c3"
    ESP8266 = "esp8266"


class PlatformName(Enum):
    """What config.json's "platform" may be; written down here, too."""

    LEGACY = "legacy"
    STUDIO = "studio"
    DP = "dp"
    MQTT = "mqtt"


app = typer.Typer(
    name="onenet",
    help="Put ESP boards on China Mobile's OneNET, and watch them.",
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
here = typer.Typer()
costs = typer.Typer()


def _version(asked: bool) -> None:
    if asked:
        print(f"onenet-tools {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


@here.command()
def demo(
    seconds: Annotated[
        float | None,
        typer.Option(
            min=1,
            metavar="SECONDS",
            help="End after so long; exit status 0 only if all went well. Default: until Ctrl-C.",
        ),
    ] = None,
    platform: Annotated[
        PlatformName,
        typer.Option(
            help="legacy: OneNET's older platform. studio: the current one, a product with a thing model. dp: one with "
            "data streams. mqtt: a broker of your own, which is mosquitto."
        ),
    ] = PlatformName.LEGACY,
    chip: Annotated[ChipName, typer.Option(help="Whose port of MicroPython the board behaves as.")] = ChipName.ESP32,
    update: Annotated[
        bool,
        typer.Option(
            "--update", help="Show updates over the air: to a new version, and to a bad one, which goes back."
        ),
    ] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the board's page in your browser.")] = False,
    screenshot: Annotated[
        Path, typer.Option(metavar="FILE", help="With --seconds, and if Chromium is there: a picture of the page.")
    ] = Path("build", "console.png"),
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Save what is printed as a picture that moves.")
    ] = None,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Show passwords, too.")] = False,
) -> int:
    """Watch a board come online at a local OneNET, send data and obey commands: on this computer, no hardware."""
    from .api.failures import ApiError
    from .board import BoardError
    from .broker import BrokerError
    from .console.console import ConsoleError
    from .console.database import StoreError
    from .demo import run_demo

    if update and platform is not PlatformName.LEGACY:
        raise typer.BadParameter(_("--update is shown on the platform legacy"))
    with failures_in_one_line(ApiError, BoardError, BrokerError, ConsoleError, StoreError, OSError):
        return run_demo(
            seconds,
            show_secrets,
            platform=platform.value,
            chip=chip.value,
            updated=update,
            picture=screenshot,
            film=svg,
            open_page=open_page,
        )


@here.command()
def board(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER", help="Files to copy to its flash first. Default: none, which gives a bare prompt."
        ),
    ] = None,
    flash: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Flash image, made if missing. Default: one not kept.")
    ] = None,
    route: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT=HOST:PORT",
            help="Lead its connections for the first to the second; may be repeated. Default: those for OneNET's "
            "broker to the console on this computer.",
        ),
    ] = None,
    chip: Annotated[ChipName, typer.Option(help="Whose port of MicroPython it behaves as.")] = ChipName.ESP32,
    internet: Annotated[bool, typer.Option("--internet", help="Let it reach every address, not only routes.")] = False,
    pcap: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save its TCP connections there for Wireshark, passwords too.")
    ] = None,
    sensor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:WHERE=VALUE",
            help="A sensor: dht:4=21.5,60 or ds18b20:5=19.25 at a pin, adc:34=0.5 (volts), pin:0=1 (a button), "
            "sht30:0x44=21.5,60 or i2c:0x76=d0:60 (registers) at I2C; may be repeated. Type such a line while the "
            "board runs to change it; timeout, checksum or gone as VALUE make it fail.",
        ),
    ] = None,
    wake_wire: Annotated[
        bool, typer.Option("--wake-wire", help="Wire an ESP8266's GPIO16 to RST, or it never wakes from deep sleep.")
    ] = False,
) -> int:
    """Start a virtual board: MicroPython with its own flash and a serial port.

    It can do without hardware what a board at USB can: onenet config, deploy,
    monitor, and mpremote. In its air is the Wi-Fi network home, with the
    password password.
    """
    import argparse

    from .board import BoardError, run_board
    from .board.cli import CONSOLE_ROUTE, next_steps, parse_route

    with failures_in_one_line(BoardError, argparse.ArgumentTypeError):
        routes = dict(parse_route(text) for text in route or [CONSOLE_ROUTE])
        return run_board(
            flash,
            directory,
            routes,
            chip=chip.value,
            internet=internet,
            pcap=pcap,
            sensors=sensor or (),
            wake_wire=wake_wire,
            hint=next_steps(routes, chip.value),
        )


@here.command()
def new(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Of the example. Default: show which there are.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="Where it goes. Default: one of its name.")
    ] = None,
) -> None:
    """Begin a program with an example: a sensor, a relay, a display …"""
    from .examples import ExampleError, begin, examples, next_step

    if name is None:
        for known, words in examples().items():
            print(f"{known:15} {_(words)}")
        return
    with failures_in_one_line(ExampleError):
        target = directory or Path(name)
        for file in begin(name, target):
            print(target / file)
        print(_("next: {next_step}").format(next_step=next_step(name, target)))


@costs.command()
def mpy(
    arch: Annotated[
        str, typer.Option(help="Processor: xtensawin (ESP32, S2, S3), xtensa (ESP8266), rv32imc (C3, C6), …")
    ] = "xtensawin",
    output: Annotated[Path | None, typer.Option(help="Folder to fill. Default: build/mpy/ARCH.")] = None,
) -> None:
    """Compile the board's modules and show how big they are."""
    from rich.console import Console
    from rich.table import Table

    from .compile.mpy import CompileError, compile_board

    target = output or Path("build", "mpy", arch)
    with failures_in_one_line(CompileError, OSError):
        modules = compile_board(arch, target)
    table = Table(_("module"), title=_("{arch}, bytes").format(arch=arch), show_footer=True, title_justify="left")
    table.columns[0].footer = _("total")
    for heading, total in (
        (".py", sum(module.source_size for module in modules)),
        (".mpy", sum(module.size for module in modules)),
    ):
        table.add_column(heading, f"{total}", justify="right")
    for module in modules:
        table.add_row(module.name, f"{module.source_size}", f"{module.size}")
    console = Console()
    console.print(table)
    console.print(_("in {target}").format(target=target), soft_wrap=True)


@costs.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="One round, the slow cases for two clients only.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Beginning of a case's key; may be repeated.")] = None,
    client: Annotated[list[str] | None, typer.Option(help="Beginning of a client's name; may be repeated.")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Default: 5, or 1 with --quick.")] = None,
    output: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("build"),
) -> None:
    """Measure this library beside the other MicroPython MQTT clients."""
    from .bench import PeerError, run_bench
    from .board import BoardError
    from .broker import BrokerError

    with failures_in_one_line(BoardError, BrokerError, PeerError, OSError):
        run_bench(output, quick, only, client, rounds)


@costs.command()
def size(
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Fail where a module keeps over 10 % more heap than recorded, or a board at work has less left.",
        ),
    ] = False,
    record: Annotated[
        bool,
        typer.Option("--record", help="Write these figures to size.json and heap.json in tools/measure."),
    ] = False,
) -> int:
    """Show what each of the board's modules costs: lines, .mpy bytes, heap kept by import; and what heap is left on
    virtual boards after days of work, which takes some minutes."""
    from .bench import PeerError
    from .bench.webassembly import WebAssemblyError
    from .board import BoardError
    from .compile.mpy import CompileError
    from .measure.size import run_size
    from .port.errors import PortError

    with failures_in_one_line(BoardError, CompileError, PeerError, PortError, WebAssemblyError, OSError):
        return run_size(Path("build"), record, check)


def _add(panel: str, *rooms: typer.Typer) -> None:
    """Puts their commands under this heading of the help; the headings come in the order they are added."""
    for room in rooms:
        for command in room.registered_commands:
            command.rich_help_panel = panel
        for group in room.registered_groups:
            group.rich_help_panel = panel
            if not group.name and group.typer_instance:  # its commands are the room's own
                for command in group.typer_instance.registered_commands:
                    command.rich_help_panel = panel
        app.add_typer(room)


devices.command(epilog=EPILOG)(create)

_add("A board at a serial port", port)
_add("Boards from afar", package, afar)
_add("The platform, real or local", api)
_add("On this computer", here, console, model)
app.add_typer(packets, name="packet", rich_help_panel="On this computer")
app.add_typer(token, name="token", rich_help_panel="On this computer")
_add("What the board's code costs", costs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `onenet` and returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe on Windows may have no letter for what we say
            stream.reconfigure(errors="replace")
    try:
        status: Any = translated(typer.main.get_command(app))(arguments, standalone_mode=False)
    except NotOnWindows as error:
        complain(str(error))
        return 2
    except typer.Abort:
        complain(_("stopped by Ctrl-C"))
        return 130
    except typer.TyperException as error:
        if words := error.format_message():  # none where the help was shown in place of a command
            complain(_("{words} (onenet --help tells more)").format(words=error_words(words)))
        return 2
    return status if isinstance(status, int) else 0
