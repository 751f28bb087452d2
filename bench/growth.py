"""The same requests on tables of 10³, 10⁴ and 10⁵ classifieds: AWS calls and processor time must not grow with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import median

import httpx

from bench import requests
from bench.rounds import run_once
from bench.stage import Stage, create_seeded_table
from bench.table import Row

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 21  # of seven, one ratio in fifteen is a tenth off by the machine's noise alone
WARM_UP, MEASURED = 20, 100
REQUESTS = (requests.POST, requests.PUT, requests.GET, requests.OLX, requests.AVIV)
FLAT = 1.1


def measure(stage: Stage) -> list[Row]:
    """Return a row of processor time and one of AWS calls for each kind of request: the largest table beside the smallest."""
    stages = {size: _fill(stage, size) for size in SIZES}
    rows = []
    for request in REQUESTS:
        times: dict[int, list[float]] = {size: [] for size in SIZES}
        calls: dict[int, list[float]] = {size: [] for size in SIZES}
        for number in range(ROUNDS):
            turn = number % len(SIZES)
            for size in (*SIZES[turn:], *SIZES[:turn]):
                before = stage.count_calls()
                report = run_once(stages[size], "ours", request, WARM_UP, MEASURED)
                calls[size].append(stage.count_calls() - before)
                times[size].append(report.cpu * 1000)
        rows.append(_flat(f"growth of CPU per warm request: {request.name}", "ms at 10⁵", times))
        rows.append(_flat(f"growth of AWS calls: {request.name}", f"calls of {WARM_UP + MEASURED} at 10⁵", calls))
    return rows


def _fill(stage: Stage, size: int) -> Stage:
    """Return a stage whose table holds so many classifieds."""
    table, classified_id = create_seeded_table(stage.url)
    order = {"table": table, "pk": f"CLASSIFIED#{classified_id}", "sk": "CLASSIFIED", "count": size - 1}
    httpx.post(f"{stage.url}/_bench/copies", json=order, timeout=600, trust_env=False).raise_for_status()
    environment = {**stage.environments["ours"], "TABLE_NAME": table}
    return replace(stage, environments={"ours": environment}, classified_id=classified_id)


def _flat(name: str, unit: str, figures: Mapping[int, list[float]]) -> Row:
    """Return a row of what the largest table takes; flat where no table takes a tenth more than the smallest, round by round."""
    ratios = {
        f"10^{len(str(size)) - 1}": round(
            median(large / small for large, small in zip(figures[size], figures[SIZES[0]], strict=True)), 3
        )
        for size in SIZES[1:]
    }
    ok = all(ratio <= FLAT for ratio in ratios.values())
    return Row(name, unit, round(median(figures[SIZES[-1]]), 2), None, None, f"≤ {FLAT} × at 10³", ok, ratios)
