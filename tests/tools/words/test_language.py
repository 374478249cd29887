"""Nobody who reads Chinese meets English: every text has its Chinese, and every text goes through the catalogue."""
# ruff: noqa: RUF001 (Chinese punctuation)

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from onenet_tools.language import CHINESE, ENGLISH, _, speaking, system_language
from onenet_tools.words import catalogue
from onenet_tools.words.said import explanation, rendered

TOOLS = Path(__file__).parents[3] / "tools"
GAP = re.compile(r"\{\w*(?:![rs])?(?::[^{}]*)?\}|%[-+0-9.]*[sdrgxf]")

FOR_CONTRIBUTORS = (
    "bench/",
    "board/board.py",
    "board/chips.py",
    "board/console.py",
    "board/peripherals.py",
    "board/sensor.py",
    "board/shims/",
    "board/state.py",
    "board/station.py",
    "cluster/",
    "compile/forgotten.py",
    "compile/shorten.py",
    "words/catalogue.py",
    "measure/",
    "misfortunes/",
    "pages/",
    "shim/",
)
"""What nobody runs but who works on this project, and what stands for a board: it speaks English."""
FOR_PROGRAMS = (
    "console/api/",
    "console/api_keys.py",
    "console/asked.py",
    "console/guard.py",
    "console/package_calls.py",
    "console/pages/chart_data.py",
    "console/pages/csv_export.py",
    "console/pictures.py",
    "console/studio/asked_thing.py",
    "console/studio/device_calls.py",
    "console/studio/envelope.py",
    "console/studio/failures.py",
    "console/studio/file_calls.py",
    "console/studio/http_api.py",
    "console/studio/location_calls.py",
    "console/studio/ota_calls.py",
    "console/studio/thing_calls.py",
)
"""What answers HTTP requests, as the platform does: in English, whoever asks."""


def texts() -> list[Message]:
    return [message for message in catalogue.kept() if message.id]


def gaps(text: str) -> list[str]:
    return sorted(GAP.findall(text.replace("{{", "").replace("}}", "").replace("%%", "")))


def test_the_catalogue_has_what_the_code_says_and_no_more() -> None:
    """`make words` puts in what is missing."""
    said = {(message.context, message.id) for message in catalogue.extracted() if message.id}
    assert {(message.context, message.id) for message in texts()} == said


def test_no_text_is_where_nobody_finds_it() -> None:
    """Babel looks neither into f-strings nor at one lookup within another."""
    found = {message.id if isinstance(message.id, str) else message.id[0] for message in texts()}
    for path in TOOLS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "N_", "N_n", "ngettext"):
                for argument in node.args[:1]:
                    if isinstance(argument, ast.Constant):
                        assert argument.value in found, f"{path}:{node.lineno}"


def test_nothing_is_without_its_chinese() -> None:
    missing = [
        message.id
        for message in texts()
        if message.fuzzy or not (all(message.string) if isinstance(message.string, tuple) else message.string)
    ]
    assert not missing


