"""Configuring a board for a broker of one's own: by questions, by options, and from one platform to another."""

import json
from pathlib import Path
from typing import Any

import pytest
import trustme
from onenet_tools.board import VirtualBoard
from onenet_tools.cli import main
from onenet_tools.port.asking_broker import address, keys_of, looks_like_address, with_address
from onenet_tools.port.board_config import problems, value_from_text
from onenet_tools.port.changes import Changes
from onenet_tools.port.errors import PortError
from person import Person
from serial_board import AUTH_INFO, DEVICE_ID, PRODUCT_ID, SSID, WIFI_PASSWORD, board, config

QUESTION = "Product ID, or the address of a broker of your own"
PASSWORD = "the broker's own"
WIFI = [{"ssid": SSID, "password": WIFI_PASSWORD}]
BROKER = {"wifi": WIFI, "platform": "mqtt", "host": "192.168.1.2", "port": 1884, "device_name": "board1"}


def on_board(it: VirtualBoard) -> dict[str, Any]:
    """Its config.json; the board is off then."""
    it.power_cut()
    found: dict[str, Any] = json.loads(it.read_files()["/config.json"])
    return found


def test_an_address_in_place_of_a_product_is_a_brokers() -> None:
    with board(files={"config.json": None}) as it:
        person = Person("config", "--port", it.port)
        person.answer("Wi-Fi network:", SSID)
        person.answer(f"Password of {SSID}", WIFI_PASSWORD)
        person.answer(QUESTION + ":", "192.168.1.2:1884")
        person.answer("Transport, tcp or websocket [tcp]:", "")
        person.answer("TLS, yes or no [no]:", "")
        person.answer("Device name:", "my board")
        person.answer("Device name:", "board1")
        person.answer("User name [none]:", "me")
        person.answer("Password of me (Enter for none):", PASSWORD)
        assert person.ends() == 0, person.screen
        assert "device_name: must be a name for the device" in person.screen
        assert PASSWORD not in person.screen
        assert on_board(it) == BROKER | {"username": "me", "password": PASSWORD}


def test_what_there_is_can_be_kept_or_changed() -> None:
    there = BROKER | {"safe_mode_pin": -1, "username": "me", "password": PASSWORD, "qos": 0}
    with board(files={"config.json": json.dumps(there)}) as it:
        person = Person("config", "--port", it.port)
        person.answer(f"Wi-Fi network [{SSID}]:", "")
        person.answer(f"Password of {SSID} [as it is]:", "")
        person.answer("Address of the broker [192.168.1.2]:", "a.cn/x")
        person.answer("Address of the broker:", "a.cn, b.cn")
        person.answer("Transport, tcp or websocket [tcp]:", "")
        person.answer("TLS, yes or no [no]:", "n")
        person.answer("Port [1884]:", "many")
        person.answer("Port", "1883")
        person.answer("Device name [board1]:", "")
        person.answer("User name [me]:", "none")
        assert person.ends() == 0, person.screen
        assert "host: must be the broker's address" in person.screen and "port: must be a whole number" in person.screen
        assert on_board(it) == {
            **{key: value for key, value in there.items() if key not in ("username", "password")},
            "host": ["a.cn", "b.cn"],
            "port": 1883,
        }


