"""Deploying to the virtual board, whose MicroPython, file system and serial port are real."""

import json
import os
import pty
import re
import tty
from pathlib import Path

import pytest
from onenet_tools import __version__
from onenet_tools.board import BoardError, ResetCause
from onenet_tools.broker import Mosquitto
from onenet_tools.cli import main
from onenet_tools.compile.mpy import merged_board
from onenet_tools.console.console import running_console
from onenet_tools.console.studio.products import Protocol
from onenet_tools.files import board_directory, board_modules
from onenet_tools.port import find, way_in
from onenet_tools.port.deploy import deploy
from onenet_tools.port.errors import PortError, Stopped
from onenet_tools.port.program import Dialect, Form, in_form
from serial_board import AUTH_INFO, ESP32_ROM_SIZE, ONLINE, PATIENCE, Report, board, config, deployment, installed

MODULES = {
    "mpy": {name.removesuffix(".py") for name in merged_board("xtensawin").sources},
    "py": {name.removesuffix(".py") for name in board_modules()},
}
USERS_BOOT = "import gc\ngc.threshold(50000)\n"
STOPS = "print('old program')\nimport time\nwhile True:\n    time.sleep(1)\n"


def modules_on(files: dict[str, bytes]) -> dict[str, set[str]]:
    """Our modules on a board, without suffix, by their suffix."""
    ours = [name[1:] for name in files if re.match("/(lib|firmware)/", name)]
    return {
        suffix: {name.removesuffix(suffix) for name in ours if name.endswith(suffix)}
        for suffix in (".py", ".mpy")
        if any(name.endswith(suffix) for name in ours)
    }


