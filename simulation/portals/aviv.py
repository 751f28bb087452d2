"""AVIV, at the Publisher's and the Receiver's port."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from placard.domain.answers import Answer, Result
from placard.domain.classified import Classified
from placard.domain.events import Operation, PortalEvent
from placard.domain.hashes import content_hash
from placard.domain.instants import MINUTE, SECOND, to_text
from placard.domain.policy import Policy, Rendering
from placard.domain.told import Place
from placard.portals.aviv.manifest import POLICY as AVIV
from placard.portals.aviv.statuses import is_undecided, needs_history, read_shown, read_statuses, recall_adverts
from placard.portals.aviv.statuses import read_nothing as read_nothing_at_aviv
from placard.portals.base import Reply
from placard.ports import Call, Callback, ListedAdvert, ListedPage, Message, Question
from simulation.portals.site import PICTURE_FAILS, REFUSED, Site, Work, refuse, render


@dataclass
class AvivClassified:
    """A classified at AVIV: what was last written, which portals show it, what was said of it."""

    remote_id: str
    customer: str
    place: Place
    body: dict[str, Any]
    revision: int = 1
    deleted: bool = False
    shown: dict[str, Any] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    waiting: deque[Callable[[], None]] = field(default_factory=deque)
    busy_until: int = 0
    last_told: int = 0

    def finish_next(self) -> None:
        """Finish the oldest write that is under way."""
        self.waiting.popleft()()

    @property
    def portals(self) -> tuple[str, ...]:
        """The portals of the newest body."""
        return tuple(self.body["portals"])


class AvivPortal:
    """AVIV, with the hub's Publisher and Receiver for it."""

    provider = "aviv"
    policy: Policy = AVIV

    def __init__(self, site: Site) -> None:
        self.site = site
        self.classifieds: dict[str, AvivClassified] = {}
        self._at: dict[Place, list[AvivClassified]] = defaultdict(list)
        self._numbers = 0

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return a classified in the portal's form."""
        return render(classified, channel)

    def check_account(self, classified: Classified, channel: str) -> None:
        """There is always an account."""

    # --- calls ---

    def works_on(self, place: Place) -> list[Work]:
        """Return what is in flight for a place."""
        return [work for one in self._at[place] for work in one.works]

    def add(self, classified: AvivClassified) -> None:
        """Take a classified in."""
        self.classifieds[classified.remote_id] = classified
        self._at[classified.place].append(classified)

    def count_from(self, number: int) -> None:
        """Give the next classified this number."""
        self._numbers = number - 1

    def adverts_of(self, classified_id: str) -> list[AvivClassified]:
        """Return what stands there of a classified."""
        return [one for one in self.classifieds.values() if one.place.classified_id == classified_id]

    def send(self, call: Call) -> tuple[Answer, Work | None]:
        """Do what a call asks, and answer it."""
        if call.operation is Operation.POST:
            return self._post(call)
        known = self.classifieds.get(call.remote_id or "")
        if known is not None and known.deleted and known.works and call.operation is Operation.DELETE:
            # The deletion that is under way is this one, and may be refused yet.
            return Answer(Result.ACCEPTED, known.remote_id), None
        if known is None or known.deleted:
            return Answer(Result.DONE if call.operation is Operation.DELETE else Result.MISSING), None
        if self.site.whim(REFUSED / 2):
            raise refuse()
        if call.operation is Operation.DELETE:
            known.deleted = True
            return self._accept(known, call, known.body)
        body = call.rendering.for_portals(call.listed)
        if body == known.body and (known.works or set(known.shown) == set(known.portals)):
            # AVIV makes nothing of a PUT equal to what it has (§4.1). What a portal has taken down it takes again.
            return Answer(Result.ACCEPTED, known.remote_id, replaces=self._condition(call, known.revision)), None
        return self._accept(known, call, body)

    def _post(self, call: Call) -> tuple[Answer, Work | None]:
        place = Place(call.classified.classified_id, call.channel)
        if any(not one.deleted for one in self._at[place]):
            return Answer(Result.EXISTS), None
        if self.site.whim(REFUSED / 2):
            raise refuse()
        self._numbers += 1
        body = call.rendering.for_portals(call.listed)
        made = AvivClassified(f"aviv-{self._numbers}", call.classified.customer, place, body, revision=0)
        self.add(made)
        return self._accept(made, call, made.body)

    def _accept(self, known: AvivClassified, call: Call, body: dict[str, Any]) -> tuple[Answer, Work]:
        concerned = tuple(dict.fromkeys((*known.shown, *known.portals, *body["portals"])))
        known.body, known.revision = body, known.revision + 1
        revision = known.revision
        work = Work(call.operation, f"{known.remote_id}/{revision}", self.site.now())
        # A 202 names no revision: behind a write whose answer was lost, that one's end is taken for that of one without a
        # condition.
        work.mistakable = bool(known.works) and not (call.operation is Operation.PUT and call.remote_revision)
        known.works.append(work)
        self._record(known, concerned, "RECEIVING", revision)
        # What AVIV does not tell within a quarter of an hour the hub takes from what AVIV shows (lifecycle §4): no later.
        wait = min(self.site.take_time(), 12 * MINUTE)
        # Writes of one classified take turns.
        known.busy_until = max(self.site.now() + wait, known.busy_until + SECOND if known.works[1:] else 0)
        known.waiting.append(partial(self._finish, known, work, concerned, body, revision))
        if known.busy_until > self.site.now():
            self.site.at(known.busy_until, known.finish_next)
        else:
            known.finish_next()
        return Answer(Result.ACCEPTED, known.remote_id, replaces=self._condition(call, revision - 1)), work

    @staticmethod
    def _condition(call: Call, replaced: int) -> int:
        """The revision that a PUT names in its condition, or the first where the hub knows of none."""
        if call.operation is not Operation.PUT:
            return 0
        return replaced if call.remote_revision else 1

    def _finish(
        self, known: AvivClassified, work: Work, concerned: tuple[str, ...], body: dict[str, Any], revision: int
    ) -> None:
        known.works.remove(work)
        work.over = True
        wanted = () if work.operation is Operation.DELETE else tuple(body["portals"])
        late = self.site.now() >= work.began_at + AVIV.operation_due
        # Of a deletion that shows nothing for so long nobody expects a refusal: the hub may have created anew by then.
        # Nor can it come back where its key has another classified by now (§2, duplicated classified).
        replaced = any(one is not known and not one.deleted for one in self._at[known.place])
        refused = self.site.whim(REFUSED) and not ((late or replaced) and work.operation is Operation.DELETE)
        media_error = not refused and self.site.whim(PICTURE_FAILS)
        for portal in concerned:
            if portal not in wanted:
                word = "DELETING_FAILED" if refused else "DELETED"
            else:
                kind = "UPDAT" if portal in known.shown else "CREAT"
                word = f"{kind}ING_FAILED" if refused else f"{kind}ED{'_WITH_MEDIA_ERROR' if media_error else ''}"
            if word == "DELETED":
                known.shown.pop(portal, None)
            elif not refused:
                known.shown[portal] = body["data"]["text"]
            media = media_error and portal in wanted
            # In time the hub asks by itself; an end that comes after it has made up its mind must be heard.
            self._record(known, (portal,), word, revision, media_error=media, arrives=late)
        if refused and work.operation is Operation.DELETE:
            known.deleted = False

    def _record(
        self,
        known: AvivClassified,
        portals: tuple[str, ...],
        word: str,
        revision: int,
        *,
        media_error: bool = False,
        arrives: bool = False,
    ) -> None:
        known.last_told = max(self.site.now(), known.last_told + 1)
        item: dict[str, Any] = {
            "portals": list(portals),
            "status": word,
            "statusDate": to_text(known.last_told),
            "revision": revision,
            "message": word.lower(),
        }
        if media_error:
            item["mediaStatuses"] = [{"url": "https://img.test/1.jpg", "status": "DOWNLOADING_FAILED"}]
        known.statuses.append(item)
        self.site.say(self.provider, known.remote_id, json.dumps(item), arrives)

    # --- what happens there by itself ---

    def act(self, number: int) -> str:
        """Let a portal take down one of the adverts; return what was done."""
        there = [
            (one, portal)
            for one in self.classifieds.values()
            for portal in one.shown
            if not one.deleted and not one.works
        ]
        if not there:
            return "nothing"
        one, portal = there[number % len(there)]
        one.shown.pop(portal)
        self.site.taken_down.add(one.place)
        self._record(one, (portal,), "DELETED", one.revision, arrives=True)
        return f"{one.remote_id} {portal} removed"

    # --- questions ---

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Answer `GET …/statuses?filter=latest` and, where that decides nothing in time, `GET` of the classified."""
        remote_id, now = question.publication.remote_id, self.site.now()
        if remote_id is None:
            return ()
        known = self.classifieds.get(remote_id)
        if known is None:
            return read_nothing_at_aviv(question, now)
        newest = {portal: place for place, item in enumerate(known.statuses) for portal in item["portals"]}
        items = [known.statuses[place] for place in sorted(set(newest.values()))]
        events = read_statuses(items, remote_id, now)
        if needs_history(question.publication, events):
            events = recall_adverts(events, read_statuses(known.statuses, remote_id, now))
        if not question.overdue or not is_undecided(question.publication, events):
            return events
        if known.deleted:
            return (*events, *read_nothing_at_aviv(question, now))
        reply = Reply(200, {"etag": f'"{known.revision}"'}, json.dumps(known.body).encode())
        return (*events, *read_shown(question, reply, events, now))

    def list_adverts(self, customer: str, _channel: str, _after: str | None) -> ListedPage:
        """Answer `GET /classifieds`: that they are there, not how each portal took them."""
        mine = [one for one in self.classifieds.values() if one.customer == customer and not one.deleted]
        return ListedPage(tuple(ListedAdvert(one.remote_id) for one in mine))

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Find the classified by the CRM's key."""
        place = Place(classified.classified_id, channel)
        return tuple(one.remote_id for one in self._at[place] if not one.deleted)[:1]

    def verify(self, callback: Callback, received_at: int) -> Message:
        """Return the message to store."""
        raw = callback.body.decode()
        return Message(self.provider, callback.path, content_hash(raw), raw, received_at)

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
        """AVIV's callbacks are hints: nobody reads them."""
        raise AssertionError("a hint was believed")

    # --- the truth ---

    def live_on(self, place: Place, portal: str) -> bool:
        """Whether a portal shows this place."""
        return self.adverts_on(place, portal) > 0

    def adverts_on(self, place: Place, portal: str) -> int:
        """Return how many adverts of this place a portal shows."""
        return sum(portal in one.shown for one in self._at[place])

    def shows(self, place: Place, portal: str) -> list[Any]:
        """Return the texts that buyers see."""
        return [one.shown[portal] for one in self._at[place] if portal in one.shown]
