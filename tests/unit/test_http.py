"""firmware/http.py: what a server may say, and in which pieces; what it does wrong is an error, and never more bytes
than there is room for."""

import socket as real
from errno import EHOSTUNREACH, ETIMEDOUT

import fakes  # noqa: F401  # the path to firmware/, and a board's modules
from fakes import tls
from flash_folder import Flash
from scripted import PATIENCE, attempt, listen
from support import MICROPYTHON, SkipTest, raises, replaced

from firmware import http as module

ROOM = 1024
HEAD = 512  # bytes of a reply's head at most


class Socket(real.socket):
    """A CPython's with what a MicroPython's has."""

    def write(self, data):
        return attempt(self.send, data)

    def readinto(self, buf):
        return attempt(self.recv_into, buf)


def reply(body=b"", status="206 Partial Content", first=0, total=None, length=None, more=""):
    """A right one, but for what is given."""
    total = len(body) if total is None else total
    length = len(body) if length is None else length
    text = "HTTP/1.1 %s\r\nContent-Length: %s\r\n" % (status, length)
    if status[:3] == "206":
        text += "Content-Range: bytes %d-%d/%s\r\n" % (first, first + len(body) - 1, total)
    return (text + more + "\r\n").encode() + body


class Server:
    """Answers each request with the next of `answers`: a list of pieces, of which None hangs up. A context; `get` asks
    it as an update does."""

    def __init__(self, *answers, **options):
        self.answers = list(answers)
        self._options = options
        self.requests = []
        self.connections = 0
        self._peer = None
        self._heard = b""
        self._pieces = []

    def __enter__(self):
        self._listening, port = listen()
        self._before = module.socket
        if not MICROPYTHON:
            module.socket = Socket
        self.http = module.Http("127.0.0.1", port, bytearray(HEAD + ROOM), "Authorization: x\r\n", **self._options)
        return self

    def __exit__(self, *args):
        self.http.close()
        module.socket = self._before
        self._listening.close()
        self._hang_up()

    def _hang_up(self):
        if self._peer:
            self._peer.close()
        self._peer = None
        self._pieces = []

    def step(self):
        found = attempt(self._listening.accept)
        if found:
            self._hang_up()
            self._peer = found[0]
            self._peer.setblocking(False)
            self._heard = b""
            self.connections += 1
        if not self._peer:
            return
        if self._pieces:
            piece = self._pieces.pop(0)
            if piece is None:
                return self._hang_up()
            try:
                self._peer.send(piece)
            except OSError:  # the client has gone: it has seen enough
                self._hang_up()
            return
        try:
            data = attempt(self._peer.recv, 4096)
        except OSError:
            return self._hang_up()
        self._heard += data or b""
        head, found, body = self._heard.partition(b"\r\n\r\n")
        if found and len(body) >= self._length(head):
            self.requests.append(str(self._heard, "utf-8"))
            self._heard = b""
            self._pieces = list(self.answers.pop(0))
            if self._pieces:
                self.step()  # now, lest the client waits for nothing

    def _length(self, head):
        for line in head.split(b"\r\n"):
            if line[:16] == b"Content-Length: ":
                return int(line[16:])
        return 0

    def run(self, work):
        turns = 0
        for _ in work:
            self.step()
            turns += 1
            assert turns < PATIENCE * 1000
        return turns

    def get(self, first=0, last=ROOM - 1):
        """Returns the body."""
        with replaced(module, "_WAIT", 1) if not MICROPYTHON else replaced(module, "socket", module.socket):
            self.run(self.http.get("/a.pkg", first, last))
        return bytes(self.http.body)


def fails(exception, *pieces, match=""):
    """That is refused, and what comes next, over another connection, is not taken for more of it."""
    with Server(pieces, [reply(b"good")]) as server:
        raises(exception, server.get, match=match)
        assert server.get() == b"good"
        assert server.connections == 2


