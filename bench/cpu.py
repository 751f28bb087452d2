"""Processor time of one request to a warm function, all its threads included."""

from __future__ import annotations

from collections.abc import Mapping

from bench import requests
from bench.rounds import alternate
from bench.stage import Stage
from bench.table import Row, compare

ROUNDS = 7
WARM_UP, MEASURED = 20, 100
RECEIVER, API = {"bare": 1.5, "usual": 0.6}, {"bare": 2.0, "usual": 0.6}
BOUNDS: Mapping[requests.Request, Mapping[str, float]] = {
    requests.OLX: RECEIVER,
    requests.AVIV: RECEIVER,
    requests.POST: API,
    requests.PUT: API,
    requests.GET: API,
    requests.WEBHOOK: API,
    requests.PROCESSES: API,
}


def measure(stage: Stage) -> list[Row]:
    """Return a row for each kind of request."""
    rows = []
    for request, most in BOUNDS.items():
        figures = alternate(stage, request, ROUNDS, WARM_UP, lambda report: report.cpu * 1000, MEASURED)
        rows.append(compare(f"CPU per warm request: {request.name}", "ms", figures, most))
    return rows
