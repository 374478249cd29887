"""The commands of `onenet token`."""

from datetime import datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ..failures import complain, failures_in_one_line

app = typer.Typer(
    no_args_is_help=True,
    help="Make, explain and check the tokens of OneNET's current platform (products whose ID has letters).",
)

SECRETS = (
    "Keys and tokens come from a file, from ONENET_KEY and ONENET_TOKEN, or are asked for without echo; never from "
    "the command line, which stays in the shell's history."
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
        typer.Option(metavar="TIME", help="2030-01-31, 2030-01-31T12:00:00 (Beijing) or seconds since 1970."),
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
                raise TokenError("whose? onenet token make PRODUCT DEVICE, PRODUCT, or --user ID")
            if "/" in product or "/" in (device or ""):
                raise TokenError(
                    "the product's ID and the device's name alone, please: onenet token make PRODUCT DEVICE"
                )
            resource = f"products/{product}/devices/{device}" if device else f"products/{product}"
            whose = f"device {device}" if device else f"product {product}, its access_key"
        elif product:
            raise TokenError("a product and --user at once can't be")
        elif user.startswith("userid/"):
            raise TokenError("the user ID alone, please: onenet token make --user 123456")
        else:
            resource, whose = f"userid/{user}", f"user {user}"
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
    from .reading import BEIJING, TokenError, read_token, span
    from .secrets import find_token

    now = datetime.now(BEIJING)
    with failures_in_one_line(TokenError, OSError):
        token = read_token(find_token(file), now)
    end = token.end
    ahead = f", in {span(end - now)}" if end and end > now else ""
    when = f"{end:%Y-%m-%d %H:%M:%S} in Beijing{ahead}" if end else "no time before the year 10000"
    for name, words in (
        ("for", token.whose),
        ("good for", token.opens or "nothing known"),
        ("ends", when),
        ("version", token.version or "none"),
        ("res", token.resource or "none"),
        ("et", token.expires or "none"),
        ("method", token.method or "none"),
        ("sign", f"{len(token.signature)} characters, not shown"),
    ):
        print(f"{name:8}  {harmless(words)}")
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
    from .reading import BEIJING, TokenError, read_token
    from .secrets import find_keys, find_token
    from .trying import try_key

    with failures_in_one_line(TokenError, OSError):
        token = read_token(find_token(file), datetime.now(BEIJING))
        found = [(harmless(name), try_key(key, token)) for name, key in find_keys(keys)]
    print(f"the token is for {harmless(token.whose)}")
    for name, verdict in found:
        if verdict.signs:
            print(f"{name}: signs it{_other_level(name, token.level)}")
        elif verdict.mistake:
            print(f"{name}: has signed it wrongly: {harmless(verdict.mistake)}")
        else:
            print(f"{name}: does not sign it")
    for mistake in token.mistakes:
        complain(mistake)
    if any(verdict.signs for _, verdict in found):
        return 0
    if not any(verdict.mistake for _, verdict in found):
        complain(f"the token of a {token.level or 'device'} is signed with that {token.level or 'device'}'s own key")
    return 1


def _other_level(name: str, level: str) -> str:
    """What to say of a key that signs, but by its name is of another level than the token."""
    words = {"device": "device", "product": "product", "access": "product", "user": "user"}
    mine = next((of for word, of in words.items() if name.lower().startswith(word)), level)
    return "" if mine == level else f", but the platform takes no {mine}'s key for a {level}'s token"


def _end(until: str | None, days: int | None) -> str | None:
    """Seconds since 1970, as text; None for no end."""
    from .reading import BEIJING, TokenError

    if until and days:
        raise TokenError("--until and --days: one of them is enough")
    if days:
        return str(int(datetime.now(timezone.utc).timestamp()) + days * 86400)
    if not until:
        return None
    if until.isdecimal() and len(until) > 8:
        return until
    try:
        time = datetime.fromisoformat(until)
        time = time if time.tzinfo else time.replace(tzinfo=BEIJING)
        return str(int((time - datetime(1970, 1, 1, tzinfo=timezone.utc)) / timedelta(seconds=1)))
    except (ValueError, OverflowError) as error:
        raise TokenError(f"--until {until!r} is no time such as 2030-01-31 or 2030-01-31T12:00:00") from error
