"""What everybody on the network may do with --lan, what the teacher may, and who has a device's key."""

import contextlib
from collections.abc import Iterator

import httpx
import pytest
from console_client import AUTH_INFO, DEVICE
from onenet_tools.console import lock
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.lock import Lock, Rights, new_password

PASSWORD = "a password of the teacher's"
PAGE = {"accept-language": "en"}


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    with running_console(lan=True, password=PASSWORD, origins=["http://localhost:5173"]) as it:
        yield it


@pytest.fixture
def pupil(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """A browser on another computer."""
    monkeypatch.setattr(lock, "_is_here", lambda address: False)
    monkeypatch.setattr(lock, "_PAUSE", 0.0)
    with httpx.Client(base_url=console.url, headers=PAGE, follow_redirects=True, timeout=60) as it:
        yield it


def test_a_pupil_sees_and_the_teacher_changes(console: RunningConsole, pupil: httpx.Client) -> None:
    key = console.platform.master_key
    for _ in range(2):
        page = pupil.get("/").text
        assert DEVICE in page
        assert "Teacher" in page
        for words in ("Add device", "Master key", "Add product", key):
            assert words not in page
        wrong = pupil.post("/teacher", data={"secret": "wrong"})
        assert "That is not the password" in wrong.text
    answer = pupil.post("/teacher", data={"secret": PASSWORD}, headers={"origin": console.url})
    assert answer.status_code == 200
    for words in ("Add device", "Master key", "Add product"):
        assert words in answer.text
    assert "Remove" in pupil.get(f"/device/{DEVICE}").text
    header = answer.history[0].headers["set-cookie"].lower()
    assert "httponly" in header
    assert "samesite=strict" in header


def test_who_has_a_devices_key_sends_it_commands(console: RunningConsole, pupil: httpx.Client) -> None:
    other = console.call(console.platform.add_device, "another")
    page = pupil.get(f"/device/{DEVICE}").text
    for words in ("Send", "config.json<", "Remove", AUTH_INFO):
        assert words not in page
    assert "Your device?" in page
    assert "not this device" in pupil.post(f"/unlock/{DEVICE}", data={"secret": other.auth_info}).text
    page = pupil.post(f"/unlock/{DEVICE}", data={"secret": AUTH_INFO}).text
    assert "Your device?" not in page
    assert "Send" in page
    assert "Remove" not in page
    assert "Your device?" in pupil.get(f"/device/{other.id}").text
    pupil.post(f"/unlock/{other.id}", data={"secret": other.auth_info})
    for device_id in (DEVICE, other.id):
        assert "Your device?" not in pupil.get(f"/device/{device_id}").text
    assert "Add device" not in pupil.get("/").text


def test_who_has_a_devices_key_updates_it_and_no_other(console: RunningConsole, pupil: httpx.Client) -> None:
    other = console.call(console.platform.add_device, "one more")
    calls = [("POST", "/packages"), ("POST", f"/packages/{'0' * 64}"), ("GET", "/packages")]

    def refused(device_id: str) -> list[bool]:
        return [pupil.request(*call, params={"device_id": device_id}).json()["errno"] == 2 for call in calls]

    assert refused(DEVICE) == refused(other.id) == refused("") == [True] * 3
    assert "Choose a package" not in pupil.get(f"/device/{DEVICE}").text
    pupil.post(f"/unlock/{DEVICE}", data={"secret": AUTH_INFO})
    assert refused(DEVICE) == [False] * 3
    assert refused(other.id) == refused("") == [True] * 3
    pupil.post("/teacher", data={"secret": PASSWORD})
    assert refused(other.id) == [False] * 3


def test_this_computer_is_the_teachers(console: RunningConsole) -> None:
    assert "Add device" in httpx.get(console.url, headers=PAGE).text


def test_a_forged_or_old_cookie_is_none(console: RunningConsole, pupil: httpx.Client) -> None:
    pupil.cookies.set(lock.COOKIE, "x" * 43)
    assert "Add device" not in pupil.get("/").text


@pytest.mark.parametrize("content", [b"", b"secret=", b"\xff\xfe", b"secret=" + b"x" * 10_000, b"other=1"])
def test_strange_forms_are_wrong_passwords(pupil: httpx.Client, content: bytes) -> None:
    assert "That is not the password" in pupil.post("/teacher", content=content).text


def test_other_sites_may_not_try_passwords(console: RunningConsole, pupil: httpx.Client) -> None:
    for origin in ("http://evil.example", "http://localhost:5173"):
        answer = pupil.post("/teacher", data={"secret": PASSWORD}, headers={"origin": origin})
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_guessing_takes_a_second_each() -> None:
    it = Lock(PASSWORD)
    assert it.may_try("10.0.0.1")
    assert it.let_in("10.0.0.1", "wrong") == ""
    assert not it.may_try("10.0.0.1")
    assert it.may_try("10.0.0.2")


def test_browsers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_MOST_BROWSERS", 3)
    it = Lock(PASSWORD)
    cookies = [it.hand_over(f"{i}", "") for i in range(5)]
    assert [it.rights("10.0.0.1", cookie).devices for cookie in cookies] == [
        frozenset(),
        frozenset(),
        {"2"},
        {"3"},
        {"4"},
    ]


def test_without_a_password_everybody_is_the_teacher() -> None:
    assert Lock().rights("10.0.0.1", "") == Rights(changes=True)
    assert len({new_password() for _ in range(100)}) == 100


# Pages of other programs


def test_a_page_of_an_origin_that_is_let_in_uses_the_api_with_its_key(console: RunningConsole) -> None:
    origin = {"origin": "http://localhost:5173"}
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "api-key,content-type"}
    answer = httpx.options(f"{console.url}/devices", headers=origin | asks)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "api-key" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    key = {"api-key": console.platform.master_key}
    answer = httpx.get(f"{console.url}/devices", headers=origin | key)
    assert answer.json()["errno"] == 0
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    # Nothing without a key, and nothing to others.
    assert httpx.get(console.url, headers=origin).status_code == 403
    assert httpx.options(f"{console.url}/devices", headers=origin).status_code == 403
    for other in ("http://localhost:5174", "http://evil.example", "null"):
        answer = httpx.get(f"{console.url}/devices", headers={"origin": other} | key)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


# In a browser


def test_in_chromium_a_pupil_unlocks_a_device_and_the_teacher_logs_in(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    from browser import Browser, chromium  # which skips the test where there is no Playwright

    monkeypatch.setattr(lock, "_is_here", lambda address: False)
    with chromium() as program, contextlib.closing(Browser(program, console.url)) as browser:
        with browser.open(f"/device/{DEVICE}", "zh-CN") as page:
            page.get_by_label("鉴权信息").fill(AUTH_INFO)
            page.get_by_role("button", name="解锁").click()
            page.get_by_role("button", name="发送").wait_for()
            page.get_by_role("link", name="教师登录").click()
            page.get_by_label("密码").fill(PASSWORD)
            page.get_by_role("button", name="登录").click()
            page.get_by_role("button", name="添加设备").wait_for()
        assert browser.faults == []
