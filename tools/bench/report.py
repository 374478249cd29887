"""What a run leaves: tables on the terminal, bench.json, bench.md and bench.png."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .cases import HEAP32_CASES, Case
from .peers import OURS, Peer
from .results import Results
from .run import Absent, Figure
from .targets import Verdict, verdicts

_WIDTH = 150  # columns, where the output is no terminal


def show(results: Results) -> None:
    """Prints the tables."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH)
    for heading, cases in _parts(results):
        table = Table(title=heading, title_justify="left")
        table.add_column("case", no_wrap=True)
        table.add_column("unit", style="dim", no_wrap=True)
        for peer in results.peers:
            table.add_column(short(peer), justify="right", style="bold" if peer is OURS else "")
        for case in cases:
            table.add_row(case.title, case.unit, *(shown(results.figure(case.key, peer)) for peer in results.peers))
        console.print(table)
    table = Table(title="Targets", title_justify="left")
    for heading in ("target", "reached", ""):
        table.add_column(heading)
    judged = verdicts(results)
    for verdict in judged:
        style = {True: "green", False: "bold red", None: "dim"}[verdict.met]
        table.add_row(verdict.target, verdict.reached, f"[{style}]{_met(verdict)}[/{style}]")
    console.print(table)
    for verdict in judged:
        if verdict.why:
            console.print(f"not met, {verdict.target}: {verdict.why}", soft_wrap=True)
    for name, words in results.facts.items():
        console.print(f"{name}: {words}", style="dim", soft_wrap=True)


def write_json(results: Results, path: Path) -> None:
    """All figures, of every round."""
    document = {
        "facts": results.facts,
        "clients": [{"name": peer.name, "packages": list(peer.packages)} for peer in results.peers],
        "cases": [
            {
                "key": case.key,
                "title": case.title,
                "unit": case.unit,
                "exact": case.exact,
                "figures": {peer.name: _as_json(results, case, peer) for peer in results.peers},
            }
            for case in results.cases
        ],
        "targets": [
            {"target": verdict.target, "reached": verdict.reached, "met": verdict.met, "why": verdict.why}
            for verdict in verdicts(results)
        ],
    }
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _as_json(results: Results, case: Case, peer: Peer) -> dict[str, Any]:
    rounds = [figure.reason if isinstance(figure, Absent) else figure for figure in results.all(case.key, peer)]
    figure = results.figure(case.key, peer)
    if isinstance(figure, Absent):
        return {"median": None, "reason": figure.reason, "rounds": rounds}
    return {"median": figure, "rounds": rounds}


def write_markdown(results: Results, path: Path) -> None:
    """The same tables for a README."""
    lines: list[str] = []
    for heading, cases in _parts(results):
        lines += [f"### {heading}", "", _row(["", *(short(peer) for peer in results.peers)])]
        lines += ["|---|" + "---:|" * len(results.peers)]
        for case in cases:
            title = f"{case.title}, {case.unit}"
            lines.append(_row([title, *(shown(results.figure(case.key, peer)) for peer in results.peers)]))
        lines.append("")
    judged = verdicts(results)
    lines += ["### Targets", "", "| target | reached | |", "|---|---|---|"]
    lines += [_row([verdict.target, verdict.reached, _met(verdict)]) for verdict in judged]
    lines += ["", *(f"- not met, {verdict.target}: {verdict.why}" for verdict in judged if verdict.why)]
    lines += ["", *(f"- {name}: {words}" for name, words in results.facts.items())]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _parts(results: Results) -> list[tuple[str, list[Case]]]:
    parts = [
        ("Exact figures, 64-bit", [case for case in results.cases if case.exact and case not in HEAP32_CASES]),
        ("Exact figures, 32-bit as on a board", [case for case in results.cases if case in HEAP32_CASES]),
        ("Timed figures", [case for case in results.cases if not case.exact]),
    ]
    return [(heading, cases) for heading, cases in parts if cases]


def short(peer: Peer) -> str:
    """The client's name as it stands over a column."""
    return "ours" if peer is OURS else peer.name.removeprefix("umqtt.").removesuffix("-mqtt")


def _met(verdict: Verdict) -> str:
    return {True: "met", False: "not met", None: "?"}[verdict.met]


def shown(figure: Figure) -> str:
    """A figure as it stands in a table."""
    if isinstance(figure, Absent):
        return figure.reason or "-"
    if 0 < abs(figure) < 10 and abs(figure - round(figure)) >= 0.005:
        return f"{figure:.2f}"
    return f"{figure:,.1f}" if figure < 100 and abs(figure - round(figure)) >= 0.05 else f"{figure:,.0f}"
