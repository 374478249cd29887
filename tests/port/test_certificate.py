"""The CA's certificate of a board with TLS: what files are taken for one, and how it gets there."""

import datetime
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from onenet_tools.board import VirtualBoard
from onenet_tools.cli import main
from onenet_tools.port.board_config import known_keys
from onenet_tools.port.certificate import beside, file_of, onenet_ca, read_ca
from onenet_tools.port.changes import Changes
from onenet_tools.port.deploy import deploy
from onenet_tools.port.errors import PortError
from person import Person
from serial_board import (
    AUTH_INFO,
    WIFI_PASSWORD,
    Report,
    board,
    config,
    deployment,
    installed,
)

HOST = "broker.example"
FINGERPRINT = "7DE9BC4C1AED01344667645678D449741210B17049489838BF637953B3E90117"
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ONENET_WIFI_PASSWORD", WIFI_PASSWORD)
    monkeypatch.setenv("ONENET_AUTH_INFO", AUTH_INFO)
    yield


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def pem(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def der_of(authority: trustme.CA) -> bytes:
    return ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())


def on_board(it: VirtualBoard) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Its config.json, and its files in DER; the board is off then."""
    it.power_cut()
    files = it.read_files()
    return json.loads(files["/config.json"]), {name: data for name, data in files.items() if name.endswith(".der")}


def test_onenets_own_is_the_one_whose_fingerprint_is_known() -> None:
    """SHA-256 of what the platform's SDK of 2024 has, too."""
    certificate = x509.load_der_x509_certificate(onenet_ca())
    assert certificate.fingerprint(SHA256()).hex().upper() == FINGERPRINT
    assert certificate.subject == certificate.issuer
    assert certificate.subject.rfc4514_string() == "CN=OneNET MQTTS,O=CMIOT,C=CN"
    assert f"{certificate.not_valid_after_utc:%Y-%m-%d}" == "2049-05-21"


def test_pem_and_der_become_the_same(authority: trustme.CA, pem: Path, tmp_path: Path) -> None:
    der = tmp_path / "ca.der"
    der.write_bytes(der_of(authority))
    assert read_ca(pem) == read_ca(der) == der_of(authority)