def test_websocket_and_tls_are_asked_for_and_the_usual_port_follows(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with board(files={"config.json": json.dumps(BROKER | {"safe_mode_pin": -1})}) as it:
        person = Person("config", "--port", it.port)
        person.answer(f"Wi-Fi network [{SSID}]:", "")
        person.answer(f"Password of {SSID} [as it is]:", "")
        person.answer("Address of the broker [192.168.1.2]:", "broker.example")
        person.answer("Transport, tcp or websocket [tcp]:", "ws")
        person.answer("Transport, tcp or websocket", "websocket")
        person.answer("Path of the WebSocket [/mqtt]:", "mqtt")
        person.answer("Path of the WebSocket:", "/ws")
        person.answer("TLS, yes or no [no]:", "yes")
        person.answer("Port [8084]:", "")
        person.answer("Device name [board1]:", "")
        person.answer("User name [none]:", "")
        person.answer("File with the CA's certificate, in PEM or DER:", str(tmp_path / "ca.pem"))
        assert person.ends() == 0, person.screen
        assert 'transport: must be "tcp" or "websocket"' in person.screen
        assert "path: must be what the broker calls its WebSocket" in person.screen
        there = BROKER | {"safe_mode_pin": -1, "host": "broker.example", "port": 8084, "tls": True, "ca": "ca.der"}
        assert on_board(it) == there | {"transport": "websocket", "path": "/ws"}
        assert "/ca.der" in it.read_files()


def test_an_esp8266_is_asked_for_no_tls_and_a_url_says_the_rest() -> None:
    with board(chip="esp8266", files={"config.json": None}) as it:
        person = Person("config", "--port", it.port, "--ssid", SSID)
        person.answer(f"Password of {SSID}", WIFI_PASSWORD)
        person.answer(QUESTION + ":", "mqtts://192.168.1.2")
        person.answer(QUESTION + ":", "ws://192.168.1.2:1884/mqtt")
        person.answer("Device name:", "board1")
        person.answer("User name [none]:", "")
        assert person.ends() == 0, person.screen
        assert "an ESP8266 cannot check certificates" in person.screen and "TLS, yes" not in person.screen
        person = Person("config", "--port", it.port, "--set", "led_pin=2")  # and nothing else is asked again
        assert person.ends() == 0, person.screen
        assert on_board(it) == BROKER | {"transport": "websocket", "path": "/mqtt", "led_pin": 2}


def test_urls() -> None:
    plain = {"host": "a.cn", "transport": "tcp", "tls": False}
    for text, keys in (
        ("mqtt://a.cn", plain),
        ("mqtt://a.cn:1884/", plain | {"port": 1884}),
        ("mqtts://a.cn", plain | {"tls": True}),
        ("ws://a.cn:8083/mqtt", plain | {"transport": "websocket", "port": 8083, "path": "/mqtt"}),
        ("wss://a.cn", plain | {"transport": "websocket", "tls": True}),
        *(
            (text, {"host": text})
            for text in ("http://a.cn", "mqtt://me:secret@a.cn", "mqtt://a.cn/x", "ws://a.cn:99999")
        ),
    ):
        assert keys_of(text) == keys, text
    secure = BROKER | {"tls": True, "ca": "ca.der", "transport": "websocket", "path": "/x"}
    kept = {key: value for key, value in secure.items() if key not in ("port", "ca")}
    assert with_address(secure, keys_of("mqtt://a.cn"), True) == kept | plain
    assert with_address(secure, keys_of("a.cn"), True) == secure | {"host": "a.cn"}
    with pytest.raises(PortError, match="an ESP8266 cannot"):
        with_address(BROKER, keys_of("wss://a.cn"), False)


def test_by_options(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ONENET_WIFI_PASSWORD", WIFI_PASSWORD)
    monkeypatch.setenv("ONENET_MQTT_PASSWORD", PASSWORD)
    given = ["--ssid", SSID, "--set", "platform=mqtt", "--set", "username=me", "--set", "retain=true"]
    with board(files={"config.json": None}) as it:
        assert main(["config", "--port", it.port, *given]) == 2
        told = capsys.readouterr().err
        assert "(give --device-id, --host)" in told and PASSWORD not in told
        assert main(["config", "--port", it.port, "--set", f"password={PASSWORD}"]) == 2
        assert "does not belong on the command line" in capsys.readouterr().err
        more = ["--host", "192.168.1.2:1884", "--device-name", "board1"]
        assert main(["config", "--port", it.port, *given, *more]) == 0
        assert main(["config", "--port", it.port, "--show"]) == 0
        assert PASSWORD not in capsys.readouterr().out
        assert on_board(it) == BROKER | {"username": "me", "password": PASSWORD, "retain": True}


def applied(there: dict[str, Any], secrets: dict[str, str] | None = None, **values: object) -> dict[str, Any]:
    return Changes(None, secrets or {}, values).apply(there)


def test_a_board_goes_to_a_broker_and_back() -> None:
    before = config(keep_alive=240, subscribe_commands=True)
    there = applied(before, {"password": "x"}, platform="mqtt", device_id="board1", host="a.cn", username="me")
    assert there == {
        "wifi": before["wifi"],
        "safe_mode_pin": -1,
        "keep_alive": 240,
        "platform": "mqtt",
        "device_name": "board1",
        "host": "a.cn",
        "username": "me",
        "password": "x",
    }
    assert problems(there) == []
    back = applied(there, {"auth_info": AUTH_INFO}, platform="legacy", product_id=PRODUCT_ID, device_id=DEVICE_ID)
    assert back == {key: value for key, value in before.items() if key != "subscribe_commands"} | {"platform": "legacy"}


@pytest.mark.parametrize("platform", ["studio", "dp"])
def test_from_a_broker_to_the_current_platform(platform: str) -> None:
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    there = applied(BROKER, {"device_key": key}, platform=platform, product_id="aBcDeF1234")
    assert there == {
        "wifi": WIFI,
        "platform": platform,
        "device_name": "board1",
        "product_id": "aBcDeF1234",
        "device_key": key,
    }
    assert problems(there) == []


def test_addresses() -> None:
    assert address("192.168.1.2") == {"host": "192.168.1.2"}
    assert address("a.cn:1884") == {"host": "a.cn", "port": 1884}
    assert address("a.cn, b.cn:1884,c.cn:1884") == {"host": ["a.cn", "b.cn", "c.cn"], "port": 1884}
    for text in ("a.cn:mqtt", "a.cn:1,b.cn:2"):
        with pytest.raises(PortError):
            address(text)
    for text, is_address in (("458945", False), ("aBcDeF1234", False), ("nas:1883", True), ("10.0.0.1", True)):
        assert looks_like_address(text) is is_address


def test_values_on_the_command_line() -> None:
    for key, text, value in (
        ("topic", "{device}/{stream}", "{device}/{stream}"),
        ("host", '["a.cn", "b.cn"]', ["a.cn", "b.cn"]),
        ("qos", "0", 0),
        ("clean_session", "false", False),
        ("discovery_prefix", "homeassistant", "homeassistant"),
        ("entities", '{"temp": {"unit_of_measurement": "°C"}}', {"temp": {"unit_of_measurement": "°C"}}),
    ):
        assert value_from_text(key, text) == value, key
