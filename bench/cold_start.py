"""Milliseconds from a process's start to its first answer, one write (or reading) on a local AWS included.

Beside it what SnapStart leaves of that: the first answer of a process that has its imports behind it. How long AWS takes
to restore one is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping

from bench import requests
from bench.rounds import alternate
from bench.stage import Stage
from bench.table import Row, compare

ROUNDS = 7
RECEIVER, API = {"bare": 1.6, "usual": 0.35}, {"usual": 0.5}
BOUNDS: Mapping[requests.Request, Mapping[str, float]] = {
    requests.OLX: RECEIVER,
    requests.AVIV: RECEIVER,
    requests.POST: API,
    requests.GET: API,
}


def measure(stage: Stage) -> list[Row]:
    """Return a row for each function that somebody waits for."""
    rows = []
    for request, most in BOUNDS.items():
        figures = alternate(stage, request, ROUNDS, 1, lambda report: (report.first * 1000, report.restored * 1000))
        started, restored = ({build: [pair[n] for pair in figures[build]] for build in figures} for n in (0, 1))
        rows.append(compare(f"cold start: {request.name}", "ms", started, most))
        rows.append(compare(f"restored from a snapshot: {request.name}", "ms", restored, {}))
    return rows
