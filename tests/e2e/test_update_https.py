"""Updates over the air from https:// on an ESP32: from a server that its CA vouches for, and from no other."""

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from onenet_tools.board import VirtualBoard
from onenet_tools.console.console import RunningConsole, running_console
from over_the_air import PATIENCE, Server, board, program

HOST = "updates.example"


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    with running_console(pages=False) as it:
        yield it


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.RSA)


def der(authority: trustme.CA) -> bytes:
    return x509.load_pem_x509_certificate(authority.cert_pem.bytes()).public_bytes(Encoding.DER)


class Secure(Server):
    """The server of packages with a certificate for this name."""

    def __init__(self, authority: trustme.CA, name: str) -> None:
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name, key_type=trustme.KeyType.RSA).configure_cert(context)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        port: int = self._server.server_port
        return port


@contextlib.contextmanager
def told(console: RunningConsole, folder: Path, server: Server, trusted: bytes, where: str) -> Iterator[VirtualBoard]:
    """A board that trusts this CA, b"" for none, and is told to fetch a new program from there."""
    device = console.call(console.platform.add_device, "roof")
    config = {"device_id": device.id, "product_id": device.product_id, "auth_info": device.auth_info}
    server.packages["new"] = program("2.0", "esp32", folder).package().data
    old = program("1.0", "esp32", folder)
    if trusted:
        old.files["update.der"] = trusted
    port = server._server.server_port
    with board(old, None, console.mqtt_port, config, more={(HOST, 443): ("127.0.0.1", port)}) as it:
        it.wait_for("online as device", PATIENCE)
        console.call(console.platform.send_command, device.id, f"update {where}".encode())
        yield it


def test_from_a_server_that_is_trusted(console: RunningConsole, authority: trustme.CA, tmp_path: Path) -> None:
    with Secure(authority, HOST) as server:
        with told(console, tmp_path, server, der(authority), f"https://{HOST}/new") as it:
            it.wait_for("update: upgraded to 2.0", PATIENCE)
        assert len(server.asked) > 10


@pytest.mark.parametrize(
    ("name", "trusts", "words"),
    [
        ("another.example", "it", "does not match"),
        (HOST, "another", "not correctly signed"),
        (HOST, "nobody", "needs the file update.der on the board"),
        (HOST, "nonsense", "update.der is no certificate in DER"),
    ],
)
def test_from_none_other(
    console: RunningConsole, authority: trustme.CA, tmp_path: Path, name: str, trusts: str, words: str
) -> None:
    trusted = {"it": authority, "another": trustme.CA(key_type=trustme.KeyType.RSA)}
    data = der(trusted[trusts]) if trusts in trusted else {"nobody": b"", "nonsense": b"no certificate"}[trusts]
    with Secure(authority, name) as server:
        with told(console, tmp_path, server, data, f"https://{HOST}/new") as it:
            said = it.wait_for("update: (refused: .*|upgraded.*)", PATIENCE)[1]
            assert "refused" in said and words in said
        assert server.asked == []


def test_a_server_without_tls_is_tried_again(console: RunningConsole, authority: trustme.CA, tmp_path: Path) -> None:
    with Server() as server:
        with told(console, tmp_path, server, der(authority), f"https://{HOST}/new") as it:
            it.wait_for(r"update: .*; goes on in \d+ s", PATIENCE)
        assert server.asked == []
