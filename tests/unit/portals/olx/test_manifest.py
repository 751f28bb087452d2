"""OLX's manifest: what the core is told of it."""

from __future__ import annotations

import pytest

from placard.domain.events import Advert, AdvertState, Operation
from placard.portals.olx.manifest import POLICY

REMOVED = Advert(AdvertState.PAUSED, "removed_by_user")


@pytest.mark.parametrize("state", AdvertState)
def test_every_state_says_what_is_permitted(state: AdvertState) -> None:
    assert set(POLICY.next_operations(Advert(state))) <= set(Operation)


@pytest.mark.parametrize(
    ("last", "state", "permitted"),
    [
        (Operation.DELETE, AdvertState.WITHDRAWN, (Operation.POST,)),
        (Operation.DEACTIVATE, AdvertState.PAUSED, (Operation.ACTIVATE, Operation.DELETE)),
    ],
)
def test_a_removal_is_told_apart_by_the_last_operation(
    last: Operation, state: AdvertState, permitted: tuple[Operation, ...]
) -> None:
    resolved = POLICY.resolve(REMOVED, last)
    assert resolved is not None
    assert resolved.state is state
    assert POLICY.next_operations(resolved) == permitted


@pytest.mark.parametrize("last", [None, Operation.POST, Operation.PUT, Operation.ACTIVATE])
def test_after_another_operation_only_a_reading_tells(last: Operation | None) -> None:
    assert POLICY.resolve(REMOVED, last) is None


def test_what_the_portal_says_of_the_profile_needs_no_guess() -> None:
    seen = Advert(AdvertState.PAUSED, "removed_by_user", visible=True)
    assert POLICY.resolve(seen, Operation.DELETE) == seen


def test_a_package_that_ended_has_its_own_reason_and_no_activation() -> None:
    advert = Advert(AdvertState.EXPIRED, "outdated_by_package")
    problem = POLICY.explain(advert)
    assert problem is not None
    assert problem.code == "package_expired"
    assert Operation.ACTIVATE not in POLICY.next_operations(advert)
