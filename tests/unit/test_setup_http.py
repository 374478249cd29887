"""Requests over HTTP, in whatever pieces they come; and whoever sends something else, too much, or nothing."""

import random

import fakes
from support import replaced

from firmware import setup_http
from firmware.setup_http import Visitor

POST = (
    b"POST /save HTTP/1.1\r\nHost: 192.168.4.1\r\nUser-Agent: "
    + b"x" * 500
    + b"\r\nContent-Length: 9\r\nAccept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\nOrigin: http://192.168.4.1\r\n\r\na=1&b=%20"
)


class Sock:
    """A socket that does not block: reads what is in `comes`, b"" being its end, and takes so much at a time."""

    def __init__(self, comes=(), takes=10000):
        self.comes = list(comes)
        self.takes = takes
        self.sent = b""
        self.closed = self.blocks = False
        self.error = None

    def setblocking(self, on):
        self.blocks = on

    def read(self, n):
        if self.error:
            raise self.error
        if not self.comes:
            return None
        data, rest = self.comes[0][:n], self.comes[0][n:]
        if rest:
            self.comes[0] = rest
        else:
            del self.comes[0]
        return data

    def write(self, data):
        if not self.takes:
            return None
        self.sent += data[: self.takes]
        return min(len(data), self.takes)

    def close(self):
        self.closed = True


class Talk:
    """A connection on which time goes on a millisecond a turn. A context."""

    def __init__(self, comes=(), answer=("200 OK", b"", b"hello"), **options):
        self.sock = Sock(comes, **options)
        self.requests = []
        self._answer = answer

    def __enter__(self):
        self.ticks = fakes.Ticks(setup_http)
        self.ticks.__enter__()
        self.connection = Visitor(self.sock, self._on_request)
        return self

    def __exit__(self, *args):
        self.ticks.__exit__(*args)

    def _on_request(self, request):
        self.requests.append(request)
        return self._answer

    def turns(self, most=4000):
        """Until it is over; the number of turns, None if it goes on."""
        for n in range(most):
            if not self.connection.turn():
                assert self.sock.closed
                return n
            self.ticks.go_on(1)
        return None


def status(comes, **options):
    with Talk([comes], **options) as it:
        it.turns()
        assert it.sock.closed or not it.sock.sent
        return it.sock.sent.split(b"\r\n")[0][9:].decode(), it


def test_a_request_in_pieces():
    for size in (1, 2, 7, 512, 5000):
        with Talk([POST[at : at + size] for at in range(0, len(POST), size)]) as it:
            assert it.turns() is not None
            assert not it.sock.blocks
            (request,) = it.requests
            assert request.method == b"POST" and request.path == b"/save"
            assert request.host == b"192.168.4.1" and request.origin == b"http://192.168.4.1" and request.chinese
            assert bytes(request.body) == b"a=1&b=%20"
            assert it.sock.sent == b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"


def test_an_answer_in_pieces():
    body = bytes(range(256)) * 10
    with Talk([b"GET / HTTP/1.1\r\n\r\n"], answer=("200 OK", b"X: 1\r\n", body), takes=100) as it:
        assert it.turns() is not None
        head, _, rest = it.sock.sent.partition(b"\r\n\r\n")
        assert rest == body and head.endswith(b"Content-Length: 2560\r\nX: 1")


def test_languages():
    for text, chinese in (
        (b"zh-CN,zh;q=0.9,en;q=0.8", True),
        (b"en-US,en;q=0.9,zh-CN;q=0.8", False),
        (b"zh", True),
        (b"de", False),
        (b"", False),
    ):
        with Talk([b"GET / HTTP/1.1\r\naccept-language:" + text + b"\r\n\r\n"]) as it:
            it.turns()
            assert it.requests[0].chinese == chinese, text


