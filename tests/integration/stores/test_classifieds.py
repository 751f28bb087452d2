"""What every store of classifieds promises (contracts/hub.md §2, Identity; lifecycle §7, step 1)."""

from __future__ import annotations

import random

import pytest

from placard.domain.channels import PORTALS
from placard.domain.classified import Classified, Kind, Wish
from placard.domain.instants import MINUTE
from tests.fakes.clock import NOON
from tests.integration.stores.conftest import Stores
from tests.integration.stores.samples import BODY, CLASSIFIED_ID, CUSTOMER, ask, delete, post, put


def test_first_post_makes_revision_one(stores: Stores) -> None:
    written = stores.classifieds.write(post(idempotency_key="key-1"))
    assert written.accepted
    made = written.classified
    assert made is not None
    assert (made.revision, made.body_revision, made.post_revision, made.kind) == (1, 1, 1, Kind.POST)
    assert (made.body, made.portals, made.former_portals) == (BODY, ("SL", "BD"), ())
    assert made.ever == {"SL", "BD"}
    assert (made.post_hash, made.idempotency_key, made.accepted_at) == (post().body_hash, "key-1", NOON)
    assert stores.classifieds.load(CLASSIFIED_ID) == (made, ())


def test_body_comes_back_exactly(stores: Stores) -> None:
    """Whole floats, large integers, empty members and half a surrogate pair included."""
    odd = {"portals": ["SL"], "n": [1.0, 2**70, -0.5, None, True, ""], "s": "\ud83c é\x00", "empty": {"": []}}
    written = stores.classifieds.write(post(body=odd, body_hash="h"))
    assert written.classified is not None
    assert repr(written.classified.body) == repr(odd)


def test_second_post_is_refused_and_shows_the_first(stores: Stores) -> None:
    first = stores.classifieds.write(post()).classified
    second = stores.classifieds.write(post(body={**BODY, "x": 1}))
    assert not second.accepted
    assert second.classified == first


def test_post_after_delete_makes_the_next_revision_of_the_same_classified(stores: Stores) -> None:
    stores.classifieds.write(post(idempotency_key="key-1"))
    stores.classifieds.write(put())
    stores.classifieds.write(delete())
    again = stores.classifieds.write(post(accepted_at=NOON + 9)).classified
    assert again is not None
    assert (again.revision, again.post_revision, again.deleted, again.former_portals) == (4, 4, False, ())
    assert again.ever == {"SL", "BD", "IMOVIRTUAL"}
    assert again.idempotency_key is None


def test_post_with_the_key_of_the_last_post_stays_refused_after_delete(stores: Stores) -> None:
    stores.classifieds.write(post(idempotency_key="key-1"))
    stores.classifieds.write(delete())
    assert not stores.classifieds.write(post(idempotency_key="key-1")).accepted
    assert stores.classifieds.write(post(idempotency_key="key-2")).accepted


def test_put_replaces_the_body_and_remembers_the_portals_before(stores: Stores) -> None:
    stores.classifieds.write(post(idempotency_key="key-1"))
    changed = stores.classifieds.write(put()).classified
    assert changed is not None
    assert (changed.revision, changed.body_revision, changed.post_revision, changed.kind) == (2, 2, 1, Kind.PUT)
    assert (changed.portals, changed.former_portals) == (("SL", "IMOVIRTUAL"), ("SL", "BD"))
    assert changed.ever == {"SL", "BD", "IMOVIRTUAL"}
    assert (changed.body_hash, changed.post_hash) == (put().body_hash, post().body_hash)
    assert (changed.idempotency_key, changed.traceparent) == ("key-1", None)


def test_put_of_all_portals_takes_none_off(stores: Stores) -> None:
    every = list(PORTALS)
    stores.classifieds.write(post())
    assert stores.classifieds.write(put(body={"portals": every})).accepted


def test_put_is_refused_when_nothing_changes(stores: Stores) -> None:
    stores.classifieds.write(post())
    same = stores.classifieds.write(put(body=BODY))
    assert not same.accepted
    assert same.classified is not None
    assert same.classified.revision == 1


def test_put_is_refused_for_another_customer_another_estate_or_nothing(stores: Stores) -> None:
    assert stores.classifieds.write(put()).classified is None
    stores.classifieds.write(post())
    for revision in (put(classified_id=CLASSIFIED_ID, customer="other"), put(offerer_estate_id="estate-2")):
        assert not stores.classifieds.write(revision).accepted


