"""The CA's certificate that a board with TLS has beside its config.json: read in PEM or DER, checked, and brought there
in DER, which is what MicroPython reads on every port.
"""

import contextlib
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..files import board_directory
from ..language import _
from ..system_words import reason
from .asking import Ask
from .asking_tls import NOT_ON_ESP8266
from .board_config import Config, said_by_board, with_defaults
from .config_file import read_config
from .connection import Connection
from .errors import PortError
from .inventory import ESP8266, identify

ONENET = "onenet"
ONENET_FILE = "onenet.der"
"""The file on the board of OneNET's own CA; it comes with this package."""
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")


def onenet_ca() -> bytes:
    """OneNET's own, in DER."""
    return (board_directory() / "firmware" / ONENET_FILE).read_bytes()


def read_ca(path: Path, now: datetime | None = None) -> bytes:
    """The CA's certificate in this file, in DER. Raises PortError where it is none, or would not do."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PortError(_("{path} cannot be read: {strerror}").format(path=path, strerror=reason(error))) from error
    certificate = _parsed(path, data)
    now = now or datetime.now(timezone.utc)
    if now > certificate.not_valid_after_utc:
        raise PortError(
            _("{path}: the certificate has expired, on {not_valid_after_utc:%Y-%m-%d}").format(
                path=path, not_valid_after_utc=certificate.not_valid_after_utc
            )
        )
    if now < certificate.not_valid_before_utc:
        raise PortError(
            _("{path}: the certificate is valid from {not_valid_before_utc:%Y-%m-%d} on").format(
                path=path, not_valid_before_utc=certificate.not_valid_before_utc
            )
        )
    if certificate.subject != certificate.issuer and not _is_of_ca(certificate):
        issuer = certificate.issuer.rfc4514_string()
        raise PortError(
            _("{path}: the certificate is a server's own, not its CA's; that one's name is {issuer}").format(
                path=path, issuer=issuer
            )
        )
    return certificate.public_bytes(Encoding.DER)


def _parsed(path: Path, data: bytes) -> x509.Certificate:
    kinds = [kind.decode() for kind in _PEM.findall(data)]
    if any("PRIVATE KEY" in kind for kind in kinds):
        raise PortError(
            _("{path} has a private key, which must not go anywhere; give the certificate alone").format(path=path)
        )
    if len(kinds) > 1:
        raise PortError(
            _("{path} has {count} certificates; give the CA's alone, in a file of its own").format(
                path=path, count=len(kinds)
            )
        )
    try:
        return x509.load_pem_x509_certificate(data) if kinds else x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise PortError(_("{path} is no certificate, neither in PEM nor in DER").format(path=path)) from error


def _is_of_ca(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return constraints.value.ca


def ask_for_ca(config: Config, ask: Ask) -> bytes | None:
    """The certificate for a configuration that lacks one, asked for; None where it lacks none."""
    if config.get("tls") is not True or not any(line.startswith("ca: is missing") for line in said_by_board(config)):
        return None
    while True:
        answer = ask(_("File with the CA's certificate, in PEM or DER"), "", False)
        try:
            return read_ca(Path(answer))
        except PortError as error:
            typer.echo(f"  {error}", err=True)


def file_of(config: Any) -> str | None:
    """The name on the board of the certificate that this configuration wants; None without TLS, or if it is wrong."""
    checked = with_defaults(config)
    if not checked or not checked["tls"]:
        return None
    return ONENET_FILE if checked["ca"] == ONENET else str(checked["ca"])


def bring_ca(connection: Connection, config: Config, ca: bytes | None) -> bool:
    """Puts the certificate that the configuration wants on the board, in one step; `ca` if it was given.

    Returns whether it was not there already. Raises PortError.
    """
    name = file_of(config)
    if name is None:
        return False
    if identify(connection).platform == ESP8266:
        raise PortError(_("nothing was written: tls: {not_on_esp8266}").format(not_on_esp8266=_(NOT_ON_ESP8266)))
    there = connection.read_file(f"/{name}")
    data = onenet_ca() if name == ONENET_FILE else ca
    if data is None and there is None:
        raise PortError(
            _("nothing was written: the board has no {name}; give the CA's certificate: --ca FILE").format(name=name)
        )
    if data in (None, there):
        return False
    connection.exec("import os")
    connection.write_file(f"/{name}.new", data or b"")
    connection.exec(f"os.rename('/{name}.new','/{name}')")
    return True


def beside(path: Path, config: Any) -> dict[str, bytes]:
    """The certificate that a configuration in a file wants, by its name on the board, from the same folder."""
    name = file_of(config)
    if name is None:
        return {}
    return {name: onenet_ca() if name == ONENET_FILE else read_ca(path.parent / name)}


def on_board(connection: Connection, platform: str, names: frozenset[str]) -> tuple[dict[str, Path], str]:
    """What a deploy is to bring for the config.json that the board has, by its name there; and a warning, or empty.

    `names`: the files it has. Raises PortError where its TLS can't be.
    """
    name = None
    with contextlib.suppress(PortError):  # a config.json that is none is the program's to tell
        name = file_of(read_config(connection))
    if name is None:
        return {}, ""
    if platform == ESP8266:
        raise PortError(
            _('config.json on the board wants TLS: {not_on_esp8266}; "tls" there must be false').format(
                not_on_esp8266=_(NOT_ON_ESP8266)
            )
        )
    if name == ONENET_FILE:
        return {name: board_directory() / "firmware" / name}, ""
    missing = name not in names
    return {}, _("the board has no {name}, which config.json wants: onenet config --ca FILE").format(
        name=name
    ) if missing else ""
