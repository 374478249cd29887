"""A real broker with certificates: by an authority of its own, good ones and others."""

import contextlib
import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from conftest import USERS
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from onenet_tools.broker import Mosquitto, find_mosquitto

HOST = "broker.example"


class Secure:
    """A mosquitto with a port for each certificate: those for HOST that are good, expired, not valid yet, and one for
    another name."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA(key_type=trustme.KeyType.RSA)
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        issue = self.authority.issue_cert
        self.certificates = certificates = {
            "good": issue(HOST, not_before=now - day, key_type=trustme.KeyType.RSA),
            "expired": issue(HOST, not_before=now - 2 * day, not_after=now - day),
            "future": issue(HOST, not_before=now + day, not_after=now + 2 * day),
        }
        texts = {kind: it.private_key_and_cert_chain_pem.bytes() for kind, it in certificates.items()}
        texts["named"] = named(self.authority, "OneNET MQTTS")
        listeners = {}
        for kind, text in texts.items():
            path = folder / f"{kind}.pem"
            path.write_bytes(text)
            listeners[kind] = f"certfile {path}\nkeyfile {path}"
        self.broker = Mosquitto(USERS, directory=folder, listeners=listeners)
        self.ports: dict[str, int] = {}


def named(authority: trustme.CA, name: str) -> bytes:
    """Key and certificate, in PEM, that has this for its common name and no other names, as such of old had."""
    key = ec.generate_private_key(ec.SECP256R1())
    ca = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    made = x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
    made = made.issuer_name(ca.subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(ca.not_valid_before_utc).not_valid_after(ca.not_valid_after_utc)
    ca_key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(ca_key, rsa.RSAPrivateKey)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    text = key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    return text + made.sign(ca_key, hashes.SHA256()).public_bytes(pem)


def der_of(authority: trustme.CA) -> bytes:
    return ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())


@contextlib.contextmanager
def secure_broker(folder: Path) -> Iterator[Secure]:
    """Runs it, with its files in this folder; skips the test where there is no mosquitto."""
    if not find_mosquitto():
        pytest.skip("mosquitto is missing")
    it = Secure(folder)
    with it.broker:
        it.ports = {**it.broker.ports, "plain": it.broker.port}
        yield it
