"""Sending by hand: to the real mosquitto, and to servers that behave badly."""

import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from onenet_tools.broker import Mosquitto, find_mosquitto
from onenet_tools.cli import main
from onenet_tools.loopback import free_port
from onenet_tools.packets.build import build
from onenet_tools.packets.talk import without_secrets

USER, SECRET = "458945", "136928831"
CONNECT = build("CONNECT", "789546805", USER, SECRET, 100)


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    if not find_mosquitto():
        pytest.skip("mosquitto is not installed")
    with Mosquitto({USER: SECRET}) as running:
        yield running


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def server() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """serve(what to do with the connection) -> port"""
    listeners, threads = [], []

    def serve(behave: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                behave(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        threads.append(thread)
        return listener.getsockname()[1]

    yield serve
    for listener in listeners:
        listener.close()
    for thread in threads:
        thread.join(5)


def send(capsys: pytest.CaptureFixture[str], port: int, *arguments: str) -> tuple[int, str, str]:
    status = main(["packet", "send", "127.0.0.1", str(port), *arguments])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_sends_and_explains_what_comes_back(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = send(capsys, broker.port, *CONNECT.hex(" ").split())
    assert (status, err) == (0, "")
    assert "sent: CONNECT      client 789546805, user 458945, password of 9 bytes" in out
    assert "received:\nCONNACK, 4 bytes: accepted\n20 02 00 00\n" in out
    assert SECRET not in out


def test_waits_for_every_answer(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    packets = [CONNECT, build("SUBSCRIBE", 1, [("a", 1)]), build("PUBLISH", "a", "x", 2, packet_id=2), build("PINGREQ")]
    status, out, err = send(capsys, broker.port, b"".join(packets).hex())
    assert (status, err) == (0, "")
    found = re.findall("^([A-Z]+)(?: at byte [0-9]+)?, [0-9]+ byte", out, re.MULTILINE)
    assert sorted(found) == ["CONNACK", "PINGRESP", "PUBREC", "SUBACK"]


def test_a_refusal_is_an_answer(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = send(capsys, broker.port, build("CONNECT", "1", USER, "wrong").hex())
    assert status == 0
    assert "refused: not authorized" in out or "refused: bad user name or password" in out


def test_sends_what_is_broken_and_says_so(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = send(capsys, broker.port, "47 45 54 20 2f")
    assert status == 1
    assert "PUBACK with flags 0111 (this looks like an HTTP" in " ".join(out.split())
    assert re.fullmatch(r"error: the peer (closed|reset) the connection.*, and sent nothing\n", err)


def test_says_that_nothing_came(server, capsys: pytest.CaptureFixture[str]) -> None:
    port = server(lambda connection: connection.recv(100) and connection.recv(100))
    assert send(capsys, port, "c0 00", "--wait", "0.2")[::2] == (1, "error: no PINGRESP came within 0.2 s\n")


def test_says_that_the_peer_closed(server, capsys: pytest.CaptureFixture[str]) -> None:
    port = server(lambda connection: connection.recv(100))
    assert send(capsys, port, "c0 00")[::2] == (1, "error: the peer closed the connection, and sent nothing\n")


def test_says_that_the_peer_closed_early(server, capsys: pytest.CaptureFixture[str]) -> None:
    port = server(lambda connection: connection.recv(100) and connection.sendall(b"\x20\x02\x00\x00"))
    status, out, err = send(capsys, port, CONNECT.hex(), "c000")
    assert (status, err) == (1, "error: the peer closed the connection, without PINGRESP\n")
    assert "CONNACK, 4 bytes: accepted" in out


def test_says_that_the_peer_reset(server, capsys: pytest.CaptureFixture[str]) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    status, _, err = send(capsys, server(reset), "c0 00")
    assert (status, err) == (
        1,
        "error: the peer reset the connection: connection reset by peer, and sent nothing\n",
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\xd0", "byte 1: the bytes end here; expected the remaining length"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "(this looks like an HTTP response)"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "(this looks like a TLS alert: the peer wants TLS)"),
    ],
)
def test_explains_what_is_no_answer(answer: bytes, words: str, server, capsys: pytest.CaptureFixture[str]) -> None:
    port = server(lambda connection: connection.recv(100) and connection.sendall(answer))
    status, out, _ = send(capsys, port, "c0 00")
    assert status == 1
    assert words in " ".join(out.split())


@pytest.mark.parametrize("command", ["send", "talk"])
def test_says_that_nobody_is_there(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    arguments = ["packet", command, "127.0.0.1", str(port), *(["c000"] if command == "send" else [])]
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"error: no connection to 127.0.0.1:{port}: connection refused\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue is another matter")
def test_a_deadline_ends_connecting(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):  # the one that fits the queue
            status, _, err = send(capsys, port, "c000", "--timeout", "0.2")
    assert status == 2
    assert err == f"error: 127.0.0.1:{port} does not answer within 0.2 s\n"


# talk


def talk(broker: Mosquitto, *lines: str, arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "onenet_tools", "packet", "talk", "127.0.0.1", str(broker.port), *arguments],
        input="\n".join([*lines, ""]),
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The packets in a line each: direction, type and what is said of them."""
    lines = re.findall("^[0-9:]{8} ([→←] [A-Z]+) +(.*)$", done.stdout, re.MULTILINE)
    return [f"{packet} {words}".strip() for packet, words in lines]


def test_talks_from_a_pipe(broker: Mosquitto) -> None:
    done = talk(
        broker,
        "connect --device-id 1 --product-id 458945 --keepalive 100",
        SECRET,
        "subscribe 'a/+' --qos 2",
        "publish --topic a/b --payload 'two words' --qos 2",
        "ping",
        "hex c0 00",
        "show",
        "unsubscribe a/+",
        "disconnect",
    )
    assert done.returncode == 0 and done.stderr == ""
    told = said(done)
    assert told[:5] == [
        "→ CONNECT client 1, user 458945, password of 9 bytes, keep alive 100 s, clean session",
        "← CONNACK accepted",
        "→ SUBSCRIBE id 1, a/+ QoS 2",
        "← SUBACK id 1, granted QoS 2",
        "→ PUBLISH a/b, QoS 2, id 1: two words",
    ]
    for packet in (  # answered by itself, in both directions
        "← PUBREC id 1",
        "→ PUBREL id 1",
        "← PUBCOMP id 1",
        "← PUBLISH a/b, QoS 2, id 1: two words",
        "→ PUBREC id 1",
        "← PUBREL id 1",
        "→ PUBCOMP id 1",
    ):
        assert packet in told
    assert told.count("← PINGRESP answers a PINGREQ") == 2
    assert "PINGRESP, 2 bytes: answers a PINGREQ" in done.stdout
    assert told[-1] == "→ DISCONNECT the client leaves; its will is not published"
    assert SECRET not in done.stdout


def test_by_hand_nothing_is_answered_by_itself(broker: Mosquitto) -> None:
    done = talk(
        broker,
        "connect --client-id 2 --user-name 458945 --password 136928831",
        "publish --topic a --payload x --qos 2",
        "pubrel",
        arguments=("--by-hand",),
    )
    assert said(done)[2:] == ["→ PUBLISH a, QoS 2, id 1: x", "← PUBREC id 1", "→ PUBREL id 1", "← PUBCOMP id 1"]
    assert SECRET not in done.stdout


def test_replies_to_the_command_that_came(broker: Mosquitto) -> None:
    done = talk(
        broker,
        "connect --client-id 6 --user-name 458945 --password 136928831",
        "reply early",
        "subscribe '$creq/#'",
        "publish --topic $creq/uuid --payload led=on",
        "ping",  # its answer comes after the message
        "reply led is on",
    )
    assert done.stderr == "error: reply: no command has come yet\n"
    assert "← PUBLISH command uuid, QoS 0: led=on" in said(done)
    assert said(done)[-1] == "→ PUBLISH reply to command uuid, QoS 0: led is on"


def test_mistakes_end_nothing(broker: Mosquitto) -> None:
    done = talk(
        broker, "fly", "publish", "publish --high", "hex zz", 'publish "', "help", "connect --help", "show", "", "ping"
    )
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "error: No such command 'fly'. (try help)",
        "error: topic: none given; use --topic",
        "error: No such option: --high (publish --help tells more)",
        "error: 'zz' is no hex: it has 'z'; write bytes as 10 28 or 0x10,0x28",
        "error: No closing quotation",
    ]
    assert "subscribe    SUBSCRIBE: messages of these topics, please." in done.stdout
    assert "--keepalive" in done.stdout and "no packet yet" in done.stdout


def test_a_new_connection_follows_one_that_was_closed(broker: Mosquitto) -> None:
    done = talk(broker, "ping", "connect --client-id 3 --user-name 458945 --password 136928831", "exit", "ping")
    assert "; what is sent next opens a new one" in done.stdout
    assert said(done)[-1] == "← CONNACK accepted"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("connect --client-id a --password 'x y' --keepalive 5", "connect --client-id a --keepalive 5"),
        ("connect --auth-info=x --client-id a", "connect --client-id a"),
        ("connect --password --password --client-id a", "connect --client-id a"),
        ('connect "--password" x', "connect"),
        ("publish --topic 'a b'  --qos 1", "publish --topic 'a b'  --qos 1"),
        ("hex c0 00", "hex c0 00"),
        (f"hex {CONNECT.hex()}", "hex"),
        (f"hex c000{CONNECT.hex()}", "hex"),
        (f"hex c000{CONNECT[:-1].hex()}", "hex"),
        ("hex 1", "hex"),
    ],
)
def test_what_is_remembered_has_no_passwords(line: str, kept: str) -> None:
    assert without_secrets(line) == kept


class Terminal:
    """`onenet packet talk` in a terminal of its own."""

    def __init__(self, port: int) -> None:
        self.output = ""
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.environ.update(COLUMNS="80", LINES="40", TERM="xterm")
            os.execv(sys.executable, [sys.executable, "-m", "onenet_tools", "packet", "talk", "127.0.0.1", str(port)])

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def wait_for(self, pattern: str, start: int = 0) -> int:
        """Returns where the match ends; `start`: where an earlier one did."""
        deadline = time.monotonic() + 60
        while not (found := re.compile(pattern).search(self.output, start)):
            ready, _, _ = select.select([self._fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no {pattern} in:\n{self.output}"
            try:
                data = os.read(self._fd, 65536).decode("utf-8", "replace")
            except OSError as error:
                raise AssertionError(f"it ended, no {pattern} in:\n{self.output}") from error
            if "\x1b[6n" in data:  # where is the cursor?
                self.type("\x1b[1;1R")
            self.output += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]", "", data)
        return found.end()

    def end(self) -> int:
        """Ctrl-D; returns the exit status. What is typed between two prompts may be lost, so it is typed again."""
        deadline = time.monotonic() + 60
        again = 0.0
        while time.monotonic() < deadline:
            if time.monotonic() >= again:
                again = time.monotonic() + 2
                self.type("\x04")
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            ready, _, _ = select.select([self._fd], [], [], 0.05)
            if ready:
                try:
                    os.read(self._fd, 65536)
                except OSError:
                    select.select([], [], [], 0.05)
        raise AssertionError("it does not end")

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)


def test_talks_at_a_terminal(broker: Mosquitto) -> None:
    terminal = Terminal(broker.port)
    try:
        at = terminal.wait_for("exit ends[^>]*>")
        terminal.type("connect --client-id 4 --user-name 458945\r")
        at = terminal.wait_for("password, not shown:", at)
        terminal.type(f"{SECRET}\r")
        at = terminal.wait_for("← CONNACK +accepted", at)
        terminal.type("pub\x15ping\r")
        at = terminal.wait_for("← PINGRESP", at)
        terminal.type("fly\r")
        at = terminal.wait_for("error: No such command 'fly'", at)
        terminal.type("connect --client-id 5 --password geheim\r")
        at = terminal.wait_for("error: --password: needs --user-name", at)
        terminal.type("\x1b[A")  # up: what was typed before
        at = terminal.wait_for(">[^>]*connect --client-id 5", at)
        assert "geheim" not in terminal.output[at - 40 :]
        terminal.type("\x03")
        terminal.wait_for(">", at)
        assert SECRET not in terminal.output
        assert terminal.end() == 0
    finally:
        terminal.close()