def test_what_is_refused():
    ok = b"GET / HTTP/1.1\r\n"
    for comes, right in (
        (b"GET / HTTP/1.1\n\n", "200 OK"),
        (b"GET http://a/b HTTP/1.0\r\n\r\n", "200 OK"),
        (b"\r\n\r\n", "400 Bad Request"),
        (b"GET /\r\n\r\n", "400 Bad Request"),
        (b"GET / SIP/2.0\r\n\r\n", "400 Bad Request"),
        (b"CONNECT a:443 HTTP/1.1\r\n\r\n", "400 Bad Request"),
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n", "400 Bad Request"),  # TLS
        (b"GET /" + b"x" * 300 + b" HTTP/1.1\r\n\r\n", "400 Bad Request"),
        (ok + b"no colon\r\n\r\n", "400 Bad Request"),
        (ok + b"Transfer-Encoding: chunked\r\n\r\n", "400 Bad Request"),
        (b"POST /save HTTP/1.1\r\n\r\n", "411 Length Required"),
        (b"POST /save HTTP/1.1\r\nContent-Length: 2561\r\n\r\n", "413 Content Too Large"),
        (b"POST /save HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", "413 Content Too Large"),
        (b"POST /save HTTP/1.1\r\nContent-Length: 999999\r\n\r\n", "400 Bad Request"),
        (b"POST /save HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400 Bad Request"),
        (b"POST /save HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n", "400 Bad Request"),
        (b"POST /save HTTP/1.1\r\nContent-Length:\r\n\r\n", "400 Bad Request"),
        (ok + b"A: b\r\n" * 2000, "431 Request Header Fields Too Large"),
        (ok + b"A: " + b"x" * 20000, "431 Request Header Fields Too Large"),
        (b"x" * 20000, "431 Request Header Fields Too Large"),
    ):
        found, it = status(comes)
        assert found == right, (comes[:60], found)
        assert len(it.requests) == (right == "200 OK")


def test_a_body_of_nothing():
    found, it = status(b"POST /save HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    assert found == "200 OK" and bytes(it.requests[0].body or b"") == b""


def test_what_comes_behind_a_request_is_ignored():
    found, it = status(POST + b"GET / HTTP/1.1\r\n\r\n" * 50)
    assert found == "200 OK" and len(it.requests) == 1


def test_who_is_slow_is_sent_away():
    for comes in ([], [b"GET / HTTP/1.1\r\n"], [POST[:-1]]):
        with Talk(comes) as it:
            assert it.connection.quiet
            assert it.turns(9000) is None
            assert it.turns(2000) is not None
            assert not it.requests and it.sock.sent == b""
            assert it.connection.quiet == (not comes)


def test_a_byte_a_second_does_not_help():
    with Talk() as it:
        for n in range(12):
            it.sock.comes.append(POST[n : n + 1])
            if it.turns(1000) is not None:
                break
        assert n == 10


def test_who_does_not_take_the_answer_is_sent_away():
    with Talk([POST], takes=0) as it:
        assert it.turns(9000) is None and len(it.requests) == 1
        assert it.turns(2000) is not None


def test_who_does_not_close_is_left():
    with Talk([POST]) as it:
        assert 900 < it.turns() < 1200
    with Talk([POST, b""]) as it:  # one that does
        assert it.turns() < 10


def test_a_connection_that_breaks():
    with Talk([POST[:100]]) as it:
        assert it.turns(3) is None
        it.sock.error = OSError(104)
        assert it.turns(2) == 0


def test_noise():
    random.seed(9)
    for _ in range(400):
        noise = bytearray(POST)
        for _ in range(random.randrange(1, 9)):
            noise[random.randrange(len(noise))] = random.choice(b"\r\n :/\0\xff1Pa")
        with Talk([bytes(noise), b""]) as it:
            assert it.turns() is not None
            assert it.sock.sent[:8] in (b"HTTP/1.1", b"")


def test_a_memory_error_is_for_the_caller():
    """It closes them all."""

    class Full:
        def __call__(self, request):
            raise MemoryError

    with Talk([POST]) as it, replaced(it.connection, "_on_whole_request", Full()):
        try:
            it.turns()
            raise AssertionError
        except MemoryError:
            pass
