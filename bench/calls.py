"""AWS calls of one warm request, counted by the AWS that answers them."""

from __future__ import annotations

from bench import requests
from bench.rounds import run_once
from bench.stage import Stage
from bench.table import BUILDS, Row, state

COUNTED = 10
ONE_CALL = (requests.POST, requests.PUT, requests.IDENTICAL_PUT, requests.DELETE, requests.OLX, requests.AVIV)


def measure(stage: Stage) -> list[Row]:
    """Return a row for each kind of request that may cost one call."""
    return [
        state(f"AWS calls: {request.name}", "calls", {build: _count(stage, build, request) for build in BUILDS}, most=1)
        for request in ONE_CALL
    ]


def _count(stage: Stage, build: str, request: requests.Request) -> float:
    """Return the calls of one request: those of a run of eleven less those of a run of one, which rests on the same."""
    return (_run(stage, build, request, COUNTED) - _run(stage, build, request, 0)) / COUNTED


def _run(stage: Stage, build: str, request: requests.Request, more: int) -> int:
    before = stage.count_calls()
    run_once(stage, build, request, 1, more, spare=COUNTED - more)
    return stage.count_calls() - before
