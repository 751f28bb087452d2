"""The short form of a campaign of faults (`make chaos`), on the hub that the other tests share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from chaos.campaign import Campaign, Outcome, count_wishes
from chaos.plan import Plan, draw_plan
from chaos.report import build_report, list_breaches
from chaos.weather import CALLED, Climate, forecast
from sandbox.crm import Crm
from tests.e2e.world import Json

CLASSIFIEDS, STORM_S = 8, 15.0
PATIENCE_S = 180.0  # without anything that moves
# A repost to OLX waits for a day, which is 24 minutes here.
SLOW = frozenset({"put back", "publish again"})
GETS: Json = {"match": {"method": "GET"}}
# A call to Spotahome of unknown outcome is settled after a day, and a function that dies in a call is missed after its
# lease: too long for a test. The whole campaign has both.
FAILURES = ((0.1, {"kind": "drop_after"}), (0.1, {"kind": "drop_before"}), (0.2, {"kind": "status", "status": 503}))
SPOTAHOME = ((0.1, {"kind": "drop_after"}), (0.3, {"kind": "status", "status": 503} | GETS))
MILD = Climate(
    dict.fromkeys(CALLED, FAILURES) | {"spotahome": SPOTAHOME}, ("RelayChanges", "ApplyEvents", "PublishClassified")
)


def choose_plan() -> Plan:
    """The first that is quick enough for a test."""
    plans = (draw_plan(seed, CLASSIFIEDS, STORM_S) for seed in count(1))
    return next(plan for plan in plans if not SLOW & {step.name for step in plan.steps})


@pytest.fixture(scope="module")
def outcome(hub: Json, crm: Crm) -> Iterator[Outcome]:
    plan = choose_plan()
    yield Campaign(hub, lambda progress: None, MILD).run(plan, forecast(plan.seed, STORM_S), PATIENCE_S)
    crm.send("DELETE", "/webhooks")


def test_a_short_campaign_keeps_every_promise(outcome: Outcome) -> None:
    report: dict[str, Any] = build_report(outcome)
    assert list_breaches(outcome) == []
    assert outcome.converged_s is not None
    assert report["wishes"] == count_wishes(outcome.plan) == CLASSIFIEDS * 3


def test_a_short_campaign_was_one(outcome: Outcome) -> None:
    """The CRM sent all it had to, and each publication has a story, which took the portals more than one call."""
    now = outcome.progress
    assert now.taken == len(outcome.plan.steps) > CLASSIFIEDS
    assert outcome.judgement.entries >= CLASSIFIEDS * 3 * 2
    assert now.calls > CLASSIFIEDS * 3
