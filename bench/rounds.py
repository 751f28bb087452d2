"""Alternating runs: in each round every build once, each time another first, so that noise falls on all of them alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bench.requests import Request
from bench.stage import Report, Stage
from bench.table import BUILDS

BUSY, ATTEMPTS = 503, 5
Figure = TypeVar("Figure")


def run_once(stage: Stage, build: str, request: Request, warm_up: int, measured: int = 0, spare: int = 0) -> Report:
    """Run one worker: first what the request rests on, then `warm_up` of it, then `measured` of it that count.

    `spare` ones are made, and what they rest on is sent, but they are not. A run in which a call met its time limit, since
    the machine was busy, is made again.

    Raises RuntimeError where an answer is not the one expected: a build that does not do the work is not measured.
    """
    sent = warm_up + measured
    for _ in range(ATTEMPTS):
        events, before = request.make(sent + spare, stage.classified_id)
        report = stage.run(build, request.function, before + events[:warm_up], events[warm_up:sent])
        if BUSY not in report.statuses:
            break
    expected = {request.status} | ({202} if before else set())
    if set(report.statuses) != expected:
        raise RuntimeError(f"{build} answers {request.name} with {report.statuses}")
    return report


def alternate(
    stage: Stage, request: Request, rounds: int, warm_up: int, figure: Callable[[Report], Figure], measured: int = 0
) -> dict[str, list[Figure]]:
    """Return one figure of each build for each round."""
    figures: dict[str, list[Figure]] = {build: [] for build in BUILDS}
    for number in range(rounds):
        turn = number % len(BUILDS)
        for build in (*BUILDS[turn:], *BUILDS[:turn]):
            figures[build].append(figure(run_once(stage, build, request, warm_up, measured)))
    return figures
