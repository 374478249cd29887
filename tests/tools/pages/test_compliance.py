"""The table of MQTT's clauses: that it is up to date, and what it is made from."""

from pathlib import Path

import pytest
from onenet_tools.pages import compliance
from onenet_tools.pages.compliance import Clause, Compliance, read_clauses

ROOT = Path(__file__).parents[3]
CLAUSES = ROOT / "tools" / "pages" / "clauses.txt"


def test_the_table_in_the_repository_is_what_its_sources_say() -> None:
    made = Compliance(ROOT, read_clauses(CLAUSES.read_text("utf-8")))
    assert made.faults == []
    assert (ROOT / compliance.TABLE).read_text("utf-8") == made.table(), "it is old: make compliance"


def test_every_clause_of_appendix_b_is_in_the_list() -> None:
    """How many there are in each section."""
    sections: dict[str, list[int]] = {}
    for clause in read_clauses(CLAUSES.read_text("utf-8")):
        section, _, n = clause.number.partition("-")
        sections.setdefault(section, []).append(int(n))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in sections.values())
    assert {section: len(numbers) for section, numbers in sections.items()} == {
        "1.5.3": 3, "2.2.2": 2, "2.3.1": 7, "3.1.0": 2, "3.1.2": 24, "3.1.3": 11, "3.1.4": 5, "3.2.0": 1, "3.2.2": 6,
        "3.3.1": 12, "3.3.2": 3, "3.3.4": 1, "3.3.5": 2, "3.6.1": 1, "3.8.1": 1, "3.8.3": 4, "3.8.4": 6, "3.9.3": 2,
        "3.10.1": 1, "3.10.3": 2, "3.10.4": 6, "3.12.4": 1, "3.14.1": 1, "3.14.4": 3, "4.1.0": 2, "4.3.1": 1,
        "4.3.2": 2, "4.3.3": 2, "4.4.0": 1, "4.5.0": 2, "4.6.0": 6, "4.7.1": 3, "4.7.2": 1, "4.7.3": 4, "4.8.0": 2,
        "6.0.0": 4, "7.0.0": 2, "7.1.1": 1, "7.1.2": 1,
    }  # fmt: skip


def test_clauses_are_read_with_reasons_and_shortcomings() -> None:
    text = "# of the standard\n\n1.2.3-4 client  asks this\n1.2.3-10 both  asks that\n"
    text += "    = nobody wants it\n    ! on Mondays\n"
    assert read_clauses(text) == [
        Clause("1.2.3-4", "client", "asks this"),
        Clause("1.2.3-10", "both", "asks that", "nobody wants it", "on Mondays"),
    ]
    for bad in ("    = of nothing", "1.2.3 client asks", "1.2.3-4 everybody asks", "1.2.3-4 client asks\n   because"):
        with pytest.raises(ValueError, match="what is"):
            read_clauses(bad)


CODE = '''"""Obeys [MQTT-1.1.1-1]."""

FLAGS = 1  # [MQTT-1.1.1-2]


class Parser:
    """Of [MQTT-1.1.1-3]."""

    def feed(self):
        """Takes [MQTT-1.1.1-4, -6 to
        -8]."""
'''

TESTS = """from shared import BAD, check

LIMITS = [
    1,  # [MQTT-1.1.1-1]
]


def helped():
    return LIMITS


def test_limits():
    assert helped()


@mark("x")  # [MQTT-1.1.1-2]
def test_decorated():
    pass  # [MQTT-1.1.1-3, -4]


# [MQTT-1.1.1-6]
def test_bad():
    check()


TestMachine = Machine = BAD  # [MQTT-1.1.1-7]
"""

SHARED = """BAD = (
    1,  # [MQTT-1.1.1-8]
)


def check():
    assert BAD
"""


def tree(root: Path, **files: str) -> Path:
    names = {
        "code": "lib/mqtt/parser.py",
        "server": "lib/mqtt/server.py",
        "console": "tools/console/gate.py",
        "tests": "tests/unit/test_parser.py",
        "shared": "tests/unit/shared.py",
        "server_tests": "tests/unit/test_server.py",
    }
    for kind, text in files.items():
        path = root / names[kind]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def some(binds: str = "client", *numbers: int) -> list[Clause]:
    return [Clause(f"1.1.1-{n}", binds, "asks") for n in numbers]


