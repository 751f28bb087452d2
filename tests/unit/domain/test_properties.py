"""What holds for whatever a portal says and a CRM wants, in whatever order: hypothesis looks for the exception."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from placard.domain import ids, retry
from placard.domain.apply import apply
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.events import PortalEvent, Source
from placard.domain.hashes import canonical_json
from placard.domain.instants import HOUR, from_text, to_text
from placard.domain.lifecycle import FOLLOWERS, Outcome, Word
from placard.domain.publication import Publication
from tests.unit.domain.hub import FACTS, HINTS, Hub, event
from tests.unit.domain.test_walk import Walk, _check, _check_rest, _check_words, _start

NOW = 1_800_000_000_000
REMOTE = "advert-1"

words = st.builds(
    event,
    st.sampled_from([REMOTE, "another-advert"]),
    st.integers(NOW, NOW + HOUR),
    state=st.none() | st.sampled_from(list(S)),
    code=st.none() | st.sampled_from(["active", "moderated", "what is this"]),
    ends=st.none() | st.sampled_from(list(Op)),
    failed=st.booleans(),
    at=st.none() | st.integers(NOW - HOUR, NOW + 2 * HOUR),
    transaction=st.none() | st.sampled_from(["t-1", "t-2", "t-9"]),
    revision=st.none() | st.integers(1, 5),
    removal=st.none() | st.booleans(),
    portals=st.none() | st.lists(st.sampled_from(["SL", "BD", "IMOVIRTUAL", "NOWHERE"]), unique=True).map(tuple),
    picture=st.none() | st.sampled_from(["https://img.test/1.jpg", "https://img.test/2.jpg"]),
    source=st.sampled_from([Source.CALLBACK, Source.POLL]),
    known=st.booleans(),
)


def _open(policy: Any, channel: str, *portals: str) -> Publication:
    """A publication whose POST the portal has taken."""
    hub = Hub(policy=policy, channel=channel, now=NOW)
    hub.post(*portals)
    hub.look()
    hub.accept(REMOTE, "t-1")
    return hub.known


@given(st.lists(words, max_size=8), st.booleans())
def test_apply_never_raises_and_keeps_the_order_of_words(said: list[PortalEvent], hints: bool) -> None:
    policy = HINTS if hints else FACTS
    publication = _open(policy, "aviv", "SL", "BD") if hints else _open(policy, "imovirtual", "IMOVIRTUAL")
    for word in said:
        before = publication
        folded = apply(publication, word, policy, NOW + HOUR)
        publication = folded.publication
        assert publication.last_creation >= before.last_creation
        for portal, standing in publication.standings.items():
            former = before.standings[portal]
            assert standing.word is former.word or standing.word in FOLLOWERS[former.word]
            assert standing.advert_at >= former.advert_at
            assert standing.ended <= standing.acted <= standing.seen
        for entry in folded.entries:
            assert entry.outcome is folded.outcome
            assert entry.to_json()["status"] in set(Word)


@given(words)
@example(event(REMOTE, NOW, ends=Op.POST, removal=True))
@example(event(REMOTE, NOW, ends=Op.DELETE, removal=False))
def test_a_duplicate_changes_no_fact(word: PortalEvent) -> None:
    first = apply(_open(FACTS, "imovirtual", "IMOVIRTUAL"), word, FACTS, NOW + HOUR)
    again = apply(first.publication, word, FACTS, NOW + HOUR)
    assert again.outcome is not Outcome.APPLIED
    assert [replace(s, latest=None) for s in again.publication.standings.values()] == [
        replace(s, latest=None) for s in first.publication.standings.values()
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from([S.LIVE, S.REJECTED, S.EXPIRED, S.BLOCKED]), st.integers(1, 10_000)),
        min_size=2,
        max_size=6,
        unique_by=lambda pair: pair[1],
    ),
    st.randoms(use_true_random=False),
)
def test_the_newest_state_wins_in_any_order(states: list[tuple[S, int]], chance: Any) -> None:
    start = _open(FACTS, "imovirtual", "IMOVIRTUAL")
    said = [event(REMOTE, NOW + HOUR, state=state, at=NOW + at) for state, at in states]
    chance.shuffle(said)
    publication = start
    for word in said:
        publication = apply(publication, word, FACTS, NOW + HOUR).publication
    newest = max(states, key=lambda pair: pair[1])[0]
    assert publication.standings["IMOVIRTUAL"].advert.state is newest


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(Walk.LETTERS), max_size=40), st.booleans())
def test_long_histories_come_to_rest_with_every_wish_met_or_explained(letters: list[Any], hints: bool) -> None:
    walk = _start(hints=hints)
    for letter in letters:
        walk.hub.now += 1000
        letter(walk)
        _check(walk)
    walk.drive()
    _check_words(walk)
    _check_rest(walk)


@given(st.integers(0, 253_402_300_799_999))
def test_an_instant_survives_its_text(instant: int) -> None:
    assert from_text(to_text(instant)) == instant


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values))
def test_canonical_json_does_not_know_the_order_of_members(value: dict[str, Any]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@given(st.integers(1 - 2**53, 2**53 - 1), st.text() | st.from_regex(r"[0-9]+\.0+"))
def test_canonical_json_writes_whole_numbers_alike_and_leaves_texts_alone(number: int, text: str) -> None:
    spelt = json.dumps({"number": number, "text": text}, ensure_ascii=False, separators=(",", ":"))
    assert canonical_json({"text": text, "number": float(number)}) == spelt.encode("utf-8", "surrogatepass")


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_customers_never_share_an_id(one: str, other: str, key: str) -> None:
    assert (ids.classified_id(one, key) == ids.classified_id(other, key)) == (one == other)


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True), st.none() | st.integers(0, 100 * HOUR))
def test_a_wait_is_bounded_and_never_shorter_than_asked(tries: int, draw: float, asked: int | None) -> None:
    wait = retry.next_wait(tries, draw, asked)
    assert wait >= max(retry.FIRST_WAIT // 2, asked or 0)
    assert wait <= max(retry.LONGEST_WAIT, asked or 0)
