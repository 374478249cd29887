"""The name that a certificate bears, for "tls_name": "any"."""

import fakes
from support import SkipTest, getenv, raises

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
    for certificate_seen, depth in (
        (b"an authority's", 1),
        (certificate(ONENET), 0),
        (b"nonsense", 0),
    ):
        assert look(memoryview(certificate_seen), depth) == 0
        context.wrap_socket(None, server_hostname="host.example", do_handshake_on_connect=False)
    assert real.names == ["host.example", "OneNET MQTTS", "host.example"]
