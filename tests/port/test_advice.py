"""What deploy says of a program's source before it sends it."""

import ast
from pathlib import Path

import pytest
from onenet_tools.files import board_directory
from onenet_tools.port.advice import advice, calls_start, mistakes, pins_of_the_flash
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
        ("@device.command(5)\ndef obey(p):\n    pass\n", "takes a command's name, as text"),
        ('@device.command("relay=on")\ndef obey(p):\n    pass\n', "takes what stands before = ? or a blank"),
        ("@device.command(txt=True)\ndef obey(p):\n    pass\n", "has no txt; there is text"),
        (
            '@device.property("p")\nasync def p():\n    return 1\n',
            "p() is async, which only streams and commands may be",
        ),
        (
            '@device.command()\ndef obey(payload):\n    if payload == "on":\n        return 1\n',
            'payload is bytes, and never the text "on"',
        ),
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
        '@device.command("relay")\ndef relay(value):\n    if value == "on":\n        return 1\n',
        '@device.command(text=True)\ndef obey(payload):\n    if payload == "on":\n        return 1\n',
    ],
)
def test_what_may_be_meant(source: str) -> None:
    assert said(source) == []


def test_async_is_right_where_the_device_is_started() -> None:
    source = '@device.stream("t")\nasync def t():\n    return 1\nasync def main():\n    await device.start()\n'
    tree = ast.parse(BEGIN + source)
    assert calls_start(tree) and not list(advice(tree, "main.py", beside=True))
    assert not calls_start(ast.parse("page.start()"))


@pytest.mark.parametrize(
    ("machine", "pins"),
    [
        ("Generic ESP32 module with ESP32", [6, 11]),
        ("ESP32C3 module with ESP32C3", [12]),
        ("LOLIN_C3_MINI with ESP32-C3FH4", [12]),
        ("ESP32C6 module with ESP32C6", [26]),
        ("Generic ESP32S3 module with ESP32S3", [26]),
        ("ESP module with ESP8266", [6, 11]),
        ("a PC", []),
    ],
)
def test_pins_of_the_flash(machine: str, pins: list[int], tmp_path: Path) -> None:
    program = tmp_path / "main.py"
    program.write_text("import machine\nfrom machine import Pin\n" + "".join(f"Pin({n})\n" for n in (5, 6, 11, 12, 26)))
    told = list(pins_of_the_flash({"main.py": program, "a.txt": program}, machine))
    assert [f"chip is at pin {pin}: " in words for pin, words in zip(pins, told, strict=True)] == [True] * len(pins)
    if pins == [6, 11]:
        assert told[0].startswith("main.py, line 4: ")
    program.write_text("x = machine.Pin(6, machine.Pin.OUT)\nPin(n)\nADC(6)\nPin('6')\nPin()\n")
    assert len(list(pins_of_the_flash({"main.py": program}, machine))) == (6 in pins)


def test_no_program_of_ours_is_blamed() -> None:
    programs = [board_directory() / "main.py", *(board_directory() / "examples").glob("*/*.py")]
    assert len(programs) > 10
    for path in programs:
        tree = ast.parse(path.read_text("utf-8"))
        assert [*mistakes(tree, path.name), *advice(tree, path.name, calls_start(tree))] == []


def test_deploy_says_it(tmp_path: Path) -> None:
    program = tmp_path / "main.py"
    program.write_text(BEGIN + '@device.stream("t")\ndef t():\n    return 1, 2\n\n\ndevice.run()\n')
    assert rehearse({"main.py": program}).careful == [
        'main.py, line 5: t() returns a tuple; make it a dict: {"x": 1, "y": 2}'
    ]
    program.write_text(BEGIN + "@device.stream\ndef t():\n    return 1\n\n\ndevice.run()\n")
    with pytest.raises(PortError, match=r"line 3: @device\.stream needs an id in parentheses: .*; nothing was sent"):
        rehearse({"main.py": program})
