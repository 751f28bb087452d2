"""What every due index promises: whatever waits is found, and only one finder moves it on."""

from __future__ import annotations

from dataclasses import replace

from placard.domain.instants import HOUR, MINUTE
from placard.ports import Change, Due
from tests.fakes.clock import NOON
from tests.integration.stores.conftest import Stores
from tests.integration.stores.samples import CLASSIFIED_ID, CUSTOMER, message, post, publication


def test_past_due_are_the_oldest_of_every_kind(stores: Stores) -> None:
    stores.publications.put_message(message(), NOON + 2)
    stores.publications.save(Change(publication(due=NOON + 1)))
    stores.publications.save(Change(publication(channel="storia", due=NOON + HOUR)))
    stores.classifieds.write(post(accepted_at=NOON - 5 * MINUTE))
    due = stores.dues.past_due(NOON + MINUTE, 10)
    assert [(each.kind, each.due) for each in due] == [
        ("CLASSIFIED", NOON),
        ("PUBLICATION", NOON + 1),
        ("EVENT", NOON + 2),
    ]
    assert stores.dues.past_due(NOON + MINUTE, 2) == due[:2]
    assert due[1] == Due(f"CLASSIFIED#{CLASSIFIED_ID}", "PUBLICATION#aviv", "PUBLICATION", NOON + 1, CUSTOMER)
    assert (due[2].pk, due[2].sk) == ("REMOTE#aviv#cl-1", "EVENT#d1")


def test_only_one_of_two_finders_moves_a_due_time(stores: Stores) -> None:
    stores.publications.save(Change(publication(due=NOON)))
    (due,) = stores.dues.past_due(NOON, 10)
    assert stores.dues.move(due, NOON + HOUR)
    assert not stores.dues.move(due, NOON + 2 * HOUR)
    stores.dues.clear(due)
    moved = stores.publications.load_publication(CLASSIFIED_ID, "aviv")
    assert moved == publication(due=NOON + HOUR, version=1)
    assert stores.dues.past_due(NOON + HOUR, 10) == (replace(due, due=NOON + HOUR),)


def test_due_time_that_was_brought_forward_is_not_moved_back(stores: Stores) -> None:
    saved = stores.publications.save(Change(publication(due=NOON + HOUR)))
    (read,) = stores.dues.past_due(NOON + HOUR, 10)
    stores.publications.save(Change(replace(saved, due=NOON)))
    assert not stores.dues.move(read, NOON + 2 * HOUR)
    stores.dues.clear(read)
    assert [due.due for due in stores.dues.past_due(NOON, 10)] == [NOON]


def test_cleared_due_time_is_found_no_more(stores: Stores) -> None:
    stores.classifieds.write(post())
    (due,) = stores.dues.past_due(NOON + HOUR, 10)
    stores.dues.clear(due)
    assert stores.dues.past_due(NOON + HOUR, 10) == ()
    assert not stores.dues.move(due, NOON)
    assert stores.classifieds.load(CLASSIFIED_ID)[0] is not None


def test_nothing_is_made_by_moving_what_is_gone(stores: Stores) -> None:
    assert not stores.dues.move(Due("CLASSIFIED#gone", "CLASSIFIED", "CLASSIFIED", NOON), NOON + 1)
    assert stores.classifieds.load("gone") == (None, ())


def test_publication_without_a_due_time_waits_for_nobody(stores: Stores) -> None:
    saved = stores.publications.save(Change(publication(due=NOON)))
    stores.publications.save(Change(replace(saved, due=None)))
    assert stores.dues.past_due(NOON + HOUR, 10) == ()
