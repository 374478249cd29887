"""The commands of `onenet token`."""

from datetime import datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ..failures import complain, failures_in_one_line
from ..language import _, padded

app = typer.Typer(
    no_args_is_help=True,
    help="Make, explain and check the tokens of OneNET's current platform (products whose ID has letters).",
)

SECRETS = (
    "Keys and tokens come from a file, from ONENET_KEY and ONENET_TOKEN, or are asked for "
    "without echo; never from the command line, which stays in the shell's history."
)


class Version(Enum):
    """Written down here so that --help needs no more."""

    DEVICE = "2018-10-31"
    API = "2022-05-01"


class Method(Enum):
    SHA256 = "sha256"
    SHA1 = "sha1"
    MD5 = "md5"


TokenFile = Annotated[
    Path | None, typer.Argument(metavar="FILE", help="A file that holds it, - for stdin. Default: asks.")
]


@app.command(epilog=SECRETS)
def make(
    product: Annotated[str | None, typer.Argument(metavar="PRODUCT", help="Product ID.")] = None,
    device: Annotated[str | None, typer.Argument(metavar="DEVICE", help="Device name. Default: any of them.")] = None,
    user: Annotated[str | None, typer.Option(metavar="ID", help="For this user ID, in place of a product.")] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="2030-01-31, 2030-01-31T12:00:00 (local) or seconds since 1970."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, metavar="N", help="Valid so long. Default: until 2100.")] = None,
    method: Annotated[Method, typer.Option(help="An ESP8266 has no md5.")] = Method.SHA256,
    version: Annotated[
        Version | None,
        typer.Option(help="2018-10-31: devices log in. 2022-05-01: HTTP API. Default: the latter for a user."),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="A file that holds the key, - for stdin.")
    ] = None,
) -> None:
    """Make a token, and print it.

    With a device name, by the device's key, the device's password. With a
    product alone, by its access_key, the password of any of its devices.
    """
    from .reading import TokenError
    from .secrets import find_key
    from .trying import make_token

    with failures_in_one_line(TokenError, OSError):
        if user is None:
            if not product:
                raise TokenError(_("whose? onenet token make PRODUCT DEVICE, PRODUCT, or --user ID"))
            if "/" in product or "/" in (device or ""):
                raise TokenError(
                    _("the product's ID and the device's name alone, please: onenet token make PRODUCT DEVICE")
                )
            resource = f"products/{product}/devices/{device}" if device else f"products/{product}"
            whose = (
                _("device {device}").format(device=device)
                if device
                else _("product {product}, its access_key").format(product=product)
            )
        elif product:
            raise TokenError(_("a product and --user at once can't be"))
        elif user.startswith("userid/"):
            raise TokenError(_("the user ID alone, please: onenet token make --user 123456"))
        else:
            resource, whose = f"userid/{user}", _("user {user}").format(user=user)
        chosen = version or (Version.API if user else Version.DEVICE)
        end = _end(until, days)
        print(make_token(find_key(key_file, whose), resource, end, method.value, chosen.value))


@app.command(epilog=SECRETS)
def explain(file: TokenFile = None) -> int:
    """Explain a token: whose it is, what for, until when.

    Exit status 0; 1 if the platform will not take it, for what it says shows
    why. Whether the signature is right only a key can tell: onenet token check.
    """
    from ..api.text import harmless
    from ..clock import in_table, zone
    from .reading import TokenError, read_token, span
    from .secrets import find_token

    now = datetime.now(timezone.utc)
    with failures_in_one_line(TokenError, OSError):
        token = read_token(find_token(file), now)
    end = token.end
    ahead = _(", in {span}").format(span=span(end - now)) if end and end > now else ""
    when = f"{in_table(end)} {zone()}{ahead}" if end else _("no time before the year 10000")
    for name, words in (
        (_("for"), token.whose),
        (_("good for"), token.opens or _("nothing known")),
        (_("ends"), when),
        (_("version"), token.version or _("none")),
        ("res", token.resource or _("none")),
        ("et", token.expires or _("none")),
        ("method", token.method or _("none")),
        ("sign", _("{count} characters, not shown").format(count=len(token.signature))),
    ):
        print(f"{padded(name, 8)}  {harmless(words)}")
    for mistake in token.mistakes:
        complain(mistake)
    return 1 if token.mistakes else 0


@app.command(epilog=SECRETS)
def check(
    file: TokenFile = None,
    keys: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Lines KEY, or NAME=KEY as device=… and product=…; - for stdin."),
    ] = None,
) -> int:
    """Say which of some keys has signed a token.

    If none has, it looks for the usual mistakes: the key of another level, a
    key that was not decoded, what was signed encoded. Exit status 0 if one
    signs it, 1 if none does.
    """
    from ..api.text import harmless
    from .reading import TokenError, read_token
    from .secrets import find_keys, find_token
    from .trying import try_key

    with failures_in_one_line(TokenError, OSError):
        token = read_token(find_token(file), datetime.now(timezone.utc))
        found = [(harmless(name), try_key(key, token)) for name, key in find_keys(keys)]
    print(_("the token is for {harmless}").format(harmless=harmless(token.whose)))
    for name, verdict in found:
        if verdict.signs:
            print(_("{name}: signs it{other_level}").format(name=name, other_level=_other_level(name, token.level)))
        elif verdict.mistake:
            print(_("{name}: has signed it wrongly: {harmless}").format(name=name, harmless=harmless(verdict.mistake)))
        else:
            print(_("{name}: does not sign it").format(name=name))
    for mistake in token.mistakes:
        complain(mistake)
    if any(verdict.signs for _name, verdict in found):
        return 0
    if not any(verdict.mistake for _name, verdict in found):
        complain(
            _("the token of a {value} is signed with that {value}'s own key").format(value=token.level or "device")
        )
    return 1


def _other_level(name: str, level: str) -> str:
    """What to say of a key that signs, but by its name is of another level than the token."""
    words = {"device": "device", "product": "product", "access": "product", "user": "user"}
    mine = next((of for word, of in words.items() if name.lower().startswith(word)), level)
    return (
        ""
        if mine == level
        else _(", but the platform takes no {mine}'s key for a {level}'s token").format(mine=mine, level=level)
    )


def _end(until: str | None, days: int | None) -> str | None:
    """Seconds since 1970, as text; None for no end."""
    from .reading import TokenError

    if until and days:
        raise TokenError(_("--until and --days: one of them is enough"))
    if days:
        return str(int(datetime.now(timezone.utc).timestamp()) + days * 86400)
    if not until:
        return None
    if until.isdecimal() and len(until) > 8:
        return until
    try:
        time = datetime.fromisoformat(until).astimezone()
        return str(int((time - datetime(1970, 1, 1, tzinfo=timezone.utc)) / timedelta(seconds=1)))
    except (ValueError, OverflowError, OSError) as error:
        raise TokenError(
            _("--until {until!r} is no time such as 2030-01-31 or 2030-01-31T12:00:00").format(until=until)
        ) from error
