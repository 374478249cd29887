"""Configuring the virtual board, and what is said of a configuration that is not right."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from onenet_tools.board import VirtualBoard
from onenet_tools.broker import Mosquitto
from onenet_tools.cli import main
from onenet_tools.port import find
from onenet_tools.port.asking_proof import proof_in
from onenet_tools.port.board_config import first_ssid, masked, password_of, value_from_text, with_network
from onenet_tools.port.changes import Changes, read_secrets
from onenet_tools.port.errors import PortError
from onenet_tools.port.fleet import read_fleet
from onenet_tools.token.trying import make_token
from person import Person
from serial_board import (
    AUTH_INFO,
    DEVICE_ID,
    ONLINE,
    PATIENCE,
    PRODUCT_ID,
    SSID,
    WIFI_PASSWORD,
    board,
    config,
    installed,
)

GIVEN = ["--ssid", SSID, "--device-id", DEVICE_ID, "--product-id", PRODUCT_ID]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ONENET_WIFI_PASSWORD", WIFI_PASSWORD)
    monkeypatch.setenv("ONENET_AUTH_INFO", AUTH_INFO)
    yield


def on_board(it: VirtualBoard) -> dict[str, Any]:
    """Its config.json; the board is off then."""
    it.power_cut()
    found: dict[str, Any] = json.loads(it.read_files()["/config.json"])
    return found


def test_a_bare_board(capsys: pytest.CaptureFixture[str]) -> None:
    with board(files={"config.json": None}) as it:
        assert main(["config", "--port", it.port, *GIVEN]) == 0
        told = capsys.readouterr()
        assert told.out == f"config.json is written; next: onenet deploy --port {it.port}\n"
        assert on_board(it) == {
            "device_id": DEVICE_ID,
            "product_id": PRODUCT_ID,
            "auth_info": AUTH_INFO,
            "wifi": [{"ssid": SSID, "password": WIFI_PASSWORD}],
        }


def test_other_keys_stay_and_the_program_starts_with_the_new_ones(broker: Mosquitto) -> None:
    there = config(auth_info="wrong", keep_alive=240, wifi=[{"ssid": "shop", "password": "shop's own"}])
    with board(broker, installed() | {"config.json": json.dumps(there)}) as it:
        it.wait_for("mqtt: connecting|not in reach", PATIENCE)
        seen = len(it.log)
        assert main(["config", "--port", it.port, "--set", "port=0"]) == 2
        it.wait_for("wifi: ", PATIENCE, seen)  # refused, and as before
        assert main(["config", "--port", it.port, "--ssid", SSID, "--set", "led_pin=2", "--unset", "keep_alive"]) == 0
        it.wait_for(ONLINE, PATIENCE)
        expected = config(led_pin=2, wifi=[{"ssid": SSID, "password": WIFI_PASSWORD}, *there["wifi"]])
        assert on_board(it) == expected


def test_what_is_wrong_is_said_and_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with board(files={"config.json": "{}"}) as it:
        for arguments, words in (
            ([], "device_id: is missing; must be the device's ID.*product_id: is missing"),
            ([*GIVEN, "--set", "port=70000"], "port: must be a whole number from 1 to 65535, not 70000"),
            (
                [*GIVEN, "--device-id", "my board"],
                'device_id: must be the device\'s ID, digits, not "my board"',
            ),
            (["--set", "colour=red"], "no such key; there are wifi, platform, host"),
            (["--set", "colour"], "must be KEY=VALUE"),
            (["--set", f"auth_info={AUTH_INFO}"], "does not belong on the command line"),
            (["--host", "localhost:http"], "must be HOST or HOST:PORT"),
            (["--secrets", "/nonexistent"], "/nonexistent cannot be read"),
        ):
            assert main(["config", "--port", it.port, *arguments]) == 2, arguments
            told = capsys.readouterr()
            assert told.out == "" and len(told.err.splitlines()) == 1
            assert re.search(words, told.err), told.err
            assert AUTH_INFO not in told.err and WIFI_PASSWORD not in told.err
        assert on_board(it) == {}


def test_a_network_without_a_password_is_not_guessed_to_be_open(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with board() as it:
        monkeypatch.delenv("ONENET_WIFI_PASSWORD")
        assert main(["config", "--port", it.port, "--ssid", "shop"]) == 2
        assert "the password of shop is missing; give it in ONENET_WIFI_PASSWORD" in capsys.readouterr().err
        monkeypatch.setenv("ONENET_WIFI_PASSWORD", "")
        assert main(["config", "--port", it.port, "--ssid", "shop"]) == 0
        assert on_board(it)["wifi"][0] == {"ssid": "shop", "password": ""}


def test_secrets_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("# of the device\nauth_info=from=the file\n\nwifi_password=12345678 9\n")
    with board(files={"config.json": None}) as it:
        assert main(["config", "--port", it.port, *GIVEN, "--secrets", str(file)]) == 0
        written = on_board(it)
        assert written["auth_info"] == "from=the file" and written["wifi"][0]["password"] == "12345678 9"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_secrets_and_tables_in_whatever_encoding_an_editor_saves(encoding: str, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.write_text("auth_info=鉴权信息\nwifi_password=12345678\n", encoding)
    assert read_secrets(secrets)["auth_info"] == "鉴权信息"
    fleet = tmp_path / "fleet.csv"
    fleet.write_text("board,ssid,wifi_password\nCOM3,家里,12345678\n", encoding)
    (row,) = read_fleet(fleet, Changes())
    assert (row.board, row.changes.ssid) == ("COM3", "家里")


def test_what_is_no_text(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.write_bytes(b"\x89PNG\xff\xff")
    with pytest.raises(PortError, match="is neither UTF-8 nor GB 18030; save it as UTF-8"):
        read_secrets(secrets)
    with pytest.raises(PortError, match="none cannot be read: No such file"):
        read_secrets(tmp_path / "none")


def test_showing_tells_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    with board(files={"config.json": json.dumps(config(led_pin=99))}) as it:
        assert main(["config", "--port", it.port, "--show"]) == 1
        told = capsys.readouterr()
        shown = json.loads(told.out)
        assert shown["auth_info"] == shown["wifi"][0]["password"] == "******"
        assert shown["device_id"] == DEVICE_ID and shown["keep_alive" if "keep_alive" in shown else "led_pin"] == 99
        assert "- led_pin: must be" in told.err
        assert AUTH_INFO not in told.out + told.err and WIFI_PASSWORD not in told.out + told.err


def test_a_broken_file_is_said_to_be_broken_and_replaced_if_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    with board(files={"config.json": '{"auth_info": "s3cret'}) as it:
        assert main(["config", "--port", it.port, *GIVEN]) == 2
        assert "Write it anew: onenet config --replace" in capsys.readouterr().err
        assert main(["config", "--port", it.port, *GIVEN, "--replace"]) == 0
        assert on_board(it)["device_id"] == DEVICE_ID


def test_what_is_missing_is_asked_for_and_secrets_are_not_echoed() -> None:
    with board(files={"config.json": json.dumps(config(device_id=..., auth_info=...))}) as it:
        person = Person("config", "--port", it.port)
        person.answer("Wi-Fi network [home]:", "")
        person.answer("Password of home [as it is]:", "short")
        person.answer("Password of home", "another one")
        person.answer(f"Product ID, or the address of a broker of your own [{PRODUCT_ID}]:", "")
        person.answer("Device ID:", "\x1b[1~789")
        person.answer("Device ID:", "my board")
        person.answer("Device ID:", DEVICE_ID)
        person.answer("Auth-info", AUTH_INFO)
        assert person.ends() == 0, person.screen
        assert "wifi[0].password: must be 8 to 64 characters" in person.screen
        assert "device_id: must be the device's ID" in person.screen
        assert "must not contain control characters" in person.screen
        for secret in (AUTH_INFO, "short", "another one", WIFI_PASSWORD):
            assert secret not in person.screen
        assert on_board(it) == config(wifi=[{"ssid": SSID, "password": "another one"}])


PROTOCOL = "Its data protocol (数据协议), onejson or streams"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
STUDIO = {
    "wifi": [{"ssid": SSID, "password": WIFI_PASSWORD}],
    "safe_mode_pin": -1,
    "platform": "studio",
    "product_id": "aBcDeF1234",
    "device_name": "board1",
}


def test_a_product_id_with_letters_is_of_the_current_platform() -> None:
    with board(files={"config.json": None}) as it:
        person = Person("config", "--port", it.port)
        person.answer("Wi-Fi network:", SSID)
        person.answer(f"Password of {SSID}", WIFI_PASSWORD)
        person.answer("Product ID, or the address of a broker of your own:", "a-b")
        person.answer("Product ID, or the address of a broker of your own:", " aBcDeF1234 ")
        person.answer(f"{PROTOCOL} [onejson]:", "json")
        person.answer(f"{PROTOCOL} [onejson]:", "")
        person.answer("Device name:", "my board")
        person.answer("Device name:", "board1")
        person.answer("Key of the device (or a token", KEY[:-1])
        person.answer("Key of the device (or a token", KEY)
        person.answer("TLS, yes or no [no]:", "maybe")
        person.answer("TLS, yes or no [no]:", "")
        assert person.ends() == 0, person.screen
        assert "letters: of OneNET's current platform" in person.screen
        for words in (
            "product_id: must be digits, or letters",
            "device_name: must be",
            "device_key: must be",
            "yes or no",
        ):
            assert words in person.screen
        assert KEY[:-1] not in person.screen
        assert on_board(it) == {key: value for key, value in STUDIO.items() if key != "safe_mode_pin"} | {
            "device_key": KEY
        }


def token(key: str = KEY, res: str = "products/aBcDeF1234/devices/board1", days: float = 3650) -> str:
    until = datetime.now(timezone.utc) + timedelta(days=days)
    return make_token(key, res, str(int(until.timestamp())), "sha256", "2018-10-31")


def test_a_product_with_data_streams_and_a_whole_line_of_a_configuration() -> None:
    """Typed again, it stays one: what it is does not show in its ID."""
    with board(files={"config.json": None}) as it:
        person = Person("config", "--port", it.port, "--ssid", SSID)
        person.answer(f"Password of {SSID}", WIFI_PASSWORD)
        person.answer("Product ID, or the address of a broker of your own:", "aBcDeF1234")
        person.answer(PROTOCOL, "数据流")
        person.answer("Device name:", "board1")
        person.answer("Key of the device (or a token", f'"access_key": "{KEY}",')
        person.answer("TLS, yes or no [no]:", "yes")
        assert person.ends() == 0, person.screen
        person = Person("config", "--port", it.port)
        person.answer(f"Wi-Fi network [{SSID}]:", "")
        person.answer(f"Password of {SSID} [as it is]:", "")
        person.answer("Product ID [aBcDeF1234]:", "")
        person.answer(f"{PROTOCOL} [streams]:", "")
        person.answer("Device name [board1]:", "")
        person.answer("Key of the device (or a token", "")
        person.answer("TLS, yes or no [yes]:", "")
        assert person.ends() == 0, person.screen
        assert "config.json was like this already" in person.screen and KEY not in person.screen
        there = STUDIO | {"platform": "dp", "access_key": KEY, "tls": True}
        assert on_board(it) == {key: value for key, value in there.items() if key != "safe_mode_pin"}
    assert applied(there, product_id="bBcDeF1234") == there | {"product_id": "bBcDeF1234"}


def test_tokens_that_the_platform_would_not_take_are_refused_at_once() -> None:
    with board(files={"config.json": json.dumps(STUDIO)}) as it:
        person = Person("config", "--port", it.port, "--set", "led_pin=2")
        good, soon = token(), token(days=0.02)
        for bad, words in (
            (token(days=-1), "token: it has expired, 1 day ago"),
            (token(res="products/aBcDeF1234/devices/board2"), "token: it is for device board2"),
            (token(res="products/zBcDeF1234/devices/board1"), "token: must be of this product or its device"),
            (token(res="userid/123456"), "token: must be of this product or its device"),
            (good.replace("2018-10-31", "2022-05-01"), "token: it is for the HTTP API"),
            (good.replace("%3D", "="), "token: sign is not URL-encoded"),
        ):
            person.answer("Key of the device (or a token", bad)
            person.sees(words)
        person.answer("Key of the device (or a token", f"  '{soon}' ")
        assert person.ends() == 0, person.screen
        assert "the token ends in 28 minutes" in person.screen and "the board is offline from then on" in person.screen
        assert "sign=" not in person.screen
        assert on_board(it) == STUDIO | {"token": soon, "led_pin": 2}


def test_pastes() -> None:
    for text, key, value in (
        (KEY, "device_key", KEY),
        (f" {KEY}\t", "device_key", KEY),
        (f'"device_key": "{KEY}",', "device_key", KEY),
        (f"access_key={KEY}", "access_key", KEY),
        (f"access_key：{KEY}", "device_key", f"access_key：{KEY}"),  # noqa: RUF001 - which is refused in words
        ("version=1&res=a&sign=b", "token", "version=1&res=a&sign=b"),
        ("res=a&version=1", "token", "res=a&version=1"),
        ('"token": "version=1&res=a"', "token", "version=1&res=a"),
    ):
        assert proof_in(text) == (key, value), text


def applied(there: dict[str, Any], secrets: dict[str, str] | None = None, **values: object) -> dict[str, Any]:
    return Changes(None, secrets or {}, values).apply(there)


def test_a_board_goes_from_one_platform_to_the_other_and_back() -> None:
    before = config(keep_alive=240, host="192.0.2.1", port=1883, subscribe_commands=True)
    there = applied(before, {"device_key": KEY}, product_id="aBcDeF1234", device_id="board1")
    assert there == STUDIO | {"device_key": KEY, "wifi": before["wifi"], "keep_alive": 240}
    there = applied(there, {"auth_info": AUTH_INFO}, host="192.0.2.2", port=1884, keep_alive=60)  # not of this platform
    assert there == STUDIO | {
        "device_key": KEY,
        "wifi": before["wifi"],
        "keep_alive": 60,
        "host": "192.0.2.2",
        "port": 1884,
    }
    assert applied(there, {"access_key": KEY}).keys() == there.keys() - {"device_key"} | {"access_key"}
    back = applied(there, {"auth_info": AUTH_INFO}, product_id=PRODUCT_ID, device_id=DEVICE_ID)
    assert back == config(keep_alive=60, platform="legacy", wifi=before["wifi"], subscribe_commands=...)
    assert applied(STUDIO, product_id="12345", platform="studio")["platform"] == "studio"  # as it is said


def test_keys_of_the_current_platform_are_secrets_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = token(res="products/aBcDeF1234"), token(days=-1)
    with board(files={"config.json": json.dumps(STUDIO | {"device_key": KEY})}) as it:
        assert main(["config", "--port", it.port, "--show"]) == 0
        assert KEY not in capsys.readouterr().out
        assert main(["config", "--port", it.port, "--set", f"device_key={KEY}"]) == 2
        assert KEY not in capsys.readouterr().err
        file = tmp_path / "secrets"
        file.write_text(f"token={bad}\n")
        assert main(["config", "--port", it.port, "--secrets", str(file)]) == 2
        told = capsys.readouterr().err
        assert "nothing was written: token: it has expired" in told and "sign" not in told
        file.write_text(f"token={good}\n")
        assert main(["config", "--port", it.port, "--secrets", str(file)]) == 0
        assert on_board(it) == STUDIO | {"token": good}


def test_the_program_goes_on_while_somebody_types_and_after_ctrl_c(broker: Mosquitto) -> None:
    with board(broker, installed()) as it:
        it.wait_for(ONLINE, PATIENCE)
        seen = len(it.log)
        person = Person("config", "--port", it.port)
        person.answer("Wi-Fi network [home]:", "")
        it.wait_for(ONLINE, PATIENCE, seen)
        person.presses_ctrl_c("Password of home")
        assert person.ends() == 1
        assert "Nothing was written." in person.screen
        assert on_board(it) == config()


# Many boards


def table(tmp_path: Path, text: str, encoding: str = "utf-8") -> str:
    path = tmp_path / "fleet.csv"
    path.write_bytes(text.encode(encoding))
    return str(path)


def test_boards_by_port_and_by_mac(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = {"config.json": None}
    with (
        board(files=blank) as one,
        board(files=blank, unique_id=bytes.fromhex("240ac4123456")) as two,
        board(files=blank, unique_id=b"nobody") as three,
    ):
        boards = (one, two, three)
        monkeypatch.setattr(find, "usb_ports", lambda: [find.Port(it.port, "", "", False) for it in boards])
        rows = (
            "board,ssid,device_id,auth_info,upload_interval\n"
            f"{one.port},客厅,1001,first,\n24:0A:C4:12:34:56,,1002,second,30\n\naa:bb:cc:dd:ee:ff,,1003,third,\n"
        )
        csv = table(tmp_path, rows, "gb18030")
        assert main(["config", "--csv", csv, "--ssid", "shop", "--product-id", PRODUCT_ID]) == 1
        told = capsys.readouterr().out
        assert "2 of 3 boards done" in told
        assert re.search(rf"{three.port} *│ failed *│ .*no row for its MAC", told)
        assert "line 5: no board has the MAC aabbccddeeff" in told
        common = {"product_id": PRODUCT_ID}
        shop = {"password": WIFI_PASSWORD}
        assert on_board(one) == common | {"device_id": "1001", "auth_info": "first", "wifi": [{"ssid": "客厅"} | shop]}
        assert on_board(two) == common | {
            "device_id": "1002",
            "auth_info": "second",
            "wifi": [{"ssid": "shop"} | shop],
            "upload_interval": 30,
        }
        three.power_cut()
        assert "/config.json" not in three.read_files()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("device_id\n1\n", "must have a column board"),
        ("board,colour\nCOM3,red\n", "no such column 'colour'; there are board, ssid, wifi_password, platform"),
        ("board,board\nCOM3,COM4\n", "a column is there twice"),
        ("board,device_id\n", "has no rows"),
        ("board,device_id\nCOM3\n", "line 2: must have 2 cells"),
        ("board,device_id\nCOM3,1,2\n", "line 2: must have 2 cells"),
        ("board,device_id\n,1\n", "line 2: board must be a port or a MAC"),
        ("board,device_id\nCOM3,first\n", "line 2: device_id: must be"),
        ("board,device_id\nCOM3,1\nCOM4,1\n", "line 3: device_id 1 is there twice"),
        ("board,device_id\nCOM3,1\nCOM3,2\n", "line 3: board COM3 is there twice"),
    ],
)
def test_a_table_that_is_wrong(text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--csv", table(tmp_path, text)]) == 2
    told = capsys.readouterr().err
    assert words in told and "fleet.csv" in told and AUTH_INFO not in told


# Pieces


def test_values_on_the_command_line() -> None:
    for key, text, value in (
        ("keep_alive", "240", 240),
        ("subscribe_commands", "true", True),
        ("intervals", '{"rssi": 10}', {"rssi": 10}),
        ("host", "192.168.1.2", "192.168.1.2"),
        ("device_id", "789546805", "789546805"),
        ("safe_mode_pin", "4", 4),
        ("safe_mode_pin", "boot", "boot"),
        ("ntp_host", "", ""),
        ("keep_alive", "long", "long"),
    ):
        assert value_from_text(key, text) == value, key


def test_networks() -> None:
    example = {"wifi": [{"ssid": "your network", "password": "its password"}]}
    assert with_network(example, "a", "12345678") == {"wifi": [{"ssid": "a", "password": "12345678"}]}
    two = with_network(with_network({}, "a", "12345678"), "b", "")
    assert [network["ssid"] for network in two["wifi"]] == ["b", "a"]
    assert with_network(two, "a", None)["wifi"][0] == {"ssid": "a", "password": "12345678"}
    assert with_network({"wifi": "nonsense"}, "a", "")["wifi"] == [{"ssid": "a", "password": ""}]


def test_networks_with_names_in_hex() -> None:
    """A router's name in GBK cannot be typed, but its characters can."""
    gbk = {"ssid_hex": "家里".encode("gbk").hex(), "password": "12345678"}
    odd = {"ssid_hex": "ff00", "password": ""}
    there = {"wifi": [gbk, odd, {"ssid": "home", "password": "87654321"}]}
    assert first_ssid(there) == "家里"
    assert password_of(there, "家里") == "12345678" and password_of(there, "ff00") == ""
    assert with_network(there, "家里", "new one!")["wifi"] == [gbk | {"password": "new one!"}, *there["wifi"][1:]]
    assert with_network(there, "home", None)["wifi"] == [there["wifi"][2], gbk, odd]
    assert with_network(there, "other", "12345678")["wifi"][1:] == there["wifi"]
    assert first_ssid({"wifi": [{"ssid_hex": "x"}]}) == first_ssid({"wifi": [{"ssid_hex": 5}]}) == ""


