"""A portal that is down before the hub starts: one line, a canary now and then, no busy loop, and nothing is lost."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from placard.domain.breaker import LONGEST_OPENING, MOST_FAILURES
from placard.domain.instants import HOUR, MINUTE
from placard.domain.publication import Entry
from tests.integration.olx.hub import Portal
from tests.integration.olx.test_burst import INSTANCES, LISTINGS, Busy

DOWN = {"kind": "status", "status": 503, "body": {"message": "down"}}


@pytest.fixture
def hub(portal: Portal, door: tuple[str, list[Busy]]) -> Iterator[Busy]:
    hub = Busy(portal)
    door[1].append(hub)
    yield hub
    door[1].clear()


HELD = "a portal does not answer; the account's calls are held"


def list_lines(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def list_errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return list_lines(caplog, logging.ERROR)


def test_a_portal_down_at_start_is_asked_now_and_then_and_alarms_once(
    portal: Portal, hub: Busy, caplog: pytest.LogCaptureFixture
) -> None:
    portal.switch("POST", "faults", DOWN)
    hub.publish()
    span = 2 * HOUR
    hub.run_for(span)
    # Each instance may call once more before it hears of it.
    canaries = 6 + span // (LONGEST_OPENING // 2)
    assert len(hub.called) <= MOST_FAILURES + INSTANCES + canaries
    assert hub.looks <= LISTINGS * (span // LONGEST_OPENING + 20), "no busy loop"
    assert list_errors(caplog) == [], "a portal's outage is no error of the hub's"
    assert [line for line in list_lines(caplog) if "calls are held" in line] == [HELD], "an alarm counts it"
    told = [record.new for record in hub.store.records if isinstance(record.new, Entry) and record.new.problems]
    assert {entry.problems[0].code for entry in told} == {"portal_unavailable"}
    assert len(told) == LISTINGS, "each is told once"

    portal.switch("DELETE", "faults")
    hub.run_for(2 * HOUR, "CREATED")
    assert hub.list_words() == ["CREATED"] * LISTINGS
    assert len(portal.ask("adverts")["items"]) == LISTINGS, "each once"


def test_a_hub_with_nothing_to_do_is_quiet(hub: Busy, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    hub.run_for(10 * MINUTE)
    assert (hub.called, hub.looks) == ([], 0)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("placard")] == []