def test_addresses():
    assert module.parts_of("http://a.b:8000/c/d.pkg?e=f") == ("a.b", 8000, "/c/d.pkg?e=f", False)
    assert module.parts_of("http://a.b") == ("a.b", 80, "/", False)
    assert module.parts_of("http://a.b/") == ("a.b", 80, "/", False)
    assert module.parts_of("https://a.b/c") == ("a.b", 443, "/c", True)
    assert module.parts_of("https://a.b:8443/c") == ("a.b", 8443, "/c", True)
    for url in ("", "ftp://a/b", "a/b", "http:/a", "HTTP://a/", "http://", "http:///x", "http://:80/x"):
        raises(ValueError, module.parts_of, url, match="address")
    for url in ("http://a:x/", "http://a:-1/", "http://a b/", "http://a/\r\nX: y", "http://a/\t", "http://a/\x7f"):
        raises(ValueError, module.parts_of, url, match="address")
    raises(ValueError, module.parts_of, "http://a/é", match="address")


class Esp8266:
    platform = "esp8266"


def test_an_esp8266_has_no_https():
    with replaced(module, "sys", Esp8266):
        raises(ValueError, module.parts_of, "https://a/b", match="not for an ESP8266")
        assert module.parts_of("http://a/b")[3] is False


def test_parts_of_a_file_over_one_connection():
    with Server([reply(b"abc", total=7)], [reply(b"defg", first=3, total=7)]) as server:
        assert server.get(0, 2) == b"abc"
        assert (server.http.status, server.http.n, server.http.total) == (206, 3, 7)
        assert server.get(3, 6) == b"defg"
        assert server.connections == 1
        lines = server.requests[1].split("\r\n")
        assert lines[0] == "GET /a.pkg HTTP/1.1" and lines[1][:16] == "Host: 127.0.0.1:"
        assert lines[2:] == ["Range: bytes=3-6", "Authorization: x", "", ""]


def test_a_request_with_a_body():
    with Server([reply(b'{"code":0}', "200 OK")]) as server:
        server.run(server.http.ask("POST", "/x", "A: b\r\n", b'{"step": 1}'))
        assert bytes(server.http.body) == b'{"code":0}'
        head, _, body = server.requests[0].partition("\r\n\r\n")
        assert body == '{"step": 1}' and "Content-Length: 11" in head and "A: b" in head


def test_in_whatever_pieces():
    whole = reply(b"0123456789" * 3, more="X-Y: z\r\n")
    for at in range(1, len(whole), 7 if MICROPYTHON else 1):  # where each costs half a second of waiting
        with Server([whole[:at], whole[at:]]) as server:
            assert server.get() == b"0123456789" * 3, at
    with Server([whole[at : at + 1] for at in range(len(whole))]) as server:
        assert server.get() == b"0123456789" * 3


def test_as_much_as_there_is_room_for():
    body = b"x" * ROOM
    with Server([reply(body)]) as server:
        assert server.get() == body
    head = len(reply())
    with Server([reply(body, more="X: %s\r\n" % ("y" * (HEAD - len(reply(body)) + ROOM - 5)))]) as server:
        assert server.get() == body  # the head has 512 bytes
    assert head < HEAD


def test_names_in_any_case_and_values_without_space():
    answer = b"HTTP/1.1 206 x\r\ncontent-LENGTH:2\r\nCONTENT-RANGE:bytes 0-1/9\r\n\r\nab"
    with Server([answer]) as server:
        assert server.get() == b"ab" and server.http.total == 9


def test_a_head_that_is_cut_off():
    whole = reply(b"body")
    for at in (0, 1, 5, 15, len(whole) - 8, len(whole) - 5, len(whole) - 1):
        fails(OSError, whole[:at], None, match="has closed")


def test_a_head_without_an_end():
    fails(ValueError, b"HTTP/1.1 206 x\r\n" + b"X: y\r\n" * 20000, match="longer than 512 bytes")
    fails(ValueError, b"x" * 100000, match="longer than 512 bytes")
    fails(ValueError, reply(b"", more="X: %s\r\n" % ("y" * HEAD)), match="longer than 512 bytes")


def test_lengths_that_lie():
    fails(OSError, reply(b"abc", length=4), None, match="has closed")
    fails(ValueError, reply(b"abc", length=2), match="too many")
    fails(ValueError, reply(b"x" * 2000), match="too many")
    for length in (HEAD + ROOM, 10**9, 10**30):
        fails(ValueError, reply(b"abc", length=length), match="too many")
    for length in ("", "-1", "abc", "1e3", "0x10", "3, 3"):
        fails(ValueError, reply(b"abc", length=length), match="no Content-Length")


