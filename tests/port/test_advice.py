"""What deploy says of a program's source before it sends it."""

import ast
from pathlib import Path

import pytest
from onenet_tools.files import board_directory
from onenet_tools.port.advice import advice, mistakes
from onenet_tools.port.errors import PortError
from onenet_tools.port.rehearsal import rehearse

BEGIN = 'from firmware import Device\ndevice = Device("config.json")\n'


def said(source: str) -> list[str]:
    tree = ast.parse(BEGIN + source)
    return [*mistakes(tree, "main.py"), *advice(tree, "main.py")]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "@device.stream\ndef t():\n    return 1\n",
            '@device.stream needs an id in parentheses: @device.stream("t")',
        ),
        ("@device.property\ndef light():\n    return 1\n", '@device.property("light")'),
        ("@device.stream()\ndef t():\n    return 1\n", '@device.stream() needs an id: @device.stream("t")'),
        ('@device.stream("t", every="60")\ndef t():\n    return 1\n', "every is a number, without quotes: every=60"),
        ('@device.command("relay")\ndef obey(p):\n    pass\n', "@device.command is without parentheses"),
        ('@device.stream("t")\nasync def t():\n    return 1\n', "t() is async, which nobody awaits here"),
        ("@device.command\nasync def obey(payload):\n    return 1\n", "obey() is async"),
        ('@device.stream("t")\ndef t():\n    yield 1\n', "t() has a yield"),
        ('@device.stream("t")\ndef t():\n    value = sensor.read()\n', "t() returns nothing, so nothing is ever sent"),
        ('@device.stream("t")\ndef t():\n    sensor.measure()\n    sensor.value\n', "t() returns nothing"),
        ('@device.stream("t")\ndef t():\n    return 1, 2\n', "t() returns a tuple; make it a dict"),
        ('@device.stream("t")\ndef t():\n    return b"x"\n', "returns bytes; make it text: value.decode()"),
        ('@device.stream("t")\ndef t():\n    return float("nan")\n', "float('nan'); a number must be finite"),
        (
            '@device.command\ndef obey(payload):\n    if payload == "on":\n        return 1\n',
            'payload is bytes, and never the text "on"; compare with b"on", or payload.decode()',
        ),
        ("device.put(5, 1)\n", 'the stream\'s id first, as text: put("temperature", 21.5)'),
        ('device.put("t", (1, 2))\n', "put() is given a tuple"),
    ],
)
def test_what_is_not_meant(source: str, words: str) -> None:
    (told,) = said(source)
    assert words in told and told.startswith("main.py, line ")


@pytest.mark.parametrize(
    "source",
    [
        '@device.stream("t")\ndef t():\n    display.show()\n',
        '@device.stream("t")\ndef t():\n    global n\n    n += 1\n    return None if n < 5 else n\n',
        '@device.stream("t")\ndef t():\n    if n:\n        return 1\n    sensor.x = 5\n',
        '@device.command\ndef obey(p):\n    p = p.decode()\n    if p == "on":\n        return 1\n',
        '@device.command\ndef obey(payload):\n    if payload == b"on" and mode == "x":\n        return 1\n',
        "@app.stream\ndef t():\n    return 1, 2\n",
        'queue.put(5, 1)\ndevice.put("t", 1)\ndevice.put(name, None)\n',
        "async def main():\n    await other()\n",
    ],
)
def test_what_may_be_meant(source: str) -> None:
    assert said(source) == []


def test_no_program_of_ours_is_blamed() -> None:
    programs = [board_directory() / "main.py", *(board_directory() / "examples").glob("*/*.py")]
    assert len(programs) > 10
    for path in programs:
        tree = ast.parse(path.read_text("utf-8"))
        assert [*mistakes(tree, path.name), *advice(tree, path.name)] == []


def test_deploy_says_it(tmp_path: Path) -> None:
    program = tmp_path / "main.py"
    program.write_text(BEGIN + '@device.stream("t")\ndef t():\n    return 1, 2\n\n\ndevice.run()\n')
    assert rehearse({"main.py": program}).careful == [
        'main.py, line 5: t() returns a tuple; make it a dict: {"x": 1, "y": 2}'
    ]
    program.write_text(BEGIN + "@device.stream\ndef t():\n    return 1\n\n\ndevice.run()\n")
    with pytest.raises(PortError, match=r"line 3: @device\.stream needs an id in parentheses: .*; nothing was sent"):
        rehearse({"main.py": program})
