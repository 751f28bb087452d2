"""A campaign of faults against the whole hub, in a sandbox of its own that is removed afterwards.

    python -m chaos [--seed N] [--classifieds 300] [--storm SECONDS]

Exit code 0 only when nothing was lost, doubled, wrong, untold or told out of order. The report is also in
.chaos/report.json, every breach in .chaos/breaches.json, the logs of hub and simulators beside them.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

import httpx
from rich.console import Console

from chaos.campaign import Campaign, Outcome, Progress
from chaos.plan import Plan, draw_plan
from chaos.report import is_kept, print_report, show_progress, write_report
from chaos.weather import Squall, forecast
from sandbox.__main__ import show_step
from sandbox.errors import SandboxError
from sandbox.hub import start_hub, stop_hub
from sandbox.processes import ROOT, free_port

FOLDER = ROOT / ".chaos"
# What waits a day at Spotahome waits five minutes here.
TIME_SCALE = "288"
# A listing and its changes each second: what the embedded AWS works off on two cores while it is being hit.
LEAST_STORM_S, STORM_S_EACH = 30.0, 1.0
# Nothing waits longer: a sweep or a creation whose function died is gone on with after five minutes.
PATIENCE_S = 420.0
LINE_EVERY_S = 10.0

console = Console(highlight=False)


def main() -> int:
    asked = read_arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # so that what was started is ended
    os.environ.setdefault("TIME_SCALE", TIME_SCALE)
    storm_s = asked.storm or max(LEAST_STORM_S, STORM_S_EACH * asked.classifieds)
    plan = draw_plan(asked.seed, asked.classifieds, storm_s)
    try:
        outcome = run_campaign(plan, forecast(asked.seed, storm_s))
    except (SandboxError, httpx.HTTPError) as error:
        print(f"{error or repr(error)}: see the logs in {FOLDER.name}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0 if is_kept(outcome) else 1


def run_campaign(plan: Plan, squalls: list[Squall]) -> Outcome:
    """In a sandbox of its own: what another campaign left at the portals is none of this one's."""
    endpoints = start_hub(free_port(), FOLDER, show_step)
    try:
        began = time.monotonic()
        classifieds = len(plan.lanes)
        console.print(f"Seed {plan.seed}: {classifieds} classifieds on three portals, a storm of {plan.storm_s:.0f} s")
        with Screen(began) as screen:
            outcome = Campaign(endpoints, screen.show).run(plan, squalls, PATIENCE_S)
        write_report(outcome, FOLDER)
        print_report(outcome, console)
        return outcome
    finally:
        stop_hub(FOLDER)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description="A campaign of faults against the whole hub.")
    parser.add_argument("--seed", type=int, default=1, help="chooses everything (1)")
    parser.add_argument("--classifieds", type=int, default=300, help="each on three portals (300)")
    parser.add_argument("--storm", type=float, help="how long the faults last, in seconds (one for each classified)")
    asked = parser.parse_args()
    if asked.classifieds < 1 or asked.seed < 0 or (asked.storm is not None and asked.storm <= 0):
        parser.error("classifieds and storm are more than nothing, a seed is 0 or more")
    return asked


class Screen:
    """One line that changes on a terminal; a line every ten seconds elsewhere."""

    def __init__(self, began: float) -> None:
        self._began, self._said = began, began
        self._status = console.status("storm") if console.is_terminal else None

    def __enter__(self) -> Screen:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, now: Progress) -> None:
        passed = time.monotonic()
        line = show_progress(now, passed - self._began)
        if self._status is not None:
            self._status.update(line)
        elif passed - self._said >= LINE_EVERY_S:
            self._said = passed
            console.print(line, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
