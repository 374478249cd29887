"""The commands of `onenet` that ask the platform: status, points, send; and login, which keeps the api-key."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ..clock import BEIJING
from ..failures import complain, failures_in_one_line
from ..language import _
from .asking import KEYS, AsJson, Local, ProductId, Url, asking, only_device, where_is
from .failures import ApiError
from .thing_cli import app as things

app = typer.Typer(no_args_is_help=True)
app.add_typer(things)


@app.command(epilog=KEYS)
def status(
    devices: Annotated[
        list[str] | None, typer.Argument(metavar="DEVICE", help="Device IDs. Default: all, with the master key.")
    ] = None,
    product: ProductId = None,
    local: Local = False,
    url: Url = None,
    as_json: AsJson = False,
    board: Annotated[
        bool,
        typer.Option("--board", help='Ask the boards themselves; their config.json needs "log" or "remote".'),
    ] = False,
) -> None:
    """Show which devices are online; with --board, how they are.

    A board tells its program's version, MicroPython's, how long it is up,
    free heap, largest block, RSSI, what reset it, and what has failed.
    """
    from .show import show_boards, show_devices

    with asking(local, url, product) as client:
        if board:
            from .afar import Board

            ids = devices or [state.id for state in client.devices() if state.online]
            show_boards({device: Board(client, device).status() for device in ids}, as_json)
            return
        if devices:
            states = [client.device(device) for device in devices]
        else:
            states = client.with_last_data(list(client.devices()))
        show_devices(states, as_json)


@app.command(epilog=KEYS)
def points(
    device: Annotated[
        str | None, typer.Argument(metavar="DEVICE", help="Device ID. Default: the only one there is.")
    ] = None,
    stream: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this data stream; may be repeated.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="From then on, as 2026-01-31 or 2026-01-31T12:00:00.")
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Until then.")] = None,
    duration: Annotated[
        int | None, typer.Option(min=1, metavar="SECONDS", help="So long after --start, before --end, or until now.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many, the newest.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV: stream, at, value.")] = False,
    as_json: AsJson = False,
    product: ProductId = None,
    local: Local = False,
    url: Url = None,
) -> None:
    """Show data points: the latest of each data stream, or those of the past.

    The past is shown if you say of which stream, when or how many; without a
    time, the newest 100. Times are local, and said with their zone; with --json
    they are Beijing's, as the platform gives them.
    """
    from .show import counting, show_points

    with failures_in_one_line(ApiError):
        if as_csv and as_json:
            raise ApiError(_("--csv and --json at once can't be"))
        since, until = _interval(start, end, duration)
    with asking(local, url, product) as client:
        device = device or only_device(client)
        streams = stream or ()
        if not (streams or since or until or limit):
            show_points(client.latest(device), as_csv, as_json)
            return
        if not (since or until):
            limit = limit or 100
        with counting(_("data points")) as progress:
            found = client.history(device, streams, since, until, limit, progress)
        show_points(found, as_csv, as_json)


@app.command(epilog=KEYS)
def send(
    device: Annotated[str | None, typer.Argument(metavar="DEVICE", help="Device ID. Default: the only one.")] = None,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="The command.")] = None,
    as_hex: Annotated[bool, typer.Option("--hex", help="TEXT is bytes in hex: 01 ff.")] = False,
    file: Annotated[Path | None, typer.Option(help="Send what is in this file, in place of TEXT.")] = None,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Wait so long for the reply.")] = 30,
    queue: Annotated[
        int,
        typer.Option(
            min=0, max=2678400, metavar="SECONDS", help="Let the command wait so long for a device that is offline."
        ),
    ] = 0,
    product: ProductId = None,
    local: Local = False,
    url: Url = None,
) -> int:
    """Send a command to a device and print the reply.

    The reply is printed as text, or in hex if it is none. Exit status 1 if
    none came.
    """
    from .show import show_reply, waiting

    if text is None and file is None:
        device, text = None, device
    with failures_in_one_line(ApiError, OSError):
        payload = _payload(text, as_hex, file)
    with asking(local, url, product) as client:
        if device is None:
            device = only_device(client)
            if text == device:
                raise ApiError(
                    _("what shall be sent to device {device}? onenet send {device} TEXT").format(device=device)
                )
        with waiting(_("waiting for the reply")):
            state = client.ask(device, payload, timeout, queue)
        if state.reply is None:
            when = "" if state.over else _(" within {timeout:g} s").format(timeout=timeout)
            still = (
                _("; the command waits for it, {queue} s in all").format(queue=queue)
                if queue and not state.over
                else ""
            )
            complain(
                _("no reply from device {device}{when} ({words}){still}").format(
                    device=device, when=when, words=state.words, still=still
                )
            )
            return 1
        show_reply(state)
        return 0


@app.command()
def login(
    forget: Annotated[bool, typer.Option("--forget", help="Remove the key that is kept.")] = False,
    product: ProductId = None,
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="A user of the current platform, for onenet device create.")
    ] = None,
    local: Local = False,
    url: Url = None,
) -> None:
    """Keep an api-key, or the access_key of a product or user, so that it need not be given again.

    It is asked for without echo, or read from stdin, and goes to a file that
    only you can read.
    """
    from .key import ask_key, keep_key, key_name, place

    with failures_in_one_line(ApiError):
        if product and user:
            raise ApiError(_("--product and --user at once can't be"))
        where = where_is(local, url, product or user)
        of = product or "", user or ""
        path = keep_key(place(where, *of), None if forget else ask_key(where, *of))
        what = key_name(where, *of)
        words = _("The {what} is no longer in {path}.") if forget else _("The {what} is in {path}.")
        print(words.format(what=what, path=path))


def _payload(text: str | None, as_hex: bool, file: Path | None) -> bytes:
    """What to send. Raises ApiError, OSError."""
    if text is None:
        if file is None:
            raise ApiError(_("what shall be sent? onenet send [DEVICE] TEXT"))
        return file.read_bytes()
    if file is not None:
        raise ApiError(_("TEXT and --file at once can't be"))
    try:
        return bytes.fromhex(text) if as_hex else text.encode()
    except ValueError as error:
        raise ApiError(
            _("{text!r} is not bytes in hex, such as 01 ff").format(text=text) if as_hex else _("TEXT is not UTF-8")
        ) from error


def _interval(start: str | None, end: str | None, duration: int | None) -> tuple[str, str]:
    """Start and end as the platform wants them; empty for none."""
    since, until = _time("--start", start), _time("--end", end)
    if duration is not None:
        if since and until:
            raise ApiError(_("--start, --end and --duration: two of them are enough"))
        try:
            if since:
                until = since + timedelta(seconds=duration)
            else:
                since = (until or _beijing(datetime.now())) - timedelta(seconds=duration)
        except OverflowError as error:
            raise ApiError(_("--duration {duration}: there are no such times").format(duration=duration)) from error
    if since and until and since >= until:
        raise ApiError(_("the start, {since}, is not before the end, {until}").format(since=since, until=until))
    return _shown(since), _shown(until)


def _shown(time: datetime | None) -> str:
    return time.isoformat(timespec="seconds") if time else ""


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return _beijing(datetime.fromisoformat(text))
    except (ValueError, OverflowError, OSError) as error:
        raise ApiError(
            _("{option} {text!r} is no time such as 2026-01-31 or 2026-01-31T12:00:00").format(option=option, text=text)
        ) from error


def _beijing(time: datetime) -> datetime:
    """The platform's, which has no time zone; one without a time zone is this computer's."""
    return time.astimezone(BEIJING).replace(tzinfo=None)