def test_a_bare_board_comes_online(broker: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    mine = {"data/log.txt": "21.5\n", "bh1750.py": "# my sensor", "lib/mine.py": "# my library"}
    with board(broker, mine) as it:
        assert main(["deploy", "--port", it.port]) == 0
        told = capsys.readouterr()
        assert told.err == ""
        assert "sending: 50 %" in told.out
        assert told.out.splitlines()[-1] == "online as device 789546805"
        assert re.search(r"\d+ wifi: joined home as 192\.168\.4\.23", told.out)
        it.power_cut()
        files = it.read_files()
    for name, content in mine.items():
        assert files[f"/{name}"] == content.encode()
    assert json.loads(files["/config.json"]) == config()
    assert modules_on({n: d for n, d in files.items() if n != "/lib/mine.py"}) == {".mpy": MODULES["mpy"]}
    for name in ("boot.py", "main.py"):
        assert files[f"/{name}"] == (board_directory() / name).read_bytes()
    manifest = json.loads(files["/deployed.json"])
    assert (manifest["version"], manifest["form"]) == (__version__, "mpy")
    assert not [name for name in files if name.startswith(("/deploy/", "/safe_mode"))]


def test_only_what_is_different_is_sent(broker: Mosquitto, tmp_path: Path) -> None:
    with board(broker) as it:
        assert deploy(it.port, deployment(), Report()) == "online as device 789546805"
        again = Report()
        deploy(it.port, deployment(), again)
        assert f"the board has all of version {__version__} already" in again.text
        assert "sending" not in again.stages
        program = tmp_path / "main.py"
        program.write_text((board_directory() / "main.py").read_text() + "# changed\n")
        changed = Report()
        deploy(it.port, deployment(Form.MPY, 0, program), changed)
        assert "is on the board: 2 files" in changed.text  # it and the manifest
        assert "kept as" not in changed.text


@pytest.mark.long
def test_source_in_place_of_mpy_and_back(broker: Mosquitto) -> None:
    """A .py file would be loaded in place of the .mpy file beside it."""
    with board(broker, installed()) as it:
        for form, suffix in ((Form.MPY, ".mpy"), (Form.SOURCE, ".py")):
            deploy(it.port, deployment(form), Report())
            it.power_cut()
            assert modules_on(it.read_files()) == {suffix: MODULES[suffix[1:]]}
            it.power_on()


def test_in_a_romfs(broker: Mosquitto, tmp_path: Path) -> None:
    program = tmp_path / "main.py"
    main_py = (board_directory() / "main.py").read_text()
    with board(broker, rom_size=ESP32_ROM_SIZE, heap="1M") as it:
        for number, form in enumerate((Form.ROMFS, Form.ROMFS, Form.MPY)):
            program.write_text(
                main_py.replace("device.run()", f"import mqtt; print(mqtt.__file__, {number})\ndevice.run()")
            )
            (tmp_path / "helper.py").write_text(f"NUMBER = {number}\n")
            seen = len(it.log)
            deploy(it.port, deployment(form, PATIENCE, program, tmp_path / "helper.py"), Report())
            where = "/rom/lib" if form is Form.ROMFS else "/lib"
            suffix = "py" if form is Form.SOURCE else "mpy"
            it.wait_for(rf"^{where}/mqtt/__init__\.{suffix} {number}$", PATIENCE, seen)
            it.power_cut()
            files = it.read_files()
            assert modules_on(files) == ({} if form is Form.ROMFS else {f".{suffix}": MODULES[suffix]})
            assert ("/helper.mpy" in files or "/helper.py" in files) == (form is not Form.ROMFS)
            it.power_on()
            it.wait_for(ONLINE, PATIENCE)


def test_where_there_is_no_romfs_or_too_little(broker: Mosquitto) -> None:
    with (
        board(broker, {"main.py": STOPS}) as it,
        pytest.raises(PortError, match=r"no partition for ROMFS.*FLASH_2M_ROMFS"),
    ):
        deploy(it.port, deployment(Form.ROMFS), Report())
    with board(broker, {"main.py": STOPS}, rom_size=65536) as it:
        it.wait_for("old program", PATIENCE)
        seen = len(it.log)
        with pytest.raises(PortError, match="half of the board's partition is 32 KB"):
            deploy(it.port, deployment(Form.ROMFS), Report())
        it.wait_for("old program", PATIENCE, seen)


def test_a_main_py_that_was_edited_on_the_board_is_kept(broker: Mosquitto) -> None:
    edited = "# edited on the board\n" + STOPS
    with board(broker, {"main.py": edited, "boot.py": USERS_BOOT}) as it:
        report = Report()
        deploy(it.port, deployment(), report)
        assert "main.py on the board was edited there; it is kept as main.py.old" in report.lines
        assert "boot.py on the board was another one; it is kept as boot.py.old" in report.lines
        it.power_cut()
        files = it.read_files()
        assert files["/main.py.old"] == edited.encode() and files["/boot.py.old"] == USERS_BOOT.encode()


def test_the_program_may_have_modules_and_folders_of_its_own(broker: Mosquitto, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        "import pack.deep, one\nprint(pack.deep.WORD, one.WORD, open('pack/page.html').read())\n"
    )
    (tmp_path / "one.py").write_text("WORD = 'one'\n")
    (tmp_path / "pack" / "__pycache__").mkdir(parents=True)
    (tmp_path / "pack" / "deep.py").write_text("WORD = 'deep'\n")
    (tmp_path / "pack" / "page.html").write_text("<html>")
    (tmp_path / "pack" / "__pycache__" / "deep.pyc").touch()
    names = [tmp_path / name for name in ("main.py", "one.py", "pack")]
    with board(broker) as it:
        for form in (Form.MPY, Form.SOURCE):
            seen = len(it.log)
            deploy(it.port, deployment(form, 0, *names), Report())
            it.wait_for("^deep one <html>$", PATIENCE, seen)
        it.power_cut()
        files = it.read_files()
        assert "/pack/deep.py" in files and "/pack/deep.mpy" not in files and not [n for n in files if "cache" in n]


def test_where_our_modules_are_frozen_the_rest_is_sent(broker: Mosquitto) -> None:
    """A copy in lib/ would not be loaded, and one in firmware/ in place of the frozen one."""
    boot = (board_directory() / "boot.py").read_text().split("import os", 1)
    frozen = "import sys\nclass Frozen:\n    __file__ = 'onenet/__init__.py'\nsys.modules['onenet'] = Frozen\nimport os"
    with board(broker, {**installed(), "boot.py": frozen.join(boot)}) as it:
        report = Report()
        deploy(it.port, deployment(timeout=0), report)
        assert "our modules are frozen into this MicroPython, and are not sent" in report.lines
        it.wait_for("ImportError: no module named 'firmware'", PATIENCE)  # for nothing is frozen here
        it.power_cut()
        files = it.read_files()
        assert modules_on(files) == {} and files["/main.py"] == (board_directory() / "main.py").read_bytes()


def test_a_product_of_the_other_kind_is_told_though_it_lets_the_board_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onenet_tools.port.start._SETTLING", PATIENCE)  # on a busy computer
    with running_console(pages=False) as console:
        product = console.call(console.platform.studio.add_product, "", "", Protocol.STREAM)
        device = console.call(console.platform.studio.add_device, product.id, "board1")
        there = {"wifi": config()["wifi"], "safe_mode_pin": -1, "platform": "studio", "product_id": product.id}
        there |= {"device_name": "board1", "device_key": device.auth_info, "host": "192.168.1.2"}
        files = installed() | {"config.json": json.dumps(there)}
        with board(files=files, internet=False) as it:
            it.link.routes[("192.168.1.2", 1883)] = ("127.0.0.1", console.mqtt_port)
            words = 'takes data streams.*write "platform": "dp"; mend it: onenet config --port .* --set platform=dp'
            with pytest.raises(PortError, match=words):
                deploy(it.port, deployment(), Report())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"wifi": [{"ssid": "home", "password": "wrong-password"}]},
            r"Wi-Fi home: wrong password; mend it: onenet config",
        ),
        (
            {"auth_info": "wrong"},
            r"device id, product id or auth-info refused .*; mend it: onenet config",
        ),
        (
            {"device_id": ..., "led_pin": 99},
            r"config\.json on the board: device_id: is missing.*led_pin: must be a pin",
        ),
    ],
    ids=["wifi", "refused", "config"],
)
def test_why_it_does_not_come_online(broker: Mosquitto, changes: dict[str, object], words: str) -> None:
    with board(broker, installed() | {"config.json": json.dumps(config(**changes))}) as it:
        with pytest.raises(PortError, match=words) as error:
            deploy(it.port, deployment(timeout=15), Report())
        assert AUTH_INFO not in str(error.value) and "wrong-password" not in str(error.value)


