"""How a publication fares in four words: the worst of its portals, and who must act."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from placard.domain.classified import Wish
from placard.domain.events import Advert, AdvertState, Source
from placard.domain.health import LONGEST_DETAIL, WEIGHT, Health, assess, weights
from placard.domain.lifecycle import END_WORDS, FAILED_WORDS, Outcome, Word
from placard.domain.problems import Problem
from placard.domain.publication import Entry, Publication, Standing

PROBLEM = Problem("not_connected", "No account is connected")


def make_standing(word: Word, state: AdvertState = AdvertState.ABSENT, wish: Wish = Wish.PRESENT, *problems: Problem):
    entry = Entry("s", "c", "agency", "aviv", 1000, 3, ("SL",), word, "", 900, Outcome.APPLIED, Source.HUB)
    return Standing("SL", wish, advert=Advert(state), latest=replace(entry, problems=problems))


def judge(*standings: Standing) -> Health | None:
    found = assess(publish(*standings))
    return None if found is None else found.health


def publish(*standings: Standing) -> Publication:
    named = {f"{number}": replace(standing, portal=f"{number}") for number, standing in enumerate(standings)}
    return Publication("c", "aviv", "agency", standings=named)


@pytest.mark.parametrize(
    ("word", "state", "wish", "expected"),
    [
        (Word.RECEIVED, AdvertState.ABSENT, Wish.PRESENT, Health.PENDING),
        (Word.CREATING, AdvertState.PENDING, Wish.PRESENT, Health.PENDING),
        (Word.UPDATING, AdvertState.LIVE, Wish.PRESENT, Health.PENDING),
        (Word.DELETING, AdvertState.LIVE, Wish.ABSENT, Health.PENDING),
        (Word.CREATED, AdvertState.LIVE, Wish.PRESENT, Health.LIVE),
        (Word.UPDATED, AdvertState.LIVE, Wish.PRESENT, Health.LIVE),
        (Word.CREATED, AdvertState.PENDING, Wish.PRESENT, Health.PENDING),
        (Word.UPDATED, AdvertState.PAUSED, Wish.PAUSED, Health.OFF),
        (Word.DELETED, AdvertState.WITHDRAWN, Wish.ABSENT, None),
        (Word.DELETED, AdvertState.ABSENT, Wish.ABSENT, None),
    ],
)
def test_a_word_an_advert_and_a_wish(word: Word, state: AdvertState, wish: Wish, expected: Health | None) -> None:
    assert judge(make_standing(word, state, wish)) is expected


@pytest.mark.parametrize("word", sorted(FAILED_WORDS))
@pytest.mark.parametrize("wish", Wish)
def test_a_failure_is_a_problem_whatever_is_wished(word: Word, wish: Wish) -> None:
    assert judge(make_standing(word, AdvertState.LIVE, wish)) is Health.PROBLEM


@pytest.mark.parametrize("word", sorted(END_WORDS | {Word.RECEIVED, Word.CREATING}))
def test_whatever_has_a_problem_is_one(word: Word) -> None:
    found = assess(publish(make_standing(word, AdvertState.LIVE, Wish.PRESENT, PROBLEM)))
    assert found is not None
    assert (found.health, found.portals[0].problem, found.portals[0].live) == (Health.PROBLEM, PROBLEM, True)


def test_a_publication_is_as_bad_as_its_worst_portal() -> None:
    live = make_standing(Word.CREATED, AdvertState.LIVE)
    failed = make_standing(Word.CREATING_FAILED)
    gone = make_standing(Word.DELETED, AdvertState.WITHDRAWN, Wish.ABSENT)
    assert judge(live, failed, gone) is Health.PROBLEM
    assert judge(live, gone, make_standing(Word.UPDATING)) is Health.PENDING
    found = assess(publish(live, gone))
    assert found is not None
    assert [portal.portal for portal in found.portals] == ["0"]


def test_nothing_known_is_nothing_to_look_after() -> None:
    assert assess(Publication("c", "aviv", "agency")) is None
    assert judge(Standing("SL")) is None


def test_the_worst_stands_first_and_among_equals_the_newest() -> None:
    def rank(standing: Standing, at: int) -> int:
        assert standing.latest is not None
        found = assess(publish(replace(standing, latest=replace(standing.latest, creation_date=at))))
        assert found is not None
        return found.rank[0]

    live, failed = make_standing(Word.CREATED, AdvertState.LIVE), make_standing(Word.CREATING_FAILED)
    assert rank(failed, 1) > rank(make_standing(Word.CREATING), 2) > rank(live, 4_000_000_000_000) > rank(live, 5)


def test_every_rank_lies_within_the_weights_of_its_word_alone() -> None:
    assert list(Health) == sorted(Health, key=WEIGHT.__getitem__, reverse=True)
    spans = [weights(health) for health in reversed(Health)]
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert weights(None) == (spans[0][0], spans[-1][1])


def test_a_portals_long_words_are_cut() -> None:
    found = assess(
        publish(
            make_standing(Word.CREATING_FAILED, AdvertState.ABSENT, Wish.PRESENT, Problem.quote("moderated", "x" * 999))
        )
    )
    assert found is not None
    assert found.portals[0].problem is not None
    assert found.portals[0].problem.detail == "x" * (LONGEST_DETAIL - 1) + "…"
