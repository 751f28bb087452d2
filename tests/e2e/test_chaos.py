"""The short form of a campaign of faults (`make chaos`), on the hub that the other tests share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chaos.campaign import Campaign, Outcome, count_wishes
from chaos.plan import draw_plan
from chaos.report import build_report, list_breaches
from chaos.weather import CALLED, Climate, forecast
from sandbox.crm import Crm
from tests.e2e.world import Json

SEED, CLASSIFIEDS, STORM_S = 5, 8, 15.0
PATIENCE_S = 240.0  # as much as the test may take at all; a minute is usual
GETS: Json = {"match": {"method": "GET"}}
# A call to Spotahome of unknown outcome is settled after a day, and a function that dies in a call is missed after its
# lease: too long for a test. The whole campaign has both.
FAILURES = ((0.1, {"kind": "drop_after"}), (0.1, {"kind": "drop_before"}), (0.2, {"kind": "status", "status": 503}))
SPOTAHOME = ((0.1, {"kind": "drop_after"}), (0.3, {"kind": "status", "status": 503} | GETS))
MILD = Climate(
    dict.fromkeys(CALLED, FAILURES) | {"spotahome": SPOTAHOME}, ("RelayChanges", "ApplyEvents", "PublishClassified")
)


@pytest.fixture(scope="module")
def outcome(hub: Json, crm: Crm) -> Iterator[Outcome]:
    plan = draw_plan(SEED, CLASSIFIEDS, STORM_S)
    yield Campaign(hub, lambda progress: None, MILD).run(plan, forecast(SEED, STORM_S), PATIENCE_S)
    crm.send("DELETE", "/webhooks")


def test_a_short_campaign_keeps_every_promise(outcome: Outcome) -> None:
    report: dict[str, Any] = build_report(outcome)
    assert list_breaches(outcome) == []
    assert outcome.converged_s is not None
    assert report["wishes"] == count_wishes(outcome.plan) == CLASSIFIEDS * 3


def test_a_short_campaign_was_one(outcome: Outcome) -> None:
    """Callbacks were told, the portals were called more often than would have been needed, the receiver was down."""
    assert outcome.judgement.entries > CLASSIFIEDS * 3 * 2
    assert outcome.progress.taken == len(outcome.plan.steps)
