"""What can be wrong between the client and the platform: each is one line that says what it is."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from onenet_tools.api.client import Client
from onenet_tools.api.failures import ApiError
from onenet_tools.loopback import free_port

KEY = "k3y=for/tests"


@contextlib.contextmanager
def listening(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does this with each connection; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as connections:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = connections.enter_context(server.accept()[0])
                    with contextlib.suppress(OSError):
                        talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def error_of(url: str) -> str:
    with pytest.raises(ApiError) as raised, Client(url, KEY, patience=0.2, pause=0.001) as client:
        client.device("1")
    told = str(raised.value)
    assert KEY not in told and "\n" not in told
    return told


def test_a_closed_port() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert error_of(url) == f"nothing answers at {url}; is the console running? onenet console starts it"


def test_a_name_that_is_not_there() -> None:
    told = error_of("https://api.onenet.invalid")
    assert told == "api.onenet.invalid is not found: no network, no DNS, or no such name"


def test_silence() -> None:
    with listening(lambda connection: None) as port:
        assert error_of(f"http://127.0.0.1:{port}") == f"no answer from http://127.0.0.1:{port} within 0.2 s"


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with listening(lambda connection: context.wrap_socket(connection, server_side=True).close()) as port:
        told = error_of(f"https://127.0.0.1:{port}")
    assert "127.0.0.1" in told and "certificate that is not to be trusted" in told


def test_no_tls_at_all() -> None:
    with listening(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")) as port:
        assert error_of(f"https://127.0.0.1:{port}").startswith(f"no TLS with 127.0.0.1:{port}: ")


def test_another_protocol() -> None:
    with listening(lambda connection: connection.sendall(b"\x1b[31mSSH-2.0\r\n\r\n")) as port:
        told = error_of(f"http://127.0.0.1:{port}")
    assert told.startswith(f"http://127.0.0.1:{port} does not answer in HTTP: ")
    assert "\x1b" not in told


def test_a_connection_that_is_cut() -> None:
    def cut(connection: socket.socket) -> None:
        connection.recv(100)
        connection.shutdown(socket.SHUT_RDWR)

    with listening(cut) as port:
        assert "does not answer in HTTP" in error_of(f"http://127.0.0.1:{port}")