def test_put_with_a_stale_if_match_is_refused(stores: Stores) -> None:
    """The second of two editors who both read revision 1."""
    stores.classifieds.write(post())
    assert stores.classifieds.write(put(if_match=(1,))).accepted
    late = stores.classifieds.write(put(body={**BODY, "late": True}, if_match=(1,)))
    assert not late.accepted
    assert late.classified is not None
    assert late.classified.revision == 2


def test_if_match_may_name_many_revisions_none_or_nonsense(stores: Stores) -> None:
    stores.classifieds.write(post())
    for if_match in ((), (0, -1), (10**60,), (7, 8)):
        assert not stores.classifieds.write(put(if_match=if_match)).accepted
    assert stores.classifieds.write(put(if_match=(5, 1, 1, 10**60))).accepted
    assert stores.classifieds.write(put(body={**BODY, "n": 1}, if_match=tuple(range(-500, 3)))).accepted


def test_delete_keeps_the_body_and_is_refused_the_second_time(stores: Stores) -> None:
    stores.classifieds.write(post())
    gone = stores.classifieds.write(delete()).classified
    assert gone is not None
    assert (gone.deleted, gone.revision, gone.body_revision, gone.kind) == (True, 2, 2, Kind.DELETE)
    assert (gone.body, gone.portals, gone.offerer_estate_id) == (BODY, ("SL", "BD"), "estate-1")
    again = stores.classifieds.write(delete())
    assert not again.accepted
    assert again.classified == gone
    assert not stores.classifieds.write(put()).accepted


def test_delete_again_needs_the_revision_it_repeats(stores: Stores) -> None:
    stores.classifieds.write(post())
    stores.classifieds.write(delete())
    assert not stores.classifieds.write(delete(if_match=(1,))).accepted
    again = stores.classifieds.write(delete(if_match=(2,)))
    assert again.accepted
    assert again.classified is not None
    assert again.classified.revision == 3
    assert not stores.classifieds.write(delete(if_match=(2,))).accepted


def test_the_first_delete_remembers_what_it_takes_off_and_a_repeated_one_takes_nothing_off(stores: Stores) -> None:
    stores.classifieds.write(post())
    stores.classifieds.write(put())
    first = stores.classifieds.write(delete()).classified
    again = stores.classifieds.write(delete(if_match=(3,))).classified
    assert first is not None and again is not None
    assert (first.portals, first.former_portals) == (("SL", "IMOVIRTUAL"), ("SL", "IMOVIRTUAL"))
    assert (again.portals, again.former_portals) == (("SL", "IMOVIRTUAL"), ())


def test_delete_of_a_live_classified_needs_no_if_match(stores: Stores) -> None:
    assert stores.classifieds.write(delete()).classified is None
    stores.classifieds.write(post())
    assert not stores.classifieds.write(delete(classified_id=CLASSIFIED_ID, customer="other")).accepted
    assert stores.classifieds.write(delete(if_match=(9,))).accepted


ASKS = [Kind.DEACTIVATE, Kind.ACTIVATE, Kind.RETRY]


@pytest.mark.parametrize("kind", ASKS)
def test_asking_makes_a_revision_of_the_named_portals_alone(stores: Stores, kind: Kind) -> None:
    stores.classifieds.write(post(idempotency_key="key-1"))
    before = stores.classifieds.write(put(body={**BODY, "portals": ["SL", "BD", "IMOVIRTUAL"]})).classified
    written = stores.classifieds.write(ask(kind, "BD", "IMOVIRTUAL"))
    asked = written.classified
    assert written.accepted
    assert asked is not None
    assert before is not None
    assert (asked.revision, asked.kind, asked.accepted_at) == (3, kind, NOON + 3 * MINUTE)
    assert asked.traceparent == ask(kind).traceparent
    assert (asked.body_revision, asked.post_revision, asked.idempotency_key) == (2, 1, "key-1")
    assert (asked.body, asked.body_hash, asked.portals) == (before.body, before.body_hash, before.portals)
    assert (asked.former_portals, asked.ever, asked.deleted) == (before.former_portals, before.ever, False)
    assert (asked.asked, asked.asked_kind) == ({"BD": 3, "IMOVIRTUAL": 3}, {"BD": kind, "IMOVIRTUAL": kind})
    assert [asked.revision_of(portal) for portal in asked.portals] == [2, 3, 3]
    assert [asked.kind_of(portal) for portal in asked.portals] == [Kind.PUT, kind, kind]
    assert stores.classifieds.load(CLASSIFIED_ID) == (asked, ())


