"""The commands of `onenet` for a board at a serial port."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ..failures import failures_in_one_line
from ..language import _

app = typer.Typer(no_args_is_help=True)

# What several commands take.
_Ports = Annotated[
    list[str] | None,
    typer.Option(metavar="PORT", help="The board's serial port; may be repeated. Default: the only one there is."),
]
_Every = Annotated[bool, typer.Option("--all", help="All boards at USB, at the same time.")]
_Site = Annotated[
    str,
    typer.Option(
        metavar="URL", help="Another place for the images.", envvar="ONENET_MICROPYTHON_SITE", show_envvar=False
    ),
]


@app.command()
def flash(
    port: _Ports = None,
    every: _Every = False,
    image: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The .bin file to write. Default: the newest from micropython.org."),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The board as MicroPython names it. Default: the generic one for its chip."),
    ] = None,
    baud: Annotated[int, typer.Option(metavar="N", min=9600, help="Bits a second; 115200 is safest.")] = 460800,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before erasing.")] = False,
    site: _Site = "https://micropython.org",
) -> int:
    """Put MicroPython on a board. Erases all that is on it.

    Asks the chip what it is, takes the newest image for it, checks that it is
    whole and fits, erases, writes and verifies. What does not fit is refused
    with exit status 2, and nothing is erased.
    """
    from .errors import PortError
    from .flash_all import run_flash
    from .images import Images

    with failures_in_one_line(PortError):
        return run_flash(port or [], every, board, image, baud, yes, Images(site))


@app.command()
def image(
    board: Annotated[
        str | None, typer.Argument(metavar="BOARD", help="The board as MicroPython names it, as ESP32_GENERIC_C3.")
    ] = None,
    program: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Your program, as for deploy; may be repeated. Default: ./main.py."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--image", metavar="FILE", help="MicroPython's .bin file, in place of BOARD.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: build/image/…-onenet.bin.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A config.json to put in. It has secrets: so has the image.")
    ] = None,
    flash_size: Annotated[str, typer.Option(metavar="SIZE", help="How much flash the boards have.")] = "4MB",
    site: _Site = "https://micropython.org",
) -> int:
    """Make one file with MicroPython and the program, to flash at once.

    Takes the official image for BOARD and puts a file system into it, with
    boot.py, main.py, lib and firmware, as onenet deploy would on the board.
    Then: onenet flash --image FILE, or whatever your factory uses.
    """
    from .errors import PortError
    from .full_image import run_image
    from .images import Images

    with failures_in_one_line(PortError):
        return run_image(board, program or [], file, output, config, flash_size, Images(site))


@app.command()
def boards(
    port: Annotated[
        list[str] | None, typer.Option(metavar="PORT", help="Only this one; may be repeated. Asks it, as --ask does.")
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Stop programs that say nothing for a second, and start them again.")
    ] = False,
) -> int:
    """Show what is connected: port, chip, MAC, versions, online or not.

    The program of onenet deploy answers while it runs, and a board without a
    program does. Nothing is stopped or reset, unless you say --ask or --port.
    """
    from .boards import run_boards
    from .errors import PortError

    with failures_in_one_line(PortError):
        return run_boards(port or [], ask)


@app.command()
def deploy(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Your program: main.py, and the modules and folders that go beside it. Default: ./main.py, "
            "else the example.",
        ),
    ] = None,
    port: _Ports = None,
    every: _Every = False,
    source: Annotated[bool, typer.Option("--source", help="Modules as .py, which the board compiles.")] = False,
    mpy: Annotated[
        bool, typer.Option("--mpy", help="Modules as .mpy for its processor: the default on an ESP32.")
    ] = False,
    romfs: Annotated[
        bool, typer.Option("--romfs", help="Modules in a ROMFS, where they run from flash: the default on an ESP8266.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Stay with the new program also if it does not come online.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="How long it may take to come online; 0 not to wait for that."),
    ] = 60,
    wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="For a board in deep sleep: how long to wait until it wakes, or its port is there again. Without, its "
            "reset is pulled, where the port has a line for that, or somebody has to press the button.",
        ),
    ] = 0,
) -> int:
    """Put the program on a board, and see it come online.

    Tries the program out on this computer first: what does not compile, or
    imports what is not there, is not sent. Sends what is different from what
    the board has. Until all of it is there, and the board is reset, the old
    program stays: interrupt this whenever you like. If the new one ends with an
    error, or is not online in time, the old one is put back.
    config.json and files of your own on the board stay as they are.
    Exit status 0: online; 1: not; 2: not understood.
    """
    from .deploy_all import run_deploy
    from .errors import PortError
    from .program import Form

    chosen = [form for form, wanted in ((Form.SOURCE, source), (Form.MPY, mpy), (Form.ROMFS, romfs)) if wanted]
    with failures_in_one_line(PortError):
        if len(chosen) > 1:
            raise PortError(_("give one of --source, --mpy and --romfs"))
        return run_deploy(port or [], every, files or [], chosen[0] if chosen else None, timeout, keep, wait)


@app.command()
def config(
    port: Annotated[
        list[str] | None,
        typer.Option(metavar="PORT", help="The board's serial port. Default: the only one there is."),
    ] = None,
    ssid: Annotated[
        str | None, typer.Option(metavar="NAME", help="Wi-Fi network, to be tried before those it knows.")
    ] = None,
    device_id: Annotated[
        str | None, typer.Option("--device-id", "--device-name", metavar="ID", help="The device's ID, or its name.")
    ] = None,
    product_id: Annotated[str | None, typer.Option(metavar="ID", help="The product's ID.")] = None,
    host: Annotated[
        str | None,
        typer.Option(metavar="HOST[:PORT]", help="The platform's address, or your broker's. Default: OneNET's."),
    ] = None,
    local: Annotated[
        bool,
        typer.Option(
            "--local",
            help="Take host, ids and secret from the console on this computer; host and product of one in the network.",
        ),
    ] = False,
    ca: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="TLS, by the certificate of this CA: in PEM or DER, or onenet for OneNET's."),
    ] = None,
    trace: Annotated[
        bool | None, typer.Option("--trace/--no-trace", help="Have the board show MQTT packets, for monitor --packets.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any other key; may be repeated.")
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Take a key out, so that its default counts.")
    ] = None,
    secrets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Lines auth_info=…, device_key=…, wifi_password=…; - for standard input."),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Many boards at once, a row each; columns: board (port or MAC) and keys."),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Only print what the board has, without secrets.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Forget what the board has.")] = False,
    improv: Annotated[
        bool, typer.Option("--improv", help="By Improv, which a board's program speaks while it has no configuration.")
    ] = False,
) -> int:
    """Give a board its Wi-Fi network and its device on OneNET.

    Asks for what is missing, or for all of it if you give no option. What the
    board's config.json has besides stays. The Wi-Fi password and the auth-info
    are asked for without echo, or come from the environment variables
    ONENET_WIFI_PASSWORD and ONENET_AUTH_INFO, or from --secrets. A product ID
    with letters is of OneNET's current platform, whose devices have a name and
    a key: ONENET_DEVICE_KEY, or the product's, ONENET_ACCESS_KEY; where the
    product has data streams, --set platform=dp. An address or URL in its place
    is that of an MQTT broker of your own; or give --set platform=mqtt, --host,
    several of them with commas, --device-name, --set username=…, and
    ONENET_MQTT_PASSWORD; --set transport=websocket and path=… where it is to be
    reached so.
    """
    from .config_command import run_config
    from .errors import PortError

    if local:
        host, device_id, found, settings = _of_the_console(device_id or "", settings or [])
        product_id = found or product_id
    with failures_in_one_line(PortError):
        options = {"ssid": ssid, "device_id": device_id, "product_id": product_id, "host": host, "trace": trace}
        options["ca"] = ca
        return run_config(port or [], options, settings or [], unset or [], secrets, csv, show, replace, improv)


@app.command()
def crashes(
    port: Annotated[
        str | None, typer.Option(metavar="PORT", help="The board's serial port. Default: the only one there is.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Delete them from the board, too.")] = False,
) -> int:
    """Show what a board's program has failed with.

    The board keeps the last failures in its flash, with the time and the
    traceback. Its program is stopped for a moment, and started again.
    """
    from .crashes import run_crashes
    from .errors import PortError
    from .find import the_port

    with failures_in_one_line(PortError):
        return run_crashes(the_port(port, "crashes"), clear)


@app.command()
def monitor(
    port: Annotated[
        str | None, typer.Option(metavar="PORT", help="The board's serial port. Default: the only one there is.")
    ] = None,
    until_online: Annotated[
        bool, typer.Option("--until-online", help="End when the board is online (exit status 0), or cannot be (1).")
    ] = False,
    packets: Annotated[
        bool, typer.Option("--packets", help="Explain MQTT packets. The board shows them after onenet config --trace.")
    ] = False,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="End after so long. Default: never.")
    ] = None,
) -> int:
    """Watch a board's log.

    The board is neither reset nor stopped, and goes on after Ctrl-C. When the
    cable comes out, waits for the board to come back, under whatever name.
    """
    from .errors import PortError
    from .find import the_port
    from .monitor import run_monitor

    with failures_in_one_line(PortError):
        return run_monitor(the_port(port, "monitor"), until_online, packets, timeout)


def _of_the_console(device_id: str, settings: list[str]) -> tuple[str, str | None, str | None, list[str]]:
    """Host, device id, product id and settings of a device of the console on this computer, or in its network; its
    secret goes where secrets are taken from, unless there is one."""
    from ..console.database import StoreError
    from ..console.local_device import NoLocalDevice, local_device

    with failures_in_one_line(NoLocalDevice, StoreError):
        found = local_device(device_id)
    if found.secret:
        os.environ.setdefault(*found.secret)
    return found.host, found.device_id or None, found.product_id or None, [*found.settings, *settings]
