"""Sockets as lwIP has them on the ports: addresses, numbers of options and errors, and when connect() says what."""

import pytest
from board_peers import EchoServer
from onenet_tools.board import ResetCause, VirtualBoard
from port_programs import ONLINE, both_ports

ROUTE = ("1.2.3.4", 6002)


@both_ports
def test_an_address_is_a_dotted_quad_and_a_port(chip: str, echo: EchoServer) -> None:
    main = ONLINE + "a = socket.getaddrinfo('1.2.3.4', 6002)\nprint(len(a), a[0][:3], a[0][-1])\n"
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.wait_for(r"^1 \(2, 1, 0\) \('1.2.3.4', 6002\)$")


@both_ports
def test_tcp_nodelay_has_the_ports_number(chip: str, echo: EchoServer) -> None:
    """extmod/modlwip.c: TCP_NODELAY is TF_NODELAY there, and option 1 only prints a warning."""
    main = ONLINE + (
        "s = socket.socket()\ns.connect(('1.2.3.4', 6002))\nprint('number', socket.TCP_NODELAY)\n"
        "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\ns.setsockopt(6, 1, 1)\ns.write(b'x')\n"
        "print(s.recv(1), hasattr(socket, 'SO_LINGER'))\n"
    )
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.wait_for("^b'x' False$")
        assert ("number 64" if chip == "esp8266" else "number 1") in board.log.splitlines()
        warned = "Warning: lwip.setsockopt() not implemented" in board.log
        assert warned == (chip == "esp8266")


def test_esp8266_tcp_nodelay_on_a_connection_that_is_gone_is_fatal(echo: EchoServer) -> None:
    """lwip_socket_setsockopt() writes through the pcb, which _lwip_tcp_error() has set to NULL."""
    main = (
        "import machine\nif machine.reset_cause() == 2:\n    print('again')\n    raise SystemExit\n"
        + ONLINE
        + """
s = socket.socket()
s.connect(("1.2.3.4", 6002))
s.setsockopt(6, 0x40, 1)
s.write(b"connected")
print("connected")
input()
s.setsockopt(6, 0x40, 1)
print("alive")
"""
    )
    main = main.replace("    raise SystemExit\n", "    import time\n    time.sleep(100)\n")
    with VirtualBoard(chip="esp8266", files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        echo.wait_for("connected")
        board.link.cut()
        echo.wait_for("reset")
        board.send(b"\r")
        board.wait_for("^again")
        assert "Fatal exception 29" in board.log
        assert "alive" not in board.log
        assert board.resets == [ResetCause.PWRON, ResetCause.PANIC]


@both_ports
def test_a_refused_connection_never_looks_like_one(chip: str) -> None:
    """lwIP has no ECONNREFUSED: a RST in answer to a SYN is ERR_RST, ECONNRESET 104."""
    main = ONLINE + "tell(socket.socket().connect, ('1.2.3.4', 6002))\n"
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={ROUTE: ("127.0.0.1", 1)}) as board:
        board.wait_for(r"^told \('OSError', 104\)")


@both_ports
def test_a_refused_connection_shows_at_the_first_write_of_who_does_not_wait(chip: str) -> None:
    main = (
        ONLINE
        + """
s = socket.socket()
s.setblocking(False)
tell(s.connect, ("1.2.3.4", 6002))
p = select.poll()
p.register(s, select.POLLIN | select.POLLOUT)
print("polled", p.poll(5000)[0][1] & (select.POLLERR | select.POLLHUP) != 0)
tell(s.write, b"x")
"""
    )
    number = 119 if chip == "esp32" else 115  # EINPROGRESS
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={ROUTE: ("127.0.0.1", 1)}) as board:
        board.wait_for(rf"^told \('OSError', {number}\).*\npolled True\ntold \('OSError', (104|111)\)")


@both_ports
def test_a_mute_network_never_answers_a_connect(chip: str, echo: EchoServer) -> None:
    """Not even with a refusal; a port's blocking connect() ends in ETIMEDOUT."""
    main = (
        ONLINE
        + """
from errno import ETIMEDOUT
s = socket.socket()
s.settimeout(0.3)
tell(s.connect, ("1.2.3.4", 6002))
print("number", ETIMEDOUT)
q = socket.socket()
q.setblocking(False)
tell(q.connect, ("1.2.3.4", 6002))
p = select.poll()
p.register(q, select.POLLOUT)
print("polled", p.poll(300))
"""
    )
    number = 116 if chip == "esp32" else 110
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.wifi.mute = True
        board.wait_for(rf"^told \('OSError', {number}\) after [3-9]\d\d\nnumber {number}\n(.*\n)polled \[\]")
        assert echo.events == []


@both_ports
def test_without_a_network_connect_is_ehostunreach_with_the_ports_number(chip: str) -> None:
    main = """
import socket
from errno import EHOSTUNREACH
try:
    socket.socket().connect(("1.2.3.4", 6002))
except OSError as e:
    print(e.errno == EHOSTUNREACH, e.errno)
"""
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("^True 118$" if chip == "esp32" else "^True 113$")


