"""Numbers of errors in a board's log, in words with what to do."""

import pytest
from onenet_tools.port.words import explain


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("OSError: [Errno 118] EHOSTUNREACH", "no way to the server"),
        ("OSError: [Errno 113] EHOSTUNREACH", "no way to the server"),
        ("OSError: [Errno 113] ECONNABORTED", "the connection broke off"),
        ("OSError: 113", "no way to the server"),
        ("OSError: 118", "no way to the server"),
        ("OSError: [Errno 104] ECONNRESET", "cut by the server or a firewall"),
        ("OSError: [Errno 111] ECONNREFUSED", "nothing listens"),
        ("9 mqtt: OSError: [Errno 116] ETIMEDOUT", "no answer from the server"),
        ("OSError: [Errno 116] ETIMEDOUT", "from a sensor, is it at this pin"),
        ("OSError: [Errno 110] ETIMEDOUT", "from a sensor, is it at this pin"),
        ("OSError: [Errno 12] ENOMEM", "no memory left"),
        ("OSError: 23", "no memory left"),
        ("OSError: [Errno 105] ENOBUFS", "no memory left"),
        ("OSError: -202", "the name of the server was not found"),
        ("OSError: -2", "the name of the server was not found"),
        ("OSError: (-29312, 'MBEDTLS_ERR_SSL_CONN_EOF')", "cut the TLS handshake"),
        ("OSError: (-30336, 'MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED')", "no CA certificate is loaded"),
        ("RuntimeError: Wifi Unknown Error 0x0101", "no memory left for Wi-Fi"),
        ("OSError: Wifi Internal Error", "disconnect() goes before"),
        ("9 mqtt: OSError: [Errno 104] ECONNRESET; next attempt in 2 s", "cut by the server"),
    ],
)
def test_an_error(line: str, words: str) -> None:
    assert words in explain(line)


@pytest.mark.parametrize(
    "line",
    [
        "OSError: [Errno 2] ENOENT: main.py",
        "OSError: Wi-Fi lost",
        "ValueError: 118",
        "MyOSError: 118",
        "9 mqtt: no way to the server: … (OSError: [Errno 118] EHOSTUNREACH); next attempt in 2 s",
        "",
    ],
)
def test_what_needs_no_more_words(line: str) -> None:
    assert explain(line) == ""


def test_some_numbers_differ() -> None:
    assert "broke off" in explain("OSError: 113", "esp32")
    assert "no way" in explain("OSError: 113", "esp8266")