def test_the_same_values_go_into_both() -> None:
    for message in texts():
        english, chinese = (it[-1] if isinstance(it, tuple) else it for it in (message.id, message.string))
        assert gaps(english) == gaps(chinese), english
        if message.context == "board":  # they are filled in by their place
            assert GAP.findall(english.replace("%%", "")) == GAP.findall(chinese.replace("%%", "")), english


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8"}, CHINESE),
        ({"LANG": "zh_TW.UTF-8"}, CHINESE),
        ({"LANG": "C.UTF-8"}, ENGLISH),
        ({"LANG": "de_DE.UTF-8"}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, ENGLISH),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:en"}, CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en"}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "de:zh"}, CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": ""}, CHINESE),
    ],
)
def test_the_language_of_a_system(environment: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert system_language() == language


def test_the_language_for_a_while() -> None:
    assert _("Options") == "Options"
    with speaking(CHINESE):
        assert _("Options") == "选项"
        with speaking(ENGLISH):
            assert _("Options") == "Options"
        assert _("Options") == "选项"
    assert _("Options") == "Options"


def chinese(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "LANG": "zh_CN.UTF-8", "COLUMNS": "80"}
    command = [sys.executable, "-m", "onenet_tools", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False)


def test_help_is_in_chinese() -> None:
    told = chinese("deploy", "--help").stdout
    assert "用法：" in told
    assert "把程序放到开发板上" in told
    assert "--timeout" in told and "秒数" in told and "SECONDS" not in told
    assert "显示本帮助并退出。" in told
    left = [line for line in told.splitlines() if re.search(r"[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}", line)]
    assert not [line for line in left if "Usage" in line or "Options" in line]


@pytest.mark.parametrize("command", ["board", "config", "console", "demo", "push"])
def test_no_help_is_cut_off(command: str) -> None:
    """As rich does with a line of Chinese that is wider than its column."""
    told = chinese(command, "--help").stdout
    assert not re.findall(r".*\u2026 *\u2502", re.sub(r"--[\w,-]+\u2026", "", told))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fly"], "错误：没有命令 'fly'。"),
        (["devise"], "错误：没有命令 'devise'。是不是 'device'？"),
        (["demo", "--fast"], "错误：没有选项：--fast"),
        (["demo", "--seconds"], "错误：选项 '--seconds' 需要一个值。"),
        (["demo", "--seconds", "soon"], "错误：'--seconds' 的值无效：应为数字"),
        (["demo", "--seconds", "0"], "错误：'--seconds' 的值无效：应大于或等于 1"),
        (["demo", "--chip", "z80"], "不是以下之一：'esp32', 'esp32c3', 'esp8266'。"),
        (["demo", "now"], "错误：多余的参数（now）"),
        (["device", "remove"], "错误：缺少参数"),
    ],
)
def test_mistakes_are_answered_in_chinese(arguments: list[str], words: str) -> None:
    done = chinese(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.endswith("（详见 onenet --help）\n")


def test_what_the_system_says_and_what_programs_begin_with_is_chinese() -> None:
    assert chinese("model", "none.json").stderr == "错误：none.json: 没有这个文件或文件夹\n"
    assert "\ndht22           DHT22 的温度和湿度，每半分钟一次。\n" in chinese("new").stdout
    begun = chinese("model", "--stubs", str(TOOLS / "demo" / "thing_model.json")).stdout
    assert begun.startswith('"""这块开发板测量什么、执行什么。"""\n') and "# int；None 表示没有要发送的\n" in begun
    compile(begun, "main.py", "exec")


def test_what_was_put_together_elsewhere() -> None:
    with speaking(CHINESE):
        assert rendered("No such command 'x'.") == "没有命令 'x'。"
        assert rendered("Invalid value for '--n': Input should be a finite number") == "'--n' 的值无效：应为有限的数"
        assert rendered("password: is not the auth-info of this device (code 4)") == (
            "密码：不是这个设备的鉴权信息（代码 4）"
        )
        assert rendered('device_id: must be the device\'s ID, digits in quotes, not "7 8"', "board") == (
            'device_id：必须是设备 ID，带引号的数字，而不是 "7 8"'
        )
        assert rendered("nobody says this") == "nobody says this"
        assert explanation("nobody says this") == ""
    assert rendered("No such command 'x'.") == "No such command 'x'."


# Texts that do not go through the catalogue

SAYING = ("print", "echo", "complain", "note", "say", "input", "ask", "confirm", "prompt", "rule", "log_line", "line")
"""Functions and methods whose first argument a person reads."""
NOT_FOR_PEOPLE = ("AssertionError", "NotImplementedError", "Raised", "TypeError")  # Raised: on the board
PROSE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}|^[a-z]{3,}: |: [a-z]{3,} ")


def unwrapped(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        said: list[ast.expr] = []
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            if getattr(node.exc.func, "id", getattr(node.exc.func, "attr", "")) not in NOT_FOR_PEOPLE:
                said = node.exc.args
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            said = node.args[:1] if name in SAYING else []
        for argument in said:
            for text in plain(argument):
                if PROSE.search(text):
                    yield f"{path.relative_to(TOOLS)}:{node.lineno}: {text}"


def plain(node: ast.expr) -> Iterator[str]:
    """The literals that this expression is made of, but for those that are looked up."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join"):
            yield from plain(node.func.value)
        elif getattr(node.func, "attr", getattr(node.func, "id", "")) in ("Text", "assemble"):
            for argument in node.args:
                yield from plain(argument)
    elif isinstance(node, ast.JoinedStr | ast.BinOp | ast.IfExp | ast.BoolOp | ast.Tuple | ast.FormattedValue):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from plain(child)


def rooms() -> list[Path]:
    names = [path for path in TOOLS.rglob("*.py") if "__pycache__" not in path.parts]
    return [
        path
        for path in sorted(names)
        if not path.relative_to(TOOLS).as_posix().startswith(FOR_CONTRIBUTORS + FOR_PROGRAMS)
    ]


def test_no_text_goes_past_the_catalogue() -> None:
    found = [where for path in rooms() for where in unwrapped(path)]
    assert not found, "\n".join(["put them into _():", *found])


def test_nobody_gives_the_name_of_the_lookup_away() -> None:
    """Within a function that assigns to _, _("…") would be what was assigned."""
    for path in rooms():
        tree = ast.parse(path.read_text("utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                nodes = list(ast.walk(function))
                names = [node for node in nodes if isinstance(node, ast.Name) and node.id == "_"]
                apart = [node.target for node in nodes if isinstance(node, ast.comprehension)]  # a scope of its own
                stored = [node for node in names if isinstance(node.ctx, ast.Store) and node not in apart]
                read = [node for node in names if isinstance(node.ctx, ast.Load)]
                assert not (stored and read), f"{path}: {function.name}"