def test_chunks_and_no_length():
    chunked = b"HTTP/1.1 206 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    fails(ValueError, chunked, match="no Content-Length")
    fails(ValueError, b"HTTP/1.1 200 OK\r\n\r\nabc", None, match="no Content-Length")


def test_other_bytes_than_were_asked_for():
    fails_once(ValueError, reply(b"abc", first=5, total=9), "from 5 on, not from 0")
    fails_once(ValueError, reply(b"abc", first=0, total=9), "from 0 on, not from 3", first=3)
    for told in ("bytes */9", "bytes", "x", "bytes -/", "bytes a-b/c"):
        answer = "HTTP/1.1 206 x\r\nContent-Length: 1\r\nContent-Range: %s\r\n\r\na" % told
        with Server([answer.encode()]) as server:
            assert server.get() == b"a"  # what it is, the hash will tell


def test_a_server_that_knows_no_ranges():
    with Server([reply(b"all of it", "200 OK")]) as server:
        assert server.get() == b"all of it" and server.http.total == 9
    fails_once(ValueError, reply(b"all of it", "200 OK"), "status is 200, not 206", first=3)


def test_what_a_status_means():
    for status in ("301 x", "302 Found", "307 x", "308 x"):
        fails_once(ValueError, reply(b"", status, more="Location: http://elsewhere/\r\n"), "status is 3")
    for status in ("400 x", "401 x", "403 x", "404 Not Found", "410 Gone", "204 x", "100 x"):
        fails_once(ValueError, reply(b"no", status), "not 206")
    for status in ("408 x", "429 x", "500 x", "503 x", "599"):
        fails_once(OSError, reply(b"no", status), "status is")
    fails_once(ValueError, reply(b"", "416 x"), "ends before byte 0")
    fails_once(ValueError, reply(b"", "200 OK", more="Ota-Errno: 4\r\n"), "Ota-Errno 4")
    fails_once(ValueError, reply(b"x", more="Ota-Errno: x\r\n"), "Ota-Errno -1")
    with Server([reply(b"x", more="Ota-Errno: 0\r\n")]) as server:
        assert server.get() == b"x"


def fails_once(exception, answer, match, first=0):
    """That whole answer is refused."""
    with Server([answer]) as server:
        raises(exception, server.get, first, match=match)


def test_what_is_no_http_server():
    for answer in (
        b"SSH-2.0-x\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 abc x\r\n\r\n",
        b"\0\xff\r\n\r\n",
    ):
        fails(ValueError, answer, match="no HTTP server")


def test_a_connection_that_the_server_closes():
    for more in ("Connection: close\r\n", "connection:Close\r\n"):
        with Server([reply(b"a", more=more), None], [reply(b"b")]) as server:
            assert server.get() == b"a" and server.get() == b"b"
            assert server.connections == 2
    with Server([reply(b"a").replace(b"HTTP/1.1", b"HTTP/1.0")], [reply(b"b")]) as server:
        assert server.get() == b"a" and server.get() == b"b"
        assert server.connections == 2


def test_a_connection_that_goes_while_it_is_kept():
    with Server([reply(b"a"), None], [reply(b"b")]) as server:
        assert server.get() == b"a"
        server.step()
        raises(OSError, server.get)
        assert server.get() == b"b"  # the next attempt


def test_nobody_there():
    sock, port = listen()
    sock.close()
    with Server() as server:
        server.http._port = port
        raises(OSError, server.get)


def test_a_server_that_says_nothing():
    with Server([], [reply(b"good")]) as server:
        now = [0]

        def ticks():
            now[0] += 1000
            return now[0]

        with replaced(module, "ticks_ms", ticks):
            raises(OSError, server.get, match=str(ETIMEDOUT))
        assert server.get() == b"good"


def test_a_slow_server_costs_turns_and_no_more():
    whole = reply(b"slow")
    pieces = [whole[at : at + 9] for at in range(0, len(whole), 9)]
    with Server(pieces) as server:
        turns = 0
        for _ in server.http.get("/a.pkg", 0, 9):
            turns += 1
            if turns % 3 == 0:
                server.step()
        assert bytes(server.http.body) == b"slow" and turns >= 3 * len(pieces) - 3


