"""Files of devices of the current platform: who may bring, list, fetch and delete them, and what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.model import Device
from onenet_tools.console.studio import file_calls
from studio_api import Api
from studio_client import device_token, make_token

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def upload(api: Api, board: Device, name: str = "door.png", data: bytes = PICTURE, **more: Any) -> tuple[int, Any]:
    form = {"product_id": board.product_id, "device_name": board.name, **more}
    return api.opened(api.http.post("/device/file-upload", data=form, files={"file": (name, data)}))


def fetched(api: Api, fid: str) -> httpx.Response:
    return api.http.get("/device/file-download", params={"fid": fid})


@pytest.fixture(autouse=True)
def no_files(console: RunningConsole) -> None:
    """What other tests have left is of the same account."""
    files = console.platform.store.studio_files
    for file in console.call(files.latest, 100, 0):
        console.call(files.remove, file.fid)


@pytest.fixture
def product_api(console: RunningConsole, board: Device) -> Iterator[Api]:
    """Somebody with the product's access_key."""
    product = console.call(console.platform.studio.products.find, board.product_id)
    api = Api(console, board, make_token(product.access_key, f"products/{product.id}", version="2022-05-01"))
    yield api
    api.http.close()


def test_a_picture_comes_and_goes(console: RunningConsole, api: Api, board: Device) -> None:
    code, made = upload(api, board)
    fid = made["fid"]
    assert code == 0 and len(fid) == 32 and int(fid, 16)
    answer = fetched(api, fid)
    assert answer.content == PICTURE and answer.headers["content-type"] == "application/octet-stream"
    assert api.get("/device/file-device-count") == {"upper_limit": 1000, "files_total": 1}
    space = api.get("/device/file-space")
    assert (space["use_size"], space["total_size"]) == (len(PICTURE), 1 << 30)
    assert space["has_size"] == space["total_size"] - space["use_size"]
    upload(api, board, r"C:\pictures\二.JPG", b"x")
    listed = api.get("/device/file-list", limit=1000)
    assert listed["meta"] == {"limit": 1000, "offset": 0, "total": 2}
    assert [(it["name"], it["file_size"]) for it in listed["list"]] == [("二.JPG", 1), ("door.png", len(PICTURE))]
    assert {it["device_name"] for it in listed["list"]} == {board.name} and listed["list"][0]["ct"]
    assert len(api.get("/device/file-list", offset=1, limit=1)["list"]) == 1
    api.post("/device/file-delete", fid=fid)
    for path, method in (("download", "GET"), ("delete", "POST")):
        assert api.ask(method, f"/device/file-{path}", fid=fid) == (500, f"file not exist: {fid}")
    assert api.get("/device/file-device-count")["files_total"] == 1


def test_what_is_refused(api: Api, board: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("program.py", "png", "x.csv", "", "x.png.exe"):
        assert upload(api, board, name)[0] == 10001, name
    assert upload(api, board, data=b"")[0] == 10001
    assert upload(api, board, device_name="nobody")[0] == 10410
    assert upload(api, board, product_id="noSuchProduct1")[0] == 10408
    form = {"product_id": board.product_id, "device_name": board.name}
    assert api.opened(api.http.post("/device/file-upload", data=form))[0] == 10001
    assert api.opened(api.http.post("/device/file-upload", json=form))[0] == 10001
    assert api.opened(api.http.post("/device/file-upload", content=iter([b"endless"])))[0] == 10001
    monkeypatch.setattr(file_calls, "MOST", 100)
    assert upload(api, board, data=bytes(101))[0] == 10001
    assert upload(api, board, data=bytes(100))[0] == 0
    monkeypatch.setattr(file_calls, "SPACE", 199)
    assert upload(api, board, data=bytes(100)) == (500, "no space left for files")
    assert upload(api, board, data=bytes(99))[0] == 0
    monkeypatch.setattr(file_calls, "MOST_OF_A_DEVICE", 2)
    assert upload(api, board, data=b"x") == (500, "a device has at most 2 files")


def test_who_may(console: RunningConsole, api: Api, product_api: Api, board: Device) -> None:
    """The account all; a product's access_key what is of its devices; a device reads its own, and nobody else's."""
    other = console.call(console.platform.studio.add_device, board.product_id, "board2")
    foreign = console.call(console.platform.studio.add_product)
    stranger = console.call(console.platform.studio.add_device, foreign.id, "board3")
    fid = upload(product_api, board)[1]["fid"]
    foreign_fid = upload(api, stranger)[1]["fid"]
    assert fetched(product_api, fid).content == PICTURE
    for asked in ("/device/file-list", "/device/file-space"):
        assert product_api.ask("GET", asked)[0] == 10403
    for unreachable in (foreign_fid, "0" * 32):  # nor does one learn whether there is such a file
        assert product_api.ask("GET", "/device/file-download", fid=unreachable)[0] == 10403
        assert product_api.ask("POST", "/device/file-delete", fid=unreachable)[0] == 10403
    for device, may_read in ((board, True), (other, False)):
        own = Api(console, device, device_token(device))
        assert (fetched(own, fid).content == PICTURE) is may_read
        assert own.ask("POST", "/device/file-delete", fid=fid)[0] == 10403
        assert upload(own, device)[0] == 10403
        own.http.close()
    product_api.post("/device/file-delete", fid=fid)


def test_they_outlive_a_restart_and_go_with_their_device(tmp_path: Path) -> None:
    data = tmp_path / "console.sqlite3"
    with running_console(data, pages=False) as console:
        product = console.call(console.platform.studio.add_product)
        device = console.call(console.platform.studio.add_device, product.id, "board1")
        files = console.platform.store.studio_files
        fid = console.call(files.add, device.id, "a.txt", b"kept")
    with running_console(data, pages=False) as console:
        files = console.platform.store.studio_files
        assert console.call(files.data, fid) == b"kept"
        console.call(console.platform.remove_device, device.id)
        assert console.call(files.count) == console.call(files.used) == 0
