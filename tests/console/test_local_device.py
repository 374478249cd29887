"""`onenet config --local`: host, ids and secret come from the console on this computer."""

import os

import pytest
from onenet_tools.console import local_device as module
from onenet_tools.console.console import running_console
from onenet_tools.console.local_device import NoLocalDevice, local_device
from onenet_tools.console.studio.products import Protocol
from onenet_tools.port import cli, configure
from typer.testing import CliRunner


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "lan_addresses", list)
    return tmp_path / "console.sqlite3"


def test_what_the_board_has_to_know(data):
    with pytest.raises(NoLocalDevice, match="start one with onenet console"):
        local_device("", data)
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


def test_config_takes_it(data, monkeypatch):
    given = []
    monkeypatch.setattr(configure, "run_config", lambda *arguments: given.append((arguments, dict(os.environ))) or 0)
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
