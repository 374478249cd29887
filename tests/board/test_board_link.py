"""TCP through the forwarder, and its faults."""

import threading

from board_peers import EchoServer
from onenet_tools.board import Connection, VirtualBoard

ONLINE = """
import network, socket, time
w = network.WLAN(network.STA_IF)
w.active(True)
if not w.isconnected():  # as after a soft reset
    w.connect("home", "password")
while not w.isconnected():
    time.sleep_ms(5)
def dial(host="1.2.3.4", port=6002):
    s = socket.socket()
    s.connect(socket.getaddrinfo(host, port)[0][-1])
    return s
"""

TALK = (
    ONLINE
    + """
import select
s = dial()
poll = select.poll()
poll.register(s, select.POLLIN)
n = 0
print("online")
try:
    while True:
        s.write(b"%d;" % n)
        n += 1
        if poll.poll(100):
            got = s.recv(1000)
            print("got", got.decode())
            if not got:
                break
        else:
            print("silence")
        time.sleep_ms(10)
except OSError as error:
    print("lost", error)
"""
)

ROUTE = ("1.2.3.4", 6002)


def test_routes_lead_to_the_server_and_half_a_close_is_half(echo: EchoServer) -> None:
    main = ONLINE + "s = dial()\ns.write(b'hello')\nprint(s.recv(100))\ns.close()\nprint('closed')\n"
    with VirtualBoard(files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.wait_for(r"b'hello'\nclosed\n")
        echo.wait_for("end")
        assert echo.events == ["open", "hello", "end"]


def test_the_server_may_close_its_half_first() -> None:
    import socket

    got = bytearray()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"last words")
            peer.shutdown(socket.SHUT_WR)
            while data := peer.recv(100):
                got.extend(data)

    server = threading.Thread(target=serve)
    server.start()
    main = ONLINE + (
        "s = dial()\nprint(s.recv(100), s.recv(100))\nfor i in range(5): s.write(b'more')\ns.close()\nprint('done')\n"
    )
    with listener, VirtualBoard(files={"main.py": main}, routes={ROUTE: listener.getsockname()}) as board:
        board.wait_for(r"b'last words' b''\ndone\n")
        server.join(10)
        assert got == b"more" * 5


def test_ipv6_targets(echo6: EchoServer) -> None:
    main = ONLINE + "s = dial()\ns.write(b'six')\nprint(s.recv(100))\n"
    with VirtualBoard(files={"main.py": main}, routes={ROUTE: echo6.address}) as board:
        board.wait_for(r"b'six'\n")


def test_loopback_leads_to_itself_and_the_rest_nowhere(echo: EchoServer) -> None:
    main = ONLINE + (
        f"s = dial('127.0.0.1', {echo.address[1]})\ns.write(b'near')\nprint(s.recv(100))\n"
        "for host in ('192.0.2.1', 'mqtts.example', 'localhost.example'):\n"
        "    try:\n        dial(host, 80)\n    except OSError as error:\n        print(host, error)\n"
        "w.disconnect()\n"
        "try:\n    dial('127.0.0.1', 80)\nexcept OSError as error:\n    print('offline', error)\n"
    )
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(
            r"b'near'\n192.0.2.1 118\nmqtts.example -202\nlocalhost.example -202\noffline 118\n",
        )


def test_a_stall_is_silence_and_nothing_is_lost(echo: EchoServer) -> None:
    with VirtualBoard(files={"main.py": TALK}, routes={ROUTE: echo.address}) as board:
        board.wait_for(r"got 2;")
        board.link.stalled = True
        board.wait_for(r"silence\nsilence\n")
        board.link.stalled = False
        seen = len(board.log)
        board.wait_for(r"got", since=seen)
        board.wait_for(r"got \d+;\n", since=seen)
        numbers = "".join(line[4:] for line in board.log.splitlines() if line.startswith("got"))
        assert numbers.split(";")[:-1] == [str(i) for i in range(numbers.count(";"))]
        assert "reset" not in echo.events
        assert "end" not in echo.events