def test_what_does_not_do_is_refused_in_words(authority: trustme.CA, pem: Path, tmp_path: Path) -> None:
    leaf = authority.issue_cert(HOST)
    text = pem.read_bytes()
    for content, words in (
        (b"", "no certificate, neither in PEM nor in DER"),
        (b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n", "no certificate"),
        (der_of(authority)[:-1], "no certificate"),
        (text + text, "has 2 certificates; give the CA's alone"),
        (leaf.private_key_pem.bytes(), "has a private key, which must not go anywhere"),
        (leaf.private_key_and_cert_chain_pem.bytes(), "has a private key, which must not go anywhere"),
        (leaf.cert_chain_pems[0].bytes(), "a server's own, not its CA's; that one's name is"),
    ):
        path = tmp_path / "file"
        path.write_bytes(content)
        with pytest.raises(PortError, match=words):
            read_ca(path)
    with pytest.raises(PortError, match="cannot be read"):
        read_ca(tmp_path / "nonexistent")


def test_a_certificate_out_of_its_time(pem: Path) -> None:
    certificate = x509.load_pem_x509_certificate(pem.read_bytes())
    with pytest.raises(PortError, match=f"has expired, on {certificate.not_valid_after_utc:%Y-%m-%d}"):
        read_ca(pem, certificate.not_valid_after_utc + DAY)
    with pytest.raises(PortError, match=f"valid from {certificate.not_valid_before_utc:%Y-%m-%d} on"):
        read_ca(pem, certificate.not_valid_before_utc - DAY)


def test_which_file_a_configuration_wants() -> None:
    assert file_of(config()) is None
    assert file_of(config(tls=True, host=HOST)) is None  # wrong
    assert file_of(config(tls=True, host=HOST, ca="my.der")) == "my.der"
    assert file_of(config(tls=True, host=HOST, ca="onenet")) == "onenet.der"
    assert {"tls", "ca", "tls_name"} <= set(known_keys())


def test_the_port_goes_with_tls_and_what_is_for_tls_with_it() -> None:
    plain = config(host=HOST, port=1883)
    secure = Changes(ca=b"der").apply(plain)
    assert secure == config(host=HOST, tls=True, ca="ca.der")
    assert Changes(values={"port": 8884}, ca=b"der").apply(plain)["port"] == 8884
    assert Changes(values={"tls": True, "ca": "onenet"}).apply(secure) == config(host=HOST, tls=True, ca="onenet")
    again = Changes(values={"tls": False}).apply(secure | {"tls_name": "x", "port": 8884})
    assert again == config(host=HOST, tls=False)


def test_config_brings_the_certificate_in_der(
    authority: trustme.CA, pem: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with board() as it:
        arguments = ["config", "--port", it.port, "--host", HOST, "--ca", str(pem)]
        assert main(arguments) == 0
        assert "config.json is written" in capsys.readouterr().out
        assert main(arguments) == 0
        assert "was like this already" in capsys.readouterr().out
        assert main(["config", "--port", it.port, "--set", "led_pin=2"]) == 0
        there, certificates = on_board(it)
        assert there == config(host=HOST, tls=True, ca="ca.der", led_pin=2)
        assert certificates == {"/ca.der": der_of(authority)}


def test_config_brings_onenets_own(capsys: pytest.CaptureFixture[str]) -> None:
    with board() as it:
        assert main(["config", "--port", it.port, "--host", HOST, "--ca", "onenet", "--set", "tls_name=any"]) == 0
        there, certificates = on_board(it)
        assert there == config(host=HOST, tls=True, ca="onenet", tls_name="any")
        assert certificates == {"/onenet.der": onenet_ca()}


def test_config_refuses_what_would_not_connect(pem: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with board() as it:
        for arguments, words in (
            (["--host", HOST, "--set", "tls=true"], "ca: is missing; must be the file"),
            (["--host", HOST, "--set", "tls=true", "--set", "ca=ca.der"], "the board has no ca.der; give the CA's"),
            (["--ca", str(pem)], "host: must be another than 183.230.40.39, OneNET's older platform"),
            (["--ca", "/nonexistent"], "/nonexistent cannot be read"),
            (["--host", HOST, "--ca", str(pem), "--set", "tls_name=any"], 'tls_name: may be "any" for "ca": "onenet"'),
        ):
            assert main(["config", "--port", it.port, *arguments]) == 2, arguments
            assert words in capsys.readouterr().err
        assert on_board(it) == (config(), {})


def test_config_asks_for_the_certificate(authority: trustme.CA, pem: Path) -> None:
    with board(files={"config.json": json.dumps(config(host=HOST))}) as it:
        person = Person("config", "--port", it.port, "--set", "tls=true")
        person.answer("File with the CA's certificate", "/nonexistent")
        person.answer("File with the CA's certificate", str(pem))
        assert person.ends() == 0
        assert on_board(it)[1] == {"/ca.der": der_of(authority)}


def test_an_esp8266_is_told_so(pem: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with board(chip="esp8266") as it:
        assert main(["config", "--port", it.port, "--host", HOST, "--ca", str(pem)]) == 2
        assert "tls: an ESP8266 cannot check certificates" in capsys.readouterr().err
        assert on_board(it) == (config(), {})


def test_a_deploy_brings_onenets_own_where_it_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = config(host=HOST, tls=True, ca="onenet")
    with board(files=installed() | {"config.json": json.dumps(wanted)}) as it:
        report = Report()
        deploy(it.port, deployment(timeout=0), report)
        assert "the board has all of" in deploy(it.port, deployment(timeout=0), report)
        assert on_board(it)[1] == {"/onenet.der": onenet_ca()}
    with board(files=installed()) as it:
        deploy(it.port, deployment(timeout=0), Report())
        assert on_board(it)[1] == {}


@pytest.mark.long
def test_a_deploy_says_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = json.dumps(config(host=HOST, tls=True, ca="ca.der"))
    with board(files=installed() | {"config.json": wanted}) as it:
        report = Report()
        deploy(it.port, deployment(timeout=0), report)
        assert "the board has no ca.der, which config.json wants: onenet config --ca FILE" in report.text
    with (
        board(files={"config.json": wanted}, chip="esp8266") as it,
        pytest.raises(PortError, match="an ESP8266 cannot"),
    ):
        deploy(it.port, deployment(timeout=0), Report())


def test_an_image_has_what_its_configuration_wants(pem: Path, authority: trustme.CA, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    (tmp_path / "ca.der").write_bytes(der_of(authority))
    assert beside(path, config(host=HOST, tls=True, ca="ca.der")) == {"ca.der": der_of(authority)}
    assert beside(path, config(host=HOST, tls=True, ca="onenet")) == {"onenet.der": onenet_ca()}
    assert beside(path, config()) == {}
    with pytest.raises(PortError, match="cannot be read"):
        beside(path, config(host=HOST, tls=True, ca="other.der"))
