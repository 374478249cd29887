"""`onenet product`, and `onenet device` for its devices, as people type them."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from onenet_tools.console.console import RunningConsole, running_console
from studio_client import connack, make_token, thing_online
from test_console_command import onenet

MODEL = Path(__file__).with_name("thing_model.json")


def said(done: "subprocess.CompletedProcess[str]") -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return str(done.stdout)


@pytest.fixture
def own_console(tmp_path: Path) -> Iterator[RunningConsole]:
    with running_console(tmp_path / "onenet" / "console.sqlite3") as it:
        yield it


def test_a_product_its_model_and_a_board(tmp_path: Path, own_console: RunningConsole) -> None:
    product = said(onenet(tmp_path, "product", "add", "Greenhouse")).strip()
    assert re.fullmatch("[A-Za-z]{6}[0-9]{4}", product)
    assert said(onenet(tmp_path, "product", "model", product, str(MODEL))) == "10 properties, 1 events, 2 services\n"
    lines = said(onenet(tmp_path, "device", "add", "board1", "--product", product)).splitlines()
    assert lines[:3] == ['"platform": "studio",', '"device_name": "board1",', f'"product_id": "{product}",']
    (key,) = re.fullmatch('"device_key": "(.*)",', lines[3]).groups()
    device = own_console.call(own_console.platform.studio.device, product, "board1")
    assert device.auth_info == key
    with thing_online(own_console, device, "thing/#") as it:  # the console has noticed
        assert it.ask("thing/property/post", {"none": {"value": 1}})["code"] == 100
    listed = said(onenet(tmp_path, "product", "list"))
    assert re.search(rf"{product} +Greenhouse +thing model +1", listed)
    access_key = own_console.call(own_console.platform.studio.products.find, product).access_key
    assert access_key not in listed and access_key in said(onenet(tmp_path, "product", "list", "--keys"))
    assert f"{product}:board1" in said(onenet(tmp_path, "device", "list"))
    kept = onenet(tmp_path, "product", "remove", product)
    assert kept.stderr == f"error: product {product} has 1 devices, which would be lost: --yes if so\n"
    said(onenet(tmp_path, "product", "remove", product, "--yes"))
    assert connack(own_console, "board1", product, make_token(key, f"products/{product}/devices/board1")) == 4


@pytest.mark.long
def test_ids_streams_and_keys_of_ones_own(tmp_path: Path, own_console: RunningConsole) -> None:
    assert said(onenet(tmp_path, "product", "add", "--id", "aBcDeF1234", "--streams")) == "aBcDeF1234\n"
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    added = onenet(tmp_path, "device", "add", "board1", "--product", "aBcDeF1234", "--auth-info", key)
    assert f'"device_key": "{key}"' in said(added) and '"platform": "dp",' in said(added)
    token = make_token(key, "products/aBcDeF1234/devices/board1")
    assert connack(own_console, "board1", "aBcDeF1234", token) == 0
    assert "stream" in said(onenet(tmp_path, "product", "list"))
    account = own_console.call(own_console.platform.studio.products.account)
    assert f"user id {account.user_id}, access key {account.user_key}" in said(onenet(tmp_path, "console", "--key"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["product", "add", "--id", "458945"], "error: product id '458945': must be 8 to 32 letters and digits"),
        (["product", "remove", "noSuchProduct1"], "error: product not exist: noSuchProduct1"),
        (["product", "model", "noSuchProduct1", str(MODEL)], "error: product not exist: noSuchProduct1"),
        (["product", "model", "noSuchProduct1", "/nowhere"], "error: /nowhere: No such file or directory"),
        (["device", "add", "x", "--product", "noSuchProduct1"], "error: product not exist: noSuchProduct1"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = onenet(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(words) and done.stderr.count("\n") == 1, done.stderr