def test_without_wifi_nothing_moves_and_afterwards_it_goes_on(echo: EchoServer) -> None:
    with VirtualBoard(files={"main.py": TALK}, routes={ROUTE: echo.address}) as board:
        board.wait_for(r"got 2;")
        board.wifi.up = False
        board.wait_for(r"silence\nsilence\n")
        board.wifi.up = True
        seen = len(board.log)
        board.wait_for(r"got", since=seen)
        assert "lost" not in board.log


def test_a_cut_resets_both_ends(echo: EchoServer) -> None:
    with VirtualBoard(files={"main.py": TALK}, routes={ROUTE: echo.address}) as board:
        board.wait_for(r"got 2;")
        board.link.cut()
        board.wait_for(r"^lost .*ECONNRESET")
        echo.wait_for("reset")
        assert board.link.connections == []


def test_a_target_that_refuses_is_a_reset() -> None:
    main = ONLINE + "try:\n    print(dial().recv(1))\nexcept OSError as error:\n    print('lost', error)\n"
    with VirtualBoard(files={"main.py": main}, routes={ROUTE: ("127.0.0.1", 1)}) as board:
        board.wait_for(r"^lost .*ECONNRESET")


def test_a_power_cut_tells_the_server_nothing_and_a_soft_reset_closes(echo: EchoServer) -> None:
    with VirtualBoard(files={"main.py": TALK}, routes={ROUTE: echo.address}) as board:
        board.wait_for(r"got 2;")
        board.power_cut()
        board.power_on()
        board.wait_for(r"got 2;")
        assert echo.events.count("open") == 2
        assert "end" not in echo.events
        assert "reset" not in echo.events
        board.send(b"\x03")
        board.wait_for(r"^>>> ")
        board.send(b"\x04")
        echo.wait_for("open", 3)
        echo.wait_for("end")


def test_the_tap_sees_every_byte_with_its_direction(echo: EchoServer) -> None:
    seen: list[tuple[str, bytes, Connection]] = []
    main = ONLINE + "input()\ns = dial()\ns.write(b'hello')\nprint(s.recv(100))\n"
    with VirtualBoard(files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.link.tap = lambda direction, data, connection: seen.append((direction, data, connection))
        board.send(b"\r")
        board.wait_for(r"b'hello'\n")
        assert [(direction, data) for direction, data, _ in seen] == [("up", b"hello"), ("down", b"hello")]
        assert seen[0][2].asked == ROUTE
        assert seen[0][2].target == echo.address
        assert seen[0][2].bytes_up == 5


def test_a_megabyte_each_way(echo: EchoServer) -> None:
    main = ONLINE + (
        "s = dial()\nblock = b'0123456789abcdef' * 64\nsame = 0\n"
        "for i in range(1000):\n    s.write(block)\n    got = 0\n    back = b''\n"
        "    while len(back) < len(block):\n        back += s.recv(len(block) - len(back))\n"
        "    same += back == block\nprint('same', same)\n"
    )
    with VirtualBoard(files={"main.py": main}, routes={ROUTE: echo.address}) as board:
        board.wait_for(r"^same 1000$", timeout=30)


def test_time_comes_over_the_network() -> None:
    main = (
        "import ntptime\ntry:\n    ntptime.settime()\nexcept OSError as error:\n    print('offline', error)\n"
        + ONLINE
        + """
print("before", time.gmtime()[0])
try:
    ntptime.timeout = 0.1
    ntptime.settime()
except OSError as error:
    print("no answer .*ETIMEDOUT", error)
input()
ntptime.timeout = 5
ntptime.settime()
print("after", time.gmtime()[:3], time.time() == time.mktime(time.localtime()))
"""
    )
    with VirtualBoard(files={"main.py": main}) as board:
        board.ntp.up = False
        board.wait_for(r"offline -202\nbefore 2000\nno answer .*ETIMEDOUT")
        board.ntp.up = True
        board.ntp.offset = 86400 * 1000
        board.send(b"\r")
        import datetime

        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1000)
        board.wait_for(rf"after \({moment.year}, {moment.month}, \d+\) True")
