"""Updates over the air by the console: a device's page, where a package is chosen and watched; the calls behind it."""
# ruff: noqa: RUF001 (Chinese punctuation)

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
import pytest
from browser import MqttDevice
from console_client import until
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.console.own_program import OwnProgram
from onenet_tools.package.package import Package, make_package, read_package
from onenet_tools.port.program import Dialect, Form, architecture_number

expect = pytest.importorskip("playwright.sync_api").expect

KEY = "a key of 24 characters.."
SIZES = [(390, 844), (1400, 900)]


def package(version: str = "2.0", base: Package | None = None, **more: bytes) -> Package:
    files = {"main.py": b"print(2)\n", "boot.py": b"# boot\n", **more}
    return make_package(version, "esp32", Form.SOURCE, Dialect(0x3306), files, base=base)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "2.0-esp32.pkg"
    path.write_bytes(package().data)
    return path


class Board(MqttDevice):
    """A device that answers the command update as a board does (firmware/update_command.py), and fetches nothing: what
    it tells is for the test to say."""

    def __init__(self, console: RunningConsole, device: Device, reply: bytes = b"ok", status: bytes = b"?") -> None:
        super().__init__(console, device)
        self.told: list[bytes] = []

        def take(client: paho.Client, data: Any, message: paho.MQTTMessage) -> None:
            if message.payload == b"!status":
                client.publish(message.topic.replace("$creq", "$crsp"), status)
                return
            self.told.append(message.payload)
            client.publish(message.topic.replace("$creq", "$crsp"), reply)

        self._client.on_message = take

    def tell(self, *words: str) -> None:
        for text in words:
            self.post(update=text)


def choose(page: Any, path: Path) -> None:
    page.get_by_label("Choose a package").set_input_files(str(path))


@pytest.mark.parametrize("size", SIZES, ids=["phone", "desk"])
def test_a_package_is_chosen_looked_at_and_watched(
    console: RunningConsole, browser: Any, device: Device, file: Path, size: tuple[int, int]
) -> None:
    with Board(console, device) as board, browser.open(f"/device/{device.id}", size=size) as page:
        choose(page, file)
        inside = page.locator(".package")
        expect(inside).to_contain_text("In the package: 2.0")
        for words in ("esp32 · source", "MicroPython 1.23+", "none", "online for 60 s, within 600 s"):
            expect(inside).to_contain_text(words)
        inside.get_by_text("files").click()
        expect(inside.locator(".files")).to_contain_text("boot.py")
        assert not board.told  # nothing yet
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        page.get_by_role("button", name="Update to 2.0").click()
        steps = page.locator(".progress li")
        expect(steps).to_have_text([re.compile("The board is told to fetch version 2.0")])
        expect(inside).to_be_empty()
        digest = package().digest
        assert re.fullmatch(rf"update http://127\.0\.0\.1:\d+/packages/{digest[:16]}#{digest}", board.told[0].decode())
        board.tell("1.0 to 2.0", "10 %")
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "10")
        board.tell("60 %")
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "60")
        expect(steps).to_have_count(3)  # one for the percents
        board.tell("all is here; restarts to put it in place")
        expect(steps.first).to_contain_text("The board restarts")
    with Board(console, device) as board, browser.open(f"/device/{device.id}", size=size) as page:
        steps = page.locator(".progress li")
        expect(steps.first).to_contain_text("Online again, to prove itself")
        board.tell("upgraded to 2.0")
        expect(page.locator(".progress .done")).to_have_text("Upgraded to 2.0")
        expect(page.get_by_role("progressbar")).to_have_count(0)
        board.tell("refused: nothing any more")
        expect(steps).to_have_count(6)
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]


