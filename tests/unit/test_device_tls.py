"""TLS as the firmware uses it: the context, whom it trusts, the memory that has to be there, and what is told where one
of these is not. What TLS itself does is tested in test_tls.py."""

import fakes
from current_device_bench import Studio
from device_bench import Bench
from fakes import esp32, tls
from flash_folder import Flash
from mqtt.client import ONLINE
from support import raises, replaced
from test_health import OnAnEsp8266

from firmware import clock, https

DER = "0\x03CA!"  # what begins like one
CONFIG = {"tls": True, "ca": "ca.der"}
TOO_LITTLE = [(100000, 36000, 30000, 0)], [(100000, 20000, 12000, 0), (100000, 40000, 16000, 0)]


class Board:
    """A device on the bench, with these files, that is about to connect over TLS; a context that gives the bench."""

    def __init__(self, files=(("ca.der", DER),), there=True, kind=Bench, **config):
        self._flash = Flash(dict(files))
        self._tls = tls.Here(there)
        self._kind, self._config = kind, dict(CONFIG, **config) if config.get("tls", True) else config

    def __enter__(self):
        self._flash.__enter__()
        self._tls.__enter__()
        self._bench = self._kind(online=False, **self._config)
        return self._bench

    def __exit__(self, *args):
        self._bench.__exit__(*args)
        self._tls.__exit__(*args)
        self._flash.__exit__(*args)


def fails(it, words):
    """The next attempt does, with these words in the log, and nothing has gone out."""
    del it.log.lines[:]
    it.until(lambda: words in it.log, words)
    it.turns(1)
    assert it.client.state != ONLINE


def test_whom_a_device_trusts_is_what_its_configuration_says():
    with Board(tls_name="broker.example") as it:
        it.go_online()
        (context,) = tls.made
        assert context.verify_mode == tls.CERT_REQUIRED and bytes(context.trusted) == DER.encode()
        assert context.names == ["broker.example"] and len(context.sockets) == 1
        it.close()
        it.go_online()
        assert tls.made == [context] and len(context.sockets) == 2, "one context, for the heap's sake"


def test_the_name_is_the_hosts_where_none_is_given():
    with Board() as it:
        it.go_online()
        assert tls.made[0].names == ["127.0.0.1"]


def test_a_certificate_that_is_missing_or_none_is_named_with_the_cure_and_may_come_later():
    for files, words in (
        ({}, "there is no file ca.der on the board, the CA's certificate: onenet config brings it"),
        ({"ca.der": "-----BEGIN CERTIFICATE-----"}, "ca.der is no certificate in DER: onenet config makes one"),
    ):
        with Board(files) as it:
            fails(it, words)
            fails(it, words)
            Flash.write(None, {"ca.der": DER})
            it.go_online()
            assert tls.made[-1].names == ["127.0.0.1"] and bytes(tls.made[-1].trusted) == DER.encode()


def test_a_micropython_without_tls_is_told():
    with Board(there=False) as it:
        fails(it, "TLS: the MicroPython on this board has none")


def test_no_memory_for_the_context_is_told_and_it_is_made_when_there_is_some():
    def fails_(self, der):
        raise MemoryError

    with replaced(tls.SSLContext, "load_verify_locations", fails_):
        board = Board()
        it = board.__enter__()
        fails(it, "TLS: there is no memory left for it")
    try:
        it.go_online()
    finally:
        board.__exit__()


def test_no_handshake_is_begun_without_the_memory_that_it_takes():
    for heaps in TOO_LITTLE:
        with Board() as it:
            with replaced(esp32, "heaps", heaps):
                free = sum([heap[1] for heap in heaps])
                largest = max([heap[2] for heap in heaps])
                fails(
                    it, "TLS: not enough memory: it takes 37000 bytes of the ESP-IDF's heap, 16800 of them in one piece"
                )
                assert "; %d are free, %d in one piece" % (free, largest) in it.log
                assert not tls.made[0].sockets
            it.go_online()


def test_an_esp8266_has_no_other_heap_that_could_be_too_small():
    with OnAnEsp8266(), replaced(esp32, "heaps", TOO_LITTLE[0]), Board() as it:
        it.go_online()
        assert "online as device" in it.log


def test_where_any_name_will_do_the_certificate_is_verified_all_the_same():
    with open(fakes.ROOT + "/firmware/onenet.der", "rb") as file:
        der = file.read()
    with Board({"onenet.der": DER}, kind=Studio, ca="onenet", tls_name="any") as it:
        it.accept()
        (context,) = tls.made
        assert context.verify_mode == tls.CERT_REQUIRED
        assert context.verify_callback(memoryview(der), 0) == 0
        it.close()
        it.accept()
        assert context.names == ["127.0.0.1", "OneNET MQTTS"]


class Clock:
    """What firmware/clock.py takes the time from, and has set by: a board's, which begins at 2000."""

    def __init__(self, seconds):
        self._seconds = seconds
        self.asked = 0

    def time(self):
        return self._seconds + clock._OFFSET

    def begin(self):
        pass

    def set_clock(self, of):
        self.asked += 1


def test_a_clock_that_was_never_set_is_set_before_the_next_attempt():
    """By it no certificate is valid yet."""
    for seconds, over_tls, again in ((1000, True, True), (850000000, True, False), (1000, False, False)):
        it = Clock(seconds)
        with replaced(clock, "time", it), replaced(clock, "rare", lambda name: it):  # noqa: B023
            with Board({}, tls=over_tls, ntp_host="ntp.example") as bench:
                for _ in range(2):
                    if not over_tls:
                        bench.accept()
                        bench.close()
                    fails(bench, "next attempt in ")
                assert it.asked > 1 if again else it.asked == 1


# To a server of packages


def test_a_server_of_packages_is_verified_or_refused():
    for files, there, heaps, words in (
        ({}, True, esp32.heaps, "https:// needs the file update.der on the board, the certificate of the server's CA"),
        ({"update.der": "-----"}, True, esp32.heaps, "https: update.der is no certificate in DER"),
        (
            {"update.der": DER},
            False,
            esp32.heaps,
            "https:// needs TLS, which this MicroPython has not: give an http://",
        ),
        ({"update.der": DER}, True, TOO_LITTLE[0], "https: TLS: not enough memory"),
    ):
        with Flash(files), tls.Here(there), replaced(esp32, "heaps", heaps):
            raises(ValueError, https.wrap, None, "updates.example", match=words)
    with Flash({"update.der": DER}), tls.Here():
        sock = object()
        assert https.wrap(sock, "updates.example") is sock
        (context,) = tls.made
        assert context.verify_mode == tls.CERT_REQUIRED and bytes(context.trusted) == DER.encode()
        assert context.names == ["updates.example"]