def test_a_program_that_crashes(broker: Mosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "main.py"
    program.write_text("1 / 0\n")
    with board(broker, installed()) as it:
        assert main(["deploy", "--port", it.port, str(program)]) == 1
        told = capsys.readouterr()
        assert "careful: tried out on this computer" in told.out and "Traceback" in told.out
        assert told.err.startswith(
            "error: main.py has ended with ZeroDivisionError: divide by zero; the old program is"
        )


@pytest.mark.long
def test_a_broker_that_is_away(broker: Mosquitto) -> None:
    with (
        board(None, installed()) as it,
        pytest.raises(PortError, match=r"not online after 40 s: .*118.*the old program is back"),
    ):
        deploy(it.port, deployment(timeout=40), Report())  # in which a busy computer gets as far


@pytest.mark.long
def test_a_watchdog_does_not_bite_in_a_slow_deploy(broker: Mosquitto) -> None:
    """It runs before the deploy, whose time is half as long again as the watchdog's."""
    guarded = (
        "import machine, time\ndog = machine.WDT(timeout=5000)\nprint('guarded')\n"
        "while True:\n    dog.feed()\n    time.sleep_ms(50)\n"
    )
    with board(broker, {"main.py": guarded}) as it:
        it.wait_for("guarded", PATIENCE)
        it.baud = 96000
        deploy(it.port, deployment(timeout=0), Report())
        it.baud = None
        it.wait_for(ONLINE, PATIENCE)
        assert it.resets == [ResetCause.PWRON, ResetCause.SOFT, ResetCause.HARD, ResetCause.HARD]


@pytest.mark.parametrize(
    "with_boot", [pytest.param(False, id="of-old", marks=pytest.mark.long), pytest.param(True, id="with-boot.py")]
)
def test_a_crash_looping_board_is_rescued(broker: Mosquitto, with_boot: bool) -> None:
    files: dict[str, object] = {"main.py": "import machine\nprint('crash')\nmachine.reset()\n"}
    if with_boot:
        files["boot.py"] = board_directory() / "boot.py"
    with board(broker, files) as it:  # type: ignore[arg-type]
        it.wait_for_resets(3)
        assert deploy(it.port, deployment(), Report()) == "online as device 789546805"


def test_after_ctrl_c_the_old_program_runs(broker: Mosquitto) -> None:
    class Impatient(Report):
        def progress(self, done: int, total: int) -> None:
            if done > 10000:
                raise Stopped("stopped by Ctrl-C")

    with board(broker, {"main.py": STOPS}) as it:
        it.wait_for("old program")
        seen = len(it.log)
        with pytest.raises(Stopped):
            deploy(it.port, deployment(), Impatient())
        it.wait_for("old program", PATIENCE, seen)
        again = Report()
        deploy(it.port, deployment(), again)
        sent = re.search(r"(\d+) files", again.text)
        assert sent and int(sent[1]) < len(board_modules()), "what had arrived is not sent again"


def test_a_full_flash_is_told_before_anything_is_sent(broker: Mosquitto) -> None:
    with board(broker, {"main.py": STOPS, "data": bytes(150000)}, flash_size=200 * 1024) as it:
        it.wait_for("old program")
        seen = len(it.log)
        report = Report()
        with pytest.raises(PortError, match=r"has \d+ KB of flash free, and \d+ KB are needed; delete files"):
            deploy(it.port, deployment(), report)
        it.wait_for("old program", PATIENCE, seen)


def test_where_there_is_no_micropython(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(way_in, "PATIENCE", 1)
    monkeypatch.setattr(way_in, "SOMEBODY", 1)
    controller, port = pty.openpty()
    tty.setraw(port)
    os.write(controller, b"ets Jun  8 2016 00:22:57\r\ninvalid header: 0xffffffff\r\n")
    name = os.ttyname(port)
    assert main(["deploy", "--port", name]) == 1
    told = capsys.readouterr().err
    assert told == (f"error: no MicroPython answers at {name}; if it was never put there: onenet flash --port {name}\n")
    os.close(controller)
    os.close(port)


def test_what_cannot_be_is_said_before_anything_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (["--mpy", "--source"], "give one of --source, --mpy and --romfs"),
        (["--all", "--port", "x"], "give either --port or --all"),
        (["nowhere.py"], "there is no file nowhere.py"),
        ([str(board_directory() / "boot.py")], "boot.py on the board is not for a program to replace"),
        ([str(board_directory() / "firmware")], "firmware/__init__.py on the board is not for a program to replace"),
    ):
        assert main(["deploy", "--port", "/dev/nonexistent", *arguments]) == 2
        assert words in capsys.readouterr().err
    assert main(["deploy", "--port", "/dev/nonexistent"]) == 1
    assert "there is no port /dev/nonexistent" in capsys.readouterr().err


def test_a_micropython_that_loads_other_mpy_files() -> None:
    compiled = {"code": b"M\x06\x0b\x1f", "bytecode": b"M\x06\x03\x1f"}  # 6.3 for x64, and for all
    fits, other_code, old = Dialect(2822), Dialect(2822 & ~0x300), Dialect(5 | 2 << 10)
    assert (fits.architecture, Dialect(0x2806).architecture) == ("x64", "xtensawin")
    for data in compiled.values():
        fits.check("x", data)
    other_code.check("x", compiled["bytecode"])
    for dialect, data in ((other_code, compiled["code"]), (old, compiled["bytecode"])):
        with pytest.raises(PortError, match=r"loads .mpy files of version .* mpy-cross here makes 6.3 .x."):
            dialect.check("x", data)
    for dialect, words in ((Dialect(0), "loads no .mpy files"), (Dialect(6 | 15 << 10), "does not know the board's")):
        with pytest.raises(PortError, match=words):
            in_form(Form.MPY, installed(), dialect)


@pytest.mark.long
def test_many_boards_at_once(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with board(broker) as one, board(broker, {"config.json": "{}"}) as two:
        ports = [find.Port(port, "CP2102", "", False) for port in (one.port, two.port)]
        monkeypatch.setattr(find, "usb_ports", lambda: ports)
        assert main(["deploy", "--all"]) == 1
        told = capsys.readouterr().out
        assert "1 of 2 boards done" in told
        assert re.search(rf"{one.port} *│ ok *│ online as device 789546805", told)
        assert re.search(rf"{two.port} *│ failed *│ config\.json on the board", told)
        with pytest.raises(BoardError):
            two.wait_for(ONLINE, 0)