@pytest.mark.parametrize("number", [12, 23, 105, 113])
@both_ports
def test_errors_of_an_ip_stack_that_has_nothing_left(chip: str, number: int, echo: EchoServer) -> None:
    """ENOMEM, ENFILE, ENOBUFS; 113 is ECONNABORTED on an ESP32 and EHOSTUNREACH on an ESP8266."""
    main = (
        ONLINE
        + """
s = socket.socket()
s.connect(("1.2.3.4", 6002))
print("connected")
input()
for write in (s.write, s.send, s.sendall):
    tell(write, b"data")
tell(socket.socket().connect, ("1.2.3.4", 6002))
print("ready")
input()
tell(s.write, b"data")
"""
    )
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.wait_for("^connected")
        board.link.write_error = board.link.connect_error = number
        board.send(b"\r")
        board.wait_for("^ready")
        assert board.log.count(f"told ('OSError', {number})") == 4
        board.link.write_error = None
        board.send(b"\r")
        board.wait_for("^told 4 ")


def test_esp8266_a_write_without_memory_blocks_for_long(echo: EchoServer) -> None:
    """lwip_tcp_send(), extmod/modlwip.c: up to 10 s, of a socket that shall not wait, too."""
    main = (
        ONLINE
        + """
s = socket.socket()
s.connect(("1.2.3.4", 6002))
s.setblocking(False)
print("connected")
input()
tell(s.write, b"data")
"""
    )
    with VirtualBoard(chip="esp8266", files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.wait_for("^connected")
        board.link.write_delay = 0.5
        board.send(b"\r")
        board.wait_for(r"^told 4 after [5-9]\d\d$")


@both_ports
def test_a_read_that_times_out_is_etimedout(chip: str, echo: EchoServer) -> None:
    main = (
        ONLINE
        + """
s = socket.socket()
s.connect(("1.2.3.4", 6002))
s.settimeout(0.2)
for read in (lambda: s.recv(1), lambda: s.read(1), lambda: s.readinto(bytearray(1)), s.readline):
    tell(read)
s.setblocking(False)
tell(s.read, 1)
tell(s.recv, 1)
"""
    )
    number = 116 if chip == "esp32" else 110
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.wait_for(r"told None after \d+\ntold \('OSError', 11\)")
        assert board.log.count(f"told ('OSError', {number})") == 4


def test_waiting_for_nothing_allocates_nothing(echo: EchoServer) -> None:
    main = (
        ONLINE
        + """
import gc
s = socket.socket()
s.connect(("1.2.3.4", 6002))
s.setblocking(False)
buffer = bytearray(10)

def measure(call, *arguments):
    call(*arguments)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    call(*arguments)
    call(*arguments)
    after = gc.mem_alloc()
    gc.enable()
    print("allocated", after - before)

p = select.poll()
p.register(s, select.POLLIN)
measure(s.readinto, buffer)
measure(s.read, 5)
measure(p.ipoll, 0, 1)
measure(s.write, buffer)
measure(s.write, buffer, 2, 5)
print("end")
"""
    )
    with VirtualBoard(files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.wait_for("^end")
        assert board.log.splitlines()[:5] == ["allocated 0"] * 5


def test_tls_and_asyncio_work_on_these_sockets(echo: EchoServer) -> None:
    main = (
        ONLINE
        + """
import asyncio
async def main():
    reader, writer = await asyncio.open_connection("1.2.3.4", 6002)
    writer.write(b"hello\\n")
    await writer.drain()
    print("echoed", await reader.readline())
    writer.close()
asyncio.run(main())
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
s = socket.socket()
s.connect(("1.2.3.4", 6002))
try:
    context.wrap_socket(s)  # the other end sends our own words back
except OSError as error:
    print("no server", error.errno < -100)
"""
    )
    with VirtualBoard(files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.wait_for(r"^echoed b'hello\\n'\nno server True")


def test_a_server_on_the_board() -> None:
    main = (
        ONLINE
        + """
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("", 0))
server.listen(1)
server.settimeout(0.05)
tell(server.accept)
"""
    )
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(r"^told \('OSError', 116\)")


def test_a_tls_context_verifies_nothing_until_it_is_told_to() -> None:
    """extmod/modtls_mbedtls.c: ssl_context_make_new(); CPython's asks for a certificate."""
    main = "import ssl\nprint('verifies', ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).verify_mode, ssl.CERT_REQUIRED)\n"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("^verifies 0 2$")


def test_an_esp8266s_tls_verifies_nothing_whatever_it_is_told() -> None:
    """extmod/modtls_axtls.c: ssl_context_attr()."""
    main = """
import tls
context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.verify_mode = 2
print("verifies", context.verify_mode, hasattr(context, "load_verify_locations"))
"""
    with VirtualBoard(files={"main.py": main}, chip="esp8266") as board:
        board.wait_for("^verifies 0 False$")
