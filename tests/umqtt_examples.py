"""Runs micropython-lib's own examples and test of umqtt.simple and umqtt.robust on lib/umqtt, on CPython and on
MicroPython, with a real mosquitto; those with pins on a virtual board. They are not in this repository:

    git clone https://github.com/micropython/micropython-lib
    python tests/umqtt_examples.py micropython-lib

Ports 1883 and 8883 of this computer must be free. example_check_msg_robust.py is left out: it gives umqtt.robust
arguments that it does not have, and ends so there as well.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import trustme
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.board.executable import find_micropython
from onenet_tools.broker import Mosquitto
from onenet_tools.files import board_directory
from paho.mqtt import subscribe

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0
BEGIN = f"import sys\nsys.path[:0] = [{str(ROOT / 'lib')!r}, {str(ROOT / 'tools/shim')!r}]\n"
JOIN = """
import network, time
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("home", "12345678")
while not wlan.isconnected():
    time.sleep(0.1)
"""

# Their test puts a made-up socket into the client, with what is read from it and a place for what is written: here that
# goes by way of a real one.
MADE_UP = """
import umqtt.simple, _thread, socket
class Client(umqtt.simple.MQTTClient):
    def _set(self, made_up):
        listener = socket.socket()
        listener.bind(socket.getaddrinfo("127.0.0.1", PORT)[0][-1])
        listener.listen(1)
        def serve():
            sock = listener.accept()[0]
            sock.recv(1000)
            sock.send(b"\\x20\\2\\0\\0")
            made_up.write(sock.recv(1000))
            sock.send(made_up.read(1000))
            sock.recv(1)
        _thread.start_new_thread(serve, ())
        self.port = PORT
        globals()["PORT"] += 1
        self.connect()
        self.made_up = made_up
    sock = property(lambda self: self.made_up, _set)
umqtt.simple.MQTTClient = Client
"""


def start(python: str | Path, program: str) -> "subprocess.Popen[str]":
    command = [python, "-c", program]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def said(topic: str, text: bytes, *options: str) -> None:
    subprocess.run(["mosquitto_pub", "-t", topic, "-m", text, *options], check=True)


def again(topic: str, text: bytes, reached: Callable[[], bool]) -> None:
    """Publishes until it has come to what is to come of it."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, f"{topic} {text!r} led to nothing"
        said(topic, text)
        time.sleep(0.2)


def told(process: "subprocess.Popen[str]", *lines: str) -> None:
    """It prints these, among others."""
    assert process.stdout
    for wanted in lines:
        seen = ""
        for line in process.stdout:
            seen += line
            if line.strip() == wanted:
                break
        else:
            raise AssertionError(f"{wanted!r} was not printed, but {seen}")


def on_computers(text: Callable[[str], str]) -> None:
    for python in (sys.executable, find_micropython()):
        print(f"  {Path(python).name}", flush=True)
        for name, topic in (
            ("example_pub", "foo_topic"),
            ("example_pub_tls", "foo_topic"),
            ("example_lwt_robust", "tele/test/LWT"),
        ):
            said(topic, b"", "-r")  # nothing is left of an earlier one
            with tempfile.TemporaryFile() as file:
                waiting = subprocess.Popen(["mosquitto_sub", "-t", topic, "-C", "1", "-W", "60"], stdout=file)
                time.sleep(1)
                process = start(python, BEGIN + text(name))
                assert waiting.wait(PATIENCE) == 0, name
                process.kill()
                file.seek(0)
                assert file.read().strip() == (b"Online" if "lwt" in name else b"hello"), name
        for name in ("example_sub", "example_sub_robust"):
            process = start(python, BEGIN + text(name))
            for _ in range(10):  # it may take some time to subscribe
                said("foo_topic", b"hello")
                time.sleep(0.2)
            told(process, "(b'foo_topic', b'hello')")
            process.kill()
        process = start(python, BEGIN + text("example_resubscribe_robust"))
        told(process, "b'test/topic/a' b'message 1'", "b'test/topic/a' b'message 2'")  # which is lost with umqtt.robust
        assert process.wait(PATIENCE) == 0
        port = f"PORT = {29000 + 10 * (python == sys.executable)}\n"
        process = start(python, BEGIN + port + MADE_UP + text("test_umqtt_simple"))
        out, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, out


def on_a_board(text: Callable[[str], str]) -> None:
    lib = board_directory() / "lib"
    files: dict[str, Path | str] = {p.relative_to(lib.parent).as_posix(): p for p in lib.rglob("*.py")}
    path = "import sys\nsys.path.insert(0, '/lib')\n"  # as this project's boot.py does: before what is frozen
    for name in ("example_sub_led", "example_pub_button"):
        files["main.py"] = path + JOIN + text(name)
        routes = {("192.168.1.35", 1883): ("127.0.0.1", 1883)}
        with VirtualBoard(files=files, wifi=Wifi({"home": "12345678"}), routes=routes) as board:
            board.wait_for("Connected to", PATIENCE)
            if name == "example_sub_led":
                again("led", b"on", lambda: board.pins[2] == 0)
                again("led", b"off", lambda: board.pins[2] == 1)
            else:
                board.sensors["pin:0"].set(0)
                assert subscribe.simple("led").payload == b"toggle"


def main(folder: Path) -> None:
    def text(name: str) -> str:
        (found,) = folder.glob(f"micropython/umqtt.*/{name}.py")
        return found.read_text("utf-8")

    with tempfile.TemporaryDirectory() as name:
        pem = Path(name, "server.pem")
        trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(pem))
        tls = f"allow_anonymous true\nlistener 8883 127.0.0.1\ncertfile {pem}\nkeyfile {pem}"
        with Mosquitto({"<username>": "<password>"}, 1883, config=tls):
            on_computers(text)
            on_a_board(text)
    print("all have done what they are for")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
