"""Every sequence of up to six commands and portal words, walked as a tree: no order of things breaks the promises."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from placard.domain.apply import apply
from placard.domain.classified import Kind, Wish
from placard.domain.differences import find_differences
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.events import PortalEvent, Source
from placard.domain.instants import DAY, MINUTE
from placard.domain.lifecycle import END_WORDS, FAILED_WORDS, FOLLOWERS, Outcome, Word
from placard.domain.policy import Policy
from placard.domain.publication import Phase, Publication, Standing
from placard.domain.replay import rebuild
from placard.portals.registry import load_policy
from placard.portals.spotahome.states import interpret_row
from placard.ports import Row
from tests.unit.domain.hub import FACTS, HINTS, Hub, event

MOST_LOOKS = 60
AFTER = {Op.POST: S.LIVE, Op.PUT: S.LIVE, Op.ACTIVATE: S.LIVE, Op.DELETE: S.WITHDRAWN, Op.DEACTIVATE: S.PAUSED}


class Walk:
    """A hub and a portal that answers whatever is in flight; `counter` makes AVIV's revisions and fresh texts."""

    def __init__(self, hub: Hub, portals: tuple[str, ...]) -> None:
        self.hub = hub
        self.portals = portals
        self.counter = 0
        self.newest: tuple[int, S] | None = None

    def branch(self) -> Walk:
        twin = copy.copy(self)
        twin.hub = replace(self.hub, timeline=list(self.hub.timeline), calls=list(self.hub.calls))
        return twin

    # --- the letters ---

    def edit(self) -> None:
        self.counter += 1
        deleted = self.hub.classified is not None and self.hub.classified.deleted
        self.hub.put(*self.portals, text=f"text {self.counter}", kind=Kind.POST if deleted else Kind.PUT)

    def remove(self) -> None:
        if self.hub.classified is not None and self.hub.classified.deleted:
            self.hub.post(*self.portals, text="a flat")
        else:
            self.hub.delete()

    def pause(self) -> None:
        known = self.hub.classified
        assert known is not None
        if not known.deleted:
            self.hub.ask(Kind.ACTIVATE if known.paused else Kind.DEACTIVATE, *self.portals[:1])

    def work(self) -> None:
        """A wake-up: look, and let the portal take what is sent."""
        before = self.hub.known.running if self.hub.publication else None
        self.hub.look()
        running = self.hub.known.running
        if running is not None and running != before and running.phase is Phase.CALLING:
            self.counter += 1
            new = running.kind is Op.POST
            self.hub.accept(f"advert-{self.counter}" if new else None, f"t-{self.counter}")

    def ok(self) -> None:
        self._speak(failed=False)

    def fail(self) -> None:
        self._speak(failed=True)

    LETTERS: tuple[Callable[[Any], None], ...] = (edit, remove, pause, work, ok, fail)

    def _speak(self, *, failed: bool) -> None:
        """The portal ends what is in flight; at rest a person there puts the advert live, or a moderator takes it down."""
        if self.hub.publication is None or self.hub.known.remote_id is None:
            return
        running = self.hub.known.running
        if running is None or running.phase is not Phase.ACCEPTED:
            self._tell(event(self.hub.known.remote_id, self.hub.now, state=S.REJECTED if failed else S.LIVE))
        elif self.hub.policy.callbacks_are_facts:
            state = None if failed else AFTER[running.kind]
            self._tell(
                event(
                    self.hub.known.remote_id,
                    self.hub.now,
                    ends=running.kind,
                    failed=failed,
                    state=state,
                    transaction=running.transaction,
                )
            )
        else:
            self.counter += 1
            for portal in running.portals:
                gone = portal in running.removing
                state = None if failed else S.WITHDRAWN if gone else S.LIVE
                self._tell(
                    event(
                        self.hub.known.remote_id,
                        self.hub.now,
                        portals=(portal,),
                        revision=self.counter + 100,
                        removal=None if failed else gone,
                        failed=failed,
                        state=state,
                        source=Source.POLL,
                    )
                )

    def _tell(self, said: PortalEvent) -> None:
        before = self.hub.known
        self.hub.fold(said)
        _check_newest(before, self.hub.known, said, self.hub.policy)
        again = apply(self.hub.known, said, self.hub.policy, self.hub.now)
        assert again.outcome is not Outcome.APPLIED, "a duplicate changed something"
        assert _facts(again.publication) == _facts(self.hub.known)

    # --- the end ---

    def drive(self) -> None:
        """Leave the hub alone with a portal that works, until nothing is due any more."""
        for _ in range(MOST_LOOKS):
            self.work()
            known = self.hub.known
            if known.running is not None and known.running.phase is Phase.ACCEPTED:
                self.hub.now += 1
                self.ok()
            elif known.due is not None:
                self.hub.now = max(self.hub.now + 1, known.due)
            elif not known.look:
                return
        raise AssertionError("the hub never came to rest")


