"""Who of the current platform is let in, side by side with the old one, and what the others are told."""

import base64
from typing import Any

import pytest
from console_client import DEVICE, connect, errors, notes, online, raw_device, until
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.failures import AlreadyExists
from onenet_tools.console.model import Device
from onenet_tools.console.studio.failures import BadParameter, DeviceExists, UnknownName, UnknownProduct
from onenet_tools.console.studio.products import Protocol
from studio_client import connack, device_token, make_token, thing_online


def password_of(console: RunningConsole, board: Device, **more: Any) -> str:
    product = console.call(console.platform.studio.products.find, board.product_id)
    return make_token(product.access_key, f"products/{board.product_id}", **more)


def test_devices_of_both_platforms_side_by_side(console: RunningConsole, board: Device) -> None:
    with online(console), thing_online(console, board) as it:
        assert console.call(console.platform.device, DEVICE).online
        device = console.call(console.platform.device, board.id)
        assert (device.online, device.name, device.product_id) == (True, "board1", board.product_id)
        assert it.is_there()


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256"])
def test_the_devices_token_and_the_products(console: RunningConsole, board: Device, method: str) -> None:
    for password in (device_token(board, method=method), password_of(console, board, method=method)):
        assert connack(console, board.name, board.product_id, password) == 0


def test_a_name_may_be_a_products_own_and_chinese(console: RunningConsole, board: Device) -> None:
    other = console.call(console.platform.studio.add_product)
    one = console.call(console.platform.studio.add_device, other.id, board.name)
    two = console.call(console.platform.studio.add_device, other.id, "温度1")
    assert one.id != board.id and one.auth_info != board.auth_info
    with thing_online(console, board), thing_online(console, one) as it, thing_online(console, two):
        assert it.is_there()
    assert connack(console, one.name, one.product_id, device_token(board)) == 4


def test_the_newest_of_a_device_wins(console: RunningConsole, board: Device) -> None:
    with thing_online(console, board) as first, thing_online(console, board) as second:
        assert first.is_closed()
        assert second.is_there()
    assert any("has logged in from" in note for note in notes(console, board.id))


def test_code_4_and_which_part_is_wrong(console: RunningConsole, board: Device) -> None:
    product = console.call(console.platform.studio.products.find, board.product_id)
    own = f"products/{board.product_id}/devices/{board.name}"
    for password, words in (
        (device_token(board, et=1700000000), "token, et: 1700000000 was 2023-11-15 06:13:20 Beijing time"),
        (device_token(board, version="2022-05-01"), "token, version: '2022-05-01' must be 2018-10-31 here"),
        (make_token(product.access_key, own), "is made with the product's access_key, but res"),
        (make_token(board.auth_info, f"products/{board.product_id}"), "is made with the device's key, but res"),
        (make_token(board.auth_info, f"{own}x"), "token, res: "),
        (make_token(base64.b64encode(bytes(32)).decode(), own), "token, sign: is not made with the device's key"),
        (board.auth_info, "token: is the device's key itself"),
        (product.access_key, "token: is the product's access_key itself"),
        ("", "token: has no version"),
    ):
        assert connack(console, board.name, board.product_id, password) == 4
        kind, said = until(lambda: errors(console, board.id))[-1]
        assert kind == "CONNECT" and words in said, said
        assert board.auth_info not in said and product.access_key not in said
    assert not console.call(console.platform.device, board.id).online


def test_code_4_for_names_that_are_not_there(console: RunningConsole, board: Device) -> None:
    assert connack(console, "board2", board.product_id, device_token(board)) == 4
    assert "has no device of this name" in errors(console)[-1][1]
    assert connack(console, board.name, "noSuchProduct1", device_token(board)) == 4
    assert "no product has this id" in errors(console)[-1][1]


def test_no_way_in_by_the_other_platforms_credentials(console: RunningConsole, board: Device) -> None:
    assert connack(console, board.id, console.platform.product_id, board.auth_info) == 2
    assert connack(console, board.id, console.platform.product_id, console.platform.master_key) == 2
    assert connack(console, DEVICE, board.product_id, device_token(board)) == 4


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"keepalive": 0}, "keep alive 0 s: must be 10 to 1800 s"),
        ({"keepalive": 9}, "keep alive 9 s"),
        ({"keepalive": 1801}, "keep alive 1801 s"),
        ({"clean_session": False}, "keeps no sessions"),
        ({"will_topic": "a"}, "OneNET has no will"),
    ],
)
def test_closed_without_connack(console: RunningConsole, board: Device, more: dict[str, Any], words: str) -> None:
    with raw_device(console) as it:
        it.send(connect(board.name, board.product_id, device_token(board), **{"keepalive": 60, **more}))
        assert it.is_closed()
    assert until(lambda: [it for it in errors(console) if words in it[1]])


@pytest.mark.parametrize("keep_alive", [10, 1800])
def test_the_bounds_of_keep_alive(console: RunningConsole, board: Device, keep_alive: int) -> None:
    assert connack(console, board.name, board.product_id, device_token(board), keepalive=keep_alive) == 0


def test_products_and_devices(console: RunningConsole) -> None:
    studio = console.platform.studio
    product = console.call(studio.add_product, "Greenhouse", "aBcDeF1234", Protocol.STREAM)
    assert product in console.call(studio.products.all)
    assert len(base64.b64decode(product.access_key)) == 32
    made = console.call(studio.add_device, product.id, "b1", "Left window")
    assert (made.id, made.title) == ("aBcDeF1234:b1", "Left window")
    assert len(base64.b64decode(made.auth_info)) == 32 and len(made.auth_info) == 44
    assert [it.name for it in console.call(studio.devices, product.id)] == ["b1"]
    with pytest.raises(DeviceExists):
        console.call(studio.add_device, product.id, "b1")
    with pytest.raises(UnknownName):
        console.call(studio.device, product.id, "b2")
    for name in ("", "a b", "a/b", "a+b", "x" * 65, "a:b", "a\u2028b"):
        with pytest.raises(BadParameter, match="device name"):
            console.call(studio.add_device, product.id, name)
    for product_id in ("123456789", "short1", "x" * 33, "with-dash1", "aBcDeF1234"):
        with pytest.raises(BadParameter, match="product id"):
            console.call(studio.add_product, "", product_id)
    for key in ("no base64!", "A", "A" * 600):
        with pytest.raises(BadParameter, match="must be base64") as raised:
            console.call(studio.add_device, product.id, "b3", "", key)
        assert key not in str(raised.value)
    with pytest.raises(AlreadyExists, match="another device has the same"):
        console.call(studio.add_device, product.id, "b3", "", made.auth_info)
    console.call(studio.remove_product, product.id)
    with pytest.raises(UnknownProduct):
        console.call(studio.device, product.id, "b1")
    assert not console.call(console.platform.knows, made.id)