def test_without_its_host_the_port_goes_too() -> None:
    there = config(host="192.168.1.2", port=21402, keep_alive=240)
    assert Changes(unset=("host",)).apply(there) == config(keep_alive=240)
    assert Changes(unset=("host",), values={"port": 6003}).apply(there) == config(keep_alive=240, port=6003)
    assert Changes(unset=("port",)).apply(there) == config(host="192.168.1.2", keep_alive=240)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "mqtt://183.230.40.39:6002"], "host: must be an address or name alone, without mqtt://"),
        (["--host", "mqtt://183.230.40.39"], "--host mqtt://183.230.40.39: must be HOST or HOST:PORT"),
        (["--set", "host=183.230.40.39:6002"], "without a port, which is a key"),
        (["--host", "183.230.40.39："], "host: must be an address or name alone"),  # noqa: RUF001
        (["--product-id", "Ab3dE5fGhI"], "device_key: is missing; must be the device's key"),
        (["--product-id", "Ab3dE5fGhI"], "(give ONENET_DEVICE_KEY)"),
        (["--device-id", "esp32-01"], "device_id: must be the device's ID, digits"),
        (["--set", "led_pin=D4"], "led_pin: must be a pin's number"),
        (["--set", "upload_interval=0.5"], "upload_interval: must be seconds between uploads, a whole number"),
    ],
)
def test_what_the_board_would_not_take_is_not_written(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with board() as it:
        assert main(["config", "--port", it.port, *options]) == 2
        told = capsys.readouterr().err
        assert words in told
        assert len(told.splitlines()) == 1
        assert on_board(it) == config()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: b"\xef\xbb\xbf" + text.encode(), "begins with a byte order mark; save it as UTF-8 without BOM"),
        (lambda text: text.encode("utf-16"), "is not JSON but UTF-16, or no text; save it as UTF-8"),
        (lambda text: text.replace("home", "家里").encode("gbk"), "is not JSON in UTF-8 (but in GBK, or ANSI?)"),
        (lambda text: text.replace('"wifi"', "“wifi”").encode(), "line 1: “ is none of the plain"),
        (lambda text: text.replace('"wifi":', '"wifi"：').encode(), "line 1: ： is none of the plain"),  # noqa: RUF001
        (lambda text: text.replace("true", "True").encode(), "line 1: a word with a capital, as Python's True"),
        (lambda text: text[:-1].encode(), "it does not end with }: it is cut off"),
    ],
)
def test_a_file_that_is_saved_in_another_way(
    change: Callable[[str], bytes], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As by `mpremote cp` after an editor. The other keys in it are not lost: it stays as it is."""
    saved = change(json.dumps(config(), ensure_ascii=False))
    with board(files={"config.json": saved}) as it:
        for arguments in (["--show"], GIVEN):
            assert main(["config", "--port", it.port, *arguments]) == 2
            told = capsys.readouterr().err
            assert words in told
            assert "onenet config --replace" in told
        it.power_cut()
        assert it.read_files()["/config.json"] == saved


def test_masking() -> None:
    assert masked({"auth_info": "x", "access_key": "y", "keep_alive": 1, "wifi": [{"ssid": "a", "password": "z"}]}) == {
        "auth_info": "******",
        "access_key": "******",
        "keep_alive": 1,
        "wifi": [{"ssid": "a", "password": "******"}],
    }
