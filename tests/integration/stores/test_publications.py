"""What every store of publications and portals' messages promises (design §3; lifecycle §7, steps 3 to 5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from placard.aws.pages import write_token
from placard.domain.classified import Wish
from placard.domain.errors import TransitionConflictError
from placard.domain.health import Health, PublicationHealth
from placard.domain.instants import DAY, HOUR, MINUTE
from placard.domain.lifecycle import Outcome, Word
from placard.ports import Change
from tests.fakes.clock import NOON
from tests.integration.stores.conftest import RETENTION_DAYS, Stores
from tests.integration.stores.samples import (
    CLASSIFIED_ID,
    CUSTOMER,
    entry,
    link,
    message,
    post,
    publication,
    standing,
)


def test_saved_publication_comes_back_exactly(stores: Stores) -> None:
    saved = stores.publications.save(Change(publication(due=NOON + HOUR)))
    assert saved == publication(due=NOON + HOUR, version=1)
    assert stores.publications.load_publication(CLASSIFIED_ID, "aviv") == saved
    assert stores.publications.load_publication(CLASSIFIED_ID, "otodom") is None


def test_load_returns_the_classified_with_all_its_publications(stores: Stores) -> None:
    classified = stores.classifieds.write(post()).classified
    aviv = stores.publications.save(Change(publication(), (entry(1),)))
    storia = stores.publications.save(Change(publication(channel="storia")))
    assert stores.publications.load(CLASSIFIED_ID) == (classified, (aviv, storia))
    assert stores.classifieds.load(CLASSIFIED_ID) == (classified, (aviv, storia))


def test_second_writer_of_a_version_is_told_so(stores: Stores) -> None:
    read = stores.publications.save(Change(publication()))
    stores.publications.save(Change(replace(read, tries=1)))
    with pytest.raises(TransitionConflictError):
        stores.publications.save(Change(replace(read, tries=2)))
    with pytest.raises(TransitionConflictError):
        stores.publications.save(Change(replace(read, tries=2), (entry(1),)))
    stored = stores.publications.load_publication(CLASSIFIED_ID, "aviv")
    assert stored is not None
    assert (stored.tries, stored.version) == (1, 2)
    assert stores.classifieds.list_entries(CLASSIFIED_ID, 10, None).rows == ()


def test_two_first_writers_cannot_both_open_a_publication(stores: Stores) -> None:
    stores.publications.save(Change(publication()))
    for late in (Change(publication()), Change(publication(), (entry(1),))):
        with pytest.raises(TransitionConflictError):
            stores.publications.save(late)


def test_change_stores_all_its_parts_at_once(stores: Stores) -> None:
    stores.publications.put_message(message(), NOON + MINUTE)
    change = Change(publication(), (entry(1), entry(2)), link(), message(), Outcome.APPLIED)
    stores.publications.save(change)
    assert stores.publications.link_of("aviv", "cl-1") == link()
    assert stores.classifieds.list_entries(CLASSIFIED_ID, 10, None).rows == (entry(2), entry(1))
    assert stores.publications.message_of("aviv", "cl-1", "d1") == message(outcome="applied")
    assert stores.publications.messages_of("aviv", "cl-1") == ()
    assert [due.kind for due in stores.dues.past_due(NOON + DAY, 10)] == ["TOLD"]


def test_message_is_folded_once(stores: Stores) -> None:
    """A redelivered stream record finds itself done, and nothing of its change is stored."""
    stores.publications.put_message(message(), None)
    saved = stores.publications.save(Change(publication(), message=message(), outcome=Outcome.STALE))
    with pytest.raises(TransitionConflictError):
        stores.publications.save(Change(saved, (entry(1),), message=message(), outcome=Outcome.APPLIED))
    assert stores.publications.load_publication(CLASSIFIED_ID, "aviv") == saved
    marked = stores.publications.message_of("aviv", "cl-1", "d1")
    assert marked is not None
    assert marked.outcome == "stale"


def test_folding_a_message_nobody_stored_is_a_conflict(stores: Stores) -> None:
    with pytest.raises(TransitionConflictError):
        stores.publications.save(Change(publication(), message=message(), outcome="hint"))
    assert stores.publications.load_publication(CLASSIFIED_ID, "aviv") is None


def test_same_link_again_keeps_its_age(stores: Stores) -> None:
    stores.publications.write_link(link())
    stores.publications.write_link(link(since=NOON + HOUR))
    stores.publications.save(Change(publication(), link=link(since=NOON + DAY)))
    assert stores.publications.link_of("aviv", "cl-1") == link()


def test_link_never_moves_to_another_classified(stores: Stores) -> None:
    stores.publications.write_link(link())
    foreign = link(classified_id="another")
    with pytest.raises(TransitionConflictError):
        stores.publications.write_link(foreign)
    with pytest.raises(TransitionConflictError):
        stores.publications.save(Change(publication(), link=foreign))
    assert stores.publications.link_of("aviv", "cl-1") == link()
    assert stores.publications.link_of("olx", "cl-1") is None


def test_message_is_stored_once_and_comes_back_exactly(stores: Stores) -> None:
    odd = message(raw='{"a": "é\ud83c\x00"}', remote_id="with#hash", customer=None, parks=False)
    assert stores.publications.put_message(odd, None)
    assert not stores.publications.put_message(odd, None)
    assert not stores.publications.put_message(odd._replace(raw="other"), NOON)
    assert stores.publications.message_of("aviv", "with#hash", "d1") == odd
    assert stores.publications.message_of("aviv", "with#hash", "d2") is None


def test_waiting_messages_come_oldest_first(stores: Stores) -> None:
    late, early, done = message(digest="a", received_at=NOON + 2), message(digest="b"), message(digest="c")
    for each in (late, early, done):
        stores.publications.put_message(each, NOON)
    stores.publications.put_message(message(remote_id="cl-2"), NOON)
    stores.publications.mark_message(done, Outcome.REFUSED, None)
    assert stores.publications.messages_of("aviv", "cl-1") == (early, late)


def test_mark_moves_a_parked_message_and_later_lets_it_rest(stores: Stores) -> None:
    stores.publications.put_message(message(), NOON)
    stores.publications.mark_message(message(), None, NOON + HOUR)
    assert [due.due for due in stores.dues.past_due(NOON + HOUR, 10)] == [NOON + HOUR]
    stores.publications.mark_message(message(), None, None)
    assert stores.dues.past_due(NOON + DAY, 10) == ()
    assert stores.publications.messages_of("aviv", "cl-1") == (message(),)


def test_a_message_set_aside_keeps_since_when_until_it_is_whole_again(stores: Stores) -> None:
    stores.publications.put_message(message(), NOON)
    for due in (NOON + HOUR, NOON + 2 * HOUR):
        stores.publications.mark_message(message()._replace(aside_at=NOON + 5), None, due)
        assert stores.publications.message_of("aviv", "cl-1", "d1") == message()._replace(aside_at=NOON + 5)
    stores.publications.mark_message(message(), None, NOON + HOUR)
    assert stores.publications.message_of("aviv", "cl-1", "d1") == message()


def test_mark_never_overwrites_an_outcome_nor_makes_a_message(stores: Stores) -> None:
    stores.publications.put_message(message(), NOON)
    stores.publications.mark_message(message(), "hint", None)
    stores.publications.mark_message(message(), None, NOON)
    stores.publications.mark_message(message(digest="never stored"), "hint", None)
    assert stores.dues.past_due(NOON + DAY, 10) == ()
    assert stores.publications.message_of("aviv", "cl-1", "d1") == message(outcome="hint")
    assert stores.publications.message_of("aviv", "cl-1", "never stored") is None


def test_timeline_is_newest_first_page_by_page(stores: Stores) -> None:
    entries = [entry(number) for number in range(5)]
    stores.publications.save(Change(publication(), tuple(entries)))
    first = stores.classifieds.list_entries(CLASSIFIED_ID, 2, None)
    second = stores.classifieds.list_entries(CLASSIFIED_ID, 2, first.after)
    third = stores.classifieds.list_entries(CLASSIFIED_ID, 2, second.after)
    assert [*first.rows, *second.rows, *third.rows] == entries[::-1]
    assert third.after is None
    assert stores.classifieds.list_entries(CLASSIFIED_ID, 5, None).after is None


def test_expired_entries_and_messages_are_not_shown(stores: Stores) -> None:
    stores.publications.put_message(message(), None)
    stores.publications.save(Change(publication(), (entry(0), entry(HOUR))))
    stores.clock.advance(RETENTION_DAYS * DAY + MINUTE)
    page = stores.classifieds.list_entries(CLASSIFIED_ID, 1, None)
    assert (page.rows, page.after) == ((entry(HOUR),), None)
    assert stores.publications.message_of("aviv", "cl-1", "d1") is None
    assert stores.publications.messages_of("aviv", "cl-1") == ()


@pytest.mark.parametrize("token", ["", "x", "é", "bnVsbA", "W10", "IlNUQVRVUyMi" * 900, "W251bGxd", "e30"])
def test_token_that_is_none_is_a_value_error(stores: Stores, token: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        stores.classifieds.list_entries(CLASSIFIED_ID, 2, token)
    with pytest.raises(ValueError, match=r".+"):
        stores.classifieds.list_classifieds("agency-7", 2, token)


def test_healths_are_worst_first_page_by_page_without_gaps(stores: Stores) -> None:
    """Ties in time included, and those of other customers left out."""
    made = set()
    for number in range(30):
        failed = number % 3 == 0
        latest = entry(max(number, 20), status=Word.CREATING_FAILED if failed else Word.CREATING, problems=())
        one = publication(
            classified_id=post(estate=f"estate-{number}").classified_id,
            standings={"SL": replace(standing("SL"), latest=latest)},
        )
        stores.publications.save(Change(one))
        made.add(one.classified_id)
    other = post(customer="other", estate="estate-0").classified_id
    stores.publications.save(Change(publication(customer="other", classified_id=other)))
    for health, expected in ((None, 30), (Health.PROBLEM, 10), (Health.LIVE, 0)):
        seen: list[PublicationHealth] = []
        after = None
        while True:
            page = stores.classifieds.list_publications(CUSTOMER, health, 7, after)
            assert len(page.rows) <= 7
            seen += page.rows
            after = page.after
            if after is None:
                break
        ranks = [found.rank[0] for found in seen]
        assert ranks == sorted(ranks, reverse=True)
        assert len({found.classified_id for found in seen} & made) == len(seen) == expected


def test_what_is_taken_off_leaves_the_healths(stores: Stores) -> None:
    kept = stores.publications.save(Change(publication()))
    assert [one.channel for one in stores.classifieds.list_publications(CUSTOMER, None, 7, None).rows] == ["aviv"]
    gone = replace(standing("SL"), wish=Wish.ABSENT, latest=entry(status=Word.DELETED, problems=()))
    stores.publications.save(Change(replace(kept, standings={"SL": gone})))
    assert stores.classifieds.list_publications(CUSTOMER, None, 7, None).rows == ()


@pytest.mark.parametrize("token", ["", "nonsense", write_token([None] * 7), write_token([["a", "b", 1]] + [None] * 7)])
def test_a_token_of_the_healths_that_is_none_is_told(stores: Stores, token: str) -> None:
    with pytest.raises(ValueError):
        stores.classifieds.list_publications(CUSTOMER, None, 7, token)