def test_a_pause_is_of_the_named_portals_until_they_are_activated(stores: Stores) -> None:
    stores.classifieds.write(post(body={**BODY, "portals": ["SL", "BD", "IMOVIRTUAL"]}))
    found = []
    for revision in (
        ask(Kind.DEACTIVATE, "SL", "BD"),
        ask(Kind.DEACTIVATE, "SL", "IMOVIRTUAL"),
        ask(Kind.RETRY, "SL"),
        ask(Kind.ACTIVATE, "BD"),
        ask(Kind.ACTIVATE, "SL", "BD", "IMOVIRTUAL"),
    ):
        written = stores.classifieds.write(revision).classified
        assert written is not None
        found.append("".join(written.wish(portal)[1] for portal in written.portals))
    assert found == ["aar", "aaa", "aaa", "ara", "rrr"]
    stored, _ = stores.classifieds.load(CLASSIFIED_ID)
    assert stored is not None
    assert stored.asked == {"SL": 6, "BD": 6, "IMOVIRTUAL": 6}


def test_a_put_keeps_a_pause_and_one_that_takes_the_portal_off_ends_it(stores: Stores) -> None:
    stores.classifieds.write(post())
    stores.classifieds.write(ask(Kind.DEACTIVATE, "SL", "BD"))
    wishes = []
    for body in ({**BODY, "edited": 1}, {**BODY, "portals": ["SL"]}, {**BODY, "edited": 2}):
        written = stores.classifieds.write(put(body=body)).classified
        assert written is not None
        assert (written.revision, written.kind_of("SL")) == (written.body_revision, Kind.PUT)
        wishes.append((written.wish("SL"), written.wish("BD")))
    assert wishes == [
        (Wish.PAUSED, Wish.PAUSED),
        (Wish.PAUSED, Wish.ABSENT),
        (Wish.PAUSED, Wish.PRESENT),
    ]


def test_an_identical_put_is_refused_while_paused(stores: Stores) -> None:
    stores.classifieds.write(post())
    stores.classifieds.write(ask(Kind.DEACTIVATE, "SL", "BD"))
    same = stores.classifieds.write(put(body=BODY))
    assert not same.accepted
    assert same.classified is not None
    assert (same.classified.revision, same.classified.paused) == (2, {"SL", "BD"})


@pytest.mark.parametrize("kind", ASKS)
def test_asking_is_refused_for_another_customer_the_deleted_or_nothing(stores: Stores, kind: Kind) -> None:
    assert stores.classifieds.write(ask(kind, "SL")).classified is None
    first = stores.classifieds.write(post()).classified
    foreign = stores.classifieds.write(ask(kind, "SL", classified_id=CLASSIFIED_ID, customer="other"))
    assert (foreign.accepted, foreign.classified) == (False, first)
    gone = stores.classifieds.write(delete()).classified
    refused = stores.classifieds.write(ask(kind, "SL", if_match=(2,)))
    assert (refused.accepted, refused.classified) == (False, gone)
    again = stores.classifieds.write(post(accepted_at=NOON + 9)).classified
    assert again is not None
    assert (again.asked, again.asked_kind, again.paused) == ({}, {}, frozenset())


@pytest.mark.parametrize("kind", ASKS)
def test_asking_needs_the_revision_that_was_read(stores: Stores, kind: Kind) -> None:
    """The portals it names are listed in that revision, perhaps not in the next."""
    stores.classifieds.write(post())
    stores.classifieds.write(put())
    late = stores.classifieds.write(ask(kind, "BD", if_match=(1,)))
    assert not late.accepted
    assert late.classified is not None
    assert (late.classified.revision, late.classified.asked) == (2, {})
    assert stores.classifieds.write(ask(kind, "SL", if_match=(2,))).accepted


def test_a_deletion_ends_a_pause_for_good(stores: Stores) -> None:
    stores.classifieds.write(post())
    stores.classifieds.write(ask(Kind.DEACTIVATE, "SL"))
    stores.classifieds.write(delete())
    again = stores.classifieds.write(post(accepted_at=NOON + 9)).classified
    assert again is not None
    assert (again.revision, again.paused, again.asked, again.kind_of("SL")) == (4, frozenset(), {}, Kind.POST)


