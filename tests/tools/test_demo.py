"""The demo, as make demo runs it."""

import os
import queue
import re
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import platformdirs
import pytest
from onenet_tools import demo
from onenet_tools.board.small_heap import find_micropython32
from onenet_tools.demo.dp import StreamStory
from onenet_tools.demo.film import Film
from onenet_tools.demo.legacy import LegacyStory
from onenet_tools.demo.run import STAGES
from onenet_tools.demo.show import Show
from onenet_tools.demo.story import Outcome
from onenet_tools.demo.studio import MODEL, StudioStory
from onenet_tools.demo.update import UpdateStory
from onenet_tools.files import board_directory
from onenet_tools.language import CHINESE, speaking
from onenet_tools.language import _ as translated
from onenet_tools.model.check import check
from onenet_tools.model.program import read_program
from onenet_tools.model.thing_model import read_model

SECRET = "136928831"
ONENET = [sys.executable, "-m", "onenet_tools"]


@contextmanager
def running(*arguments: str, directory: Path, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """`onenet demo` in a process of its own, whose files all go to that directory."""
    home = {"HOME": str(directory), "XDG_DATA_HOME": str(directory / "data")}
    with subprocess.Popen(
        [*ONENET, "demo", *arguments],
        cwd=directory,
        env={**os.environ, **home, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: "subprocess.Popen[str]", pattern: str) -> list[str]:
    """The lines it prints up to the first that matches."""
    lines = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if re.search(pattern, line):
            return lines
    raise AssertionError(f"no {pattern} in\n{''.join(lines)}")


def stand_in(directory: Path, program: str) -> Path:
    """A copy of the board's files with another main.py."""
    shutil.copytree(board_directory() / "lib", directory / "lib")
    shutil.copytree(board_directory() / "firmware", directory / "firmware")
    shutil.copy(board_directory() / "config.json.example", directory)
    (directory / "boot.py").touch()
    (directory / "main.py").write_text(program)
    return directory


def ask(line: str, directory: Path) -> str:
    """What a command prints that the demo has said to try; it succeeds."""
    home = {"HOME": str(directory), "XDG_DATA_HOME": str(directory / "data")}
    done = subprocess.run(
        [*ONENET, *line.partition(" onenet ")[2].split()],
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tells_the_story_and_takes_a_picture(tmp_path: Path) -> None:
    with running("--seconds", "5", directory=tmp_path) as process:
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), out
    assert "\x1b" not in out
    told = iter(out.splitlines())
    for pattern in (  # in this order; what the board prints takes another way and may come a moment later
        r"page +open http://localhost:\d+/device/789546805 in",
        r"broker +127\.0\.0\.1:\d+ stands for 183\.230\.40\.39:6002",
        r"board +booting",
        r"CONNECT +10 28 +CONNECT, 40 bytes follow",
        r"C2 +connect flags: user name, password, clean session",
        r"00 78 +keep alive: 120 s",
        r"00 09 37 .* client identifier: 789546805 \(OneNET: device ID\)",
        r"00 09 \*\* \*\* \*\* \*\* \*\* \*\* \*\* \*\* \*\* +password",
        r"CONNACK +20 02 00 00 +accepted",
        r"online +after \d",
        r"data +free_heap = \d+",
        r"command +led=on +to \$creq/[0-9a-f-]{36}",
        r"reply +led=on +to \$crsp/[0-9a-f-]{36}, after \d+ ms",
        r"picture +of the page: build/console\.png",
        r"demo: online after .*, \d+ data points, (\d+) of \1 commands answered",
    ):
        assert any(re.search(pattern, line) for line in told), f"no {pattern} in\n{out}"
    assert re.search(r"board \| .*wifi: .*home", out) and re.search(r"Wi-Fi +joined home", out)
    assert SECRET not in out
    assert SECRET.encode().hex(" ") not in out.lower()
    picture = (tmp_path / "build" / "console.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    assert width >= 1000 and height >= 700 and len(picture) > 20_000  # an empty page is a tenth of that


@pytest.mark.long
def test_can_be_asked_meanwhile_and_ctrl_c_ends_it_well(tmp_path: Path) -> None:
    with running(directory=tmp_path) as process:
        seen = read_until(process, r"reply +led=on")
        status, points, send = (line for line in seen if " onenet " in line)
        assert re.search(r"789546805 +virtual board +online", ask(status, tmp_path))
        assert "free_heap" in ask(points, tmp_path)
        assert ask(send, tmp_path) == "led=on\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, "".join(seen) + out + err
    assert "interrupted" in out
    assert err == ""
    assert not list(tmp_path.rglob("*.key"))


@pytest.mark.long
def test_needs_no_browser(tmp_path: Path) -> None:
    with running("--seconds", "4", directory=tmp_path, PATH="/nonexistent") as process:
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), out
    assert re.search(r"picture +none of the page: Chromium is not installed", out)
    assert not (tmp_path / "build").exists()


def test_says_in_one_line_why_it_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    board = stand_in(tmp_path / "board", "print('nothing to do')")
    assert demo.run_demo(1, directory=board, picture=tmp_path / "page.png", open_page=True, patience=0) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "error: the device did not come online"
    assert not (tmp_path / "page.png").exists()
    assert len(opened) == 1 and f"open {opened[0]} in a browser" in out


@pytest.mark.parametrize("story", [LegacyStory, StudioStory])
def test_what_counts_as_success(story: Any) -> None:
    it = story(queue.SimpleQueue(), None, *(["1"] if story is LegacyStory else []))
    assert it.shortcoming() == "the device did not come online"
    it.online_at, it.points = 1.0, 2
    assert it.shortcoming() == "only 2 data points arrived"
    it.points = 3
    if story is LegacyStory:
        assert it.shortcoming() == "no command was answered"
        it.answered = 1
    else:
        it.show = Show(())
        assert it.shortcoming() == "no value was confirmed by the platform's reply"
        base = "$sys/aBcDeF1234/board1/thing/property"
        it.heard(f"{base}/post/reply", b'{"id":"1","code":100,"msg":"no"}', up=False)
        assert it.shortcoming() == "no value was confirmed by the platform's reply"
        it.heard(f"{base}/post/reply", b'{"id":"1","code":200,"msg":"success"}', up=False)
        assert it.shortcoming() == "no property was set"
        it.answered = 2
        it.heard(f"{base}/desired/delete/reply", b'{"id":"2","code":200,"msg":"success"}', up=False)
        it.point("led", True)  # before the restart neither is what is waited for
        assert it.shortcoming() == "the desired value was not applied after the restart"
        it._restarted = True
        it.point("led", True)
        assert it.shortcoming() == "the desired value was not applied after the restart"
        it.heard(f"{base}/desired/delete/reply", b'{"id":"2","code":200,"msg":"success"}', up=False)
    assert it.shortcoming() is None


def test_what_it_shows_is_a_picture_that_moves(tmp_path: Path) -> None:
    """Each line appears once, after the one before; without motion all are there."""
    film = Film()
    show = Show((SECRET,), film)
    show.line("board", "booting")
    show.console_line(f"auth-info {SECRET}")
    show.plain("x" * 200)  # two lines
    film.save(tmp_path / "film.svg", "demo")
    picture = (tmp_path / "film.svg").read_text("utf-8")
    ElementTree.fromstring(picture)
    times = [float(part) for part in re.findall(r"0%, ([\d.]+)% { opacity: 0 }", picture)]
    assert len(times) == 4 and times == sorted(set(times)) and times[-1] < 100
    assert picture.index("prefers-reduced-motion: no-preference") < picture.index("@keyframes line0")
    assert re.search(r'class="[\w-]+ line3"[^>]*>x+<', picture) and "line4" not in picture.split("</style>")[0]
    assert "booting" in picture and SECRET not in picture


def test_the_picture_in_chinese(tmp_path: Path) -> None:
    """A Chinese character is as wide as two letters, and what follows begins after it."""
    film = Film()
    with speaking(CHINESE):
        show = Show((), film)
        show.line(translated("online"), "led=on 到 <$crsp>")
        film.save(tmp_path / "film.svg", translated("onenet demo"))
    picture = ElementTree.parse(tmp_path / "film.svg")
    texts = {it.text: it for it in picture.iter("{http://www.w3.org/2000/svg}text")}
    wide, narrow = texts["到"], texts["\xa0<$crsp>"]
    assert float(wide.get("textLength", "")) == 24.4 and float(narrow.get("textLength", "")) == 97.6
    assert float(narrow.get("x", "")) == pytest.approx(float(wide.get("x", "")) + 24.4)
    assert "在线" in texts


@pytest.mark.parametrize(("name", "word"), [("demo", "online"), ("demo-zh", "在线")])
def test_the_pictures_of_the_readme(name: str, word: str) -> None:
    """Each has its own language; what the board says is English in both."""
    picture = (Path(__file__).parents[2] / "tools" / "pictures" / f"{name}.svg").read_text("utf-8")
    ElementTree.fromstring(picture)
    assert f">{word}" in picture and "wifi:" in picture and "prefers-reduced-motion: no-preference" in picture
    assert bool(re.search("[\u4e00-\u9fff]", picture)) == (name == "demo-zh")


def test_a_thing_on_the_current_platform(tmp_path: Path) -> None:
    """As make demo PLATFORM=studio does: sets are answered, and a desired value waits for the board."""
    with running("--platform", "studio", "--seconds", "5", directory=tmp_path) as process:
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), out
    told = iter(out.splitlines())
    for pattern in (
        r"page +open http://localhost:\d+/device/aBcDeF1234:board1 in",
        r"broker +127\.0\.0\.1:\d+ stands for aBcDeF1234\.mqtts\.acc\.cmcconenet\.cn:1883",
        r" set board1 led=true --product aBcDeF1234 ",
        r"client identifier: board1 ",
        r"00 .. \*\* .* …  password: 1\d\d bytes, not shown",
        r"online +after \d",
        r"data +free_heap = \d+",
        r'set +\{"id":"\d+","version":"1\.0","params":\{"led":true\}\}  to …/property/set',
        r"answer +set led true: done, says the board",
        r"answer +set led false: done, says the board",
        r"power +off",
        r"power +on again",
        r'desired +\{.*"led":\{"value":true,"version":1\}.*  to …/property/desired/get/reply',
        r"LED +is on, as was wished for",
        r"picture +of the page: build/console\.png",
        r"demo: online after .*, \d+ messages confirmed, .* answered, the desired value applied after a restart",
    ):
        assert any(re.search(pattern, line) for line in told), f"no {pattern} in\n{out}"
    assert re.search(r'reply +\{"id":"\d+","code":200,"msg":"success"\}  to …/property/post/reply', out)
    assert "sign=" not in out and "version%3D" not in out
    assert (tmp_path / "build" / "console.png").stat().st_size > 20_000


def test_the_thing_model_is_that_of_main_py() -> None:
    model = read_model(MODEL.read_text(encoding="utf-8"))
    main = (board_directory() / "main.py").read_text(encoding="utf-8")
    assert check(read_program(main, "main.py"), model) == []
    assert set(STAGES) >= {"legacy", "studio", "dp"}


def test_what_counts_as_success_with_data_streams() -> None:
    it = StreamStory(queue.SimpleQueue(), None)  # type: ignore[arg-type]
    it.show = Show(())
    it.online_at, it.points = 1.0, 3
    base = "$sys/zYxWvU9876/board1/dp/post/json"
    it.heard(f"{base}/rejected", b'{"id":1,"err_code":98,"err_msg":"Illegal Data"}', up=False)
    assert it.shortcoming() == "no data point was confirmed by the platform's answer"
    it.heard(f"{base}/accepted", b'{"id":1}', up=False)
    assert it.shortcoming() == "no command was answered"
    it.answered = 1
    assert it.shortcoming() is None


@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
@pytest.mark.long
def test_data_streams_on_the_current_platform(tmp_path: Path, chip: str) -> None:
    """As make demo PLATFORM=dp does."""
    if chip == "esp8266":
        find_micropython32()
    here = {"PATH": "/nonexistent", "XDG_CACHE_HOME": str(platformdirs.user_cache_path())}
    arguments = ("--platform", "dp", "--chip", chip, "--seconds", "5")
    with running(*arguments, directory=tmp_path, **here) as process:
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), out
    for pattern in (
        r"broker +127\.0\.0\.1:\d+ stands for zYxWvU9876\.mqtts\.acc\.cmcconenet\.cn:1883",
        r'reply +\{"id": \d+\}  to …/dp/post/json/accepted',
        r"command +led=on  to …/cmd/request/[0-9a-f-]{36}",
        r"reply +led=on  to …/cmd/response/[0-9a-f-]{36}",
        r"answer +led=on: led=on",
        r"demo: online after .*, \d+ messages confirmed, \d+ of \d+ commands answered, \d+ s$",
    ):
        assert re.search(pattern, out, re.MULTILINE), f"no {pattern} in\n{out}"
    assert "sign=" not in out and "version%3D" not in out


