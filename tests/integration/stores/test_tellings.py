"""What every store of subscriptions and tellings promises (design §3; lifecycle §7, step 6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from placard.domain.errors import TransitionConflictError
from placard.domain.instants import DAY, HOUR, MINUTE, SECOND
from placard.domain.lifecycle import Outcome, Word
from placard.domain.publication import Entry
from placard.domain.subscription import Subscription, Walk
from placard.domain.told import Place, Span, Told
from placard.ports import Change, Telling
from tests.fakes.clock import NOON
from tests.integration.stores.conftest import RETENTION_DAYS, Queues, Stores
from tests.integration.stores.samples import CLASSIFIED_ID, CUSTOMER, entry, post, publication

PLACE = Place(CLASSIFIED_ID, "aviv")
SUBSCRIPTION = Subscription(
    CUSTOMER,
    "https://crm.example/hooks",
    NOON,
    (Word.CREATED, Word.DELETED),
    live_changes=False,
    failures=2,
    failing_since=NOON + 1,
    next_at=NOON + HOUR,
    canary=PLACE,
    behind_from=NOON - 5,
    walk=Walk(NOON - 5, 3, "a|b|c", NOON + 9, NOON + 10),
    resumed_at=NOON + 2,
)


def enter(stores: Stores, *entries: Entry, channel: str = "aviv", customer: str = CUSTOMER) -> None:
    known = stores.publications.load_publication(entries[0].classified_id, channel)
    plain = publication(channel=channel, customer=customer, classified_id=entries[0].classified_id)
    stores.publications.save(Change(known or plain, entries))


def due_of(stores: Stores, kind: str = "TOLD") -> int | None:
    found = [due.due for due in stores.dues.past_due(NOON + 1000 * DAY, 100) if due.kind == kind]
    return found[0] if found else None


# --- subscriptions ---------------------------------------------------------------------------------------------------


def test_subscription_comes_back_exactly(stores: Stores) -> None:
    assert stores.told.load_subscription(CUSTOMER) is None
    saved = stores.told.save_subscription(SUBSCRIPTION)
    assert saved == replace(SUBSCRIPTION, version=1)
    assert stores.told.load_subscription(CUSTOMER) == saved
    assert stores.told.load_subscription("agency-8") is None


def test_second_writer_of_a_subscription_is_told_so(stores: Stores) -> None:
    read = stores.told.save_subscription(SUBSCRIPTION)
    stores.told.save_subscription(replace(read, failures=3))
    for late in (replace(read, failures=4), SUBSCRIPTION):
        with pytest.raises(TransitionConflictError):
            stores.told.save_subscription(late)


def test_subscription_is_due_with_its_clock_and_its_sweep(stores: Stores) -> None:
    saved = stores.told.save_subscription(SUBSCRIPTION)
    (due,) = stores.dues.past_due(NOON + DAY, 10)
    assert (due.kind, due.customer, due.due) == ("WEBHOOK", CUSTOMER, NOON + 9)
    stores.told.save_subscription(replace(saved, walk=None, next_at=None))
    assert stores.dues.past_due(NOON + DAY, 10) == ()


def test_deleted_subscription_is_gone_and_may_come_again(stores: Stores) -> None:
    stores.told.delete_subscription(CUSTOMER)
    stores.told.save_subscription(SUBSCRIPTION)
    stores.told.delete_subscription(CUSTOMER)
    assert stores.told.load_subscription(CUSTOMER) is None
    assert stores.told.save_subscription(SUBSCRIPTION).version == 1


# --- tellings --------------------------------------------------------------------------------------------------------


def test_an_applied_entry_makes_a_telling_due(stores: Stores) -> None:
    enter(stores, entry(1, outcome=Outcome.STALE))
    assert stores.told.view(PLACE, CUSTOMER).told is None
    enter(stores, entry(2), entry(3))
    told = stores.told.view(PLACE, CUSTOMER).told
    assert told == Told(*PLACE, CUSTOMER, knocks=1, due=stores.clock.now() + 5 * MINUTE)
    enter(stores, entry(4))
    assert due_of(stores) == stores.clock.now() + 5 * MINUTE


def test_an_entry_under_a_lease_leaves_the_lease_its_end(stores: Stores) -> None:
    """Its holder may be dead: the telling is gone on with when the lease is over, and not five minutes after each entry."""
    enter(stores, entry(1))
    now = stores.clock.now()
    assert stores.told.take(PLACE, "lease-1", now + MINUTE, now) is not None
    enter(stores, entry(2))
    assert due_of(stores) == now + MINUTE


def test_what_is_at_rest_is_expected_and_what_is_due_stays_so(stores: Stores) -> None:
    now = stores.clock.now()
    stores.told.expect(PLACE, now + HOUR)
    assert due_of(stores) is None, "nothing was ever to tell"
    enter(stores, entry(1))
    stores.told.expect(PLACE, now + HOUR)
    assert due_of(stores) == now + 5 * MINUTE
    told = stores.told.view(PLACE, CUSTOMER).told
    assert told is not None
    stores.told.rest(told)
    assert due_of(stores) is None
    stores.told.expect(PLACE, now + HOUR)
    assert due_of(stores) == now + HOUR


def test_a_view_has_all_that_a_telling_needs(stores: Stores) -> None:
    enter(stores, entry(1))
    stores.classifieds.write(post())
    saved = stores.told.save_subscription(SUBSCRIPTION)
    view = stores.told.view(PLACE, CUSTOMER)
    assert view.subscription == saved
    assert view.offerer_estate_id == "estate-1"
    nothing = stores.told.view(Place("another", "storia"), "agency-8")
    assert (nothing.subscription, nothing.told, nothing.offerer_estate_id) == (None, None, "")


def test_only_one_holds_the_lease(stores: Stores) -> None:
    now = stores.clock.now()
    assert stores.told.take(PLACE, "lease-1", now + MINUTE, now) is None  # nothing was ever to tell
    enter(stores, entry(1))
    taken = stores.told.take(PLACE, "lease-1", now + MINUTE, now)
    assert taken is not None
    assert (taken.lease, taken.knocks, due_of(stores)) == ("lease-1", 1, now + MINUTE)
    assert stores.told.take(PLACE, "lease-2", now + MINUTE, now) is None
    after = stores.told.take(PLACE, "lease-2", now + 2 * MINUTE, now + MINUTE)
    assert after is not None
    for write in (stores.told.keep, stores.told.release):
        with pytest.raises(TransitionConflictError):
            write(taken)
    assert stores.told.release(after)


def test_progress_is_kept_under_the_lease_and_let_go_with_it(stores: Stores) -> None:
    now = stores.clock.now()
    enter(stores, entry(1))
    taken = stores.told.take(PLACE, "lease-1", now + MINUTE, now)
    assert taken is not None
    stores.told.keep(replace(taken, spans=(Span(NOON, NOON + 1),)))
    kept = stores.told.view(PLACE, CUSTOMER).told
    assert kept is not None
    assert (kept.spans, kept.lease, due_of(stores)) == ((Span(NOON, NOON + 1),), "lease-1", now + MINUTE)
    held = replace(taken, spans=kept.spans, tries=2, held_at=now, retry_at=now + SECOND, due=now + SECOND)
    assert stores.told.release(held)
    found = stores.told.view(PLACE, CUSTOMER).told
    assert found == replace(held, lease=None, lease_until=None, version=1)
    assert due_of(stores) == now + SECOND
    again = stores.told.take(PLACE, "lease-2", now + MINUTE, now)
    assert again is not None
    assert stores.told.release(replace(again, due=None, seen=again.knocks))
    assert due_of(stores) is None
    rested = stores.told.view(PLACE, CUSTOMER).told
    assert rested is not None
    assert rested.seen == rested.knocks == 1


@pytest.mark.parametrize("knock", ["a look", "an entry"])
def test_who_lets_go_must_have_seen_every_knock(stores: Stores, knock: str) -> None:
    now = stores.clock.now()
    enter(stores, entry(1))
    assert not stores.told.knock(PLACE, now)  # nobody holds it: the lease may be taken
    taken = stores.told.take(PLACE, "lease-1", now + MINUTE, now)
    assert taken is not None
    if knock == "a look":
        assert stores.told.knock(PLACE, now)
    else:
        enter(stores, entry(2))
    assert not stores.told.release(replace(taken, due=None))
    seen = stores.told.view(PLACE, CUSTOMER).told
    assert seen is not None
    assert stores.told.release(replace(taken, knocks=seen.knocks, due=None))
    assert due_of(stores) is None


def test_a_lapsed_lease_hears_no_knock(stores: Stores) -> None:
    now = stores.clock.now()
    enter(stores, entry(1))
    stores.told.take(PLACE, "lease-1", now + MINUTE, now)
    assert not stores.told.knock(PLACE, now + MINUTE)


def test_what_nobody_wants_to_hear_rests_unless_something_came_up(stores: Stores) -> None:
    enter(stores, entry(1))
    read = stores.told.view(PLACE, CUSTOMER).told
    assert read is not None
    enter(stores, entry(2))
    stores.told.rest(read)
    assert due_of(stores) is not None
    newer = stores.told.view(PLACE, CUSTOMER).told
    assert newer is not None
    stores.told.rest(newer)
    assert due_of(stores) is None


def test_entries_come_in_order_from_an_instant_on_and_of_one_channel(stores: Stores) -> None:
    enter(stores, entry(1), entry(2), entry(3))
    enter(stores, entry(2, channel="storia", status_id="other"), channel="storia")
    assert stores.told.entries_after(PLACE, 0, 10) == (entry(1), entry(2), entry(3))
    assert stores.told.entries_after(PLACE, NOON + 1, 10) == (entry(2), entry(3))
    assert stores.told.entries_after(PLACE, NOON + 1, 1) == (entry(2),)
    assert stores.told.entries_after(PLACE, NOON + 3, 10) == ()
    stores.clock.advance(RETENTION_DAYS * DAY + DAY)
    assert stores.told.entries_after(PLACE, 0, 10) == ()


def test_a_sweep_finds_every_publication_with_entries_since(stores: Stores) -> None:
    others = [post(estate=f"estate-{number}").classified_id for number in range(12)]
    for classified_id in others:
        enter(stores, *(entry(n, classified_id=classified_id) for n in range(3)))
    enter(stores, entry(1, channel="storia", classified_id=others[0]), channel="storia")
    old = post(estate="estate-old").classified_id
    enter(stores, entry(-MINUTE, classified_id=old))
    foreign = post(customer="agency-8").classified_id
    enter(stores, entry(1, classified_id=foreign, customer="agency-8"), customer="agency-8")
    walk: Walk | None = Walk(NOON)
    found: set[Place] = set()
    steps = 0
    while walk is not None:
        places, walk = stores.told.places_of(CUSTOMER, walk, 2)
        assert len(places) <= 2
        found |= places
        steps += 1
    assert found == {Place(each, "aviv") for each in others} | {Place(others[0], "storia")}
    assert steps >= len(found) * 3 // 2


def test_tellings_reach_their_queue(queues: Queues) -> None:
    queues.wake_ups.tell([Telling(CUSTOMER, PLACE), Telling("a customer with spaces")])
    assert sorted(queues.tellings(), key=str) == sorted(
        [Telling(CUSTOMER, PLACE), Telling("a customer with spaces")], key=str
    )
