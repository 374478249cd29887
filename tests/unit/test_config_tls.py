"""config.json's keys for TLS."""

import sys

from current_device_bench import device_of
from support import replaced
from test_config import config, problem, problems
from test_config_studio import config as studio

from firmware.config import borrowed, check

TLS = {"host": "broker.example", "tls": True, "ca": "ca.der"}


def test_tls_by_one_key_and_the_ca():
    checked = check(config(**TLS))
    assert checked["tls"] is True and checked["ca"] == "ca.der" and checked["tls_name"] == ""
    assert checked["port"] == 8883
    assert check(config(port=8884, **TLS))["port"] == 8884


def test_onenets_own_hosts_have_onenets_own_ca():
    checked = check(studio(tls=True))
    assert checked["ca"] == "onenet" and checked["host"] == "" and checked["port"] == 8883
    assert check(studio(tls=True, ca="mine.der"))["ca"] == "mine.der"
    assert problem(studio(tls=True, host="broker.example")).startswith("ca: is missing")


def test_without_a_ca_nothing_can_be_verified():
    assert problem(config(host="broker.example", tls=True)).startswith("ca: is missing; must be the file")


def test_the_older_platform_has_no_tls():
    for changes in ({}, {"host": "183.230.40.39"}):
        assert problem(config(tls=True, ca="ca.der", **changes)).startswith("host: must be another than 183.230.40.39")


def test_a_ca_is_a_der_file_or_onenets():
    for value in ("ca.pem", ".de", "x" * 61 + ".der", True, None, 1, ["ca.der"]):
        assert problem(config(host="broker.example", tls=True, ca=value)).startswith("ca: must be a file")


def test_no_name_is_taken_for_any_unless_the_ca_is_onenets():
    """Its CA certifies nobody else; a public one certifies everybody, each by the own name."""
    assert problem(config(tls_name="any", **TLS)).startswith('tls_name: may be "any" for "ca": "onenet" alone')
    assert check(studio(tls=True, tls_name="any"))["tls_name"] == "any"
    assert check(config(tls_name="OneNET MQTTS", **TLS))["tls_name"] == "OneNET MQTTS"
    for value in ("x" * 65, True, None, 5):
        assert problem(config(tls_name=value, **TLS)).startswith("tls_name: must be the name")


def test_what_is_meant_for_tls_is_not_left_out_in_silence():
    found = problems(config(ca="ca.der", tls_name="x"))
    assert found == ['ca: is of no use without "tls": true', 'tls_name: is of no use without "tls": true']
    for value in ("true", 1, "yes", None, []):
        assert any(line.startswith("tls: must be true or false") for line in problems(config(tls=value, ca="ca.der")))


def test_onenets_hosts_for_tls():
    client = device_of(tls=True)._client
    assert client.host == "aBcDeF1234.mqttstls.acc.cmcconenet.cn" and client.port == 8883
    assert client._settings[0].verify_mode == 2 and client._settings[1] == ""  # so it must be the host's
    client = device_of(tls=True, tls_name="OneNET MQTTS")._client
    assert client._settings[1] == "OneNET MQTTS"
    device = device_of(tls=True, tls_name="any")
    assert device._client._settings[1] == "" and device.config["tls_name"] == "any"
    assert device_of()._client._settings[0] is None


class Esp8266:
    platform = "esp8266"


def test_an_esp8266_has_none():
    module = borrowed("firmware.config_tls")
    saved = sys.modules.get("firmware.config_tls")
    sys.modules["firmware.config_tls"] = module
    try:
        with replaced(module, "sys", Esp8266):
            assert problem(config(**TLS)).startswith("tls: must be false on an ESP8266")
            check(config())
    finally:
        del sys.modules["firmware.config_tls"]
        if saved:
            sys.modules["firmware.config_tls"] = saved