def test_why_it_was_rolled_back_or_refused_in_chinese(
    console: RunningConsole, browser: Any, device: Device, file: Path
) -> None:
    with Board(console, device) as board, browser.open(f"/device/{device.id}", "zh-CN", SIZES[0]) as page:
        for end, words in (
            ("rolled back to 1.0: <b>healthy()</b> says no: at all", "已退回 1.0：<b>healthy()</b> says no: at all"),
            ("refused: it is not signed", "已拒绝：it is not signed"),
        ):
            page.get_by_label("选择升级包").set_input_files(str(file))
            page.get_by_role("button", name="升级到 2.0").click()
            expect(page.locator(".progress li")).to_have_text([re.compile("已通知开发板获取版本 2.0")])
            board.tell("1.0 to 2.0", end)
            expect(page.locator(".progress .trouble")).to_have_text(words)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_package_is_dropped(console: RunningConsole, browser: Any, device: Device, file: Path) -> None:
    drop = """async ([zone, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "x.pkg"));
        zone.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    with browser.open(f"/device/{device.id}") as page:
        page.evaluate(drop, [page.locator(".drop").element_handle(), list(file.read_bytes())])
        expect(page.get_by_role("button", name="Update to 2.0")).to_be_visible()


def test_what_is_wrong_is_said(console: RunningConsole, browser: Any, device: Device, file: Path) -> None:
    other = file.with_name("other.pkg")
    with browser.open(f"/device/{device.id}") as page:
        for data, words in (
            (b"<html>" * 100, "this is no package of onenet package"),
            (package().data[:-3], "cut off"),
            (package().data.replace(b"print(2)", b"print(3)"), "corrupted"),
            (bytes(4 * 1024 * 1024 + 1), "at most 4 MB"),
        ):
            other.write_bytes(data)
            choose(page, other)
            expect(page.locator(".drop .trouble")).to_contain_text(words)
        choose(page, file)
        page.get_by_role("button", name="Update to 2.0").click()
        expect(page.get_by_role("alert").filter(has_text="The device is offline")).to_be_visible()
        for reply in (b"led is on", b"error: no led_pin in config.json"):  # of a program that takes it for its own
            with Board(console, device, reply):
                choose(page, file)
                page.get_by_role("button", name="Update to 2.0").click()
                trouble = page.locator(".progress .trouble")
                expect(trouble).to_contain_text('"update" in its config.json allows it')
                expect(trouble).to_contain_text(reply.decode().removeprefix("error: "))
        with Board(console, device, b"error: no memory for it"):
            choose(page, file)
            page.get_by_role("button", name="Update to 2.0").click()
            expect(page.locator(".progress .trouble")).to_have_text("Refused: no memory for it")


def test_a_package_for_boards_of_one_version(console: RunningConsole, browser: Any, device: Device, file: Path) -> None:
    file.write_bytes(package("2.1", base=package(), main=b"x").data)
    with browser.open(f"/device/{device.id}") as page:
        choose(page, file)
        expect(page.locator(".package")).to_contain_text("and version 2.0 on the board")


@pytest.fixture
def own(console: RunningConsole, tmp_path: Path) -> Iterator[Path]:
    """The folder of a program, of which the console makes packages."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "one.py").write_text("import helper\n")
    (tmp_path / "helper.py").write_text("N = 7\n")
    (tmp_path / "other.py").write_text("not even Python\n")
    (tmp_path / "config.json").write_text('{"auth_info": "s3cr3t"}')
    (tmp_path / "main.py").write_text(
        "from firmware import Device\nimport parts.one\ndevice = Device('config.json')\ndevice.run()\n"
    )
    console.platform.packages.program = OwnProgram(tmp_path)
    yield tmp_path
    console.platform.packages.program = None


def kept(console: RunningConsole, told: bytes) -> Package:
    """That a board was told to fetch."""
    data = console.platform.packages.find(told.decode().rpartition("#")[2])
    assert data is not None
    return read_package(data)


@pytest.mark.parametrize("size", SIZES, ids=["phone", "desk"])
def test_a_package_is_made_of_the_program_here(
    console: RunningConsole, browser: Any, device: Device, own: Path, size: tuple[int, int], monkeypatch: Any
) -> None:
    monkeypatch.setenv("ONENET_UPDATE_KEY", KEY)
    status = b'{"machine": "Generic ESP32C3 module with ESP32C3"}'
    with (
        Board(console, device, status=status) as board,
        browser.open(f"/device/{device.id}", size=size) as page,
    ):
        page.get_by_label("Version").fill("3.1")
        page.get_by_role("button", name="Make a package").click()
        inside = page.locator(".package")
        expect(inside).to_contain_text("In the package: 3.1")
        expect(inside).to_contain_text("signed")
        page.get_by_role("button", name="Update to 3.1").click()
        expect(page.locator(".progress li")).to_have_text([re.compile("The board is told to fetch version 3.1")])
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        heard = "".join(browser.heard)
        package = kept(console, board.told[0])
    assert package.is_signed_by(KEY)
    names = {entry.name for entry in package.entries}
    assert {"main.py", "helper.mpy", "parts/one.mpy", "boot.py", "firmware/update.mpy"} < names
    assert not {"other.mpy", "config.json"} & names
    assert package.content("main.py") == (own / "main.py").read_bytes()
    assert package.head["mpy"] >> 10 == architecture_number("rv32imc"), "the chip that the board has told of"
    assert KEY not in heard
    assert "s3cr3t" not in heard


