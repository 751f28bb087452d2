"""Rows, and how they are shown: on screen and in `.bench/results.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

BUILDS = ("ours", "bare", "usual")
Figures = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Row:
    """One line: the figure of each build (None where there is no such build), what must be reached, and whether it is.

    `ok` is None for a figure that is only stated. `ratios` are ours by the other's.
    """

    name: str
    unit: str
    ours: float
    bare: float | None
    usual: float | None
    bound: str
    ok: bool | None
    ratios: Mapping[str, float]


def compare(name: str, unit: str, figures: Figures, most: Mapping[str, float]) -> Row:
    """Return a row of alternating runs: medians, and the median of the ratios of each round.

    `figures` are by build, one for each round; `most` is the largest ratio to each other build.
    """
    ratios = {
        other: median(ours / theirs for ours, theirs in zip(figures["ours"], figures[other], strict=True))
        for other in BUILDS[1:]
        if other in figures
    }
    bound = ", ".join(f"≤ {factor} × {other}" for other, factor in most.items())
    ok = all(ratios[other] <= factor for other, factor in most.items()) if most else None
    medians = {build: round(median(figures[build]), 2) if build in figures else None for build in BUILDS}
    rounded = {other: round(ratio, 2) for other, ratio in ratios.items()}
    return Row(name, unit, **medians, bound=bound, ok=ok, ratios=rounded)  # type: ignore[arg-type] # ours is always there


def state(name: str, unit: str, figures: Mapping[str, float], most: float | None = None) -> Row:
    """Return a row of counts, or of figures without a comparison; `most` bounds ours."""
    bound, ok = ("", None) if most is None else (f"≤ {most:g}", figures["ours"] <= most)
    return Row(name, unit, figures["ours"], figures.get("bare"), figures.get("usual"), bound, ok, {})


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    table = Table("row", "unit", *BUILDS, "× bare", "× usual", "must reach", "")
    for row in rows:
        figures = [_text(figure) for figure in (row.ours, row.bare, row.usual)]
        ratios = [_text(row.ratios.get(other)) for other in BUILDS[1:]]
        verdict = {None: "", True: "[green]✓[/]", False: "[red]✗[/]"}[row.ok]
        table.add_row(row.name, row.unit, *figures, *ratios, row.bound, verdict)
    Console(width=170).print(table)


def write(rows: Sequence[Row], path: Path) -> None:
    """Write `results.json`: `{"rows": […]}`."""
    results: dict[str, Any] = {"rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")


def _text(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,.2f}".rstrip("0").rstrip(".")
