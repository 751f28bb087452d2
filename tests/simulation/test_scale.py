"""A small Monday morning: the rates of the large one, a hundredth of its classifieds and of its length."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from simulation.scale.costs import WRITE_UNITS_OF_A_KEY
from simulation.scale.monday import Monday, Plan
from simulation.scale.report import build_report, show

PARTS = 100


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """The hub's own log says what it should; here nobody reads it."""
    logger = logging.getLogger("placard")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(level)


def pass_a_morning(plan: Plan) -> dict[str, Any]:
    monday = Monday(plan)
    monday.run()
    return build_report(monday, 0)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return pass_a_morning(Plan().scaled(PARTS))


def find_peak(report: dict[str, Any], where: str) -> float:
    return max(float(peak["units_per_s"]) for peak in report["keys"][where])


def test_all_comes_to_rest_as_it_was_wished_and_everybody_is_told(report: dict[str, Any]) -> None:
    assert {name: report[name] for name in ("wrong", "untold", "unfinished", "dead")} == dict.fromkeys(
        ("wrong", "untold", "unfinished", "dead"), 0
    )
    plan = report["plan"]
    assert report["expiry"]["number"] == plan["expiring"]
    assert report["portal_calls"]["aviv"]["failed"] > 0
    assert report["invocations"]["publish"] == plan["edits"] + plan["new"] + plan["bulk_edits"] + plan["bulk_new"]


@pytest.mark.parametrize("where", ["table", "due", "changes", "entries"])
def test_no_key_is_hot(report: dict[str, Any], where: str) -> None:
    assert 0 < find_peak(report, where) < WRITE_UNITS_OF_A_KEY / 4


def test_without_its_shards_an_index_would_be_hotter(monkeypatch: pytest.MonkeyPatch, report: dict[str, Any]) -> None:
    monkeypatch.setattr("placard.aws.members.SHARDS", 1)
    small = pass_a_morning(Plan().scaled(4 * PARTS))
    assert find_peak(small, "due") > 2 * find_peak(report, "due")


def test_nobody_waits_for_a_large_customer(report: dict[str, Any]) -> None:
    waits = report["waits"]["olx"]
    large, others = waits["of the large customer"], waits["of all others"]
    assert large["p50"] > 2 * others["p95"], (
        "the large customer's listings are to be many more than the portal's rate takes"
    )
    assert others["p50"] < 5
    assert others["most"] < 30


def test_a_portal_that_is_down_holds_up_no_other(report: dict[str, Any]) -> None:
    converged = report["converged_min"]
    assert converged["olx"] < converged["aviv"]
    assert report["waits"]["aviv"]["after the portal is back"]["number"] > 0


def test_expired_adverts_are_told_at_once_without_a_call(report: dict[str, Any]) -> None:
    assert report["expiry"]["most"] < 10
    assert report["calls_for_the_expired"] == 0


def test_the_report_can_be_read(report: dict[str, Any]) -> None:
    shown = show(report)
    assert f"{report['plan']['classifieds']:,} classifieds" in shown
    assert all(name in shown for name in (*report["queues"], *report["readers"], *report["portal_calls"]))
