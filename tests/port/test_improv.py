"""A board that has no configuration gets it by Improv, over its serial port."""

import json

import pytest
from onenet_tools.broker import Mosquitto
from onenet_tools.cli import main
from onenet_tools.port.connection import Connection
from onenet_tools.port.improv import Improv, Network, Refused
from person import Person
from serial_board import (
    AUTH_INFO,
    DEVICE_ID,
    ONLINE,
    PATIENCE,
    PRODUCT_ID,
    ROM_SIZE,
    SSID,
    WIFI_PASSWORD,
    board,
    config,
    installed,
)

GIVEN = ["--ssid", SSID, "--device-id", DEVICE_ID, "--product-id", PRODUCT_ID, "--improv"]
READY = r"improv: ready"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONENET_WIFI_PASSWORD", WIFI_PASSWORD)
    monkeypatch.setenv("ONENET_AUTH_INFO", AUTH_INFO)


def test_a_board_without_a_configuration(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    with board(broker, installed() | {"config.json": None}) as it:
        it.wait_for(READY, PATIENCE)
        assert main(["config", "--port", it.port, *GIVEN, "--set", "led_pin=2"]) == 0
        told = capsys.readouterr()
        assert told.out == "config.json is written; the board starts with it\n"
        it.wait_for(ONLINE, PATIENCE)
        it.power_cut()
        written = json.loads(it.read_files()["/config.json"])
        assert written == {
            "wifi": [{"ssid": SSID, "password": WIFI_PASSWORD}],
            "device_id": DEVICE_ID,
            "product_id": PRODUCT_ID,
            "auth_info": AUTH_INFO,
            "led_pin": 2,
        }


def test_an_esp8266(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    """Within its 36 KB: what checks the configuration there takes 10 of them."""
    with board(broker, {"config.json": None}, chip="esp8266", rom_size=ROM_SIZE) as it:
        assert main(["deploy", "--port", it.port, "--keep", "--timeout", "1"]) == 1  # it has no configuration
        seen = len(it.log)
        it.reset_button()
        it.wait_for(READY, PATIENCE, seen)
        assert main(["config", "--port", it.port, *GIVEN]) == 0
        it.wait_for(ONLINE, PATIENCE, seen)


def test_a_network_that_does_not_let_it_in_and_another_try(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with board(broker, installed() | {"config.json": None}) as it:
        it.wait_for(READY, PATIENCE)
        monkeypatch.setenv("ONENET_WIFI_PASSWORD", "87654321")
        assert main(["config", "--port", it.port, *GIVEN]) == 2
        told = capsys.readouterr().err
        assert "it does not get into the network: check its name, password" in told
        assert "87654321" not in told + it.log
        monkeypatch.setenv("ONENET_WIFI_PASSWORD", WIFI_PASSWORD)
        assert main(["config", "--port", it.port, *GIVEN]) == 0
        it.wait_for(ONLINE, PATIENCE)


def test_what_is_wrong_is_said_and_the_network_not_even_tried(capsys: pytest.CaptureFixture[str]) -> None:
    with board(None, installed() | {"config.json": None}) as it:
        it.wait_for(READY, PATIENCE)
        for arguments, words in (
            (["--ssid", SSID], "device_id: is missing"),
            ([*GIVEN, "--device-id", "my board"], "device_id: must be the device's ID"),
            ([*GIVEN, "--show"], "--improv only writes"),
            ([*GIVEN, "--replace"], "--improv only writes"),
            ([*GIVEN, "--set", 'wifi=[{"ssid": "a"}, {"ssid": "b"}]'], "Improv knows of one"),
        ):
            assert main(["config", "--port", it.port, "--improv", *arguments]) == 2
            assert words in capsys.readouterr().err
        it.power_cut()
        assert "/config.json" not in it.read_files()


def test_a_board_that_refuses_settings_says_why() -> None:
    """Of another version, say, with other keys."""
    with board(None, installed() | {"config.json": None}) as it:
        it.wait_for(READY, PATIENCE)
        with Connection(it.port) as connection:
            improv = Improv(connection)
            improv.wait()
            problems = improv.set({"colour": "red" * 100})
            assert "colour: unknown key; see config.json.example" in problems
            assert improv.networks() == [Network(SSID, -55, False)]
            assert improv.device()[0] == "onenet"
            with pytest.raises(Refused, match="knows Improv, but not the settings"):
                improv._ask(0x7F, b"", PATIENCE)


def test_a_board_that_goes_by_its_configuration_is_not_stopped(
    broker: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    with board(broker, installed()) as it:
        it.wait_for(ONLINE, PATIENCE)
        assert main(["config", "--port", it.port, *GIVEN]) == 2
        assert "has a configuration, and goes by it; leave --improv out" in capsys.readouterr().err
        assert "stopped" not in it.log and "Ctrl-C" not in it.log


def test_a_board_without_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    with board(None, {"config.json": None}) as it:
        assert main(["config", "--port", it.port, *GIVEN]) == 2
        assert "no program runs there. onenet deploy first" in capsys.readouterr().err


def test_the_raw_repl_is_there_all_the_time(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    """While the board waits, Ctrl-C is its own business; whoever wants the prompt gets it."""
    with board(broker, installed() | {"config.json": None}) as it:
        it.wait_for(READY, PATIENCE)
        with Connection(it.port) as connection:
            connection.interrupt(PATIENCE)
            assert connection.eval("1 + 1") == 2
            connection.hard_reset()
        it.wait_for(READY, PATIENCE, len(it.log))
        assert main(["config", "--port", it.port, *GIVEN[:-1]]) == 0
        it.wait_for(ONLINE, PATIENCE)


def test_somebody_at_a_terminal(broker: Mosquitto) -> None:
    with board(broker, installed() | {"config.json": None}) as it:
        it.wait_for(READY, PATIENCE)
        somebody = Person("config", "--port", it.port, "--improv")
        somebody.sees(f"in the board's reach: {SSID} (-55 dBm)")
        somebody.answer("Wi-Fi network", SSID)
        somebody.answer("Password of", WIFI_PASSWORD)
        somebody.answer("Product ID", PRODUCT_ID)
        somebody.answer("Device ID", DEVICE_ID)
        somebody.answer("Auth-info", AUTH_INFO)
        assert somebody.ends() == 0, somebody.screen
        it.wait_for(ONLINE, PATIENCE)
        it.power_cut()
        assert set(json.loads(it.read_files()["/config.json"])) >= set(config()) - {
            "safe_mode_pin",
            "subscribe_commands",
        }
