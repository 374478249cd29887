"""Names that do not resolve, or only half, and time servers that answer nonsense."""

import pytest
from board_peers import EchoServer
from onenet_tools.board import VirtualBoard
from onenet_tools.board.sntp import EMPTY, KISS_OF_DEATH, SHORT
from port_programs import ONLINE, both_ports

NAME = "mqtts.example"
FAILURE = {"esp32": -202, "esp8266": -2}


@both_ports
def test_a_lookup_blocks_as_long_as_no_name_server_answers(chip: str) -> None:
    with VirtualBoard(chip=chip, files={"main.py": ""}) as board:
        assert board.dns.delay == (10.0 if chip == "esp8266" else 7.0)  # as it is in life
    main = ONLINE + f"print('online')\ninput()\ntell(socket.getaddrinfo, {NAME!r}, 1883)\n"
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={(NAME, 1883): ("127.0.0.1", 1)}) as board:
        board.wait_for("^online")
        board.dns.up = False
        board.dns.delay = 0.4
        board.send(b"\r")
        board.wait_for(rf"^told \('OSError', {FAILURE[chip]}\) after [4-9]\d\d$")
        assert board.dns.queries == [NAME]


@both_ports
def test_a_name_server_that_comes_back_in_between_is_heard(chip: str) -> None:
    main = ONLINE + f"print('online')\ninput()\nprint('asking')\ntell(socket.getaddrinfo, {NAME!r}, 1883)\n"
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={(NAME, 1883): ("127.0.0.1", 1)}) as board:
        board.wait_for("^online")
        board.dns.up = False
        board.send(b"\r")
        board.wait_for("^asking")
        board.dns.up = True
        board.wait_for(r"^told \[\(2, 1, 0, '.*', \('198.18.0.1', 1883\)\)\]")


@both_ports
def test_a_lookup_without_wifi_fails_at_once_or_blocks_where_there_once_was_a_network(chip: str) -> None:
    main = (
        "import socket\ntry:\n    socket.getaddrinfo('a.example', 1)\nexcept OSError as e:\n    print('first', e)\n"
        + ONLINE
        + "print('online')\ninput()\ntell(socket.getaddrinfo, 'a.example', 1)\n"
    )
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for(f"^first {FAILURE[chip]}\nonline")
        board.dns.delay = 0.4
        board.wifi.up = False
        board.send(b"\r")
        board.wait_for(rf"^told \('OSError', {FAILURE[chip]}\) after [4-9]\d\d$")


def test_esp32_a_name_of_ipv6_only_has_the_address_none() -> None:
    main = ONLINE + (
        f"a = socket.getaddrinfo({NAME!r}, 1883)\nprint('addresses', [x[-1] for x in a])\n"
        "tell(socket.socket().connect, a[0][-1])\nprint(socket.getaddrinfo('::1', 1883)[0][-1])\n"
    )
    with VirtualBoard(files={"main.py": main}, routes={(NAME, 1883): ("127.0.0.1", 1)}) as board:
        board.dns.answers[NAME] = "ipv6"
        board.wait_for(r"^addresses \[None\]\ntold \('TypeError', .*\nNone\n")


def test_esp8266_a_name_of_ipv6_only_is_not_found() -> None:
    main = ONLINE + f"tell(socket.getaddrinfo, {NAME!r}, 1883)\ntell(socket.getaddrinfo, '::1', 1883)\n"
    with VirtualBoard(chip="esp8266", files={"main.py": main}, routes={(NAME, 1883): ("127.0.0.1", 1)}) as board:
        board.dns.answers[NAME] = "ipv6"
        board.wait_for(r"^told \('OSError', -2\).*\ntold \('OSError', -2\)")


@both_ports
def test_an_empty_list_of_addresses(chip: str) -> None:
    main = ONLINE + f"tell(socket.getaddrinfo, {NAME!r}, 1883)\n"
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.dns.answers[NAME] = "empty"
        board.wait_for(r"^told \[\] ")


@both_ports
def test_a_name_leads_where_its_route_does(chip: str, echo: EchoServer) -> None:
    main = ONLINE + (
        f"s = socket.socket()\ns.connect(socket.getaddrinfo({NAME!r}, 1883)[0][-1])\ns.write(b'hi')\nprint(s.recv(2))\n"
    )
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={(NAME, 1883): echo.address}) as board:
        board.wait_for("^b'hi'$")
        assert board.link.connections[0].asked == (NAME, 1883)


def test_esp32_connect_looks_a_name_up_itself_and_esp8266_does_not(echo: EchoServer) -> None:
    main = ONLINE + f"tell(socket.socket().connect, ({NAME!r}, 1883))\n"
    for chip, words in (("esp32", "None"), ("esp8266", r"\('ValueError', 'invalid arguments'\)")):
        with VirtualBoard(chip=chip, files={"main.py": main}, routes={(NAME, 1883): echo.address}) as board:
            board.wait_for(f"^told {words} after")


# ntptime, micropython-lib: micropython/net/ntptime/ntptime.py


@pytest.mark.parametrize("answer", [SHORT, EMPTY], ids=["short", "empty"])
@both_ports
def test_a_short_answer_of_a_time_server_is_a_value_error(chip: str, answer: bytes) -> None:
    main = ONLINE + "import ntptime\ninput()\ntell(ntptime.settime)\nprint('year', time.gmtime()[0])\n"
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.ntp.answer = answer
        board.send(b"\r")
        board.wait_for(r"^told \('ValueError', .*\nyear 2000$")


@both_ports
def test_a_kiss_of_death_sets_the_clock_to_2036(chip: str) -> None:
    main = ONLINE + "import ntptime\ninput()\ntell(ntptime.settime)\nprint('year', time.gmtime()[0])\n"
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.ntp.answer = KISS_OF_DEATH
        board.send(b"\r")
        board.wait_for(r"^told None .*\nyear 2036$")


@pytest.mark.parametrize(
    ("chip", "answer", "error"),
    [
        ("esp32", "empty", "IndexError"),
        ("esp8266", "empty", "IndexError"),
        ("esp32", "ipv6", "TypeError"),
        ("esp32", "unknown", "OSError"),
        ("esp8266", "ipv6", "OSError"),
    ],
)
def test_a_time_server_without_an_address(chip: str, answer: str, error: str) -> None:
    main = ONLINE + "import ntptime\nntptime.host = 'ntp.example'\ninput()\ntell(ntptime.settime)\n"
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.dns.answers["ntp.example"] = answer  # type: ignore[assignment]
        board.send(b"\r")
        board.wait_for(rf"^told \('{error}', ")


@both_ports
def test_a_silent_time_server_is_etimedout_after_a_second(chip: str) -> None:
    main = ONLINE + "import ntptime\ninput()\ntell(ntptime.settime)\n"
    number = 116 if chip == "esp32" else 110
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.ntp.up = False
        board.send(b"\r")
        board.wait_for(rf"^told \('OSError', {number}\) after \d{{4}}$")
