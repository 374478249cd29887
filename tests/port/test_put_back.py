"""New programs that do not come online: the old one comes back, as it was."""

import json
from pathlib import Path

import pytest
from onenet_tools.board import VirtualBoard
from onenet_tools.broker import Mosquitto
from onenet_tools.cli import main
from onenet_tools.files import board_directory
from onenet_tools.port.deploy import Deployment, deploy
from onenet_tools.port.errors import PortError
from onenet_tools.port.program import Form, find_program, sources
from serial_board import ESP32_ROM_SIZE, ONLINE, PATIENCE, Report, board, config, deployment

OLD = "print('old program')\nimport time\nwhile True:\n    time.sleep(1)\n"
CRASHES = "print('new program')\n1 / 0\n"
SILENT = "print('new program')\nimport time\nwhile True:\n    time.sleep(1)\n"
BACK = "the old program is back on the board; to stay with the new one: onenet deploy --keep"


def files_of(it: VirtualBoard) -> dict[str, bytes]:
    it.power_cut()
    return {name: data for name, data in it.read_files().items() if name not in ("/boot.py", "/crashes")}


@pytest.mark.parametrize(
    ("text", "timeout", "words"),
    [
        pytest.param(CRASHES, PATIENCE, "ZeroDivisionError: divide by zero", id="crashes"),
        pytest.param(SILENT, 2, "not online after 2 s", id="silent", marks=pytest.mark.long),
    ],
)
def test_the_old_one_comes_back(broker: Mosquitto, tmp_path: Path, text: str, timeout: float, words: str) -> None:
    program = tmp_path / "main.py"
    program.write_text(text)
    mine = {"main.py": OLD, "mine.py": "X = 1\n", "main.py.old": "# older\n", "lib/mine.py": "Y = 2\n"}
    with board(broker, mine) as it:
        it.wait_for("old program")
        report = Report()
        with pytest.raises(PortError, match=words) as error:
            deploy(it.port, deployment(None, timeout, program), report)
        assert str(error.value).endswith(BACK)
        assert "putting the old program back" in report.stages
        seen = it.log.rindex("new program")
        it.wait_for("old program", PATIENCE, seen)
        files = files_of(it)
    files.pop("/main.py.old")
    assert files == {f"/{n}": t.encode() for n, t in mine.items() if n != "main.py.old"} | {
        "/config.json": json.dumps(config()).encode()
    }


def test_with_the_boot_py_it_had(broker: Mosquitto, tmp_path: Path) -> None:
    program = tmp_path / "main.py"
    program.write_text(CRASHES)
    boot = "import gc\nprint('old boot')\n"
    with board(broker, {"main.py": OLD, "boot.py": boot}) as it:
        with pytest.raises(PortError, match=BACK):
            deploy(it.port, deployment(None, PATIENCE, program), Report())
        it.wait_for("old boot\n(.|\n)*old program", PATIENCE, it.log.rindex("new program"))
        it.power_cut()
        files = it.read_files()
    assert files["/boot.py"] == boot.encode() and files["/main.py"] == OLD.encode()
    assert "/deploy/record" not in files


@pytest.mark.parametrize(
    "old",
    [
        Form.MPY,
        Form.ROMFS,
        Form.SOURCE,
    ],
)
@pytest.mark.long
def test_a_version_of_ours_comes_back(broker: Mosquitto, tmp_path: Path, old: Form) -> None:
    """With its modules, those in a ROMFS among them."""
    with board(broker, rom_size=ESP32_ROM_SIZE, heap="1M") as it:
        deploy(it.port, deployment(old), Report())
        before = files_of(it)
        it.power_on()
        it.wait_for(ONLINE, PATIENCE)
        (tmp_path / "main.py").write_text("import extra\n" + CRASHES)
        (tmp_path / "extra.py").write_text("")
        (tmp_path / "health.py").write_text("# shorter\n")
        files = sources(find_program([tmp_path / "main.py", tmp_path / "extra.py"]))
        files["firmware/health.py"] = tmp_path / "health.py"
        new = Form.ROMFS if old is Form.ROMFS else Form.MPY
        with pytest.raises(PortError, match=BACK):
            deploy(it.port, Deployment(files, new, PATIENCE), Report())
        it.wait_for(ONLINE, PATIENCE, it.log.rindex("new program"))
        assert files_of(it) == before


def test_keep(broker: Mosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "main.py"
    program.write_text(CRASHES)
    with board(broker, {"main.py": OLD}) as it:
        assert main(["deploy", "--keep", "--port", it.port, str(program)]) == 1
        assert "the new program stays" in capsys.readouterr().err
        assert files_of(it)["/main.py"] == CRASHES.encode()


@pytest.mark.long
def test_it_stays_where_no_other_would_do_better(broker: Mosquitto) -> None:
    for changes, words in (
        ({"auth_info": "wrong"}, "refused .*; mend it: onenet config"),
        ({"device_id": ...}, "device_id: is missing"),
    ):
        with board(broker, {"main.py": OLD, "config.json": json.dumps(config(**changes))}) as it:
            with pytest.raises(PortError, match=f"{words}.*the program stays, for no other would do better"):
                deploy(it.port, deployment(), Report())
            assert files_of(it)["/main.py"] == (board_directory() / "main.py").read_bytes()


def test_where_there_was_none(broker: Mosquitto, tmp_path: Path) -> None:
    program = tmp_path / "main.py"
    program.write_text(CRASHES)
    with board(broker) as it:
        with pytest.raises(PortError, match="there is no other program to put back"):
            deploy(it.port, deployment(None, PATIENCE, program), Report())
        assert files_of(it)["/main.py"] == CRASHES.encode()