@pytest.mark.parametrize("kind", ASKS)
def test_asking_is_due_and_listed_as_a_put_is(stores: Stores, kind: Kind) -> None:
    for number in range(2):
        stores.classifieds.write(post(estate=f"estate-{number}", accepted_at=NOON + number))
    stores.classifieds.write(ask(kind, "SL", estate="estate-0"))
    rows = stores.classifieds.list_classifieds(CUSTOMER, 10, None).rows
    assert [found.offerer_estate_id for found in rows] == ["estate-0", "estate-1"]
    assert [due.due for due in stores.dues.past_due(NOON + 8 * MINUTE, 10)] == [
        NOON + 5 * MINUTE + 1,
        NOON + 8 * MINUTE,
    ]


def test_each_revision_is_due_five_minutes_later(stores: Stores) -> None:
    stores.classifieds.write(post())
    stores.classifieds.write(put())
    assert stores.dues.past_due(NOON + 6 * MINUTE - 1, 10) == ()
    (due,) = stores.dues.past_due(NOON + 6 * MINUTE, 10)
    assert (due.pk, due.kind, due.due) == (f"CLASSIFIED#{CLASSIFIED_ID}", "CLASSIFIED", NOON + 6 * MINUTE)


def test_list_is_newest_first_page_by_page_without_gaps(stores: Stores) -> None:
    """Ties in time included: twenty of these were accepted in the same millisecond."""
    made = set()
    for number in range(40):
        revision = post(estate=f"estate-{number}", accepted_at=NOON + max(number, 20))
        made.add(revision.classified_id)
        stores.classifieds.write(revision)
    stores.classifieds.write(post(customer="other"))
    seen: list[Classified] = []
    after = None
    while True:
        page = stores.classifieds.list_classifieds(CUSTOMER, 7, after)
        assert len(page.rows) <= 7
        seen += page.rows
        after = page.after
        if after is None:
            break
    times = [found.accepted_at for found in seen]
    assert times == sorted(times, reverse=True)
    assert len(seen) == len(made)
    assert {found.classified_id for found in seen} == made


def test_list_leaves_out_the_deleted_and_ends_exactly(stores: Stores) -> None:
    for number in range(4):
        stores.classifieds.write(post(estate=f"estate-{number}", accepted_at=NOON + number))
    stores.classifieds.write(delete(estate="estate-3"))
    page = stores.classifieds.list_classifieds(CUSTOMER, 3, None)
    assert [found.offerer_estate_id for found in page.rows] == ["estate-2", "estate-1", "estate-0"]
    assert page.after is None
    assert stores.classifieds.list_classifieds("nobody", 3, None).rows == ()


def test_a_change_moves_a_classified_to_the_front(stores: Stores) -> None:
    for number in range(3):
        stores.classifieds.write(post(estate=f"estate-{number}", accepted_at=NOON + number))
    stores.classifieds.write(put(estate="estate-0"))
    rows = stores.classifieds.list_classifieds(CUSTOMER, 10, None).rows
    assert [found.offerer_estate_id for found in rows] == ["estate-0", "estate-2", "estate-1"]


def test_many_are_read_at_once(stores: Stores) -> None:
    made = [post(estate=f"estate-{number}") for number in range(100)]
    for revision in made[:60]:
        stores.classifieds.write(revision)
    found = stores.classifieds.load_classifieds([revision.classified_id for revision in made])
    assert found.keys() == {revision.classified_id for revision in made[:60]}
    assert all(found[one] == stores.classifieds.load(one)[0] for one in list(found)[:3])
    assert stores.classifieds.load_classifieds([]) == {}


def test_many_large_ones_are_read_whole(stores: Stores) -> None:
    """BatchGetItem answers at most 16 MB and names the keys it left out."""
    large = {number: random.Random(number).randbytes(180_000).hex() for number in range(100)}  # noqa: S311 - to fill space
    made = [post(estate=f"estate-{n}", body={**BODY, "own": text}) for n, text in large.items()]
    for revision in made:
        stores.classifieds.write(revision)
    found = stores.classifieds.load_classifieds([revision.classified_id for revision in made])
    assert [found[revision.classified_id].body for revision in made] == [revision.body for revision in made]