class Sweeps(Walk):
    """A hub and Spotahome: nothing is called back, and what a sweep sees may have any reason."""

    def see(self, state: str, *, published: bool | None = None) -> None:
        if self.hub.publication is None or self.hub.known.remote_id is None:
            return
        row = Row(1, state, property_id=self.hub.known.remote_id, published=published)
        self._tell(interpret_row(row, None, self.hub.now))

    def wait(self) -> None:
        self.see("waitingContent")

    def ok(self) -> None:
        """What is asked for comes true."""
        running = self.hub.publication.running if self.hub.publication is not None else None
        if running is not None and running.kind is Op.DELETE:
            self.see("cancelled")
        else:
            self.see("propertyVerified", published=True)

    def fail(self) -> None:
        self.see("propertyUnverified", published=False)

    def hide(self) -> None:
        self.see("propertyVerified", published=False)

    def cancel(self) -> None:
        self.see("cancelled")

    LETTERS = (Walk.edit, Walk.remove, Walk.pause, Walk.work, ok, fail, hide, cancel, wait)


def _facts(publication: Publication) -> dict[str, object]:
    return {
        portal: (standing.advert, standing.word, standing.pictures, standing.ended, standing.acted)
        for portal, standing in publication.standings.items()
    }


def _check_newest(before: Publication, after: Publication, said: PortalEvent, policy: Policy) -> None:
    """Each fact equals that of its newest event."""
    if said.advert is None or said.remote_id != after.remote_id:
        return
    for portal in said.portals or tuple(after.standings):
        old, new = before.standings[portal], after.standings[portal]
        if said.order > old.advert_at:
            same = new.advert.state is policy.follow(old.advert, said.advert).state
            assert same or (new.paused_by_us and new.advert.state is S.PAUSED)


def _check(walk: Walk) -> None:
    """What holds after every step."""
    known = walk.hub.publication
    if known is None:
        return
    if known.running is not None:
        assert known.due is not None, "a wait without a due time"
        assert set(known.running.portals) <= set(known.standings)
    for standing in known.standings.values():
        assert standing.ended <= standing.acted <= standing.seen
    assert not find_differences(rebuild(walk.hub.timeline), known), "the timeline tells another story"
    dates = [entry.creation_date for entry in walk.hub.timeline]
    assert dates == sorted(set(dates)), "creation dates repeat or run backwards"


def _check_words(walk: Walk) -> None:
    """Within one revision of one portal every applied word follows the one before it by the table."""
    words: dict[tuple[str, int], Word] = {}
    for entry in walk.hub.timeline:
        if entry.outcome is not Outcome.APPLIED:
            continue
        for portal in entry.portals:
            before = words.get((portal, entry.revision))
            allowed = before is None or entry.status is before or entry.status in FOLLOWERS[before]
            assert allowed, f"{before} → {entry.status} in revision {entry.revision}"
            words[portal, entry.revision] = entry.status


def _is_at_goal(standing: Standing) -> bool:
    state = standing.advert.state
    if standing.wish is Wish.PRESENT:
        return state is S.LIVE
    if standing.wish is Wish.PAUSED:
        return state is not S.LIVE
    return state is not S.LIVE


def _check_rest(walk: Walk) -> None:
    """At rest every wish is met, or a problem says why not; and every revision seen has its end."""
    assert walk.hub.publication is not None
    for standing in walk.hub.publication.standings.values():
        explained = bool(standing.problems)
        assert _is_at_goal(standing) or explained, f"{standing.portal} is stuck without a word: {standing}"
        waits = standing.wish is Wish.PAUSED and standing.advert.state in (S.PENDING, S.BLOCKED, S.UNKNOWN)
        assert not standing.open or waits, f"revision {standing.seen} of {standing.portal} never ended"
        if not standing.open:
            assert standing.word in END_WORDS
        if standing.word in FAILED_WORDS:
            assert standing.problems