def test_over_tls_once_a_connection_and_never_waiting_for_the_handshake():
    """What the context has to be is tested in test_device_tls.py."""
    with Flash({"update.der": "0"}), tls.Here():
        tls.SSLContext.waits = 0 if MICROPYTHON else 3  # its poll() takes no socket of a class of ours
        with Server([reply(b"abc", total=7)], [reply(b"defg", first=3, total=7), None], [reply(b"x")], tls=True) as it:
            assert it.get(0, 2) == b"abc" and it.get(3, 6) == b"defg"
            assert [context.names for context in tls.made] == [["127.0.0.1"]]
            raises(OSError, it.get)
            assert it.get() == b"x"
            assert len(tls.made) == 2 and it.connections == 2


def test_over_tls_no_connection_that_is_not_verified():
    with Flash({}), tls.Here(), Server([reply(b"abc")], tls=True) as it:
        raises(ValueError, it.get, match="update.der")
        assert it.requests == []


def test_a_name_without_an_address_is_an_error_to_try_again_after():
    """None for the address of a name that there is none of, or no tuple at all: esp32/modsocket.c, extmod/modlwip.c."""
    for found in ([], [(2, 1, 0, "", None)], None):
        with Server([reply(b"good")]) as it, replaced(module, "getaddrinfo", lambda *args: found):  # noqa: B023
            raises(OSError, it.get, match="no address for 127.0.0.1")


class Deaf:
    """poll(), which hears nothing for as long as a test says so; time goes on meanwhile."""

    deaf = False

    def __init__(self, ticks):
        self._ticks = ticks
        self._poll = module.poll()
        self.register, self.modify, self.unregister = self._poll.register, self._poll.modify, self._poll.unregister

    def poll(self, ms):
        if not self.deaf:
            return self._poll.poll(ms)
        self._ticks.go_on(ms)
        return []


def test_an_address_that_does_not_answer_is_looked_up_again():
    """Another one has the name, perhaps, next time."""
    looked_up = []
    real_one = module.getaddrinfo

    def look_up(host, port, *args):
        looked_up.append(host)
        return real_one(host, port, *args)

    with fakes.Ticks(module) as ticks, replaced(module, "getaddrinfo", look_up):
        poller = Deaf(ticks)
        with replaced(module, "poll", lambda: poller), Server([reply(b"a"), None], [reply(b"b")]) as it:
            poller.deaf = True
            before = ticks.now
            raises(OSError, it.get, match=str(ETIMEDOUT))
            assert 15000 <= ticks.now - before < 16000
            poller.deaf = False
            assert it.get() == b"a" and len(looked_up) == 2
            raises(OSError, it.get)
            assert it.get() == b"b" and len(looked_up) == 3, "also where it has answered before"


def test_an_address_that_there_is_no_way_to_is_looked_up_again():
    if MICROPYTHON:
        raise SkipTest("a class of ours is no socket there")
    looked_up = []
    real_one = module.getaddrinfo

    def look_up(host, port, *args):
        looked_up.append(host)
        return real_one(host, port, *args)

    class NoWay(Socket):
        def connect(self, address):
            raise OSError(EHOSTUNREACH, "")

    with replaced(module, "getaddrinfo", look_up), Server([reply(b"a")]) as it:
        with replaced(module, "socket", NoWay):
            raises(OSError, it.get, match=str(EHOSTUNREACH))
        assert it.get() == b"a" and len(looked_up) == 2


def test_an_address_that_refuses_is_looked_up_again():
    """Which is told by the first use of the socket, after connect() has gone well: it does not wait."""
    looked_up = []
    real_one = module.getaddrinfo
    listening, nobody = listen()
    listening.close()

    def look_up(host, port, *args):
        looked_up.append(host)
        return real_one(host, port if len(looked_up) > 1 else nobody, *args)

    with replaced(module, "getaddrinfo", look_up), Server([reply(b"a")]) as it:
        raises(OSError, it.get)
        assert it.get() == b"a" and len(looked_up) == 2
