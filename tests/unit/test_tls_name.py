"""The name that a certificate bears, for "tls_name": "any"."""

import fakes
from support import SkipTest, getenv, raises

from firmware import tls_name
from firmware.tls_name import Lenient, name_of


def certificate(path):
    with open(path, "rb") as file:
        return file.read()


ONENET = fakes.ROOT + "/firmware/onenet.der"


def test_the_common_name_of_the_subject():
    assert name_of(certificate(ONENET)) == "OneNET MQTTS"


def test_a_name_for_dns_comes_before_it():
    path = getenv("MQTT_TEST_CERTIFICATE")
    if not path:
        raise SkipTest("no broker: MQTT_TEST_CERTIFICATE is not set")
    assert name_of(certificate(path)) == "localhost"


def der(tag, *parts):
    """An element [X.690, 8.1], with a length of one byte or of two more."""
    body = b"".join(parts)
    size = bytes((len(body),)) if len(body) < 128 else b"\x82" + bytes((len(body) >> 8, len(body) & 255))
    return bytes((tag,)) + size + body


def name(*attributes):
    """A Name [RFC 5280, 4.1.2.4] of (last byte of the type's OID, text)."""
    return der(
        0x30, *[der(0x31, der(0x30, b"\x06\x03\x55\x04" + bytes((n,)), der(0x0C, text))) for n, text in attributes]
    )


def made(subject, *names, critical=False, version=True):
    """A certificate of this subject, and these alternative names, as far as name_of() looks."""
    parts = [der(0xA0, der(2, b"\2"))] if version else []
    parts += [der(2, b"\7"), der(0x30), name((3, b"an authority")), der(0x30), subject, der(0x30, bytes(200))]
    if names:
        flag = der(1, b"\xff") if critical else b""
        extension = der(0x30, b"\x06\x03\x55\x1d\x11", flag, der(4, der(0x30, *names)))
        parts.append(der(0xA3, der(0x30, extension)))
    return der(0x30, der(0x30, *parts), der(0x30), der(3, bytes(64)))


SUBJECT = name((10, b"a company"), (3, b"common.example"))
DNS, OTHER, ADDRESS = der(0x82, b"dns.example"), der(0x82, b"other.example"), der(0x87, b"\x7f\0\0\1")


def test_the_first_dns_name_counts_whatever_else_is_there():
    for names in ((DNS,), (DNS, OTHER), (ADDRESS, DNS), (ADDRESS, ADDRESS, DNS, OTHER)):
        for critical in (False, True):
            assert name_of(made(SUBJECT, *names, critical=critical)) == "dns.example"
    assert name_of(made(name(), DNS, critical=True)) == "dns.example"


def test_without_a_dns_name_it_is_the_common_name_or_none():
    assert name_of(made(SUBJECT)) == "common.example"
    assert name_of(made(SUBJECT, version=False)) == "common.example"
    assert name_of(made(SUBJECT, ADDRESS)) == "common.example"
    for nameless in (name(), name((10, b"a company"))):
        assert name_of(made(nameless)) == name_of(made(nameless, ADDRESS)) == ""


def test_what_is_no_certificate():
    der = certificate(ONENET)
    for bad in (b"", b"\x30", b"\x30\x82", der[:40]):
        raises((IndexError, ValueError), name_of, bad)
    for end in range(0, len(der), 7):  # whatever comes of it, it comes to an end
        try:
            name_of(der[:end])
        except (IndexError, ValueError):
            pass


def test_the_name_is_learnt_from_the_servers_own_certificate_alone():
    class Real:
        verify_callback = None
        names = []

        def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
            self.names.append(server_hostname)

    real = Real()
    context = Lenient(real)
    look = real.verify_callback
    with fakes.Log(tls_name) as log:
        for certificate_seen, depth in (
            (b"an authority's", 1),
            (certificate(ONENET), 0),
            (certificate(ONENET), 0),
            (b"nonsense", 0),
        ):
            assert look(memoryview(certificate_seen), depth) == 0
            context.wrap_socket(None, server_hostname="host.example", do_handshake_on_connect=False)
    assert real.names == ["host.example", "OneNET MQTTS", "OneNET MQTTS", "host.example"]
    assert len([line for line in log.lines if "is for OneNET MQTTS" in line]) == 1, "a new name is told"