def _walk(walk: Walk, depth: int) -> int:
    """Walk the tree below this node; every node is driven to rest on a branch of its own."""
    _check(walk)
    last = walk.branch()
    last.drive()
    _check(last)
    _check_words(last)
    _check_rest(last)
    if depth == 0:
        return 1
    nodes = 1
    for letter in walk.LETTERS:
        branch = walk.branch()
        branch.hub.now += 1000
        letter(branch)
        try:
            nodes += _walk(branch, depth - 1)
        except AssertionError as error:
            error.add_note(f"after {letter.__name__}")
            raise
    return nodes


def _start(*, hints: bool) -> Walk:
    hub = Hub(policy=HINTS, channel="aviv") if hints else Hub(policy=FACTS)
    walk = Walk(hub, ("SL", "BD") if hints else ("IMOVIRTUAL",))
    hub.post(*walk.portals)
    return walk


@pytest.mark.parametrize("letter", Walk.LETTERS, ids=lambda letter: letter.__name__)
def test_every_sequence_of_six_on_a_portal_of_facts(letter: Callable[[Walk], None]) -> None:
    walk = _start(hints=False)
    letter(walk)
    assert _walk(walk, 5) == sum(6**depth for depth in range(6))


@pytest.mark.parametrize("letter", Walk.LETTERS, ids=lambda letter: letter.__name__)
def test_every_sequence_of_five_on_a_channel_of_two_portals(letter: Callable[[Walk], None]) -> None:
    walk = _start(hints=True)
    letter(walk)
    assert _walk(walk, 4) == sum(6**depth for depth in range(5))


@pytest.mark.parametrize("letter", Sweeps.LETTERS, ids=lambda letter: letter.__name__)
def test_every_sequence_of_five_on_a_portal_that_never_calls(letter: Callable[[Sweeps], None]) -> None:
    walk = Sweeps(Hub(policy=load_policy("spotahome"), channel="spotahome"), ("SPOTAHOME",))
    walk.hub.post(*walk.portals)
    letter(walk)
    assert _walk(walk, 4) == sum(9**depth for depth in range(5))


def test_facts_do_not_depend_on_the_order_of_arrival() -> None:
    """Six words about one advert, in each of their 720 orders, lead to the same facts."""
    hub = Hub()
    hub.post("IMOVIRTUAL")
    hub.look()
    hub.accept("advert-1", "t-1")
    start, at = hub.known, hub.now
    words = [
        event("advert-1", at, state=S.PENDING, code="new", at=at + 1),
        event("advert-1", at, ends=Op.POST, transaction="t-1", state=S.LIVE, code="active", at=at + 2),
        event("advert-1", at, picture="https://img.test/1.jpg", transaction="t-1", at=at + 3),
        event("advert-1", at, state=S.REJECTED, code="moderated", at=at + 5),
        event("advert-1", at, state=S.BLOCKED, code="blocked", at=at + 6),
        event("advert-1", at, state=S.LIVE, code="active", url="https://portal.test/1", at=at + 7),
    ]
    words = [replace(word, received_at=at + MINUTE) for word in words]
    seen = set()
    for order in permutations(words):
        publication = start
        for word in order:
            publication = apply(publication, word, FACTS, at + MINUTE).publication
        standing = publication.standings["IMOVIRTUAL"]
        seen.add((standing.word, standing.advert, standing.advert_at, standing.pictures, publication.running is None))
    assert len(seen) == 1
    word, advert, *_ = seen.pop()
    assert (word, advert.state, advert.url) == (Word.CREATED_WITH_MEDIA_ERROR, S.LIVE, "https://portal.test/1")


def test_a_word_of_the_future_does_not_outlive_itself() -> None:
    hub = Hub()
    hub.post("IMOVIRTUAL")
    hub.look()
    hub.accept("advert-1")
    hub.say(ends=Op.POST, state=S.LIVE, at=hub.now + 30 * DAY)
    hub.now += 1
    assert hub.say(state=S.REJECTED, code="moderated") is Outcome.APPLIED
