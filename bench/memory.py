"""The most memory a function ever held, and the smallest setting with which even its first answer keeps its deadline.

Lambda gives a function processor time in proportion to its memory, a whole processor at 1,769 MB (developer guide,
"Configure Lambda function memory"), so a start takes `processor time × 1769 / setting`, and what it waits beside that.
Lambda's boost at a start is left out of it.
"""

from __future__ import annotations

from statistics import median

from bench import requests
from bench.rounds import run_once
from bench.stage import Report, Stage
from bench.table import BUILDS, Row, state
from tests.template import GLOBALS, RESOURCES

ROUNDS = 3
MEASURED = 200
MEGABYTE = 1024 * 1024
WHOLE_PROCESSOR = 1769
SETTINGS = (128, 192, 256, 384, 512, 768, 1024, 1536, 1769)
# A portal drops what takes longer, our part of it is a second (contracts/hub.md §4); others have their Timeout.
RECEIVERS = {"receive_olx": 1.0, "receive_aviv": 1.0}
# Nothing may be held for what the bench does not send.
SPARE = 1.25
REQUESTS = (
    requests.OLX,
    requests.AVIV,
    requests.POST,
    requests.GET,
    requests.WEBHOOK,
    requests.PROCESSES,
)


def measure(stage: Stage) -> list[Row]:
    """Return two rows for each function."""
    rows = []
    for request in REQUESTS:
        reports = {build: [run_once(stage, build, request, 1, MEASURED) for _ in range(ROUNDS)] for build in BUILDS}
        peaks = {build: round(median(one.peak for one in found) / MEGABYTE, 1) for build, found in reports.items()}
        rows.append(state(f"peak memory: {request.name}", "MB", peaks))
        deadline = RECEIVERS.get(request.function, _timeout(request.function))
        least = {build: _smallest(found, deadline) for build, found in reports.items()}
        rows.append(state(f"smallest memory that answers at once within {deadline:g} s: {request.name}", "MB", least))
    return rows


def _smallest(reports: list[Report], deadline: float) -> float:
    peak = max(one.peak for one in reports) / MEGABYTE * SPARE
    cpu = median(one.start_cpu for one in reports)
    waits = min(one.first - one.start_cpu for one in reports)
    fit = [one for one in SETTINGS if one >= peak and cpu * max(1, WHOLE_PROCESSOR / one) + waits <= deadline]
    return float(fit[0]) if fit else float("inf")


def _timeout(function: str) -> float:
    logical = "".join(part.title() for part in function.split("_")) + "Function"
    return float(RESOURCES[logical]["Properties"].get("Timeout", GLOBALS["Timeout"]))
