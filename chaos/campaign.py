"""One campaign: the CRM's steps in a storm of faults, then calm, until everything has come to its end or the time is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from math import inf
from typing import Any

from chaos.court import Court, Judgement
from chaos.crm import Agency
from chaos.plan import PORTALS, Plan
from chaos.portals import Portals
from chaos.weather import HARSH, Climate, Squall, Weather

# Between two looks at what is open, and how long everything has to stay as it is before it is believed.
PAUSE_S, QUIET_S = 3.0, 12.0
HOMES_S, WATCH_S = 2.0, 0.5


@dataclass
class Progress:
    """What a campaign shows while it runs."""

    phase: str = "storm"
    steps: int = 0
    taken: int = 0
    repeated: int = 0
    calls: int = 0
    told: int = 0
    killed: int = 0
    bursts: int = 0
    crm_up: bool = True
    listings: int = 0
    converged: int = 0


@dataclass(frozen=True)
class Outcome:
    """How a campaign ended. `converged_s`: from the end of the storm until nothing was open, None where something still is."""

    plan: Plan
    judgement: Judgement
    told_twice: int
    converged_s: float | None
    storm_s: float
    progress: Progress


class Campaign:
    """Runs a plan and a forecast against a hub that has a sandbox of its own; `show` is told of every change."""

    def __init__(
        self, endpoints: Mapping[str, Any], show: Callable[[Progress], None], climate: Climate = HARSH
    ) -> None:
        self._endpoints, self._show, self._climate = endpoints, show, climate
        self._agency, self._portals = Agency(endpoints), Portals(endpoints["simulators"])
        self.progress = Progress()

    def run(self, plan: Plan, squalls: list[Squall], patience_s: float) -> Outcome:
        """The storm, the calm after it, the verdict. What is open when nothing has moved for `patience_s` stays so."""
        weather = Weather(self._endpoints["simulators"], self._endpoints["pids"][0], plan.seed, self._climate)
        stop = threading.Event()
        self._agency.subscribe()
        self.progress.steps = len(plan.steps)
        with ThreadPoolExecutor(1) as homes:
            visiting = homes.submit(self._check_homes, stop)
            try:
                began = time.monotonic()
                self._storm(plan, squalls, weather, began)
                calm, court = time.monotonic(), Court(self._agency, self._portals)
                with closing(court):
                    converged, judgement = self._await_rest(court, calm, patience_s)
            finally:
                stop.set()
                weather.end()
                weather.close()
                visiting.result()
                self._portals.close()
        return Outcome(plan, judgement, court.told_twice, converged, calm - began, self.progress)

    def _storm(self, plan: Plan, squalls: list[Squall], weather: Weather, began: float) -> None:
        stop = threading.Event()
        weather.begin()
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(self._agency.run, plan, began, stop)
            try:
                for squall in squalls:
                    self._let_pass(weather, stop.is_set, began + squall.at)
                    weather.strike(squall)
                self._let_pass(weather, sending.done)
            except BaseException:
                stop.set()
                raise
            sending.result()
        weather.end()
        self._report(weather)

    def _let_pass(self, weather: Weather, over: Callable[[], bool], until: float = inf) -> None:
        """Watch until that time, or until it is over before."""
        while not over() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, WATCH_S))
            self._report(weather)

    def _await_rest(self, court: Court, calm: float, patience_s: float) -> tuple[float | None, Judgement]:
        """Leave the system alone and look; what is at rest must stay so."""
        self.progress.phase = "calm"

        def look() -> None:
            self.progress.converged = court.converged
            self._report()

        reached, checked, moved_at, moved = None, False, calm, (0, 0)
        while time.monotonic() < moved_at + patience_s:
            if not court.look_at_open(look):
                if moved != (court.converged, court.accepted):
                    moved_at, moved = time.monotonic(), (court.converged, court.accepted)
                time.sleep(PAUSE_S)
            elif checked:
                return reached, court.judgement
            else:
                # What is right now must stay so; whatever has moved since is looked at until it is right again.
                reached, checked, self.progress.phase = time.monotonic() - calm, True, "quiet"
                time.sleep(QUIET_S)
                court.look_at_all(look)
        court.look_at_all(look)
        return None, court.judgement

    def _check_homes(self, stop: threading.Event) -> None:
        while not stop.wait(HOMES_S):
            self._portals.check_homes(self._agency.listings)

    def _report(self, weather: Weather | None = None) -> None:
        now, agency = self.progress, self._agency
        now.taken, now.repeated, now.listings = agency.taken, agency.repeated, len(agency.listings)
        if weather is not None:
            weather.workers.watch()
            counts = self._portals.count_all()
            now.killed, now.bursts, now.crm_up = weather.workers.killed, weather.bursts, weather.crm_up
            now.calls = sum(counts[name]["calls"] for name in counts if name != "crm")
            now.told = counts["crm"]["calls"]
        self._show(now)


def count_wishes(plan: Plan) -> int:
    """Publications wished for: each listing on each of its portals."""
    return len(plan.lanes) * len(PORTALS)