@pytest.mark.long
def test_on_an_esp8266(tmp_path: Path) -> None:
    """As make demo CHIP=esp8266 SECONDS=20 does, with its memory and its program in a ROMFS."""
    find_micropython32()
    here = {"PATH": "/nonexistent", "XDG_CACHE_HOME": str(platformdirs.user_cache_path())}
    with running("--chip", "esp8266", "--seconds", "6", directory=tmp_path, **here) as process:
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), out
    assert re.search(r"board \| .*online as device 789546805, \d{4,5} bytes free", out)
    assert re.search(r"data +free_heap = \d{4,5}$", out, re.M)
    assert re.search(r"reply +led=on +to \$crsp/", out)


@pytest.mark.long
def test_a_thing_on_an_esp8266(tmp_path: Path) -> None:
    find_micropython32()
    here = {"PATH": "/nonexistent", "XDG_CACHE_HOME": str(platformdirs.user_cache_path())}
    arguments = ("--platform", "studio", "--chip", "esp8266", "--seconds", "6")
    with running(*arguments, directory=tmp_path, **here) as process:
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), out
    assert re.search(r"board \| .*online as device board1, \d{4,5} bytes free", out)
    assert re.search(r"the desired value applied after a restart, \d+ s$", out.strip())


@pytest.mark.long
def test_updates_over_the_air(tmp_path: Path) -> None:
    """As make demo UPDATE=1 does: to a new version, and to a bad one, which goes back."""
    with running("--update", "--seconds", "5", directory=tmp_path, PATH="/nonexistent") as process:
        out, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (0, ""), out
    told = iter(out.splitlines())
    for pattern in (
        r"program +version 1\.0 is online",
        r"update +1\.0 to 1\.1",
        r"update +\d+ %",
        r"update +all is here; restarts",
        r"program +version 1\.1 is online",
        r"answer +update to 1\.1: upgraded to 1\.1",
        r"update +1\.1 to 1\.2",
        r"program +version 1\.2 is online",
        r"program +version 1\.1 is online",
        r"answer +update to 1\.2: rolled back to 1\.1: healthy\(\) says no",
        r"demo: online after .*, upgraded to 1\.1, rolled back to 1\.1, \d+ s$",
    ):
        assert any(re.search(pattern, line) for line in told), f"no {pattern} in\n{out}"


def test_what_counts_as_success_of_an_update() -> None:
    it = UpdateStory(queue.SimpleQueue(), None, {})  # type: ignore[arg-type]
    it.show = Show(())
    it.online_at = 1.0
    for _ in range(3):
        it.point("program", "1.0")
    assert "1.1 has not come to its end" in (it.shortcoming() or "")
    it.outcome(Outcome("update", "upgraded to 1.1"))
    it.point("program", "1.0")  # the old one is still there, whatever it says
    assert "or 1.1 was not online after it" in (it.shortcoming() or "")
    it.point("program", "1.1")
    it.outcome(Outcome("update", "upgraded to 1.2"))
    it.point("program", "1.2")
    assert it.shortcoming() == "the update to 1.2 ended with 'upgraded to 1.2', not with 'rolled back to 1.1'"
    it._ended = ""
    it.outcome(Outcome("update", "", "it did not come to an end"))
    assert "1.2 has not come to its end" in (it.shortcoming() or "")
    it.outcome(Outcome("update", "rolled back to 1.1: healthy() says no"))
    assert it.shortcoming()
    it.point("program", "1.1")
    assert it.shortcoming() is None
