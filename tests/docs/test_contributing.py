"""What is written for whoever carries the work on: names of functions and files are real, figures are those of the
pages that tell of them, and the forms and jobs for a repository's web site are sound."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from onenet_tools import __version__
from reading import ROOT, pages

PAGES = pages()
ABOUT_CODE = [
    name for name in PAGES if name.startswith(("docs/architecture", "docs/decisions/", "CONTRIBUTING", "CHANGELOG"))
]
MEASURED = ["docs/figures.md", "docs/console.md", "docs/outages-and-sleep.md", "docs/any-broker.md"]
FIGURE = re.compile(r"\b\d{1,3},\d{3}\b|\b\d+\.\d+(?= µs| ms| MB| KB)")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def functions() -> set[str]:
    """Those that the sources define."""
    found: set[str] = set()
    for top in ("lib", "firmware", "tools", "boot.py"):
        for path in [ROOT / top] if top.endswith(".py") else (ROOT / top).rglob("*.py"):
            found.update(re.findall(r"\b(?:def|class) (\w+)", path.read_text("utf-8")))
    return found


@pytest.mark.parametrize("name", ABOUT_CODE)
def test_functions_and_files_that_are_named_exist(name: str) -> None:
    defined = functions()
    for code in PAGES[name].code:
        if called := re.fullmatch(r"(?:\w+\.)*(\w+)\(\)", code):
            assert called[1] in defined | {"status", "write"}, code
        elif re.fullmatch(r"(lib|firmware|tools|tests|docs|requirements|ports|py)?/?[\w/.]+\.(py|json|txt|c|md)", code):
            known = code.startswith(("ports/", "py/")) or "NAME" in code  # MicroPython's own, or one to be made
            assert known or (ROOT / code).exists() or list(ROOT.glob(f"*/**/{code}")), code


@pytest.mark.parametrize(
    "name", ["README.md", "docs/esp8266.md", *(n for n in PAGES if n.startswith("docs/decisions/"))]
)
def test_figures_are_those_that_were_measured(name: str) -> None:
    """So that a new measurement is told everywhere."""
    measured = "".join(PAGES[source].path.read_text("utf-8") for source in MEASURED)
    text = PAGES[name].path.read_text("utf-8")
    for language, session in PAGES[name].fences:
        text = text.replace(session, "") if not language else text  # what one run printed is no measurement
    of_others = {"1,504"}  # of MicroPython's image
    assert {figure for figure in FIGURE.findall(text) if figure not in measured} - of_others == set()


def test_the_changes_begin_with_this_version() -> None:
    first = next(text for level, text in PAGES["CHANGELOG.md"].headings if level == 2)
    assert first.split(",")[0] in (__version__, "Unreleased")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_jobs_do_what_make_does(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    workflow = read(path)
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] if name != "wheel" else True
        assert {job["needs"]} <= set(workflow["jobs"]) if "needs" in job else True
        stages = job.get("strategy", {}).get("matrix", {}).get("stage", [""])
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            for stage in stages:
                line = step.get("run", "").replace("${{ matrix.stage }}", stage)
                if line.startswith("make "):
                    assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE), line


def test_every_python_and_every_stage_is_tried() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    least = re.search(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert least and jobs["unit"]["strategy"]["matrix"]["python"][0] == f"3.{least[1]}"
    makefile = (ROOT / "Makefile").read_text("utf-8")
    first = re.findall(r'lane STAGES="((?:\w+ )+\w+)"; wait', makefile)
    lanes = first + re.findall(r"^BESIDE := (.*)$", makefile, re.MULTILINE)
    stages = {"unit", "micropython", *jobs["stages"]["strategy"]["matrix"]["stage"]}
    assert len(lanes) == 2 and sorted(" ".join(lanes).split()) == sorted(stages)
    assert jobs["micropython"] and {"run": "make test-long"} in jobs["long"]["steps"]


def test_each_stage_is_run_for_its_long_tests() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (found,) = re.findall(r'lane STAGES="((?:\w+ )+\w+)" ONLY=long;', makefile)
    stages = re.findall(r"\$\(call stage,(\w+),.*\$\(PYTEST\) \d+ -m", makefile)
    assert sorted(found.split()) == sorted(stages) and len(stages) == 5


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_the_forms_are_forms(path: Path) -> None:
    """As GitHub's syntax for issue forms has it."""
    form = read(path)
    if path.name == "config.yml":
        assert set(form) <= {"blank_issues_enabled", "contact_links"}
        return
    assert {"name", "description", "body"} <= set(form)
    for part in form["body"]:
        assert part["type"] in ("markdown", "textarea", "input", "dropdown", "checkboxes")
        assert (
            "value" in part["attributes"] if part["type"] == "markdown" else part["id"] and part["attributes"]["label"]
        )
    assert any(part.get("validations", {}).get("required") for part in form["body"])