def row(made: Compliance, number: str) -> str:
    (found,) = [line for line in made.table().splitlines() if line.startswith(f"| {number} |")]
    return (
        found.removeprefix(f"| {number} | asks | ")
        .removesuffix(" |")
        .replace("../lib/mqtt/", "")
        .replace("../tests/unit/", "")
    )


def test_tags_belong_to_what_they_stand_in(tmp_path: Path) -> None:
    made = Compliance(tree(tmp_path, code=CODE, tests=TESTS, shared=SHARED), some("client", 1, 2, 3, 4, 6, 7, 8))
    assert made.faults == []
    feed = "[parser.Parser.feed](parser.py)"
    assert row(made, "1.1.1-1") == "[parser](parser.py) | [test_limits](test_parser.py)"
    assert row(made, "1.1.1-2") == "[parser](parser.py) | [test_decorated](test_parser.py)"
    assert row(made, "1.1.1-3") == "[parser.Parser](parser.py) | [test_decorated](test_parser.py)"
    assert row(made, "1.1.1-4") == f"{feed} | [test_decorated](test_parser.py)"
    assert row(made, "1.1.1-6") == f"{feed} | [test_bad](test_parser.py)"
    assert row(made, "1.1.1-7") == f"{feed} | [TestMachine](test_parser.py)"
    assert row(made, "1.1.1-8") == f"{feed} | [test_bad](test_parser.py)<br>[TestMachine](test_parser.py)"


def test_a_clause_without_a_place_a_test_or_a_reason_is_a_fault(tmp_path: Path) -> None:
    tagged = "# [MQTT-1.1.1-1]\n"
    root = tree(tmp_path, server=tagged, server_tests=f"{tagged}def test_it(): pass\n", code="", tests="")
    place, test = (f"MQTT-1.1.1-1 (asks) binds a client: neither a {what} nor a reason" for what in ("place", "test"))
    for binds in ("client", "both"):  # what the server does is not the client's
        assert Compliance(root, some(binds, 1)).faults == [place, test]
    assert Compliance(root, some("server", 1)).faults == []
    assert Compliance(tree(root, code=tagged), some("client", 1)).faults == [test]
    assert Compliance(root, [Clause("1.1.1-1", "client", "asks", "for a reason")]).faults == []
    root = tree(root, server="", server_tests="")
    assert Compliance(root, some("server", 1)).faults == [
        "MQTT-1.1.1-1 (asks) binds a server: neither a place nor a reason"
    ]
    assert Compliance(tree(root, console=tagged), some("server", 1)).faults == []


def test_a_tag_that_is_none_or_of_no_clause_is_a_fault(tmp_path: Path) -> None:
    root = tree(tmp_path, code="# [MQTT-1.1.1-1]\n\n# [MQTT-9.9.9-9]\n# [MQTT-1.1.1.2]\n# [MQTT-1.1.1-1 and -2]\n")
    root = tree(root, tests="def test_it(): pass  # [MQTT-1.1.1-1]\n", shared="UNUSED = 1  # [MQTT-1.1.1-1]\n")
    assert Compliance(root, some("client", 1)).faults == [
        "lib/mqtt/parser.py:3: there is no clause MQTT-9.9.9-9",
        "lib/mqtt/parser.py:4: [MQTT-1.1.1.2] is not in the form of a tag",
        "lib/mqtt/parser.py:5: [MQTT-1.1.1-1 and -2] is not in the form of a tag",
        "tests/unit/shared.py:1: no test uses what the tag MQTT-1.1.1-1 stands in",
    ]


def test_reasons_and_shortcomings_are_shown_beside_the_tests(tmp_path: Path) -> None:
    root = tree(tmp_path, code="# [MQTT-1.1.1-1]", tests="def test_it(): pass  # [MQTT-1.1.1-1]")
    made = Compliance(
        root, [Clause("1.1.1-1", "both", "asks", "", "on Mondays"), Clause("1.1.1-2", "both", "asks", "why")]
    )
    assert row(made, "1.1.1-1") == "[parser](parser.py) | [test_it](test_parser.py)<br>on Mondays"
    assert row(made, "1.1.1-2") == " | why"


def test_the_command_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compliance, "board_directory", lambda: tree(tmp_path, code="# [MQTT-9.9.9-9]"))
    assert compliance.main() == 1
    told = capsys.readouterr()
    assert "lib/mqtt/parser.py:1: there is no clause MQTT-9.9.9-9\n" in told.err
    assert "faults" in told.out and (tmp_path / compliance.TABLE).is_file()