def test_what_keeps_a_package_from_being_made_is_said(
    console: RunningConsole, browser: Any, device: Device, own: Path
) -> None:
    with browser.open(f"/device/{device.id}", "zh-CN") as page:
        make, trouble = page.get_by_role("button", name="生成升级包"), page.get_by_role("alert")
        make.click()  # offline
        expect(trouble.filter(has_text="开发板没有说明芯片型号")).to_be_visible()
        with Board(console, device):
            make.click()  # a board that does not tell
            expect(page.get_by_role("button", name="正在生成……")).to_be_visible()
            expect(make).to_be_visible()  # a click before that counts for nothing
            expect(trouble.filter(has_text="开发板没有说明芯片型号")).to_be_visible()
        page.get_by_label("芯片").click()
        page.get_by_role("option", name="ESP8266", exact=True).click()
        (own / "main.py").write_text("import helper\nhelper.N = = 7\n")
        make.click()
        expect(trouble.filter(has_text="main.py")).to_be_visible()
        (own / "main.py").write_text("import helper\nprint(helper.N)\n")
        page.get_by_label("版本").fill("not a version")
        make.click()
        expect(trouble.filter(has_text="'not a version'")).to_be_visible()
        page.get_by_label("版本").fill("3.2")
        make.click()
        expect(page.locator(".package")).to_contain_text("esp8266 · romfs")
        expect(page.get_by_role("button", name="升级到 3.2")).to_be_visible()


def test_without_a_program_none_is_made(browser: Any, device: Device) -> None:
    with browser.open(f"/device/{device.id}") as page:
        expect(page.get_by_label("Choose a package")).to_be_visible()
        expect(page.get_by_role("button", name="Make a package")).to_have_count(0)


def test_a_device_of_the_current_platform_has_a_task(
    console: RunningConsole, browser: Any, board: Device, file: Path
) -> None:
    packages = console.platform.packages
    with browser.open(f"/device/{board.id}") as page:
        choose(page, file)
        page.get_by_role("button", name="Update to 2.0").click()
        expect(page.locator(".progress li")).to_have_text(
            [re.compile("Waits until the board asks for it: version 2.0")]
        )
        task = packages.tasks[board.id]
        for status, step, words in (
            (2, 0, "0 % fetched"),
            (2, 40, "40 % fetched"),
            (3, 101, "The board restarts, and swaps the programs"),
            (5, 206, "Rolled back to the version before: the new program did not prove itself (step 206)"),
        ):
            task.status, task.step = status, step
            console.call(packages.task_changed, board.id)
            expect(page.locator(".progress")).to_contain_text(words)


# The calls


def test_a_kept_package_is_started_later(console: RunningConsole, device: Device) -> None:
    made = package()
    with httpx.Client(base_url=console.url, trust_env=False, timeout=60) as http:
        where = {"device_id": device.id}
        answer = http.post("/packages", params={**where, "start": "0"}, content=made.data).json()
        assert answer["errno"] == 0
        assert answer["data"]["version"] == "2.0"
        assert answer["data"]["digest"] == made.digest
        assert ["main.py", 9] in answer["data"]["files"]
        assert http.post(f"/packages/{made.digest}", params=where).json()["errno"] == 10  # offline
        assert http.post(f"/packages/{'0' * 64}", params=where).json()["errno"] == 8
        assert http.post("/packages", params={**where, "start": "x"}, content=made.data).json()["errno"] == 6
        assert http.get("/packages", params=where).json()["data"]["steps"] == []
        with Board(console, device) as board:
            assert http.post(f"/packages/{made.digest}", params=where).json()["errno"] == 0
            board.tell("1.0 to 2.0", "version 2.0 is here already")
            until(lambda: http.get("/packages", params=where).json()["data"]["over"], patience=60)
            state = http.get("/packages", params=where).json()["data"]
        assert [words for _, words in state["steps"]] == ["1.0 to 2.0", "version 2.0 is here already"]
        assert state["over"]
        assert state["package"]["version"] == "2.0"
        wrong = http.get("/packages", params=where, headers={"api-key": "wrong"})
        assert wrong.json()["errno"] == 3


def test_a_device_that_is_made_anew_has_no_update(console: RunningConsole, device: Device) -> None:
    with Board(console, device) as board:
        console.call(console.platform.packages.push, device.id, package().data)
        board.tell("1.0 to 2.0")
        until(lambda: console.call(console.platform.packages.state, device.id)[0] == "1.0 to 2.0", patience=60)
    console.call(console.platform.remove_device, device.id)
    console.call(console.platform.add_device, "another", device_id=device.id)
    assert console.call(console.platform.packages.state, device.id) == ("", "")


def test_other_sites_may_not_push(console: RunningConsole, device: Device) -> None:
    url = f"{console.url}/packages?device_id={device.id}"
    answer = httpx.post(url, content=package().data, headers={"origin": "http://evil.example"}, trust_env=False)
    assert answer.status_code == 403
