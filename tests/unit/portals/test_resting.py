"""A refused credential rests, and is tried again when it is replaced or an hour has passed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from placard.domain.instants import HOUR, MINUTE
from placard.domain.problems import Problem
from placard.portals.resting import REST, find_refusal, note_refusal

NOW = 1_900_000_000_000
REFUSED = Problem("consent_revoked", "The account no longer lets the hub act for it.")
OF = {"account": 3}


def keep(scale: float = 1.0) -> Any:
    """Return a note as the vault gives it back."""
    return json.loads(json.dumps(note_refusal(REFUSED, OF, NOW, scale)))


@pytest.mark.parametrize("after", [0, REST - 1])
def test_while_it_rests_the_reason_is_the_same(after: int) -> None:
    assert find_refusal(keep(), OF, NOW + after) == REFUSED


def test_a_rest_ends() -> None:
    assert find_refusal(keep(), OF, NOW + REST) is None
    assert HOUR - 5 * MINUTE < REST < HOUR, "what is tried hourly finds it over"


def test_a_credential_that_was_replaced_may_be_tried() -> None:
    assert find_refusal(keep(), {"account": 4}, NOW) is None


def test_in_the_sandbox_a_rest_is_shorter() -> None:
    assert find_refusal(keep(scale=1 / 60), OF, NOW + REST // 60) is None


@pytest.mark.parametrize("note", [None, "x", {}, {"until": NOW + 1}, {**note_refusal(REFUSED, OF, NOW), "code": "new"}])
def test_what_is_no_note_stops_nobody(note: Any) -> None:
    assert find_refusal(note, OF, NOW) is None
