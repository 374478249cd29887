"""Numbers of errors in words, the same on each port for what is the same."""

import fakes  # noqa: F401  # firmware is found by that
from mqtt import MQTTError

from firmware.trouble import meaning, words

# What has happened: number on an ESP32, on an ESP8266, and some of the words
HAPPENED = (
    (118, 113, "no way to the server"),
    (114, 101, "no way to the server"),
    (111, 111, "nothing listens"),
    (104, 104, "cut by the server"),
    (116, 110, "no answer"),
    (113, 103, "broke off"),
    (128, 107, "broke off"),
    (12, 12, "no memory"),
    (23, 23, "no memory"),
    (105, 105, "no memory"),
    (-202, -2, "name of the server was not found"),
    (-29312, -29312, "cut the TLS handshake"),
    (-30336, -30336, "no CA certificate"),
    (-9984, -9984, "certificate is not to be trusted"),
)


def test_the_same_on_each_port():
    for esp32, esp8266, some in HAPPENED:
        assert some in meaning(esp32, "", "esp32"), esp32
        assert some in meaning(esp8266, "", "esp8266"), esp8266


def test_a_name_says_more_than_a_number():
    assert "no way" in meaning(113, "EHOSTUNREACH") and "broke off" in meaning(113, "ECONNABORTED")
    assert meaning(113, "EIO") == ""


def test_a_number_of_which_the_port_is_not_known():
    assert meaning(113) == meaning(113, "", "esp8266")
    assert meaning(118) == meaning(118, "", "esp32")
    assert meaning(5) == ""


def test_an_exception():
    error = OSError(-202)
    text = words(error)
    assert text.startswith("the name of the server was not found: ") and text.endswith("(OSError: -202)"), text
    assert words(OSError("Wi-Fi lost")) == "OSError: Wi-Fi lost"
    assert words(ValueError(111)) == "ValueError: 111"
    assert words(OSError()).startswith("OSError")
    assert "TLS" in words(OSError(-29312, "MBEDTLS_ERR_SSL_CONN_EOF"))
    for said in ("TLS: there is no memory left for it", "TLS: the server has closed the connection"):
        assert words(MQTTError(said)) == said, "in words already"
    for said in ("TLS: the certificate is for another name than broker.example",):
        assert words(MQTTError(said)) == said + '; "tls_name" in config.json says which name it has to be'
