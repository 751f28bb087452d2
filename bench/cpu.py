"""Processor time of one request to a warm function, all its threads included; and the most memory it ever held."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from bench import requests
from bench.rounds import run_once
from bench.stage import Stage
from bench.table import BUILDS, Row, compare, state

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
MEGABYTE = 1024 * 1024


def measure(stage: Stage) -> list[Row]:
    """Return a row of time for each kind of request, then one of memory for each."""
    times, memory = [], []
    for request, most in BOUNDS.items():
        figures: dict[str, list[float]] = {build: [] for build in BUILDS}
        peaks: dict[str, list[float]] = {build: [] for build in BUILDS}
        for number in range(ROUNDS):
            turn = number % len(BUILDS)
            for build in (*BUILDS[turn:], *BUILDS[:turn]):
                report = run_once(stage, build, request, WARM_UP, MEASURED)
                figures[build].append(report.cpu * 1000)
                peaks[build].append(report.peak / MEGABYTE)
        times.append(compare(f"CPU per warm request: {request.name}", "ms", figures, most))
        medians = {build: round(median(found), 1) for build, found in peaks.items()}
        memory.append(state(f"peak memory: {request.name}", "MB", medians))
    return times + memory
