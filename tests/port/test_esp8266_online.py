"""A bare ESP8266 with its 36 KB comes online at the console, as the README tells a user to bring it there."""

import json
import re

import pytest
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.cli import main
from onenet_tools.console.console import running_console
from serial_board import AUTH_INFO, DEVICE_ID, PATIENCE, PRODUCT_ID, SSID, WIFI_PASSWORD

ADDRESS = ("183.230.40.39", 6002)


def test_config_deploy_and_monitor_bring_it_online(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONENET_WIFI_PASSWORD", WIFI_PASSWORD)
    monkeypatch.setenv("ONENET_AUTH_INFO", AUTH_INFO)
    with (
        running_console() as console,
        VirtualBoard(
            chip="esp8266",
            wifi=Wifi({SSID: WIFI_PASSWORD}),
            routes={ADDRESS: ("127.0.0.1", console.mqtt_port)},
        ) as board,
    ):
        here = ["--port", board.port]
        ids = ["--device-id", DEVICE_ID, "--product-id", PRODUCT_ID]
        assert main(["config", *here, "--ssid", SSID, *ids, "--set", "led_pin=2"]) == 0, capfd.readouterr()
        assert main(["deploy", *here]) == 0, capfd.readouterr()
        told = capfd.readouterr().out
        assert "sending ROMFS" in told  # by itself, for nothing else would fit
        assert told.splitlines()[-1] == f"online as device {DEVICE_ID}"
        assert main(["monitor", *here, "--until-online"]) == 0, capfd.readouterr()
        free = re.search(rf"online as device {DEVICE_ID}, (\d+) bytes free", capfd.readouterr().out)
        assert free and 4_000 < int(free[1]) < 36_000
        send, command = console.platform.send_command, console.platform.command
        uuid = console.call(send, DEVICE_ID, b"led=on", int(PATIENCE)).uuid
        board.wait_for("command: answered", PATIENCE)
        assert board.pins[2] == 1
        assert main(["boards", *here]) == 0, capfd.readouterr()
        assert "esp8266" in capfd.readouterr().out.lower()
        assert console.call(command, uuid).reply == b"led=on"
        board.power_cut()
        files = board.read_files()
        assert not [name for name in files if name.endswith(".mpy")]
        assert json.loads(files["/deployed.json"])["form"] == "romfs"
        board.power_on()
        board.wait_for(f"online as device {DEVICE_ID}", PATIENCE)
