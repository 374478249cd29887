"""`onenet config --local`: host, ids and secret come from the console on this computer."""

import asyncio
import contextlib
import json
import os
import socket
import threading

import pytest
from onenet_tools.console import local_device as module
from onenet_tools.console import whereabouts
from onenet_tools.console.console import running_console
from onenet_tools.console.local_device import NoLocalDevice, local_device
from onenet_tools.console.studio.products import Protocol
from onenet_tools.loopback import free_port
from onenet_tools.port import cli, config_command
from typer.testing import CliRunner


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "lan_addresses", list)
    monkeypatch.setattr(whereabouts, "_broadcast_addresses", list)
    return tmp_path / "console.sqlite3"


def test_what_the_board_has_to_know(data):
    with pytest.raises(NoLocalDevice, match="start one with onenet console"):
        local_device("", data, free_port())
    with running_console(data) as console:
        port = console.mqtt_port
        only = local_device("", data, port)
        assert (only.host, only.device_id, only.secret[0]) == (f"127.0.0.1:{port}", "789546805", "ONENET_AUTH_INFO")
        device = console.call(console.platform.add_device, "Room 12")
        with pytest.raises(NoLocalDevice, match=rf"which one.*{device.id} \(Room 12\)"):
            local_device("", data, port)
        assert local_device(device.id, data, port).secret == ("ONENET_AUTH_INFO", device.auth_info)
        product = console.call(console.platform.studio.add_product, "", "", Protocol.STREAM)
        board = console.call(console.platform.studio.add_device, product.id, "board1")
        found = local_device("board1", data, port)
        assert (found.product_id, found.settings) == (product.id, ["platform=dp"])
        assert found.secret == ("ONENET_DEVICE_KEY", board.auth_info)
        with pytest.raises(NoLocalDevice, match="no device nobody"):
            local_device("nobody", data, port)
    with pytest.raises(NoLocalDevice, match=f"no console answers at 127.0.0.1:{port}"):
        local_device("board1", data, port)


def test_one_in_the_network_is_found(data, monkeypatch, capsys):
    port = free_port()
    monkeypatch.setattr(whereabouts, "_broadcast_addresses", lambda: ["127.0.0.1", "127.0.0.2"])  # one, twice
    with pytest.raises(NoLocalDevice, match=f"no console answers at 127.0.0.1:{port}, nor elsewhere"):
        local_device("", data, port)
    with answers(port, "458945"):
        found = local_device("", data, port)
        assert found == module.LocalDevice(f"127.0.0.1:{port}", "", "458945", None)
        assert f"a console is at 127.0.0.1:{port}, on the computer" in capsys.readouterr().err
        assert local_device("789546805", data, port).product_id == "458945"
        assert local_device("board1", data, port).product_id == ""  # of the current platform: it has to be asked for
        monkeypatch.setattr(
            module, "consoles", lambda port: {f"10.0.0.{i}": whereabouts.Whereabouts(6002, "1", "pc") for i in (1, 2)}
        )
        with pytest.raises(NoLocalDevice, match=r"--host with one of: 10.0.0.1:6002 \(pc\), 10.0.0.2:6002 \(pc\)"):
            local_device("", data, port)


@contextlib.contextmanager
def answers(port, product_id):
    """A console's answers, in a loop of their own."""
    loop = asyncio.new_event_loop()
    context = whereabouts.answering(port, product_id)
    loop.run_until_complete(context.__aenter__())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.close()


def test_strangers_are_not_answered_and_strange_answers_not_taken():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(60)
        with answers(port := free_port(), "458945"):
            sock.sendto(b"who is there?", ("127.0.0.1", port))
            sock.sendto(whereabouts._QUESTION, ("127.0.0.1", port))
            answer = sock.recv(2048)  # the one
        assert len(answer) <= len(whereabouts._QUESTION)
        assert json.loads(answer)["product_id"] == "458945"
    for strange in (
        *(b"", b"\xff", b"[]", b'{"port":6002}', answer.replace(b"458945", b"45 945"), b"[" * 2000),
        *(answer.replace(str(port).encode(), wrong) for wrong in (b"0", b"65536", b'"6002"', b"1e3")),
    ):
        assert whereabouts._whereabouts(strange) is None, strange
    said = whereabouts._whereabouts(b'{"port":6002,"product_id":"1","name":"\\u001b[31mred"}')
    assert said is not None and said.name == "?[31mred"


def test_config_takes_it(data, monkeypatch):
    given = []
    monkeypatch.setattr(
        config_command, "run_config", lambda *arguments: given.append((arguments, dict(os.environ))) or 0
    )
    monkeypatch.setattr(
        module,
        "local_device",
        lambda wanted: module.LocalDevice("10.0.0.5:6002", wanted, "458945", ("ONENET_AUTH_INFO", "a secret")),
    )
    monkeypatch.setenv("ONENET_AUTH_INFO", "")
    monkeypatch.delenv("ONENET_AUTH_INFO")
    done = CliRunner().invoke(cli.app, ["config", "--local", "--device-id", "77", "--ssid", "net"])
    assert done.exit_code == 0, done.output
    ((_, options, *_), environment) = given[0]
    assert (options["host"], options["device_id"], options["product_id"]) == ("10.0.0.5:6002", "77", "458945")
    assert environment["ONENET_AUTH_INFO"] == "a secret"
