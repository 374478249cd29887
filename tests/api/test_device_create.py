"""`onenet device create`: devices made at the console's API, and the table that `onenet config --csv` reads."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from api_peers import Told
from onenet_tools.api.studio import StudioClient
from onenet_tools.cli import main
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.studio.products import Product
from onenet_tools.port.changes import Changes
from onenet_tools.port.fleet import read_fleet

HEAD = "board,platform,device_name,product_id,device_key"


@pytest.fixture
def product(console: RunningConsole) -> Any:
    it = console.call(console.platform.studio.add_product)
    yield it
    console.call(console.platform.studio.remove_product, it.id)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "fleet.csv"


@pytest.fixture
def create(onenet: Callable[..., Told], console: RunningConsole, product: Product, table: Path) -> Callable[..., Told]:
    """Runs it for the product and the table; no key is told."""

    def run(*names: str, **more: str) -> Told:
        told = onenet("device", "create", *names, "--product", product.id, "--csv", str(table), **more)
        keys = [product.access_key, console.call(console.platform.studio.products.account).user_key]
        keys += [row["device_key"] for row in rows(table) if row.get("device_key")] if table.exists() else []
        assert not [key for key in keys if key in told.out + told.err]
        return told

    return run


def rows(table: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))


def keys(console: RunningConsole, product: Product) -> dict[str, str]:
    return {it.name: it.auth_info for it in console.call(console.platform.studio.devices, product.id)}


def test_a_device_for_each_board(
    create: Callable[..., Told], console: RunningConsole, product: Product, table: Path
) -> None:
    table.write_text("board, ssid, device_name\n24:0A:C4:12:34:56, home,\n\n/dev/ttyUSB0, home, lamp\n")
    told = create()
    assert told.status == 0 and told.out.startswith(f"2 devices made; 2 in {table}, with their keys"), told
    assert told.out.splitlines()[-1] == f"next: onenet config --csv {table}"
    made = keys(console, product)
    assert [dict(row) for row in rows(table)] == [
        {
            "board": board,
            "ssid": "home",
            "device_name": name,
            "platform": "studio",
            "product_id": product.id,
            "device_key": made[name],
        }
        for board, name in (("24:0A:C4:12:34:56", "240ac4123456"), ("/dev/ttyUSB0", "lamp"))
    ]
    first, second = read_fleet(table, Changes())  # as onenet config --csv reads it
    assert (first.board, second.board) == ("240ac4123456", "/dev/ttyUSB0")
    config = first.changes.apply({"wifi": [{"ssid": "home", "password": "secret123"}]})
    assert (config["device_name"], config["product_id"], config["device_key"]) == (
        "240ac4123456",
        product.id,
        made["240ac4123456"],
    )
    assert config["platform"] == "studio"


def test_names_make_a_table_that_only_its_owner_reads(create: Callable[..., Told], table: Path) -> None:
    told = create("lamp1", "lamp2", "lamp1")
    assert told.status == 0 and "2 devices made" in told.out
    assert "next: fill in the column board of 2 rows (a MAC or port), then onenet config --csv" in told.out
    assert table.stat().st_mode & 0o777 == 0o600
    assert table.read_text(encoding="utf-8-sig").splitlines()[0] == HEAD
    assert [row["device_name"] for row in rows(table)] == ["lamp1", "lamp2"]
    before = rows(table)
    assert "1 device made; 3 in" in create("lamp2", "lamp3").out
    assert rows(table)[:2] == before


def test_devices_with_data_streams(create: Callable[..., Told], table: Path) -> None:
    table.write_text("board\n24:0A:C4:12:34:56\n")
    assert create("--streams").status == 0
    (row,) = read_fleet(table, Changes())
    assert row.changes.apply({"wifi": [{"ssid": "home", "password": "secret123"}]})["platform"] == "dp"
    assert "line 2: says platform dp, not studio; with --streams it may be right" in create().err


def test_it_goes_on_where_it_stopped(
    create: Callable[..., Told], console: RunningConsole, product: Product, table: Path
) -> None:
    table.write_text("board,device_name\n,one\n,a b\n,three\n")
    told = create()
    assert told.status == 2 and "code 10001" in told.err
    assert told.err.endswith("; 1 of 3 rows are done; the same command goes on\n")
    (done, *rest), made = rows(table), keys(console, product)
    assert done["device_key"] == made["one"] and [row["device_key"] for row in rest] == ["", ""]
    table.write_text(table.read_text(encoding="utf-8-sig").replace("a b", "two"), encoding="utf-8")
    assert create().out.startswith("2 devices made; 3 in")
    assert [row["device_key"] for row in rows(table)] == [keys(console, product)[it] for it in ("one", "two", "three")]
    assert keys(console, product)["one"] == made["one"]


def test_one_that_exists_is_taken_as_it_is(
    create: Callable[..., Told], console: RunningConsole, product: Product, table: Path
) -> None:
    device = console.call(console.platform.studio.add_device, product.id, "lamp1")
    assert create("lamp1", "lamp2").out.startswith("1 device made; 1 existed; 2 in")
    assert rows(table)[0]["device_key"] == device.auth_info


def test_a_table_as_excel_in_china_saves_it(create: Callable[..., Told], table: Path) -> None:
    table.write_bytes("board,device_name,备注\r\n,lamp1,温室\r\n".encode("gb18030"))
    told = create()
    assert told.status == 0 and rows(table)[0]["备注"] == "温室"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "has no rows: fill in the column board or device_name, or give names"),
        ("", "its first line must name columns, board or device_name at least"),
        ("a,b\n1,2\n", "its first line must name columns"),
        ("board,board\n", "a column is there twice"),
        ("board\n/dev/ttyUSB0\n", "line 2: device_name is missing; it is made of the board's MAC alone"),
        ("board,device_name\n,a\n,a\n", "line 3: device_name a is there twice, see line 2"),
        ("board,device_name,product_id\n,a,other1234\n", "line 2: is of product other1234, not of"),
        ("board\na,b\n", "line 2: has more cells than the first line"),
    ],
)
def test_what_is_wrong_with_a_table(
    create: Callable[..., Told],
    console: RunningConsole,
    product: Product,
    table: Path,
    text: str | None,
    words: str,
) -> None:
    if text is not None:
        table.write_text(text)
    told = create()
    assert (told.status, told.out) == (2, "") and words in told.err and told.err.count("\n") == 1, told.err
    assert keys(console, product) == {}


def test_nothing_is_made_that_can_not_be_written_down(
    onenet: Callable[..., Told], console: RunningConsole, product: Product, tmp_path: Path
) -> None:
    nowhere = str(tmp_path / "missing" / "fleet.csv")
    told = onenet("device", "create", "lamp1", "--product", product.id, "--csv", nowhere)
    assert told.status == 2 and f"{nowhere} can't be written: No such file or directory" in told.err
    assert keys(console, product) == {}


def test_with_the_products_key_or_the_users(
    create: Callable[..., Told],
    console: RunningConsole,
    product: Product,
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As for a platform whose keys this user's tools don't find by themselves."""
    monkeypatch.setattr("onenet_tools.api.key.local_keys", lambda port: None)
    account = console.call(console.platform.studio.products.account)
    told = create("one")
    assert (
        told.status == 2 and f"set ONENET_ACCESS_KEY, or keep it with onenet login --product {product.id}" in told.err
    )
    monkeypatch.setenv("ONENET_ACCESS_KEY", product.access_key)
    assert create("one").status == 0
    told = create("two", "--user", account.user_id)
    assert (
        told.status == 2 and f"set ONENET_USER_KEY, or keep it with onenet login --user {account.user_id}" in told.err
    )
    monkeypatch.setenv("ONENET_USER_KEY", account.user_key)
    assert create("two", "--user", account.user_id).status == 0
    monkeypatch.setenv("ONENET_USER_KEY", product.access_key)  # the key of another level
    told = create("three", "--user", account.user_id)
    assert told.status == 2 and "refuses the token" in told.err and "2 of 3 rows are done" in told.err
    assert sorted(keys(console, product)) == ["one", "two"]


def test_a_users_key_can_be_kept(console: RunningConsole, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    from onenet_tools.api.key import find_token

    account = console.call(console.platform.studio.products.account)
    monkeypatch.setattr("onenet_tools.api.key.local_keys", lambda port: None)
    monkeypatch.setattr(sys, "stdin", io.StringIO(account.user_key + "\n"))
    assert main(["login", "--user", account.user_id, "--url", console.url]) == 0
    token = find_token(console.url, product.id, account.user_id)
    with StudioClient(console.url, token, product.id) as client:
        assert client.create("one")[1]
    assert main(["login", "--forget", "--user", account.user_id, "--url", console.url]) == 0
    assert main(["login", "--user", "1", "--product", product.id, "--url", console.url]) == 2
