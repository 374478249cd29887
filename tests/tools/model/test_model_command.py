"""`onenet model`: a program is checked against a thing model, or begun from one."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from onenet_tools.cli import main
from onenet_tools.model.check import check
from onenet_tools.model.program import ProgramError, read_program
from onenet_tools.model.stubs import stubs
from onenet_tools.model.thing_model import read_model

FILE = Path(__file__).parents[2] / "console" / "thing_model.json"
MODEL = read_model(FILE.read_text(encoding="utf-8"))
HEAD = 'from firmware import Device\n\ndevice = Device("config.json")\n'


def wrong(source: str) -> list[str]:
    """What does not fit, with its line counted from after the head; without what the program has not."""
    program = read_program(HEAD + source, "main.py")
    lines = HEAD.count("\n")
    return [f"{it.line - lines}: {it.words}" for it in check(program, MODEL) if it.wrong and it.line]


def notes(source: str) -> list[str]:
    return [it.words for it in check(read_program(HEAD + source, "main.py"), MODEL) if not it.line]


def stream(identifier: str, returned: str) -> str:
    return f'@device.stream("{identifier}", every=5)\ndef measure():\n    return {returned}\n'


@pytest.mark.parametrize(
    ("identifier", "returned"),
    [
        ("temp", "21.5"),
        ("temp", "-40"),
        ("temp", "sensor.read()"),
        ("temp", "None"),
        ("temp", "raw / 10 if raw else None"),
        ("lamp", "bool(pin.value())"),
        ("lamp", "pin.value() > 0"),
        ("level", "round(x)"),
        ("label", "f'{x}'"),
        ("place", '{"x": 1, "y": 2.5}'),
        ("place", '{"x": read(), "y": 2.5}'),
        ("curve", "[1, 2]"),
        ("odd", "anything"),
    ],
)
def test_what_fits(identifier: str, returned: str) -> None:
    assert wrong(stream(identifier, returned)) == []


@pytest.mark.parametrize(
    ("identifier", "returned", "words"),
    [
        ("temp", "90", "must be at most 85 (温度, ℃)"),
        ("temp", "-40.5", "must be at least -40 (温度, ℃)"),
        ("temp", "str(x)", "is text, and not of type float (温度, ℃)"),
        ("temp", "True", "must be a number (温度, ℃)"),
        ("lamp", "1", "must be true or false (灯)"),
        ("lamp", "int(x)", "is a whole number, and not of type bool (灯)"),
        ("level", "x / 2", "is a number, and not of type int32 (亮度, %)"),
        ("level", "round(x, 1)", "is a number, and not of type int32 (亮度, %)"),
        ("level", "5 if x else 101", "must be at most 100 (亮度, %)"),
        ("mode", "3", "must be one of 0, 1, 2 (模式)"),
        ("label", '"12345678901"', "string length error: at most 10 bytes (标签)"),
        ("place", '{"x": read(), "z": 1}', "has 'z', which the thing model does not; it has x, y (位置)"),
        ("place", '{"x": read() > 0, "y": 1}', "x: is true or false, and not of type int32 (位置)"),
        ("place", "[1, 2]", "must be an object (位置)"),
        ("curve", "x > 1", "is true or false, and not of type array (曲线)"),
    ],
)
def test_what_is_returned_is_not_of_the_type(identifier: str, returned: str, words: str) -> None:
    assert wrong(stream(identifier, returned)) == [f"3: stream '{identifier}': what is returned {words}"]


def test_only_its_own_returns_count() -> None:
    source = stream("temp", "20").replace(
        "    return", '    def inner():\n        return "x"\n    key = lambda: "x"\n    for _ in x:\n        return'
    )
    assert wrong(source) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            stream("tmp", "1"),
            "1: stream 'tmp': the thing model has no property of this identifier; did you mean 'temp'?",
        ),
        (stream("alarm", "1"), "1: stream 'alarm': the thing model has no property of this identifier; there it is an"),
        (
            'device.put("blink", 1)',
            "1: put 'blink': the thing model has no property of this identifier; there it is a s",
        ),
        ('NAME = "tmp"\ndevice.put(NAME, 1)', "2: put 'tmp': the thing model has no property"),
        ('device.put(b"temp", 100)', "1: put 'temp': the value must be at most 85"),
        ('device.event("alarm", {"level": 4})', "1: event 'alarm': the value level: must be at most 3"),
        ('device.event("alarm", {})', "1: event 'alarm': the value has no 'level'"),
        ('device.event("alarm", 5)', "1: event 'alarm': the value is a whole number, and no dict"),
        (
            'device.event("alarms", {})',
            "1: event 'alarms': the thing model has no event of this identifier; did you mean",
        ),
        ('@device.service("blink")\ndef f():\n    pass', "1: service 'blink': its function takes one argument"),
        (
            '@device.service("blink")\ndef f(i):\n    return {"ok": 1}',
            "3: service 'blink': what is returned ok: must be",
        ),
        ('@device.service("blink")\ndef f(i):\n    return {}', "3: service 'blink': what is returned has no 'ok'"),
        ('@device.service("wink")\ndef f(i):\n    pass', "1: service 'wink': the thing model has no service"),
        ('@device.property("lamp")\ndef f():\n    pass', "1: property 'lamp': can be set in the thing model"),
        ('@device.stream("temp")\ndef f(x):\n    pass', "1: stream 'temp': its function takes no arguments"),
        (
            '@device.property("temp")\ndef f():\n    pass\n@f.setter\ndef g(v):\n    pass',
            "5: property 'temp': has a setter, but is read only in the thing model (accessMode r)",
        ),
        (
            '@device.property("lamp")\ndef f():\n    pass\n@f.setter\ndef g():\n    pass',
            "5: property 'lamp': the setter's function takes one argument, the value",
        ),
    ],
)
def test_what_does_not_fit(source: str, words: str) -> None:
    found = wrong(source)
    assert len(found) == 1 and found[0].startswith(words), found


def test_what_the_program_has_not() -> None:
    assert "property 'temp' is never sent" in notes("") and "event 'alarm' is never sent" in notes("")
    assert not any("'odd'" in words for words in notes(""))  # the platform's own
    found = check(read_program(HEAD, "main.py"), MODEL)
    answered = "property 'lamp' can be set in the thing model, and the program answers with an error"
    assert answered in [it.words for it in found if it.wrong]
    obeys = "@device.command\ndef obey(payload):\n    pass\n"
    assert "property 'lamp' can be set in the thing model; the program gets it as a command, lamp=…" in notes(obeys)
    assert "service 'blink' is in the thing model; the program gets it as a command, blink=…" in notes(obeys)


def test_what_is_not_written_out_is_said() -> None:
    program = read_program(f"{HEAD}for name in names:\n    device.put(name, 1)\n", "main.py")
    found = check(program, MODEL)
    assert found[0].words == "put: the identifier is not written out, so it is not checked" and not found[0].wrong
    assert not any("never sent" in it.words for it in found)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def", "main.py, line 1: "),
        ("print(1)", "main.py makes no device"),
        ("x = (" + "(" * 5000, "main.py"),
        ("\0", "main.py"),
    ],
)
def test_what_is_no_program(source: str, words: str) -> None:
    with pytest.raises(ProgramError, match=words):
        read_program(source, "main.py")


def test_stubs_are_a_program_that_fits() -> None:
    source = stubs(MODEL)
    ast.parse(source)
    program = read_program(source, "main.py")
    assert [it for it in check(program, MODEL) if it.wrong] == []
    named = {use.identifier for use in program.uses}
    assert named == {"temp", "lamp", "level", "mode", "label", "place", "curve", "bits", "born", "blink", "reboot"}
    assert 'device.event("alarm", {"level": 1})' in source and source.endswith("device.run()\n")
    assert "# float; None: nothing to send" in source and '"""温度, ℃, -40 to 85."""' in source


def test_stubs_of_whatever_is_called_so() -> None:
    names = ["class", "1st", "温度", "湿度", "a-b", "a_b", "set_x", "x", 'quo"te', "back\\slash", "device", 'a"""']
    entries = [
        {"identifier": it, "name": f'{it} """\n\\', "accessMode": "rw", "dataType": {"type": "int32", "specs": {}}}
        for it in names
    ]
    source = stubs(read_model(json.dumps({"properties": entries})))
    functions = [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    assert len(functions) == len(set(functions)) == 2 * len(names)
    assert {use.identifier for use in read_program(source, "main.py").uses} == set(names)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    monkeypatch.chdir(tmp_path)

    def told(*arguments: str, status: int = 0) -> str:
        assert main(["model", *arguments]) == status
        captured = capsys.readouterr()
        return captured.out + captured.err

    return told


def test_on_the_command_line(run: Callable[..., str], tmp_path: Path) -> None:
    file = str(FILE)
    assert run(file, status=2) == "error: there is no main.py here: name one, or begin one with --stubs\n"
    (tmp_path / "main.py").write_text(run(file, "--stubs"), encoding="utf-8")
    assert run(file).endswith("main.py fits\n")
    (tmp_path / "main.py").write_text(HEAD + stream("temp", "90"), encoding="utf-8")
    told = run(file, status=1)
    assert told.splitlines()[0] == f"{file}: 10 properties, 1 events, 2 services"
    assert "error: main.py, line 6: stream 'temp': what is returned must be at most 85" in told
    rest = run(file, "main.py", "--stubs")
    assert '"temp"' not in rest and "Device(" not in rest and '@device.property("lamp"' in rest


def test_what_can_not_be_read_is_said_in_one_line(run: Callable[..., str], tmp_path: Path) -> None:
    assert run("none.json", status=2).startswith("error: none.json: No such file")
    (tmp_path / "main.py").write_text(HEAD)
    assert "main.py is no thing model: it is not JSON" in run("main.py", status=2)
    (tmp_path / "gb.json").write_bytes(b"\xce\xc2")
    assert run("gb.json", status=2).count("\n") == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "older console (1.2)"),
        ({"version": "1.0", "profile": {"stTmId": ""}}, "older console (2.x)"),
        ({"profile": {"video": 0, "status": 0}}, "older console (3.0)"),
        ({"version": "4.0"}, "its version is '4.0', and only 1.0 is known"),
        ({"version": "1.0", "profile": {"productId": "aBcDeF1234"}}, ""),
    ],
)
def test_older_exports_are_read_and_said(
    run: Callable[..., str], tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    model = {
        "properties": [
            {"identifier": "n", "name": "n", "desc": None, "dataType": {"type": "int32", "specs": {"step": None}}}
        ],
        "services": [{"identifier": "s", "name": "s", "callType": "s", "input": [], "output": []}],
        **more,
    }
    assert not read_model(json.dumps(model)).services["s"].is_async
    (tmp_path / "model.json").write_text(json.dumps(model))
    (tmp_path / "main.py").write_text(HEAD + stream("n", "1") + '@device.service("s")\ndef s(inputs):\n    pass\n')
    told = run("model.json")
    assert ("note: " in told) == bool(words) and words in told
